//! An interrupted command ends at once, with 130, and removes its temporary files.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use warehouse_testkit::{ChartServer, Fault, When};

fn start(arguments: &[&str], temporary: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for the end, but not forever: a command that ignores the signal is killed, and the test fails.
fn end(mut child: Child) -> ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("it did not end");
}

#[test]
fn while_it_waits_for_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["discover", "-f", "-"][..], &["select", "semver"]] {
        let mut child = start(arguments, folder.path());
        let open = child.stdin.take();
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, "INT");
        assert_eq!(end(child).code(), Some(130), "{arguments:?}");
        drop(open);
    }
}

/// A document has its shape also then.
#[test]
fn before_there_is_a_result() {
    for arguments in [&["discover", "-o", "json", "-f", "-"][..], &["select", "semver", "-o", "json"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let open = child.stdin.take();
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, "INT");
        let mut out = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
        assert_eq!(end(child).code(), Some(130), "{arguments:?}");
        drop(open);
        let list: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(list["errors"][0]["kind"], "cancelled", "{arguments:?}: {list}");
    }
}

#[test]
fn while_a_server_is_silent() {
    let server = ChartServer::start().unwrap();
    server.faults().add(When::any(), Fault::Stall);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("warehouse.yaml");
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{subscriptions: [{{chart: {{repoURL: \"{}\", name: a}}}}]}}\n",
        server.url()
    );
    fs::write(&manifest, text).unwrap();
    let child = start(&["discover", "--no-cache", "-f", manifest.to_str().unwrap()], folder.path());
    while server.log().counters().requests == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(&child, "TERM");
    assert_eq!(end(child).code(), Some(130));
}

/// What is there is printed, with what is missing.
#[test]
fn the_results_that_are_there_are_printed() {
    let (silent, charts) = (ChartServer::start().unwrap(), ChartServer::start().unwrap());
    charts.publish(&warehouse_testkit::Chart::new("shop", "0.2.1"));
    silent.faults().add(When::any(), Fault::Stall);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("warehouse.yaml");
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
         - chart: {{repoURL: '{}', name: a}}\n  - chart: {{repoURL: '{}', name: shop}}\n",
        silent.url(),
        charts.url()
    );
    fs::write(&manifest, text).unwrap();
    for (command, found) in [("discover", "0.2.1"), ("explain", "0.2.1"), ("freight", "")] {
        silent.log().clear();
        charts.log().clear();
        let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args([
                command,
                "--no-cache",
                "--no-docker-config",
                "-vv",
                "-o",
                "json",
                "-f",
                manifest.to_str().unwrap(),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Both were asked, and the one that answers has been read.
        let mut said = String::new();
        let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
        while !said.contains(": finished") {
            assert!(std::io::BufRead::read_line(&mut err, &mut said).unwrap() > 0, "{said}");
        }
        signal(&child, "INT");
        std::io::Read::read_to_string(&mut err, &mut said).unwrap();
        let mut out = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
        assert_eq!(end(child).code(), Some(130), "{command}: {said}");
        assert!(out.contains(found), "{command}: {out}");
        assert!(said.contains("(a): interrupted before it had an answer"), "{command}: {said}");
        // What was given up has no cost.
        assert!(said.contains("a: interrupted with 1 of 2 subscriptions done\n"), "{command}: {said}");
        assert!(!said.contains(" 0 requests"), "{command}: {said}");
        let list: serde_json::Value = serde_json::from_str(&out).unwrap();
        if command == "discover" {
            assert!(list["items"][0]["cost"]["milliseconds"].as_u64().unwrap() > 0, "{list}");
        }
        let errors = list["errors"].as_array().unwrap();
        assert_eq!(
            (&errors[0]["kind"], &errors[0]["transient"]),
            (&"cancelled".into(), &true.into()),
            "{list}"
        );
    }
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_leaves_nothing_behind() {
    for pause in [50, 150, 400] {
        let folder = tempfile::tempdir().unwrap();
        let child = start(&["demo"], folder.path());
        std::thread::sleep(Duration::from_millis(pause));
        signal(&child, "INT");
        let code = end(child).code();
        // A fast machine may finish before the signal, and one without a handler yet is killed by it.
        assert!([Some(130), Some(0), None].contains(&code), "{code:?}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "after {pause} ms: {left:?}");
    }
}
