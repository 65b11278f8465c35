//! Which images are found, why others are not, and what is remembered.

use crate::support::answers::{discover, explain, platform, source, tags};
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Image, Observation};
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{MediaType, Registry};

// ---- which images

#[tokio::test]
async fn every_tag_ends_with_its_reason() {
    let registry = Registry::start().unwrap();
    for tag in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0", "latest", "1.4", "1.5.0-debug"] {
        let offered = if tag == "1.3.0" { ["linux/s390x"] } else { ["linux/amd64"] };
        registry.image("demo/app").tag(tag).platforms(offered).push();
    }
    registry.push_manifest(
        "demo/app",
        ["1.9.0"],
        "application/json",
        r#"{"schemaVersion": 1, "fsLayers": []}"#,
    );
    let rule = TagRule::semver(Some("^1".parse().unwrap()))
        .with_filter(TagFilter::builder().ignore("-debug$").build().unwrap());
    let (found, why) = explain(source(&registry).rule(rule).platform(platform("linux/amd64")).limit(2)).await;
    assert_eq!(found, ["1.2.0", "1.1.0"]);
    let expected = [
        ("1.0.0", "beyond the limit: 2 better candidates fill it"),
        ("1.3.0", "not built for platform linux/amd64, only for linux/s390x"),
        ("1.4", "not a semantic version in the strict sense (major.minor.patch)"),
        ("1.5.0-debug", "ignored by the pattern \"-debug$\""),
        ("1.9.0", "a Docker schema 1 manifest, not an image"),
        ("2.0.0", "outside the constraint \"^1\""),
        ("latest", "not a semantic version in the strict sense (major.minor.patch)"),
    ];
    assert_eq!(why, expected.map(|(tag, why)| (tag.to_owned(), why.to_owned())).into());
}

#[tokio::test]
async fn lexical_takes_the_last_by_bytes() {
    let registry = Registry::start().unwrap();
    for tag in ["nightly-20240102", "nightly-20240110", "nightly-20231231", "v1"] {
        registry.image("demo/app").tag(tag).push();
    }
    let filter = TagFilter::builder().allow("^nightly-").build().unwrap();
    let found =
        discover(source(&registry).rule(TagRule::lexical().with_filter(filter)).limit(2)).await.unwrap();
    assert_eq!(tags(&found), ["nightly-20240110", "nightly-20240102"]);
}

#[tokio::test]
async fn digest_follows_one_tag() {
    let registry = Registry::start().unwrap();
    let pushed = registry.image("demo/app").tag("latest").tag("1.0.0").platforms(["linux/amd64"]).push();
    let (found, why) = explain(source(&registry).rule(TagRule::digest("latest"))).await;
    assert_eq!((found, why.len()), (vec!["latest".to_owned()], 0));
    let images = discover(source(&registry).rule(TagRule::digest("latest"))).await.unwrap();
    assert_eq!(images[0].digest, pushed.digest);

    let (found, why) = explain(source(&registry).rule(TagRule::digest("missing"))).await;
    assert!(found.is_empty() && why["missing"] == "there is no tag `missing`", "{why:?}");

    let builder = source(&registry).rule(TagRule::digest("latest")).platform(platform("linux/arm64"));
    assert!(discover(builder).await.unwrap().is_empty());
}

