//! Nested indexes are read: for a platform that no direct entry has, and for a build time.

use crate::support::answers::{discover, explain, platform, source};
use crate::support::{CREATED, cost, found};
use artifact_source::ErrorKind;
use selection_strategies::TagRule;
use serde_json::{Value, json};
use warehouse_testkit::{MediaType, Registry};

const NEW: &str = "2024-06-01T00:00:00Z";

struct World(Registry);

impl World {
    fn new() -> Self {
        let registry = Registry::start().unwrap();
        registry.image("demo/app").tag("old").single("linux/amd64").created("2020-01-01T00:00:00Z").push();
        Self(registry)
    }

    fn image(&self, created: &str) -> Value {
        let config = json!({"os": "linux", "architecture": "amd64", "created": created}).to_string();
        let config = json!({"digest": self.0.push_blob("demo/app", config), "size": 1});
        let manifest =
            json!({"schemaVersion": 2, "config": config, "layers": [], "annotations": {"of": "manifest"}});
        self.push(MediaType::OCI_MANIFEST, &manifest, None)
    }

    fn index(&self, entries: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "manifests": entries, "annotations": {"of": "index"}});
        self.push(MediaType::OCI_INDEX, &index, None)
    }

    fn push(&self, media_type: &str, content: &Value, tag: Option<&str>) -> Value {
        let digest = self.0.push_manifest("demo/app", tag, media_type, content.to_string());
        json!({"mediaType": media_type, "digest": digest, "size": 1})
    }

    fn tag(&self, index: &Value) {
        self.0.tag("demo/app", index["digest"].as_str().unwrap(), "new").unwrap();
    }
}

fn on(text: &str, mut entry: Value) -> Value {
    let mut parts = text.split('/');
    entry["platform"] = json!({"os": parts.next(), "architecture": parts.next()});
    entry
}

fn stating(time: &str, mut entry: Value) -> Value {
    entry["annotations"] = json!({ CREATED: time });
    entry
}

/// The newest build is `new`, of this time, found after so many requests.
async fn newest(make: impl Fn(&World) -> Value, time: &str, requests: u64) {
    let world = World::new();
    world.tag(&make(&world));
    world.0.log().clear();
    let source = source(&world.0).rule(TagRule::newest()).build().unwrap();
    let answer = crate::support::discover(&source).await;
    // The list, both tags, and the configuration of the old one.
    cost(&world.0, &answer, 1 + 2 + 1 + requests);
    let images = found(answer).artifacts;
    assert_eq!(images[0].tag, "new");
    assert_eq!(images[0].created_at.unwrap().to_string(), time);
    // Content does not change, so it is read once.
    cost(&world.0, &crate::support::discover(&source).await, 1 + 2);
}

#[tokio::test]
async fn dates() {
    let late = "2025-01-01T00:00:00Z";
    // As deep as it is: an index each, and a manifest and a configuration.
    newest(
        |world| world.index(&[on("linux/amd64", world.index(&[on("linux/amd64", world.image(NEW))]))]),
        NEW,
        3,
    )
    .await;
    newest(|world| world.index(&[world.index(&[on("linux/amd64", world.image(NEW))])]), NEW, 3).await;
    let deep = |world: &World| {
        let innermost = world.index(&[on("linux/amd64", world.image(NEW))]);
        world.index(&[world.index(&[world.index(&[innermost])])])
    };
    newest(deep, NEW, 5).await;
    // The first time counts: that of a descriptor, on either level; then only what states the platform is read below.
    newest(
        |world| {
            world.index(&[on(
                "linux/amd64",
                stating(late, world.index(&[on("linux/amd64", world.image(NEW))])),
            )])
        },
        late,
        0,
    )
    .await;
    newest(
        |world| world.index(&[world.index(&[on("linux/amd64", stating(late, world.image(NEW)))])]),
        late,
        1,
    )
    .await;
    // The newest counts, wherever it is.
    let beside = |world: &World| {
        let inner = world.index(&[on("linux/amd64", world.image(NEW))]);
        world.index(&[on("linux/amd64", world.image(late)), inner])
    };
    newest(beside, late, 2 + 3).await;
    let within = |world: &World| {
        let inner = world.index(&[on("linux/amd64", world.image(late))]);
        world.index(&[on("linux/amd64", world.image(NEW)), inner])
    };
    newest(within, late, 2 + 3).await;
    // A Docker list in an OCI index is one, too.
    let list = |world: &World| {
        let list = json!({"schemaVersion": 2, "manifests": [on("linux/amd64", world.image(NEW))]});
        world.index(&[world.push(MediaType::DOCKER_LIST, &list, None)])
    };
    newest(list, NEW, 3).await;
}

