//! Images of which a part cannot be read, under each strategy: a part that is not needed does not matter.

use crate::support::answers::{explain, platform, source};
use selection_strategies::TagRule;
use warehouse_testkit::{MediaType, Registry};

/// What is wrong with `1.1.0`.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// The manifest of its platform is gone.
    Manifest,
    /// Its configuration is gone.
    Config,
    /// Its configuration is this, and has its digest.
    Text(&'static str),
}

fn registry(wrong: Wrong) -> Registry {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1.0.0").single("linux/amd64").created("2020-01-01T00:00:00Z").push();
    let image = registry.image("demo/app").tag("1.1.0").created("2024-01-01T00:00:00Z");
    match wrong {
        Wrong::Manifest => {
            let pushed = image.platforms(["linux/amd64"]).push();
            assert!(registry.delete_manifest("demo/app", &pushed.platforms[0].digest));
        }
        Wrong::Config => {
            let pushed = image.single("linux/amd64").push();
            assert!(registry.delete_blob("demo/app", &pushed.platforms[0].config_digest));
        }
        Wrong::Text(text) => {
            let config = registry.push_blob("demo/app", text);
            let config = serde_json::json!({"mediaType": MediaType::OCI_CONFIG, "digest": config, "size": 1});
            let manifest =
                serde_json::json!({"schemaVersion": 2, "config": config, "layers": []}).to_string();
            registry.push_manifest("demo/app", ["1.1.0"], MediaType::OCI_MANIFEST, manifest);
        }
    }
    registry
}

/// Under this rule, the tags that are found, and why `1.1.0` is not.
async fn check(wrong: Wrong, rule: TagRule, wanted: Option<&str>, expected: &[&str], reason: Option<&str>) {
    let registry = registry(wrong);
    let (tags, why) = explain(source(&registry).rule(rule.clone()).platform(wanted.map(platform))).await;
    assert_eq!(tags, expected, "{wrong:?} {rule:?} {wanted:?}");
    match (reason, why.get("1.1.0")) {
        (None, None) => {}
        (Some(start), Some(why)) => assert!(why.starts_with(start), "{wrong:?} {rule:?} {wanted:?}: {why}"),
        (expected, why) => panic!("{wrong:?} {rule:?} {wanted:?}: {why:?}, not {expected:?}"),
    }
}

#[tokio::test]
async fn under_each_strategy() {
    let (both, amd64) = (["1.1.0", "1.0.0"], Some("linux/amd64"));
    let named = || [TagRule::semver(None), TagRule::lexical()];
    let no_platform = "not built for platform linux/amd64: it names no platform";
    for (wrong, newest, newest_for, named_for) in [
        (
            Wrong::Manifest,
            Some("unreadable: there is no sha256:"),
            Some("unreadable: there is no sha256:"),
            None,
        ),
        (
            Wrong::Config,
            Some("unreadable: there is no blob"),
            Some("unreadable: there is no blob"),
            Some("unreadable: there is no blob"),
        ),
        (Wrong::Text("<html>"), None, Some(no_platform), Some(no_platform)),
        (Wrong::Text(r#"{"created": 7, "os": 7}"#), None, Some(no_platform), Some(no_platform)),
        (Wrong::Text(r#"{"created": "", "os": "linux", "architecture": "amd64"}"#), None, None, None),
        (Wrong::Text(r#"{"created": "soon", "os": "linux", "architecture": "amd64"}"#), None, None, None),
    ] {
        let found = |reason: Option<&str>, order: [&'static str; 2]| match reason {
            Some(_) => vec!["1.0.0"],
            None => order.to_vec(),
        };
        // What names no time is the oldest build.
        let by_time = ["1.0.0", "1.1.0"];
        check(wrong, TagRule::newest(), None, &found(newest, by_time), newest).await;
        check(wrong, TagRule::newest(), amd64, &found(newest_for, by_time), newest_for).await;
        for rule in named() {
            check(wrong, rule.clone(), None, &both, None).await;
            check(wrong, rule, amd64, &found(named_for, both), named_for).await;
        }
        check(wrong, TagRule::digest("1.1.0"), None, &["1.1.0"], None).await;
        let digest = if named_for.is_some() { vec![] } else { vec!["1.1.0"] };
        check(wrong, TagRule::digest("1.1.0"), amd64, &digest, named_for).await;
    }
}
