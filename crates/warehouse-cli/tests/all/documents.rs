//! What every command prints as JSON has the one schema of the documentation, whatever the outcome.

use artifact_source::{Cost, Error, ErrorKind};
use serde_json::Value;
use warehouse_discovery::watch::{Change, Event, Reason, Revision, StaleResult};

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
