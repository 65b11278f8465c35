//! The command line itself: how files are named, messages, the cache folder, completions and man pages, the version.

use std::fs;
use std::path::Path;

use crate::support::{World, warehouse, warehouse_with};

fn document(name: &str, subscription: &str) -> String {
    format!(
        "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: {name}}}\nspec: {{subscriptions: [{{{subscription}}}]}}\n"
    )
}

const CHART: &str = "chart: {repoURL: CHARTS, name: shop, semverConstraint: 0.2.1}";

/// A folder with Warehouses `top`, `apps/one`, `apps/deep/two`, and in `broken` one that is valid and one that is not.
fn folder(world: &World) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("top.yaml", document("top", CHART)),
        ("apps/one.yaml", document("one", CHART)),
        ("apps/deep/two.yml", document("two", CHART)),
        ("apps/.hidden/three.yaml", document("three", CHART)),
        ("broken/mixed.yaml", document("valid", CHART) + &document("invalid", "chart: {name: x}")),
        ("broken/unreadable.yaml", "kind: [Warehouse\n".to_owned()),
    ] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, world.fill(&text)).unwrap();
    }
    folder
}

/// The Warehouses that a command finds, from the lines of a list.
fn names(out: &str) -> Vec<String> {
    let list: serde_json::Value = serde_json::from_str(out).unwrap();
    assert_eq!((&list["apiVersion"], &list["kind"]), (&"v1".into(), &"List".into()));
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn files_are_named_by_folder_recursively_or_by_pattern() {
    let world = World::start();
    let folder = folder(&world);
    let at = |path: &str| folder.path().join(path).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let common = ["discover", "--no-cache", "--no-docker-config", "-q", "-o", "json"];
        warehouse(&[&common[..], arguments].concat(), "")
    };
    for (arguments, expected) in [
        (vec!["-f".to_owned(), at("apps")], &["one"][..]),
        (vec!["-R".to_owned(), "-f".to_owned(), at("apps")], &["two", "one"]),
        (vec!["-f".to_owned(), at("*.yaml")], &["top"]),
        (vec!["-f".to_owned(), at("apps/**/*.y*ml")], &["two", "one"]),
        (vec!["-f".to_owned(), at("{top,apps/one}.yaml")], &["one", "top"]),
    ] {
        let ran = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
        assert_eq!(names(&ran.out), expected, "{arguments:?}");
    }
    for (pattern, said) in
        [("nothing/*.yaml", "could not be read"), ("*.toml", "matches no file"), ("[", "could not be read")]
    {
        let ran = run(&["-f", &at(pattern)]);
        assert_eq!(ran.code, Some(2), "{pattern}");
        assert!(ran.err.contains(said), "{pattern}: {}", ran.err);
    }
}

#[test]
fn one_invalid_document_does_not_stop_the_others_if_that_is_asked_for() {
    let world = World::start();
    let folder = folder(&world);
    let broken = folder.path().join("broken");
    let common = ["--no-cache", "--no-docker-config", "-o", "json", "-f", broken.to_str().unwrap()];
    for command in ["discover", "freight"] {
        let ran = warehouse(&[&[command][..], &common].concat(), "");
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (ran.code, &json["kind"], &json["items"]),
            (Some(2), &"List".into(), &serde_json::json!([]))
        );
        let errors = json["errors"].as_array().unwrap();
        assert!(
            errors.iter().any(|error| error["location"]["line"] == 10 && error["kind"] == "invalid input"),
            "{json}"
        );
        let ran = warehouse(&[&[command, "--keep-going"][..], &common].concat(), "");
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(ran.out.contains("0.2.1"), "{}", ran.out);
        assert!(ran.err.contains("mixed.yaml:10:") && ran.err.contains("unreadable.yaml:"), "{}", ran.err);
    }
    // What no place of the input says is on standard error.
    let explain = ["explain", "--no-cache", "--subscription", "nobody", "-f", "-"];
    let text = world.fill(&document("shop", CHART));
    for (arguments, input) in [
        (&[&explain[..], &["-o", "json"]].concat()[..], text.as_str()),
        (&["discover", "-o", "json", "-f", "/nowhere/a.yaml"], ""),
        (&["discover", "-o", "json", "-f", "-"], "kind: Pod"),
        (&["replay", "-o", "json", "/nowhere/bundle"], ""),
    ] {
        let ran = warehouse(arguments, input);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, json["errors"].as_array().map(Vec::len)), (Some(2), Some(1)), "{json}");
        assert!(json["items"] == serde_json::json!([]) && !ran.err.is_empty(), "{json}");
    }
    assert_eq!(warehouse(&explain, &text).out, "");
    let ran =
        warehouse(&["discover", "--keep-going", "-f", broken.join("unreadable.yaml").to_str().unwrap()], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("there is no Warehouse without errors in the input"), "{}", ran.err);
}

