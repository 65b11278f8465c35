//! Programs whose input and output are a protocol.

use std::io::{Read, Write};
use std::time::Duration;

use child_process::PipedChild;
use warehouse_testkit::is_running;

use crate::script::{Folder, HANGS, LEAVES_ONE, kill, soon};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(500);

#[test]
fn killing_it_kills_all_that_it_started() {
    let folder = Folder::new();
    let (child, _stdin, mut stdout) = PipedChild::spawn(folder.script(HANGS), 100).unwrap();
    assert!(soon(|| folder.path("parent").exists()));
    assert_eq!(child.exit(Duration::ZERO, LONG).status, None, "it runs");
    child.kill();
    let exit = child.exit(LONG, LONG);
    assert!(exit.status.is_some_and(|status| status.code().is_none()), "{exit:?}");
    for id in folder.family() {
        assert!(soon(|| !is_running(&id)));
    }
    assert_eq!(stdout.read_to_end(&mut Vec::new()).unwrap(), 0, "no process holds the pipe");
    child.kill();
}

#[test]
fn dropping_it_kills_all_that_it_started() {
    let folder = Folder::new();
    let child = PipedChild::spawn(folder.script(HANGS), 100).unwrap();
    assert!(soon(|| folder.path("parent").exists()));
    drop(child);
    let [parent, child] = folder.family();
    assert!(!is_running(&parent), "it was waited for");
    assert!(soon(|| !is_running(&child)));
}

#[test]
fn a_process_that_was_left_behind_is_not_waited_for() {
    let folder = Folder::new();
    let script = format!("echo why >&2; {LEAVES_ONE}; exit 255");
    let (child, _stdin, _stdout) = PipedChild::spawn(folder.script(&script), 100).unwrap();
    let exit = child.exit(LONG, SHORT);
    assert_eq!((exit.status.unwrap().code(), exit.stderr.as_slice()), (Some(255), &b"why\n"[..]));
    child.kill();
    drop(child);
    let left = folder.id("child");
    assert!(is_running(&left), "its leader has ended by itself");
    kill(&left);
}

#[test]
fn standard_error_without_end_blocks_nothing() {
    let folder = Folder::new();
    let script = "head -c 1000000 /dev/zero >&2; echo last >&2; read line; echo \"$line\"";
    let (child, mut stdin, mut stdout) = PipedChild::spawn(folder.script(script), 10).unwrap();
    stdin.write_all(b"hello\n").unwrap();
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "hello\n");
    let exit = child.exit(LONG, LONG);
    assert_eq!(exit.stderr, b"\0\0\0\0\0last\n");
    let shown = format!("{exit:?} {child:?}");
    assert!(shown.contains("10 bytes") && !shown.contains("last"), "{shown}");
}
