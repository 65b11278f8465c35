//! Programs that are run to their end.

use std::time::Duration;

use child_process::{BoundedCommand, Output, RunError};
use warehouse_testkit::is_running;

use crate::script::{Folder, HANGS, LEAVES_ONE, kill, soon};

const LONG: Duration = Duration::from_secs(60);

fn bounded(folder: &Folder, script: &str, deadline: Duration) -> BoundedCommand {
    BoundedCommand::new(folder.script(script).into(), deadline)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn run(command: BoundedCommand) -> Result<Output, RunError> {
    runtime().block_on(command.output())
}

#[test]
fn the_output_and_the_status() {
    let folder = Folder::new();
    for (script, stdin, status, stdout, stderr) in [
        ("echo out; echo err >&2; exit 3", "", Some(3), "out\n", "err\n"),
        ("cat", "in", Some(0), "in", ""),
        ("cat", "", Some(0), "", ""),
        ("exit 0", "not read", Some(0), "", ""),
        ("kill -9 $$", "", None, "", ""),
    ] {
        let output = run(bounded(&folder, script, LONG).stdin(stdin)).unwrap();
        assert_eq!(output.status.code(), status, "{script}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), stdout, "{script}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), stderr, "{script}");
        assert!(!output.is_truncated, "{script}");
    }
}

#[test]
fn input_and_output_that_are_larger_than_a_pipe() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..1 << 20).map(|number: u32| number.to_le_bytes()[1]).collect();
    let echoed = run(bounded(&folder, "cat", LONG).stdin(bytes.clone())).unwrap();
    assert!(echoed.stdout == bytes, "{echoed:?}");
    let ignored = run(bounded(&folder, "echo done", LONG).stdin(bytes)).unwrap();
    assert_eq!(ignored.stdout, b"done\n");
}

#[test]
fn the_deadline_kills_the_program_and_all_that_it_started() {
    let folder = Folder::new();
    let error = run(bounded(&folder, HANGS, Duration::from_secs(2))).unwrap_err();
    assert!(
        matches!(error, RunError::TimedOut { deadline } if deadline == Duration::from_secs(2)),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "the program did not end within 2 s");
    let [parent, child] = folder.family();
    assert!(!is_running(&parent), "the program is gone when the error is returned");
    assert!(soon(|| !is_running(&child)));
}

#[test]
fn output_without_end_does_not_extend_the_deadline() {
    let folder = Folder::new();
    for script in
        ["exec yes >&2", "trap '' TERM; while :; do echo; sleep 0.05; done", "exec >&- 2>&-; sleep 1000"]
    {
        let error = run(bounded(&folder, script, Duration::from_millis(500))).unwrap_err();
        assert!(matches!(error, RunError::TimedOut { .. }), "{script}: {error:?}");
    }
    let truncated = bounded(&folder, "exec yes", Duration::from_millis(500)).truncate_stdout(10);
    assert!(matches!(run(truncated), Err(RunError::TimedOut { .. })));
}

#[test]
fn the_size_of_standard_output() {
    let folder = Folder::new();
    let writes = |bytes: usize| bounded(&folder, &format!("head -c {bytes} /dev/zero; echo end >&2"), LONG);
    for (max, written) in [(0, 0), (0, 1), (1, 1), (1, 2), (4096, 4096), (4096, 4097), (4096, 1 << 20)] {
        let error = run(writes(written).max_stdout(max));
        let cut = run(writes(written).truncate_stdout(max)).unwrap();
        assert_eq!((cut.stdout.len(), cut.is_truncated), (written.min(max), written > max));
        assert_eq!(cut.stderr, b"end\n", "the rest was read, so the program ended by itself");
        match written > max {
            false => assert_eq!(error.unwrap().stdout.len(), written),
            true => {
                let error = error.unwrap_err();
                assert!(matches!(error, RunError::TooLarge { max_bytes } if max_bytes == max), "{error:?}");
                assert_eq!(error.to_string(), format!("the program wrote more than {max} bytes"));
            }
        }
    }
}

#[test]
fn too_much_output_kills_the_program_and_all_that_it_started() {
    let folder = Folder::new();
    let script = format!("(while [ ! -e parent ]; do sleep 0.01; done; yes) & {HANGS}");
    let error = run(bounded(&folder, &script, LONG).max_stdout(1 << 16)).unwrap_err();
    assert!(matches!(error, RunError::TooLarge { .. }), "{error:?}");
    let [parent, child] = folder.family();
    assert!(!is_running(&parent));
    assert!(soon(|| !is_running(&child)));
}

#[test]
fn the_end_of_standard_error_is_kept() {
    let folder = Folder::new();
    let script = "head -c 1000000 /dev/zero >&2; echo the last line >&2";
    let output = run(bounded(&folder, script, LONG).stderr_tail(100)).unwrap();
    assert_eq!(output.stderr.len(), 100);
    assert!(output.stderr.ends_with(b"\0the last line\n"));
}

#[test]
fn a_process_that_was_left_behind_is_not_waited_for() {
    for (script, status) in [("echo answer", 0), ("echo answer; exit 3", 3)] {
        for script in [format!("{LEAVES_ONE}; {script}"), format!("echo answer; {LEAVES_ONE}; exit {status}")]
        {
            let folder = Folder::new();
            let output = run(bounded(&folder, &script, LONG).grace(Duration::from_millis(100))).unwrap();
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(status), &b"answer\n"[..]));
            let child = folder.id("child");
            assert!(is_running(&child), "a program may start an agent, which is left alone");
            kill(&child);
        }
    }
}

#[test]
fn what_was_written_before_the_exit_is_read_however_short_the_grace() {
    let folder = Folder::new();
    let script = format!("{LEAVES_ONE}; head -c 50000 /dev/zero");
    let output = run(bounded(&folder, &script, LONG).grace(Duration::from_millis(100))).unwrap();
    assert_eq!(output.stdout.len(), 50_000);
    kill(&folder.id("child"));
}

#[test]
fn dropping_the_future_kills_the_program_and_all_that_it_started() {
    let folder = Folder::new();
    let command = bounded(&folder, HANGS, LONG);
    let runtime = runtime();
    runtime.block_on(async {
        let started = async {
            while !folder.path("parent").exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            ended = command.output() => panic!("{ended:?}"),
            () = started => {}
        }
    });
    for id in folder.family() {
        assert!(soon(|| !is_running(&id)));
    }
}

#[test]
fn the_program_does_not_outlive_the_runtime() {
    let folder = Folder::new();
    let runtime = runtime();
    runtime.spawn(bounded(&folder, HANGS, LONG).output());
    assert!(soon(|| folder.path("parent").exists()));
    drop(runtime);
    for id in folder.family() {
        assert!(soon(|| !is_running(&id)));
    }
}

#[test]
fn nothing_secret_is_shown() {
    let folder = Folder::new();
    let mut script = folder.script("cat; echo hunter2 >&2; exit 1");
    script.env("PASSWORD", "hunter2");
    let command = BoundedCommand::new(script.into(), LONG).stdin("hunter2");
    let shown = format!("{command:?}");
    assert!(shown.contains("/bin/sh") && !shown.contains("hunter2"), "{shown}");
    let shown = format!("{:?}", run(command).unwrap());
    assert!(shown.contains("7 bytes") && !shown.contains("hunter2"), "{shown}");
    let mut missing = tokio::process::Command::new("no-such-program");
    missing.arg("hunter2");
    let error = run(BoundedCommand::new(missing, LONG)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