#[tokio::test]
async fn newest_build_reads_every_place_of_a_build_time() {
    const OCI: &str = "org.opencontainers.image.created";
    const OLD: &str = "org.label-schema.build-date";
    let registry = Registry::start().unwrap();
    let image = |tag: &str| registry.image("demo/app").tag(tag);
    let both = ["linux/amd64", "linux/arm64"];
    // Each is newer than the one before, though every time further down says otherwise.
    image("none").platforms(both).without_created().push();
    image("empty").platforms(both).created("").push();
    image("config").single("linux/amd64").created("2024-01-01T00:00:00Z").push();
    image("config-of-one")
        .platforms(both)
        .created("2001-01-01T00:00:00Z")
        .created_on(both[1], "2024-01-02T00:00:00Z")
        .push();
    image("label").platforms(both).created("1970-01-01T00:00:00Z").label(OLD, "2024-01-03T00:00:00Z").push();
    image("child")
        .platforms(both)
        .manifest_annotation(OCI, "2024-01-04T00:00:00Z")
        .created("2030-01-01T00:00:00Z")
        .push();
    image("descriptor")
        .platforms(both)
        .descriptor_annotation(OLD, "2024-01-05T00:00:00Z")
        .manifest_annotation(OCI, "2030-01-01T00:00:00Z")
        .push();
    image("index")
        .platforms(both)
        .annotation(OCI, "2024-01-06T00:00:00Z")
        .descriptor_annotation(OCI, "2030-01-01T00:00:00Z")
        .push();
    image("manifest")
        .single("linux/amd64")
        .annotation(OCI, "2024-01-07T00:00:00Z")
        .created("2030-01-01T00:00:00Z")
        .push();
    let found = discover(source(&registry).rule(TagRule::newest())).await.unwrap();
    let expected =
        ["manifest", "index", "descriptor", "child", "label", "config-of-one", "config", "none", "empty"];
    assert_eq!(tags(&found), expected);
    assert_eq!(found[4].created_at.unwrap().to_string(), "2024-01-03T00:00:00Z");
    assert_eq!(found[7].created_at, None);

    let builder = source(&registry).rule(TagRule::newest()).platform(platform("linux/amd64")).limit(4);
    let found = discover(builder).await.unwrap();
    assert_eq!(tags(&found), ["manifest", "index", "descriptor", "child"]);
}

/// As Kargo has it: what is asked for is the newest index, and an index cannot be older than what it holds.
#[tokio::test]
async fn an_index_is_as_new_as_its_newest_image_for_any_platform() {
    let registry = Registry::start().unwrap();
    let image = |tag: &str| registry.image("demo/app").tag(tag).platforms(["linux/amd64", "linux/arm64"]);
    image("a").created("2024-01-01T00:00:00Z").created_on("linux/amd64", "2024-03-01T00:00:00Z").push();
    image("b").created("2024-02-01T00:00:00Z").push();
    for wanted in ["linux/amd64", "linux/arm64"] {
        let builder = source(&registry).rule(TagRule::newest()).platform(platform(wanted));
        let found = discover(builder).await.unwrap();
        assert_eq!(tags(&found), ["a", "b"], "{wanted}");
        assert_eq!(found[0].created_at.unwrap().to_string(), "2024-03-01T00:00:00Z");
    }
}

#[tokio::test]
async fn annotations_come_from_all_levels() {
    let registry = Registry::start().unwrap();
    let image = registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64", "linux/arm64"]);
    image
        .annotation("level", "index")
        .annotation("index", "yes")
        .manifest_annotation("level", "manifest")
        .manifest_annotation("manifest", "yes")
        .descriptor_annotation("level", "descriptor")
        .descriptor_annotation("descriptor", "yes")
        .push();
    let annotations = |images: Vec<Image>| images[0].annotations.clone().into_iter().collect::<Vec<_>>();
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    let any = discover(source(&registry)).await.unwrap();
    assert_eq!(annotations(any), pairs(&[("index", "yes"), ("level", "index")]));
    let one = discover(source(&registry).platform(platform("linux/arm64"))).await.unwrap();
    assert_eq!(annotations(one), pairs(&[("descriptor", "yes"), ("index", "yes"), ("level", "descriptor")]));
    let newest = source(&registry).platform(platform("linux/arm64")).rule(TagRule::newest());
    let expected =
        pairs(&[("descriptor", "yes"), ("index", "yes"), ("level", "descriptor"), ("manifest", "yes")]);
    assert_eq!(annotations(discover(newest).await.unwrap()), expected);
}

