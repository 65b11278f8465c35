//! The demo runs to its end, and leaves no files behind.

use crate::support::warehouse;

#[test]
fn the_demo_runs_to_its_end() {
    let ran = warehouse(&["demo"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for part in ["git http-backend", "shop/web", "FREIGHT", "1.3.0 is published", "REQUESTS AGAIN", "all "] {
        assert!(ran.out.contains(part), "{part:?} is missing:\n{}", ran.out);
    }
    assert!(!ran.out.contains("(failed)") && !ran.out.contains("(nothing fits)"), "{}", ran.out);
}

/// The path of the manifest is printed whatever the messages are.
#[cfg(unix)]
#[test]
fn serve_names_its_manifest() {
    use std::io::{BufRead as _, BufReader};

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["demo", "--serve", "-q"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = lines.map(Result::unwrap).find(|line| line.starts_with("The servers run until Ctrl-C"));
    std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    assert!(last.unwrap().ends_with("/warehouse.yaml"));
}

#[test]
fn keep_writes_to_a_new_folder_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let kept = kept.to_str().unwrap();
    assert_eq!(warehouse(&["demo", "--keep", kept], "").code, Some(0));
    let manifest = std::fs::read_to_string(folder.path().join("kept/warehouse.yaml")).unwrap();
    assert!(manifest.contains("kind: Warehouse"));
    let again = warehouse(&["demo", "--keep", kept], "");
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists"), "{}", again.err);
}

#[test]
fn what_the_demo_publishes_is_discovered() {
    let ran = warehouse(&["demo", "--publish"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for part in [
        "warehouse chart plan common web worker --registry oci://127.0.0.1:",
        "common   1.0.0     release   created   created   created   created   created\n",
        "Planned again: there is nothing left to do.",
        "semverConstraint: ^1.0.0",
        "It discovers what was released:",
        "And builds Freight:",
    ] {
        assert!(ran.out.contains(part), "{part:?} is missing:\n{}", ran.out);
    }
    let freight: Vec<_> = ran.out.lines().skip_while(|line| !line.starts_with("FREIGHT")).collect();
    assert!(freight.iter().any(|line| line.contains("oci://127.0.0.1:")), "{freight:?}");
    assert!(freight.iter().any(|line| line.contains("(worker)")), "{freight:?}");
}