/// The list has the same keys whether all, some or none of it succeeded.
#[test]
fn the_shape_of_json_is_the_same_whatever_the_outcome() {
    let world = World::start();
    let missing = "chart: {repoURL: CHARTS/none, name: shop}";
    let nothing = "chart: {repoURL: CHARTS, name: shop, semverConstraint: ^9}";
    for command in ["discover", "freight", "explain"] {
        for (subscription, errors, freights) in [(CHART, 0, 1), (missing, 1, 0), (nothing, 0, 0)] {
            let text = world.fill(
                &document("shop", subscription)
                    .replace("{name: shop}\nspec", "{name: shop, namespace: north}\nspec"),
            );
            let arguments = [command, "--no-cache", "--no-docker-config", "-q", "-o", "json", "-f", "-"];
            let ran = warehouse(&arguments, &text);
            let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            let keys: Vec<_> = list.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["apiVersion", "errors", "items", "kind"], "{}", ran.out);
            let (items, found) = (list["items"].as_array().unwrap(), list["errors"].as_array().unwrap());
            // Without Freight there is one more error, which says why.
            let is_freight = command == "freight";
            assert_eq!(items.len(), if is_freight { freights } else { 1 }, "{command}: {}", ran.out);
            assert_eq!(
                found.len(),
                errors + usize::from(is_freight && freights == 0),
                "{command}: {}",
                ran.out
            );
            for error in found {
                assert_eq!((&error["warehouse"], &error["namespace"]), (&"shop".into(), &"north".into()));
                assert!(error["location"]["line"].is_u64() && error["message"].is_string(), "{error:#}");
            }
        }
    }
    let ran = warehouse(
        &["freight", "--no-cache", "--no-docker-config", "-q", "-o", "json", "-f", "-"],
        &world.fill(&document("shop", nothing)),
    );
    assert!(
        ran.out.contains("none of 3 versions is within the constraint \\\"^9\\\"; the newest is 0.2.1"),
        "{}",
        ran.out
    );
}

#[test]
fn a_file_without_its_option_is_answered_with_the_tip() {
    for command in ["discover", "freight", "explain", "lint", "migrate"] {
        let ran = warehouse(&[command, "shop.yaml"], "");
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.err.contains("tip: a file or folder is read with '-f shop.yaml'"),
            "{command}: {}",
            ran.err
        );
    }
    let ran = warehouse(&["schema", "shop.yaml"], "");
    assert!(!ran.err.contains("'-f shop.yaml'"), "{}", ran.err);
}