#[tokio::test]
async fn a_variant_that_the_subscription_does_not_name() {
    let registry = Registry::start().unwrap();
    for version in 0..50 {
        registry
            .image("demo/app")
            .tag(format!("1.{version}.0"))
            .platforms(["linux/amd64", "linux/arm64/v8"])
            .push();
    }
    let found = discover(source(&registry).platform(platform("linux/arm64"))).await.unwrap();
    assert_eq!((found.len(), found[0].tag.as_str()), (20, "1.49.0"));
    assert_eq!(registry.log().counters().requests, 1 + 20);
}

#[tokio::test]
async fn careless_manifests() {
    const CONFIG: &str =
        r#"{"os": "linux", "architecture": "amd64", "created": "", "rootfs": {"diff_ids": null}}"#;
    let registry = Registry::start().unwrap();
    let config = registry.push_blob("demo/app", CONFIG);
    let bare = registry.push_blob("demo/app", "{}");
    let push = |tag: &str, media_type: &str, text: &str| {
        let text = text.replace("CONFIG", &config).replace("BARE", &bare);
        registry.push_manifest("demo/app", [tag], media_type, text);
    };
    let (image, index) = (MediaType::OCI_MANIFEST, MediaType::OCI_INDEX);
    push("1.0.0", image, r#"{"schemaVersion": 2, "config": {"digest": "CONFIG"}, "layers": null}"#);
    push("1.1.0", image, r#"{"schemaVersion": 2, "config": {"digest": "BARE"}}"#);
    push("1.2.0", index, r#"{"schemaVersion": 2, "manifests": []}"#);
    push(
        "1.3.0",
        index,
        r#"{"schemaVersion": 2, "manifests": [{"digest": "CONFIG", "platform": {"architecture": "amd64"}}]}"#,
    );
    push(
        "1.4.0",
        index,
        r#"{"schemaVersion": 2, "manifests": [{"digest": "CONFIG", "platform": {"os": "unknown", "architecture": "unknown"}}]}"#,
    );

    for rule in [TagRule::semver(None), TagRule::newest()] {
        let (found, why) = explain(source(&registry).rule(rule)).await;
        assert_eq!(found, ["1.1.0", "1.0.0"]);
        assert_eq!(why["1.2.0"], "an index without entries, not an image");
        assert_eq!(why["1.3.0"], "an index that states no platform for any of its entries, not an image");
        assert_eq!(why["1.4.0"], "an index of attestations, not an image");
    }
    let (found, why) = explain(source(&registry).platform(platform("linux/amd64"))).await;
    assert_eq!(found, ["1.0.0"]);
    assert_eq!(why["1.1.0"], "not built for platform linux/amd64: it names no platform");
}

// ---- observations

#[tokio::test]
async fn an_observation_outlives_the_process() {
    let registry = Registry::start().unwrap();
    for version in 0..30 {
        registry.image("demo/app").tag(format!("1.{version}.0")).push();
    }
    let answer = source(&registry).build().unwrap().discover(DiscoverRequest::new()).await.unwrap();
    let observation = answer.found().unwrap().observation.unwrap();
    let text = serde_json::to_string(&observation).unwrap();
    let observation: Observation = serde_json::from_str(&text).unwrap();
    let request = || DiscoverRequest::new().with_previous(&observation);
    // A new process has no facts, so it reads them again, and finds the same.
    let again = source(&registry).build().unwrap().discover(request()).await.unwrap();
    assert!(matches!(again, Discovery::Unchanged { .. }));
    assert_eq!(again.cost().requests, 1 + 20);
    // Another question is another observation.
    let other = source(&registry).limit(19).build().unwrap().discover(request()).await.unwrap();
    assert_eq!(other.found().unwrap().artifacts.len(), 19);
    // A tag that moves between two found ones changes the answer.
    registry.image("demo/app").tag("1.20.0").annotation("moved", "yes").push();
    let moved = source(&registry).build().unwrap().discover(request()).await.unwrap();
    assert_eq!(moved.found().unwrap().artifacts[9].annotations["moved"], "yes");
}
