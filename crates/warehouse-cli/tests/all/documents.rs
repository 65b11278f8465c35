//! What every command prints as JSON has the one schema of the documentation, whatever the outcome.

use artifact_source::{Cost, Error, ErrorKind};
use serde_json::Value;
use warehouse_discovery::watch::{Change, Event, Reason, Revision, StaleResult};

use crate::chart::world::Publishing;
use crate::support::{ONE_OF_EACH, World, warehouse};

/// The document without what differs from run to run.
fn without_time(mut document: Value) -> Value {
    match &mut document {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(name.as_str(), "milliseconds" | "bytesReceived" | "discoveredAt")
            });
            fields.values_mut().for_each(|value| *value = without_time(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_time(item.take())),
        _ => {}
    }
    document
}

#[test]
fn documents_have_the_schema_of_the_docs() {
    let text = include_str!("../../../../docs/schemas/output.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let world = World::start();
    let good = world.fill(ONE_OF_EACH);
    let failing = good.replace("shop/web", "shop/none");
    let empty = good.replace("^1.0.0", "^9");
    let broken = good.replace("branch: main", "branch: [1]");
    let tags = "1.0.0\nlatest\n".to_owned();
    let (mut valid, mut kinds) = (0, std::collections::BTreeSet::new());
    for (arguments, stdin, code) in [
        (&["discover", "--no-cache", "-f", "-"][..], &good, 0),
        (&["discover", "--no-cache", "-f", "-"], &failing, 1),
        (&["discover", "--no-cache", "-f", "-"], &empty, 0),
        (&["discover", "--no-cache", "-f", "-"], &broken, 2),
        (&["explain", "--no-cache", "-f", "-"], &broken, 2),
        (&["freight", "--no-cache", "-f", "-"], &tags, 2),
        (&["freight", "--no-cache", "-f", "/no/such/file"], &good, 2),
        (&["replay", "/no/such/bundle"], &good, 2),
        (&["freight", "--no-cache", "-f", "-"], &good, 0),
        (&["freight", "--no-cache", "-f", "-"], &empty, 1),
        (&["explain", "--no-cache", "-f", "-"], &good, 0),
        (&["explain", "--no-cache", "-f", "-", "--candidate", "1.0.0"], &failing, 1),
        (&["lint", "-f", "-"], &good, 0),
        (&["lint", "-f", "-"], &broken, 1),
        (&["lint", "-f", "/no/such/file"], &good, 2),
        (&["select", "semver", "--explain"], &tags, 0),
        (&["select", "semver", "^9"], &tags, 1),
        (&["select", "semver", "9 <"], &tags, 2),
        (&["dockerfile", "lint", "-"], &tags, 1),
        (&["chart", "lint", "/no/such/chart"], &tags, 2),
    ] {
        let ran = warehouse(&[arguments, &["-q", "-o", "json"]].concat(), stdin);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.err);
        let list: Value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ran.out));
        let wrong: Vec<String> = validator.iter_errors(&list).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{arguments:?}: {wrong:?}: {list}");
        valid += 1;
        if ["discover", "explain", "freight", "replay", "select"].contains(&arguments[0]) {
            // YAML has the same shape and the same items.
            let yaml = warehouse(&[arguments, &["-q", "-o", "yaml"]].concat(), stdin);
            assert_eq!(yaml.code, ran.code, "{arguments:?}: {}", yaml.err);
            let yaml: Value = serde_saphyr::from_str(&yaml.out)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", yaml.out));
            assert_eq!(without_time(yaml), without_time(list.clone()), "{arguments:?}");
        }
        kinds.extend(
            list["errors"].as_array().unwrap().iter().map(|error| error["kind"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(valid, 20);
    assert!(
        ["invalid input", "no freight", "not found"].iter().all(|kind| kinds.contains(*kind)),
        "{kinds:?}"
    );
}

/// What ends a command before it has results is in the same list: the message itself, and the file where there is one.
#[test]
fn commands_that_cannot_begin_print_the_list() {
    let text = include_str!("../../../../docs/schemas/output.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let world = Publishing::new();
    world.git(&["remote", "remove", "origin"]);
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().to_str().unwrap();
    let filled = ["REGISTRY", "GIT", "CHARTS"].iter().zip([
        "127.0.0.1:1",
        "http://127.0.0.1:1/a",
        "http://127.0.0.1:1/b",
    ]);
    let filled = filled.fold(ONE_OF_EACH.to_owned(), |text, (name, url)| text.replace(name, url));
    for (name, content) in
        [("not.txt", "x"), ("bad.yaml", "kind: Warehouse\nspec: 1\n"), ("w.yaml", filled.as_str())]
    {
        world.write(name, content);
    }
    std::fs::create_dir(world.clone_folder().join("empty")).unwrap();
    let invalid = "invalid input";
    for (line, code, kind, said, file) in [
        ("chart package nowhere", 2, invalid, "nowhere could not be read: ", None),
        ("chart package charts/web -d /proc/x", 2, invalid, "/proc/x could not be created: ", None),
        ("chart plan web", 1, "failed", "the repository has no remote", None),
        ("chart release web", 1, "failed", "the repository has no remote", None),
        ("chart auto web", 1, "failed", "the repository has no remote", None),
        (&format!("chart plan web --repository {outside}"), 2, invalid, "is in no Git repository", None),
        ("chart changed --since nope", 1, "failed", "nope", None),
        ("chart changed --event nofile", 2, invalid, "nofile cannot be read", None),
        (
            "chart push nofile.tgz --registry oci://127.0.0.1:1/x",
            2,
            invalid,
            "nofile.tgz could not be read: ",
            Some("nofile.tgz"),
        ),
        (
            "chart backup nofile.tgz --backup file:///nowhere",
            2,
            invalid,
            "nofile.tgz could not be read: ",
            Some("nofile.tgz"),
        ),
        ("dockerfile lint nofile", 2, invalid, "nofile could not be read: ", Some("nofile")),
        ("lint -f empty", 2, invalid, "empty holds no .yaml, .yml or .json file", Some("empty")),
        ("lint -f *.nope", 2, invalid, "*.nope matches no file", Some("*.nope")),
        ("discover -f empty", 2, invalid, "empty holds no .yaml, .yml or .json file", Some("empty")),
        ("discover --replay missing", 2, invalid, "missing could not be read: ", None),
        ("explain --replay not.txt", 2, invalid, "not.txt: ", None),
        ("replay missing", 2, invalid, "missing could not be read: ", None),
        (
            "freight -f w.yaml --credentials missing",
            2,
            invalid,
            "missing could not be read: ",
            Some("missing"),
        ),
        ("freight -f w.yaml --ca-file nofile", 2, invalid, "nofile could not be read: ", None),
        (
            "explain -f w.yaml --subscription nope",
            2,
            invalid,
            "no subscription has the name, repoURL or index \"nope\"",
            None,
        ),
        ("select -f bad.yaml", 2, invalid, "`spec` must be", Some("bad.yaml")),
        ("select -f w.yaml", 2, invalid, "3 subscriptions could be meant: ", None),
    ] {
        let arguments: Vec<_> = line.split(' ').chain(["-o", "json"]).collect();
        let ran = world.run(&arguments);
        let list: Value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{line}: {error}: {}{}", ran.out, ran.err));
        let wrong: Vec<String> = validator.iter_errors(&list).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty() && ran.code == Some(code), "{line}: {:?} {wrong:?}: {list}", ran.code);
        let errors = list["errors"].as_array().unwrap();
        let message = |error: &Value| error["message"].as_str().unwrap().to_owned();
        let found = errors.iter().find(|error| message(error).contains(said));
        let found = found.unwrap_or_else(|| panic!("{line}: it does not say {said:?}: {list}"));
        assert_eq!(found["kind"], kind, "{line}: {list}");
        assert_eq!(found["location"]["file"].as_str(), file, "{line}: {list}");
        // Each message on standard error is an error of the list.
        assert_eq!(
            errors.len(),
            ran.err.lines().filter(|line| line.starts_with("error")).count(),
            "{line}: {}",
            ran.err
        );
        assert!(list["items"].as_array().unwrap().is_empty(), "{line}: {list}");
    }
}

/// A part that fails is an error beside the items of the others.
#[test]
fn what_fails_is_beside_the_items() {
    let world = Publishing::new();
    world.write("charts/broken/Chart.yaml", "name: [broken\n");
    world.write("Dockerfile", "FROM a\n");
    for (line, code, said) in [
        ("chart package charts/alone charts/broken -d out", 1, "broken"),
        ("dockerfile lint Dockerfile nofile", 2, "nofile could not be read: "),
    ] {
        let arguments: Vec<_> = line.split(' ').chain(["-o", "json"]).collect();
        let ran = world.run(&arguments);
        let list: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(ran.code, Some(code), "{line}: {}", ran.err);
        assert!(!list["items"].as_array().unwrap().is_empty(), "{line}: {list}");
        assert_eq!(list["errors"].as_array().unwrap().len(), 1, "{line}: {list}");
        assert!(list["errors"][0]["message"].as_str().unwrap().contains(said), "{line}: {list}");
    }
}

#[test]
fn events_have_the_schema_of_the_docs() {
    let text = include_str!("../../../../docs/schemas/events.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let check = |event: &Value| {
        let wrong: Vec<String> = validator.iter_errors(event).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}: {event}");
    };
    let world = World::start();
    let manifest = world.fill(ONE_OF_EACH).replace("shop/web", "shop/none");
    let ran = warehouse(&["watch", "--once", "--no-cache", "-f", "-", "-o", "json"], &manifest);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}{}", ran.out, ran.err);
    lines.iter().for_each(check);
    for line in &lines {
        assert_eq!((&line["warehouse"], &line["namespace"]), (&"shop".into(), &"fruit".into()));
    }

    let (time, source, freight) = ("2026-03-01T08:00:00Z".parse().unwrap(), "image a", "f1".to_owned());
    let stale = || StaleResult { subscription: 0, source: source.into(), answered_at: time, age_seconds: 1 };
    let error = || Reason::from(&Error::new(ErrorKind::TimedOut, "no answer").with_hint("wait"));
    let revision = |id: Option<&str>| Some(Revision { name: "1".to_owned(), id: id.map(str::to_owned) });
    let (subscription, attempts) = (0, 1);
    let of_freight = |from| Change::Freight { name: freight.clone(), from, stale: vec![stale()] };
    let failed = |stale| Change::Failed { subscription, source: source.into(), error: error(), stale };
    let artifact = |from, to| Change::Artifact { subscription, source: source.into(), from, to };
    let changes = [
        artifact(None, revision(Some("sha256:aa"))),
        artifact(revision(None), None),
        failed(Some(stale())),
        failed(None),
        Change::Recovered { subscription, source: source.into() },
        of_freight(None),
        of_freight(Some("f0".to_owned())),
        Change::NoFreight { reason: "x".to_owned() },
        Change::Handled { freight: freight.clone(), attempts },
        Change::HandlerFailed { freight: freight.clone(), attempts, error: "x".to_owned() },
        Change::Dropped { freight: freight.clone(), attempts },
        Change::StateNotSaved { error: error() },
    ];
    let mut kinds = std::collections::BTreeSet::new();
    for change in changes {
        let event = Event { time, warehouse: "a".to_owned(), namespace: None, change, cost: Cost::ZERO };
        let json = serde_json::to_value(&event).unwrap();
        check(&json);
        kinds.insert(json["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds.len(), schema["oneOf"].as_array().unwrap().len(), "{kinds:?}");
    assert!(!validator.is_valid(&serde_json::json!({"event": "handled"})));
}
