//! What is printed for people: no control character, no failure twice, and a quiet end when the reader closes the pipe.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::{World, warehouse};
use warehouse_testkit::{ChartServer, Commit, GitServer};

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
fn a_reader_that_closes_the_pipe_is_not_an_error() {
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
fn control_characters_of_servers_are_escaped() {
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
        // The columns of an explanation are behind tabs of ours.
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
fn a_failure_is_printed_once_and_nothing_is_stale_without_an_earlier_run() {
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

/// A message does not refer to one that is not printed.
#[test]
fn why_there_is_no_freight_is_told_when_quiet() {
    let world = World::start();
    let text = manifest("  - image:\n      repoURL: REGISTRY/shop/web\n      constraint: ^9\n");
    let text = world.fill(&text);
    let ran = warehouse(&["freight", "--no-cache", "-f", "-"], &text);
    assert!(ran.err.contains(": nothing fits: ") && ran.err.contains(", see above\n"), "{}", ran.err);
    let quiet = warehouse(&["freight", "--no-cache", "-q", "-f", "-"], &text);
    assert!(quiet.err.contains("\"^9\"") && !quiet.err.contains("see above"), "{}", quiet.err);
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

/// `(nothing fits)` is followed by why, on standard error, and the remedy that is named works.
#[test]
fn the_reasons_why_nothing_fits_are_printed() {
    let world = World::start();
    for version in ["v1.16.1", "v1.16.2", "1.0.0_a_b"] {
        world.registry.push_chart("charts", &warehouse_testkit::Chart::new("cert", version));
    }
    let run = |command: &str, subscription: &str| {
        let text = world.fill(&manifest(subscription));
        warehouse(&[command, "--no-cache", "--no-docker-config", "-f", "-"], &text)
    };
    let wrong = "  - chart:\n      repoURL: CHARTS\n      name: Shop\n";
    let why = "the index has no chart `Shop`; similar: `shop`";
    for (command, code) in [("discover", 0), ("freight", 1)] {
        let ran = run(command, wrong);
        assert_eq!(ran.code, Some(code));
        assert!(ran.err.contains(&format!("nothing fits: {why}")), "{}", ran.err);
    }
    let explained = run("explain", wrong);
    assert!(explained.out.contains(&format!(": nothing fits: {why}\n")), "{}", explained.out);
    assert_eq!(explained.out.matches(why).count(), 1, "{}", explained.out);
    let ran = run("discover", &wrong.replace("Shop", "shop"));
    assert!(ran.out.contains("0.2.1") && !ran.err.contains("nothing fits"), "{}{}", ran.out, ran.err);

    let oci = "  - chart:\n      repoURL: oci://REGISTRY/charts/cert/\n";
    let explained = run("explain", oci);
    assert!(
        explained.out.contains(
            "- v1.16.1     a semantic version, but the tag of a chart in a registry carries no `v` (`acceptV: true` in its subscription accepts it)"
        ),
        "{}",
        explained.out
    );
    assert!(explained.out.contains("has a second `_`"), "{}", explained.out);
    let ran = run("discover", oci);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.err.contains("nothing fits: 2 tags such as v1.16.2 begin with `v`, and the tag of a chart"),
        "{}",
        ran.err
    );
    // As it says: the same chart without the `v`.
    world.registry.push_chart("charts", &warehouse_testkit::Chart::new("cert", "1.16.1"));
    let ran = run("discover", oci);
    assert!(ran.out.contains("1.16.1") && !ran.err.contains("nothing fits"), "{}{}", ran.out, ran.err);

    let ran =
        run("discover", "  - image:\n      repoURL: REGISTRY/shop/web\n      semverConstraint: ^9.0.0\n");
    let reasons =
        "nothing fits: none of 4 versions is within the constraint \"^9.0.0\"; the newest is 2.0.0\n";
    assert!(ran.err.contains(reasons), "{}", ran.err);
}

/// The reason that can be removed comes first, however many others there are; it is not told of versions that would not fit without the `v`.
#[test]
fn a_leading_v_of_versions_that_fit_comes_first() {
    let world = World::start();
    for version in ["v2.0.0", "v0.9.0", "0.1.0", "0.2.0", "0.3.0", "nightly"] {
        world.registry.push_chart("charts", &warehouse_testkit::Chart::new("mixed", version));
    }
    let run = |constraint: &str| {
        let text = manifest(&format!(
            "  - chart:\n      repoURL: oci://REGISTRY/charts/mixed\n      semverConstraint: {constraint}\n"
        ));
        warehouse(&["discover", "--no-cache", "--no-docker-config", "-f", "-"], &world.fill(&text))
    };
    let ran = run("^2.0.0");
    let (_, why) = ran.err.split_once("nothing fits: ").unwrap();
    assert!(why.starts_with("the tag v2.0.0 begins with `v`, and"), "{}", ran.err);

    let ran = run("^3.0.0");
    assert!(ran.err.contains("nothing fits: none of 3 versions is within the constraint"), "{}", ran.err);
    assert!(!ran.err.contains("begins with `v`"), "to push v2.0.0 as 2.0.0 would not help: {}", ran.err);

    // As it says.
    world.registry.push_chart("charts", &warehouse_testkit::Chart::new("mixed", "2.0.0"));
    let ran = run("^2.0.0");
    assert!(ran.out.contains("2.0.0") && !ran.err.contains("nothing fits"), "{}{}", ran.out, ran.err);
}

/// What a query, a fragment or the path of a redirect holds may be a secret, whatever is asked of the command.
#[test]
fn queries_and_paths_of_redirects_are_not_shown() {
    let charts = ChartServer::builder().require_query("token=SECRET").start().unwrap();
    charts.redirect("/moved/index.yaml", "/SECRET-path/index.yaml?sig=SECRET#SECRET");
    let text = manifest(&format!(
        "  - chart: {{repoURL: '{url}/a?token=SECRET-wrong', name: web}}\n  - chart: {{repoURL: '{url}/moved?token=SECRET', name: web}}\n",
        url = charts.url()
    ));
    for command in ["discover", "freight", "explain"] {
        for format in ["", "json"] {
            let mut arguments = vec![command, "--no-cache", "--no-docker-config", "-v", "-f", "-"];
            if !format.is_empty() {
                arguments.extend(["-o", format]);
            }
            let ran = warehouse(&arguments, &text);
            let both = format!("{}{}", ran.out, ran.err);
            assert!(!both.contains("SECRET"), "{arguments:?}: {both}");
            assert!(
                both.contains("/a?token=...") && both.contains(&format!("{}/...", charts.url())),
                "{both}"
            );
        }
    }
}
