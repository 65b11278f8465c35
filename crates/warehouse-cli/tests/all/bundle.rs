//! `record`, `replay`, and `--replay` of the commands that discover.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use warehouse_testkit::{ChartServer, Registry};

use crate::support::{Ran, World, warehouse};

const MANIFEST: &str = include_str!("fixtures/old-spellings.yaml");

fn record(manifest: &str, bundle: &Path, more: &[&str]) -> Ran {
    let to = bundle.to_str().unwrap();
    warehouse(&[&["record", "--no-docker-config", "-f", "-", "--to", to], more].concat(), manifest)
}

/// What differs between a discovery and its replay: what it cost.
fn without_cost(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("milliseconds") && !line.contains("bytesReceived"));
    lines.filter(|line| !line.contains("\"requests\"")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_recorded_is_replayed_by_every_command_after_the_servers_are_gone() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bug.bundle");
    let manifest = world.fill(MANIFEST);
    let commands = [
        &["discover"][..],
        &["discover", "-o", "name"],
        &["freight", "-o", "name"],
        &["explain"],
        &["explain", "-o", "json"],
    ];
    let live = commands.map(|command| {
        let ran =
            warehouse(&[command, &["-q", "--no-cache", "--no-docker-config", "-f", "-"]].concat(), &manifest);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    });
    let ran = record(&manifest, &bundle, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    let last = ran.err.lines().last().unwrap();
    assert!(last.starts_with(&format!("{}: ", bundle.display())) && last.contains(" answers, "), "{last}");
    let chart = world.charts.url();
    drop(world);

    let from = ["--replay", bundle.to_str().unwrap()];
    for (command, live) in commands.iter().zip(&live) {
        let ran = warehouse(&[command, &["-q"][..], &from].concat(), "");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command:?}");
        assert_eq!(without_cost(&ran.out), without_cost(live), "{command:?}");
    }
    let replayed = warehouse(&["replay", from[1]], "");
    assert_eq!((replayed.code, &replayed.out), (Some(0), &live[0]), "{}", replayed.err);
    assert!(replayed.err.starts_with("recorded at 2"), "{}", replayed.err);

    let explained = warehouse(&["explain", "--replay", from[1]], "");
    assert!(explained.err.starts_with("recorded at 2"), "{}", explained.err);

    let json = || warehouse(&["replay", from[1], "-q", "-o", "json"], "").out;
    let (first, second) = (json(), json());
    assert!(first == second && first.contains("\"milliseconds\": 0"), "{first}");

    // Another manifest, and one that takes more than there is.
    let edited = |name: &str, constraint: &str| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: edited}}\n\
             spec: {{subscriptions: [{{chart: {{repoURL: \"{chart}\", name: {name}, semverConstraint: {constraint}}}}}]}}\n"
        )
    };
    let ran = warehouse(&["replay", from[1], "-q", "-o", "name", "-f", "-"], &edited("shop", "0.1.x"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), &*format!("{chart}/shop:0.1.0\n")), "{}", ran.err);
    let other = edited("shop", "0.1.x").replace(&chart, &format!("{chart}/other"));
    let ran = warehouse(&["replay", from[1], "-q", "-f", "-"], &other);
    let said = format!("the bundle does not have GET {chart}/other/index.yaml");
    assert!(ran.code == Some(1) && ran.err.contains(&said), "{}", ran.err);
    assert!(ran.err.contains("help: it was not asked for when the bundle was recorded"), "{}", ran.err);
}

#[test]
fn no_secret_of_a_file_of_credentials_is_in_the_bundle() {
    let registry = Registry::builder().bearer("robot", "REGISTRY-SECRET").start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let charts = ChartServer::builder().basic("robot", "CHART-SECRET").start().unwrap();
    charts.publish(&warehouse_testkit::Chart::new("shop", "0.1.0"));
    let folder = tempfile::tempdir().unwrap();
    let (secrets, bundle) = (folder.path().join("secrets.yaml"), folder.path().join("bundle"));
    let secret = |name: &str, kind: &str, url: &str, password: &str| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  labels: {{kargo.akuity.io/cred-type: {kind}}}\n\
             stringData: {{repoURL: \"{url}\", username: robot, password: {password}}}\n"
        )
    };
    let image = format!("{}/shop/web", registry.host());
    let all = secret("images", "image", &image, "REGISTRY-SECRET")
        + &secret("charts", "helm", &charts.url(), "CHART-SECRET");
    fs::write(&secrets, all).unwrap();
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n\
         \x20 - image: {{repoURL: {image}}}\n  - chart: {{repoURL: \"{}\", name: shop}}\n",
        charts.url()
    );
    let ran = record(&manifest, &bundle, &["--credentials", secrets.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.err.contains("SECRET"), "{}", ran.err);
    let mut file = Vec::new();
    fs::File::open(&bundle).unwrap().read_to_end(&mut file).unwrap();
    let text = Command::new("gzip").args(["-dc"]).arg(&bundle).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with(r#"{"format":"warehouse-bundle","version":1,"#), "{text}");
    let tokens = registry.log().all().into_iter().filter_map(|request| {
        request.header("authorization").and_then(|value| value.split(' ').nth(1).map(str::to_owned))
    });
    let sent: Vec<_> = tokens.chain(["REGISTRY-SECRET".to_owned(), "CHART-SECRET".to_owned()]).collect();
    assert!(sent.len() > 3);
    for secret in sent {
        assert!(!text.contains(&secret), "{secret}");
    }
    let ran = warehouse(&["discover", "-q", "-o", "name", "--replay", bundle.to_str().unwrap()], "");
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].starts_with(&format!("{image}:1.0.0@sha256:")), "{}", ran.out);
    assert_eq!((lines[1], lines.len()), (&*format!("{}/shop:0.1.0", charts.url()), 2));
    let ran = warehouse(&["explain", "--replay", bundle.to_str().unwrap()], "");
    assert!(ran.out.contains("  credential: "), "{}", ran.out);
}

#[test]
fn what_cannot_be_read_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle");
    let shown = path.display();
    let run = |arguments: &[&str]| {
        let ran = warehouse(arguments, "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.err);
        ran.err
    };
    let said = run(&["replay", path.to_str().unwrap()]);
    assert!(said.starts_with(&format!("error: {shown} could not be read")), "{said}");
    fs::write(&path, "kind: Warehouse\n").unwrap();
    for command in
        [&["replay"][..], &["discover", "--replay"], &["freight", "--replay"], &["explain", "--replay"]]
    {
        let said = run(&[command, &[path.to_str().unwrap()]].concat());
        assert!(
            said.contains(&format!("{shown}: it is not a bundle: it is not compressed by gzip\n")),
            "{said}"
        );
        assert!(
            said.contains("help: a bundle is the file that `warehouse record --to FILE` writes"),
            "{said}"
        );
    }
    let said = run(&["replay", folder.path().to_str().unwrap()]);
    assert!(said.contains(": it is a folder, and a bundle is a file\n  help: "), "{said}");
    let said = run(&["discover"]);
    assert!(said.contains("--filename"), "{said}");
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n\
         \x20 - image: {{repoURL: {}/shop/web}}\n  - git: {{repoURL: \"ssh://git@127.0.0.1:1/x\"}}\n",
        registry.host()
    );
    let said = [
        ("absent/bundle", "absent does not exist\n"),
        ("", "it is a folder\n"),
        (
            "bundle",
            "it already exists, and is not a bundle\n  help: name another file; only an earlier bundle is replaced\n",
        ),
    ];
    for (to, why) in said {
        let ran = record(&manifest, &folder.path().join(to), &[]);
        assert!(ran.code == Some(2) && ran.err.contains("could not be written: "), "{}", ran.err);
        assert!(ran.err.ends_with(why), "{}", ran.err);
    }
    let ran = record(&manifest, Path::new("/dev/null"), &[]);
    assert!(ran.code == Some(2) && ran.err.contains("it is not a file\n  help: `--to -`"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "kind: Warehouse\n");
    fs::remove_file(&path).unwrap();
    assert_eq!(registry.log().counters().requests, 0);
    // What fails is recorded; what does not go over HTTP is not.
    let ran = record(&manifest, &path, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // An earlier bundle is replaced.
    let ran = record(&manifest, &path, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("warning: ssh://git@127.0.0.1:1/x is not in the bundle"), "{}", ran.err);
    let ran = warehouse(&["replay", path.to_str().unwrap(), "-q", "-o", "name"], "");
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 1), "{}{}", ran.out, ran.err);
    // The manifest of a bundle has no lines that anyone wrote.
    assert!(ran.err.starts_with("error: in the manifest of the bundle: git ssh://"), "{}", ran.err);
}

#[test]
fn a_bundle_on_standard_output() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("a.yaml");
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec: {{subscriptions: [{{image: {{repoURL: {}/shop/web}}}}]}}\n",
        registry.host()
    );
    fs::write(&manifest, text).unwrap();
    let recorded = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["record", "--no-docker-config", "--to", "-", "-f", "a.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(recorded.stderr).unwrap();
    assert!(recorded.status.success() && said.contains("\nstandard output: "), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let bundle = folder.path().join("bundle");
    fs::write(&bundle, recorded.stdout).unwrap();
    let ran = warehouse(&["replay", "-q", "-o", "name", bundle.to_str().unwrap()], "");
    assert!(ran.code == Some(0) && ran.out.contains("/shop/web:1.0.0@"), "{}{}", ran.out, ran.err);
    // Its time has no parts of a second.
    let told = warehouse(&["replay", bundle.to_str().unwrap()], "").err;
    let time = told.lines().find_map(|line| line.strip_prefix("recorded at ")).unwrap();
    assert_eq!(time.len(), "2026-03-01T08:00:00Z".len(), "{time}");
    // What `record --to -` writes, the other commands read.
    for arguments in
        [&["replay", "-"][..], &["discover", "--replay", "-"], &["discover", "--replay", "-", "-f", "a.yaml"]]
    {
        let piped = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(arguments)
            .args(["-q", "-o", "name"])
            .stdin(fs::File::open(&bundle).unwrap())
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(piped.stdout).unwrap(), ran.out, "{arguments:?}");
    }
    let both = warehouse(&["discover", "--replay", "-", "-f", "-"], "");
    assert!(
        both.code == Some(2) && both.err.contains("standard input cannot be a bundle and a manifest"),
        "{}",
        both.err
    );
    let other = warehouse(&["replay", "-"], "kind: Warehouse\n");
    assert!(other.err.starts_with("error: standard input: it is not a bundle: "), "{}", other.err);
    // A reader that is gone ends it quietly.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["record", "--no-docker-config", "-q", "--to", "-", "-f", "a.yaml"])
        .current_dir(folder.path())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!((closed.status.code(), String::from_utf8(closed.stderr).unwrap().as_str()), (Some(0), ""));
}

/// What cannot be written ends with 2 and one message, whatever the command.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    registry.image("shop/api").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n\
         \x20 - image: {{repoURL: {host}/shop/web}}\n  - image: {{repoURL: {host}/shop/api}}\n",
        host = registry.host()
    );
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    fs::write(folder.path().join("bad.yaml"), "kind: Warehouse\nspec: 1\n").unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM a\n").unwrap();
    let network = "--no-docker-config --no-cache";
    for line in [
        &format!("discover -f a.yaml {network}"),
        &format!("discover -f a.yaml -o json {network}"),
        &format!("freight -f a.yaml {network}"),
        &format!("explain -f a.yaml {network}"),
        &format!("watch --once -f a.yaml {network}"),
        &format!("record --to - -f a.yaml {network}"),
        "select lexical",
        "select lexical -o json",
        "schema",
        "completions bash",
        "lint -f bad.yaml",
        "lint -f bad.yaml -o json",
        "dockerfile lint Dockerfile",
        "cache path",
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(line.split(' '))
            .arg("-q")
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdin(fs::File::open(folder.path().join("a.yaml")).unwrap())
            .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(
            (ran.status.code(), said.matches("could not be written").count()),
            (Some(2), 1),
            "{line}: {said}"
        );
    }
}

/// A bundle that lacks an answer: what was judged before is shown, with the number of those that were not.
#[test]
fn candidates_that_were_not_judged_are_counted() {
    let registry = Registry::start().unwrap();
    for tag in ["1.0.0", "1.1.0", "2.0.0", "latest"] {
        registry.image("shop/web").tag(tag).single("linux/amd64").push();
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("a.bundle");
    let manifest = |pattern: &str| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
             - image: {{repoURL: {}/shop/web, imageSelectionStrategy: NewestBuild, allowTagsRegexes: ['{pattern}']}}\n",
            registry.host()
        )
    };
    let ran = record(&manifest("^1"), &bundle, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let explain = |arguments: &[&str]| {
        let from = ["explain", "-q", "--replay", bundle.to_str().unwrap(), "-f", "-"];
        let ran = warehouse(&[&from[..], arguments].concat(), &manifest("^[12]"));
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        ran.out.replace(&registry.host(), "REGISTRY")
    };
    let out = explain(&["--candidate", "2.0.0", "--candidate", "latest"]);
    let lines: Vec<_> = out.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "  incomplete: 3 of 4 candidates were not judged before it failed",
            "  latest is not taken: matches none of the allowed patterns",
            "  2.0.0 was not judged before the subscription failed",
            "- latest   matches none of the allowed patterns",
        ]
    );
    let json: serde_json::Value = serde_json::from_str(&explain(&["-o", "json"])).unwrap();
    let subscription = &json["items"][0]["subscriptions"][0];
    assert_eq!((&subscription["notJudged"], subscription["summary"].get("cause")), (&3.into(), None));
}