#[test]
fn messages_for_programs_are_one_object_a_line() {
    let world = World::start();
    let text = world.fill(
        &(document("a", "chart: {repoURL: CHARTS, name: Shop}")
            + &document("b", "chart: {repoURL: CHARTS/none, name: a}")),
    );
    let ran = warehouse(
        &["discover", "--no-cache", "--no-docker-config", "--log-format", "json", "-f", "-"],
        &text,
    );
    let lines: Vec<serde_json::Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |level: &str| {
        lines.iter().find(|line| line["level"] == level).unwrap_or_else(|| panic!("{level}: {}", ran.err))
    };
    assert!(
        of("warning")["message"].as_str().unwrap().contains("nothing fits: the index has no chart `Shop`")
    );
    assert_eq!(of("warning")["help"], "write `name: shop` if that is the chart");
    assert!(of("error")["message"].as_str().unwrap().contains("404"));
    assert!(of("note")["message"].as_str().unwrap().starts_with("a: 1 subscription; "));
    let ran = warehouse(
        &["discover", "--no-cache", "--log-format", "json", "-f", "-"],
        "kind: Warehouse\napiVersion: kargo.akuity.io/v1alpha1\n",
    );
    for line in ran.err.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
        if line.get("rule").is_some() {
            assert_eq!((&line["level"], &line["message"]), (&line["severity"], &line["reason"]));
            assert!(line["line"].is_u64(), "{line}");
        }
    }
    assert!(ran.err.contains("\"rule\":"), "{}", ran.err);
    // What is wrong with the command line, too.
    for (arguments, message, help) in [
        (
            &["discover", "--fil", "a"][..],
            "unexpected argument '--fil' found",
            "a similar argument exists: '--filename'",
        ),
        (
            &["discover", "-f", "-", "--timeout", "5"],
            "invalid value '5' for '--timeout <DURATION>'",
            "`--help` shows the arguments",
        ),
        (
            &["lint", "x.yaml"],
            "unexpected argument 'x.yaml' found",
            "a file or folder is read with '-f x.yaml'",
        ),
        (&["chart"], "'warehouse chart' requires a subcommand", "`--help` shows the arguments"),
        (&["select"], "the following required arguments were not provided", "`--help` shows the arguments"),
    ] {
        let ran = warehouse(&[arguments, &["--log-format", "json"]].concat(), "");
        let line: serde_json::Value =
            serde_json::from_str(&ran.err).unwrap_or_else(|error| panic!("{error}: {}", ran.err));
        assert_eq!((ran.code, &line["level"], ran.out.as_str()), (Some(2), &"error".into(), ""));
        assert!(line["message"].as_str().unwrap().starts_with(message), "{line}");
        assert_eq!(line["help"], help, "{line}");
    }
    let help = warehouse(&["discover", "--help", "--log-format", "json"], "");
    assert!(help.code == Some(0) && help.out.contains("Usage: "), "{}", help.err);
}

/// The folder of the man pages is made.
#[test]
fn man_pages_in_a_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    let ran = warehouse(&["man", pages.to_str().unwrap()], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(pages.join("warehouse-discover.1").is_file());
    let file = pages.join("warehouse.1");
    let ran = warehouse(&["man", file.to_str().unwrap()], "");
    assert!(ran.code == Some(2) && ran.err.contains("could not be written to"), "{}", ran.err);
}

#[test]
fn the_time_limit_of_watch_is_that_of_a_round() {
    let of = |command: &str| warehouse(&[command, "--help"], "").out;
    assert!(of("watch").contains("The time limit of each round") && !of("watch").contains("whole command"));
    assert!(of("freight").contains("The time limit of the whole command"));
}

#[test]
fn twice_verbose_shows_each_candidate() {
    let world = World::start();
    let run = |verbose: &str| {
        let arguments = ["discover", "--no-cache", "--no-docker-config", verbose, "-f", "-"];
        warehouse(&arguments, &world.fill(&document("a", CHART))).err
    };
    assert!(run("-vv").contains("): 0.2.0: outside the constraint \"0.2.1\"\n"), "{}", run("-vv"));
    assert!(!run("-v").contains("0.2.0:") && run("-v").contains(": 1 request, "), "{}", run("-v"));
}

