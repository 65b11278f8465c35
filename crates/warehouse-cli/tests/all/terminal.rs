//! The command on a terminal, through a pty, and in a pipe.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use warehouse_testkit::{ChartServer, Fault, When};

use crate::support::{World, warehouse};

/// Runs the command with all three streams on a terminal of this width. Returns what the terminal received, and the exit code.
fn on_terminal(columns: u16, arguments: &[&str], variables: &[(&str, &str)]) -> (String, Option<i32>) {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let stream = || Stdio::from(slave.try_clone().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm")
        .envs(variables.iter().copied())
        .stdin(stream())
        .stdout(stream())
        .stderr(stream())
        .spawn()
        .unwrap();
    drop(slave);
    let mut received = Vec::new();
    let mut reader = File::from(master);
    let mut buffer = [0; 4096];
    // The end of the last process on a terminal is an error on the other side.
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        received.extend_from_slice(&buffer[..count]);
    }
    (String::from_utf8_lossy(&received).replace("\r\n", "\n"), child.wait().unwrap().code())
}

fn manifest(folder: &tempfile::TempDir, subscriptions: &str) -> String {
    let path = folder.path().join("warehouse.yaml");
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n{subscriptions}"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_is_wrapped_to_the_terminal_and_grouped() {
    for (columns, most) in [(80, 80), (110, 110), (200, 120)] {
        let (help, code) = on_terminal(columns, &["discover", "--help", "--color", "never"], &[]);
        assert_eq!(code, Some(0));
        // The line of usage is never wrapped.
        let lines = help.lines().filter(|line| !line.starts_with("Usage:"));
        let longest = lines.map(|line| line.chars().count()).max();
        assert!(longest.is_some_and(|longest| longest <= most && longest > most - 12), "{longest:?}: {help}");
        let headings = |heading: &str| help.lines().filter(|line| *line == format!("{heading}:")).count();
        for heading in ["Input", "Output", "Credentials", "Network", "Cache", "Messages"] {
            assert_eq!(headings(heading), 1, "{heading}: {help}");
        }
    }
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let file = manifest(
        &folder,
        &world.fill("  - chart: {repoURL: CHARTS, name: shop}\n  - chart: {repoURL: CHARTS, name: Shop}\n"),
    );
    let explain = ["explain", "--no-cache", "--no-docker-config", "-f", &file];
    let with = |more: &[&'static str]| [&explain[..], more].concat();
    let (shown, code) = on_terminal(200, &explain, &[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("\u{1b}[32m+ 0.2.1 "), "{shown}");
    for (arguments, variables) in
        [(with(&["--color", "never"]), &[][..]), (explain.to_vec(), &[("NO_COLOR", "1")])]
    {
        let (shown, _) = on_terminal(200, &arguments, variables);
        assert!(!shown.contains("\u{1b}[3"), "{shown}");
    }
    assert!(!warehouse(&explain, "").out.contains('\u{1b}'));
    let ran = warehouse(&with(&["--color", "always"]), "");
    assert!(ran.out.contains("\u{1b}[32m+ 0.2.1 "), "{}", ran.out);
    let discover = ["discover", "--no-cache", "--no-docker-config", "-f", &file];
    let (shown, _) = on_terminal(200, &discover, &[]);
    assert!(shown.contains("\u{1b}[1;33mwarning\u{1b}[0m: "), "{shown}");
}

/// A server that is silent longer than a second: on a terminal there is a line that says how far it is, and it is removed at the end.
#[test]
fn progress_is_shown_on_a_terminal_only() {
    let world = World::start();
    let silent = ChartServer::start().unwrap();
    silent.faults().add(When::any(), Fault::Stall);
    let folder = tempfile::tempdir().unwrap();
    let silent = format!("  - chart: {{repoURL: '{}', name: slow}}\n", silent.url());
    let file = manifest(&folder, &(world.fill("  - chart: {repoURL: CHARTS, name: shop}\n") + &silent));
    let arguments = ["discover", "--no-cache", "--no-docker-config", "--timeout", "3s", "-f", &file];
    let (shown, code) = on_terminal(200, &arguments, &[]);
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("1 of 2 subscriptions, 3 candidates, "), "{shown}");
    let (_, after) = shown.rsplit_once("subscriptions, 3 candidates").unwrap();
    assert!(after.contains("\r\u{1b}[K") && after.contains("(failed)"), "{shown}");
    for quiet in ["-q", "-v", "--log-format=json"] {
        let (shown, _) = on_terminal(200, &[&arguments[..], &[quiet]].concat(), &[]);
        assert!(!shown.contains("\u{1b}[K"), "{quiet}: {shown}");
    }
    let ran = warehouse(&arguments, "");
    assert!(!ran.err.contains("candidates") && !ran.out.contains('\u{1b}'), "{}", ran.err);
}
