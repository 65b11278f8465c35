//! What every command prints as JSON has the one schema of the documentation, whatever the outcome.

use serde_json::Value;

use crate::support::{ONE_OF_EACH, World, warehouse};

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