#[test]
fn a_name_of_sixty_thousand_bytes_is_shown_short() {
    let name = "x".repeat(60_000);
    let ran = warehouse(&["select", "semver", "-e"], &format!("{name}\n1.0.0\n"));
    assert!(ran.out.len() < 500 && ran.out.contains("... (59872 more characters)"), "{}", ran.out.len());
    let ran = warehouse(&["select", "semver", "-e", "-o", "json"], &format!("{name}\n1.0.0\n"));
    assert!(ran.out.len() < 5000, "{}", ran.out.len());
    // As text and without an explanation, a candidate stays the bytes that it was.
    assert_eq!(warehouse(&["select", "lexical"], &format!("{name}\n")).out.len(), 60_001);

    let world = World::start();
    world.registry.push_manifest(
        "shop/long",
        ["1.0.0"],
        warehouse_testkit::MediaType::OCI_INDEX,
        r#"{"schemaVersion": 2, "manifests": []}"#,
    );
    let list =
        serde_json::json!({"name": "shop/long", "tags": ["1.0.0", name, format!("v{name}")]}).to_string();
    world.registry.faults().add(
        warehouse_testkit::When::path("/v2/shop/long/tags/list"),
        warehouse_testkit::Reply::status(200).body(list).header("content-type", "application/json"),
    );
    let text = world.fill(&document("a", "image: {repoURL: REGISTRY/shop/long}"));
    for format in ["text", "json"] {
        let ran = warehouse(&["explain", "--no-cache", "--no-docker-config", "-o", format, "-f", "-"], &text);
        assert!(
            ran.out.len() < 30_000 && ran.err.len() < 5000,
            "{format}: {} {}",
            ran.out.len(),
            ran.err.len()
        );
        assert!(ran.out.contains("more characters"), "{format}: {}", ran.out);
    }
}

#[test]
fn the_cache_folder_is_shown_and_removed() {
    let (world, folder) = (World::start(), tempfile::tempdir().unwrap());
    let home = [("XDG_CACHE_HOME", folder.path())];
    let run = |arguments: &[&str]| warehouse_with(&home, arguments, &world.fill(&document("a", CHART)));
    let path = folder.path().join("warehouse");
    if cfg!(target_os = "linux") {
        assert_eq!(run(&["cache", "path"]).out.trim(), path.to_str().unwrap());
    }
    let named = ["--cache-dir", path.to_str().unwrap()];
    let cache = |command: &'static str| run(&[&["cache", command][..], &named].concat());
    assert_eq!((cache("size").out.as_str(), cache("clear").code), ("0\n", Some(0)));
    let filled = run(&[&["discover", "--no-docker-config", "-f", "-"][..], &named].concat());
    assert_eq!(filled.code, Some(0), "{}", filled.err);
    assert!(cache("size").out.trim().parse::<u64>().unwrap() > 0);
    assert_eq!(cache("clear").code, Some(0));
    assert!(!path.exists());

    // A folder of something else stays, also one that has charts.
    for file in ["precious", "charts/web/Chart.yaml", "git/project/README.md"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        let ran = run(&["cache", "clear", "--cache-dir", folder.path().to_str().unwrap()]);
        assert_eq!(ran.code, Some(1), "{file}");
        assert!(ran.err.contains("it holds something else than a cache") && path.exists(), "{}", ran.err);
    }
}