/// Whether `new` is found for a platform, and with how many requests for what is inside it.
async fn for_platform(make: impl Fn(&World) -> Value, wanted: &str, reason: Option<&str>, requests: u64) {
    let world = World::new();
    world.tag(&make(&world));
    world.0.log().clear();
    let digest = || source(&world.0).rule(TagRule::digest("new")).platform(platform(wanted));
    cost(&world.0, &crate::support::discover(&digest().build().unwrap()).await, 1 + requests);
    let (tags, why) = explain(digest()).await;
    assert_eq!(tags.is_empty(), reason.is_some(), "{wanted}");
    assert_eq!(why.get("new").map(String::as_str), reason, "{wanted}");
}

#[tokio::test]
async fn platforms() {
    let nested = |world: &World| {
        let arm =
            world.index(&[on("linux/arm64", world.image(NEW)), on("unknown/unknown", world.image(NEW))]);
        world.index(&[on("linux/amd64", world.image(NEW)), arm])
    };
    for_platform(nested, "linux/amd64", None, 0).await;
    for_platform(nested, "linux/arm64", None, 1).await;
    let only = "not built for platform linux/s390x, only for linux/amd64, linux/arm64";
    for_platform(nested, "linux/s390x", Some(only), 1).await;
    // Its platform is what the index says.
    let said = |world: &World| {
        world.index(&[on("linux/amd64", world.index(&[on("linux/arm64", world.image(NEW))]))])
    };
    for_platform(said, "linux/amd64", None, 0).await;
    for_platform(said, "linux/arm64", Some("not built for platform linux/arm64, only for linux/amd64"), 0)
        .await;

    let nothing = Some("an index without an image, also in its nested indexes, not an image");
    let empty = |world: &World| {
        world.index(&[world.index(&[]), world.index(&[on("unknown/unknown", world.image(NEW))])])
    };
    for_platform(empty, "linux/amd64", nothing, 2).await;
}

#[tokio::test]
async fn an_index_of_indexes_without_an_image_is_not_an_image() {
    let world = World::new();
    world.tag(&world.index(&[world.index(&[world.index(&[])])]));
    for rule in [TagRule::lexical(), TagRule::newest(), TagRule::digest("new")] {
        let (tags, why) = explain(source(&world.0).rule(rule)).await;
        assert!(!tags.contains(&"new".to_owned()));
        assert!(why["new"].ends_with(", not an image"), "{why:?}");
    }
    world.tag(&world.index(&[world.index(&[]), world.index(&[on("linux/amd64", world.image(NEW))])]));
    let images = discover(source(&world.0).rule(TagRule::digest("new"))).await.unwrap();
    assert_eq!((images.len(), images[0].created_at), (1, None));
}

#[tokio::test]
async fn annotations_of_all_levels() {
    let world = World::new();
    let mut entry = on("linux/amd64", world.image(NEW));
    entry["annotations"] = json!({"descriptor": "inner"});
    let inner =
        json!({"schemaVersion": 2, "manifests": [entry], "annotations": {"inner": "yes", "of": "inner"}});
    let inner = world.push(MediaType::OCI_INDEX, &inner, None);
    world.tag(&world.index(&[inner]));
    let source = |rule| source(&world.0).rule(rule).platform(platform("linux/amd64"));
    let digest = discover(source(TagRule::digest("new"))).await.unwrap().remove(0).annotations;
    assert_eq!(
        (digest["of"].as_str(), digest["inner"].as_str(), digest["descriptor"].as_str()),
        ("inner", "yes", "inner")
    );
    let newest = discover(source(TagRule::newest())).await.unwrap().remove(0).annotations;
    assert_eq!(newest["of"], "manifest", "its manifest was read for the time");
}

#[tokio::test]
async fn depth_and_numbers_are_bounded() {
    // Four nested levels are read, the fifth is not.
    for (inside, is_found) in [(4, true), (5, false)] {
        let world = World::new();
        let innermost = world.index(&[on("linux/amd64", world.image(NEW))]);
        world.tag(&(0..inside).fold(innermost, |inner, _| world.index(&[inner])));
        for rule in [TagRule::lexical(), TagRule::newest()] {
            let (tags, why) = explain(source(&world.0).rule(rule)).await;
            assert_eq!(tags.contains(&"new".to_owned()), is_found, "{inside}");
            if !is_found {
                assert_eq!(why["new"], "unreadable: indexes are nested more than 4 levels deep");
            }
        }
        let alone = discover(source(&world.0).rule(TagRule::digest("new"))).await;
        assert_eq!(alone.is_ok(), is_found);
        assert!(alone.is_ok() || alone.unwrap_err().kind() == ErrorKind::TooLarge);
    }
    // Each level lists the next one a hundred times: it is read once, and not a hundred million times.
    let world = World::new();
    let innermost = world.index(&[on("linux/amd64", world.image(NEW))]);
    world.tag(&(0..4).fold(innermost, |inner, _| world.index(&vec![inner; 100])));
    world.0.log().clear();
    let (tags, why) = explain(source(&world.0).rule(TagRule::newest())).await;
    assert_eq!(tags, ["old"]);
    assert_eq!(why["new"], "unreadable: nested indexes have more than 1000 entries");
    assert!(world.0.log().counters().requests < 12);
}
