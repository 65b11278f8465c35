//! What is printed where somebody reads it: no control character, no failure twice, and an end where the reader stops.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use support::{World, warehouse};
use warehouse_testkit::{Commit, GitServer};

fn manifest(subscriptions: &str) -> String {
    format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: test}}\nspec:\n  subscriptions:\n{subscriptions}"
    )
}

/// Runs the command, reads a line of what it prints, and closes the pipe.
#[track_caller]
fn head(arguments: &[&str], stdin: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(0), "{arguments:?}: {said}");
    assert!(!said.contains("error"), "{arguments:?}: {said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let tags: String = (0..50_000).map(|patch| format!("1.0.{patch}\n")).collect();
    for rule in [
        &["select", "semver"][..],
        &["select", "semver", "-e"],
        &["select", "lexical"],
        &["select", "regex", "1"],
        &["select", "paths", "1.0"],
        &["select", "expr", "true"],
    ] {
        head(rule, if rule.contains(&"paths") { "1.0/a\n" } else { &tags });
    }
    let world = World::start();
    let text = world.fill(&manifest("  - image:\n      repoURL: REGISTRY/shop/web\n"));
    for command in ["discover", "freight"] {
        for format in ["table", "wide", "name", "json", "yaml"] {
            head(&[command, "--no-cache", "--no-docker-config", "-f", "-", "-o", format], &text);
        }
    }
    for format in ["text", "json"] {
        head(&["explain", "--no-cache", "--no-docker-config", "-f", "-", "-o", format], &text);
    }
    head(&["--help"], "");
}

#[test]
fn what_a_server_sent_moves_no_cursor() {
    let git = GitServer::start().unwrap();
    let repository = git.create("odd").unwrap();
    let mut history = repository.history().unwrap();
    let commit = history.commit("main", Commit::new("Gone \u{1b}[2J\u{9b}31m\u{202e}\ttab").file("a", "1\n"));
    history.tag("v1\u{202e}\u{9b}2J", commit);
    history.write().unwrap();
    let text = manifest(&format!(
        "  - git:\n      repoURL: {0}\n    name: branch\n  - git:\n      repoURL: {0}\n      commitSelectionStrategy: Lexical\n    name: tags\n",
        repository.url()
    ));
    let is_harmful = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
    for arguments in [
        &["discover", "-o", "table"][..],
        &["discover", "-o", "wide"],
        &["discover", "-o", "name"],
        &["freight", "-o", "table"],
        &["freight", "-o", "name"],
        &["explain"],
    ] {
        let arguments: Vec<_> = arguments.iter().chain(&["--no-cache", "-v", "-f", "-"]).copied().collect();
        let ran = warehouse(&arguments, &text);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        // The columns of an explanation stand behind tabs of ours.
        let out = if arguments[0] == "explain" { ran.out.replace('\t', "") } else { ran.out };
        assert!(!out.contains(is_harmful), "{arguments:?}: {out:?}");
        assert!(!ran.err.contains(is_harmful), "{arguments:?}: {:?}", ran.err);
    }
    let table = warehouse(&["discover", "--no-cache", "-f", "-"], &text).out;
    assert!(table.contains(r"Gone \u{1b}[2J\u{9b}31m\u{202e}\ttab"), "{table}");
    let ran = warehouse(&["select", "lexical", "-e"], "a\u{1b}[2J\n");
    assert_eq!(ran.out, "+ a\\u{1b}[2J\n");
}

#[test]
fn a_failure_is_told_once_and_nothing_is_stale_that_never_was() {
    let text = manifest("  - image:\n      repoURL: 127.0.0.1:1/a/b\n");
    let ran = warehouse(&["freight", "--no-cache", "-f", "-"], &text);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("no Freight: subscription 0 (image 127.0.0.1:1/a/b) failed, see above"),
        "{}",
        ran.err
    );
    assert_eq!(ran.err.matches("the connection was refused").count(), 1, "{}", ran.err);
    let ran = warehouse(&["discover", "--no-cache", "-f", "-", "-o", "json"], &text);
    assert!(ran.out.contains("\"freshness\": \"failed\"") && !ran.out.contains("stale"), "{}", ran.out);
}

#[test]
fn wide_shows_the_git_repository_of_an_image() {
    let world = World::start();
    let image = "  - image:\n      repoURL: REGISTRY/shop/web\n      semverConstraint: 1.2.0\n";
    let with = world.fill(&manifest(&format!("{image}      gitRepoURL: https://git.example/shop\n")));
    let ran = warehouse(&["discover", "--no-cache", "-f", "-", "-o", "wide"], &with);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(
        lines[0].ends_with("GITREPOURL") && lines[1].ends_with("https://git.example/shop"),
        "{}",
        ran.out
    );
    let ran = warehouse(&["discover", "--no-cache", "-f", "-", "-o", "wide"], &world.fill(&manifest(image)));
    assert!(!ran.out.contains("GITREPOURL"), "{}", ran.out);
}