#[test]
fn completions_and_man_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = warehouse(&["completions", shell], "");
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.out.contains("explain") && ran.out.contains("keep-going"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = warehouse(&["man", folder.path().to_str().unwrap()], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let page = fs::read_to_string(folder.path().join("warehouse-explain.1")).unwrap();
    assert!(page.contains("\\-\\-candidate") && folder.path().join("warehouse-chart-release.1").exists());
}

#[test]
fn the_version_has_the_commit() {
    let ran = warehouse(&["--version"], "");
    let version = ran.out.trim().strip_prefix("warehouse ").unwrap().to_owned();
    let (number, commit) = version.split_once(' ').unwrap_or((version.as_str(), ""));
    assert_eq!(number, env!("CARGO_PKG_VERSION"));
    let is_checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git").exists();
    assert!(!is_checkout || commit.len() == 14 && commit.starts_with('('), "{version}");
}

/// The help of every command, as it is printed in a pipe.
#[test]
fn help_of_every_command() {
    for command in [
        "",
        "discover",
        "freight",
        "explain",
        "select",
        "select semver",
        "select paths",
        "cache",
        "cache clear",
        "completions",
        "man",
    ] {
        let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let ran = warehouse(&words, "");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command}");
        let name =
            format!("help_{}", if command.is_empty() { "all".to_owned() } else { command.replace(' ', "_") });
        // A blank line of the help may have blanks.
        let lines: Vec<_> = ran.out.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

/// Folders within folders and patterns are for the commands that send nothing, too.
#[test]
fn lint_and_migrate_take_patterns() {
    let world = World::start();
    let folder = folder(&world);
    let pattern = folder.path().join("apps/**/*.y*ml");
    for command in [&["lint"][..], &["migrate", "--diff"]] {
        let ran = warehouse(&[command, &["-f", pattern.to_str().unwrap()]].concat(), "");
        assert_eq!(ran.code, Some(0), "{command:?}: {}", ran.err);
    }
    let ran = warehouse(&["lint", "-R", "-f", folder.path().to_str().unwrap()], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("mixed.yaml:10:"), "{}", ran.out);
}

/// The manifest that a rule is from: its own limit, and an answer for each mistake.
#[test]
fn select_takes_the_rule_of_a_subscription() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warehouse.yaml");
    let text = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: a}\nspec:\n  subscriptions:\n  \
                - name: front\n    image: {repoURL: ghcr.io/a/web, constraint: ^1.0.0, discoveryLimit: 1}\n  \
                - git: {repoURL: 'https://example.com/a.git'}\n";
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let run = |arguments: &[&str]| {
        warehouse(&[&["select", "-f", file][..], arguments].concat(), "2.0.0\n1.0.0\n1.1.0\n")
    };
    for name in ["0", "front", "ghcr.io/a/web"] {
        let ran = run(&["--subscription", name]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "1.1.0\n"), "{name}: {}", ran.err);
    }
    assert_eq!(run(&["--subscription", "0", "--limit", "2"]).out, "1.1.0\n1.0.0\n");
    let explained = "- 2.0.0\toutside the constraint \"^1.0.0\"\n+ 1.1.0\n- 1.0.0\tbeyond the limit: one better candidate fills it\n";
    assert_eq!(run(&["--subscription", "0", "-e"]).out, explained);
    let list: serde_json::Value =
        serde_json::from_str(&run(&["--subscription", "0", "-e", "-o", "json"]).out).unwrap();
    let expected = serde_json::json!([
        {"name": "2.0.0", "accepted": false, "rule": "outsideConstraint", "reason": "outside the constraint \"^1.0.0\""},
        {"name": "1.1.0", "accepted": true},
        {"name": "1.0.0", "accepted": false, "rule": "beyondLimit", "reason": "beyond the limit: one better candidate fills it"},
    ]);
    assert_eq!((&list["items"], &list["errors"]), (&expected, &serde_json::json!([])));
    for (arguments, said) in [
        (&[][..], "2 subscriptions could be meant: image ghcr.io/a/web"),
        (&["--subscription", "9"], "no subscription has the name, repoURL or index \"9\""),
        (&["--subscription", "1"], "has no rule about names"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
    let ran = warehouse(&["select", "-f", "-"], "");
    assert!(ran.code == Some(2) && ran.err.contains("the manifest must be a file"), "{}", ran.err);
    assert_eq!(warehouse(&["select", "-f", file, "semver"], "").code, Some(2));
}
