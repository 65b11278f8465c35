//! What an index says of its images: which of them counts, and when it was built.

use crate::support::answers::{discover, explain, platform, source};
use crate::support::{CREATED, cost, found};
use artifact_source::ArtifactSource as _;
use artifact_source::Image;
use image_source::ImageSourceBuilder;
use selection_strategies::TagRule;
use serde_json::{Value, json};
use warehouse_testkit::{MediaType, Registry, When};

/// An image in an index: what the index says of it, and what its configuration does.
#[derive(Clone, Copy, Default)]
struct Listed {
    platform: &'static str,
    stated: Option<&'static str>,
    built: Option<&'static str>,
}

fn listed(platform: &'static str) -> Listed {
    Listed { platform, ..Listed::default() }
}

/// A repository with one index, under the tag `1.0.0`. Each descriptor has its number for an annotation, too.
fn registry(images: &[Listed]) -> Registry {
    let registry = Registry::start().unwrap();
    let descriptor = |(number, image): (usize, &Listed)| {
        let mut parts = image.platform.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let config =
            json!({"os": os, "architecture": architecture, "created": image.built, "number": number});
        let config = json!({"digest": registry.push_blob("demo/app", config.to_string()), "size": 1});
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": []}).to_string();
        let untagged: [&str; 0] = [];
        let digest = registry.push_manifest("demo/app", untagged, MediaType::OCI_MANIFEST, manifest);
        let mut annotations = json!({"number": number.to_string()});
        if let Some(time) = image.stated {
            annotations[CREATED] = time.into();
        }
        let mut platform = json!({"os": os, "architecture": architecture});
        if let Some(variant) = variant {
            platform["variant"] = variant.into();
        }
        json!({"digest": digest, "size": 1, "platform": platform, "annotations": annotations})
    };
    let manifests: Vec<Value> = images.iter().enumerate().map(descriptor).collect();
    let index = json!({"schemaVersion": 2, "manifests": manifests}).to_string();
    registry.push_manifest("demo/app", ["1.0.0"], MediaType::OCI_INDEX, index);
    registry
}

async fn the_one(builder: ImageSourceBuilder) -> Image {
    let images = discover(builder).await.unwrap();
    assert_eq!(images.len(), 1);
    images.into_iter().next().unwrap()
}

/// Two images, the first of which its descriptor gives a time; it is found after so many requests for the second.
async fn check(first: Listed, second: Listed, time: Option<&str>, below: u64) {
    for images in [[first, second], [second, first]] {
        let registry = registry(&images);
        for wanted in [None, Some("linux/amd64"), Some("linux/arm64")] {
            registry.log().clear();
            let source = source(&registry).rule(TagRule::newest()).platform(wanted.map(platform));
            let answer = crate::support::discover(&source.build().unwrap()).await;
            cost(&registry, &answer, 2 + below);
            let created = found(answer).artifacts[0].created_at.map(|time| time.to_string());
            assert_eq!(created.as_deref(), time, "{wanted:?}");
        }
    }
}

#[tokio::test]
async fn each_descriptor_counts_and_where_it_says_nothing_its_image_does() {
    let (early, later, latest) = ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2030-01-01T00:00:00Z");
    let first = |stated| Listed { platform: "linux/amd64", stated: Some(stated), built: Some(latest) };
    let second = |stated, built| Listed { platform: "linux/arm64", stated, built };
    // What a descriptor says is not asked of its image.
    check(first(early), second(Some(later), Some(latest)), Some(later), 0).await;
    check(first(later), second(Some(early), Some(latest)), Some(later), 0).await;
    // That one descriptor has a time does not make the other's image older or newer than it is.
    check(first(early), second(None, Some(later)), Some(later), 2).await;
    check(first(later), second(None, Some(early)), Some(later), 2).await;
    check(first(early), second(None, None), Some(early), 2).await;
}

#[tokio::test]
async fn of_several_matching_variants_the_one_without_a_variant_is_used() {
    for (platforms, wanted, number) in [
        (["linux/arm64/v9", "linux/arm64", "linux/arm64/v8"], "linux/arm64", "1"),
        (["linux/arm64/v9", "linux/amd64", "linux/arm64/v8"], "linux/arm64", "0"),
        (["linux/arm64/v9", "linux/arm64/v8", "linux/arm64"], "linux/arm64/v8", "2"),
        (["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"], "linux/amd64/v2", "1"),
    ] {
        let registry = registry(&platforms.map(listed));
        let image = the_one(source(&registry).platform(platform(wanted))).await;
        assert_eq!(image.annotations["number"], number, "{wanted} of {platforms:?}");
    }
}

#[tokio::test]
async fn an_entry_with_an_unknown_platform_is_not_an_image() {
    for attestation in ["unknown/unknown", "linux/unknown", "unknown/amd64", "linux/", "/amd64"] {
        let built = Some("2030-01-01T00:00:00Z");
        let alone = registry(&[Listed { platform: attestation, stated: None, built }]);
        let (found, why) = explain(source(&alone).platform(platform("linux/amd64"))).await;
        assert!(found.is_empty());
        assert!(why["1.0.0"].ends_with(", not an image"), "{attestation}: {why:?}");

        // It is neither what somebody wants nor has it a time.
        let image = Listed { platform: "linux/amd64", stated: Some("2024-01-01T00:00:00Z"), built };
        let beside = registry(&[Listed { platform: attestation, stated: built, built }, image]);
        let newest = the_one(source(&beside).rule(TagRule::newest())).await;
        assert_eq!(newest.created_at.unwrap().to_string(), "2024-01-01T00:00:00Z", "{attestation}");
        assert_eq!(beside.log().count(&When::get("/v2/**/manifests/sha256:*")), 0, "{attestation}");
        if let Ok(wanted) = attestation.parse::<image_source::Platform>() {
            assert!(discover(source(&beside).platform(wanted)).await.unwrap().is_empty(), "{attestation}");
        }
    }
}

/// An index whose first entry is for `linux/amd64`, and whose second one cannot be read; beside an older image, `1.0.0`. The index has
/// this time as an annotation.
fn with_unreadable(second: &Value, first_is_image: bool, stated: Option<&str>) -> Registry {
    let registry = Registry::start().unwrap();
    let push = |created: &str| {
        let config = json!({"os": "linux", "architecture": "amd64", "created": created});
        let config = json!({"digest": registry.push_blob("demo/app", config.to_string()), "size": 1});
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": []}).to_string();
        let untagged: [&str; 0] = [];
        registry.push_manifest("demo/app", untagged, MediaType::OCI_MANIFEST, manifest)
    };
    let index = |tag: &str, entries: &[Value], stated: Option<&str>| {
        let annotations = stated.map_or(json!({}), |time| json!({ CREATED: time }));
        let index = json!({"schemaVersion": 2, "manifests": entries, "annotations": annotations});
        registry.push_manifest("demo/app", [tag], MediaType::OCI_INDEX, index.to_string());
    };
    let platform = json!({"os": "linux", "architecture": "amd64"});
    let older = json!({"digest": push("2021-01-01T00:00:00Z"), "size": 1, "platform": {"os": "linux", "architecture": "arm64"}});
    index(
        "1.0.0",
        &[json!({"digest": push("2022-01-01T00:00:00Z"), "size": 1, "platform": platform}), older],
        None,
    );
    let digest = push("2020-01-01T00:00:00Z");
    let first = match first_is_image {
        true => json!({"digest": digest, "size": 1, "platform": platform}),
        false => {
            json!({"digest": digest, "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}})
        }
    };
    index("1.1.0", &[first, second.clone()], stated);
    registry
}

/// What an entry that cannot be read is for is unknown: an older tag never wins for it.
#[tokio::test]
async fn an_index_with_entries_that_cannot_be_read_is_judged_by_the_others_only_if_they_decide() {
    let digest = format!("sha256:{}", "1".repeat(64));
    let arm64 = json!({"os": "linux", "architecture": "arm64"});
    let for_platform = "1 entry of the index cannot be read, and no other one is for platform linux/arm64";
    let for_any = "1 entry of the index cannot be read, and no other one is an image";
    let for_time = "1 entry of the index cannot be read, and one of them may be the newest build";
    let time = Some("2024-01-01T00:00:00Z");
    for second in [
        json!({"digest": "sha256:zz", "platform": arm64}),
        json!(null),
        json!(["", "", digest, arm64]),
        json!({"platform": arm64}),
        json!({"digest": 7, "platform": arm64}),
        json!({"digest": digest, "mediaType": 7, "platform": arm64}),
        json!({"digest": digest, "platform": "linux/arm64"}),
        json!({"digest": digest, "platform": {"os": "linux", "architecture": 64}}),
        json!({"digest": digest, "platform": ["linux", "arm64"]}),
        json!({"digest": digest, "platform": arm64, "annotations": "x"}),
    ] {
        for (rule, is_image, wanted, stated, expected) in [
            (TagRule::semver(None), true, None, None, Ok("1.1.0")),
            (TagRule::semver(None), true, Some("linux/amd64"), None, Ok("1.1.0")),
            (TagRule::semver(None), true, Some("linux/arm64"), None, Err(for_platform)),
            (TagRule::semver(None), true, Some("linux/arm64"), time, Err(for_platform)),
            (TagRule::semver(None), false, None, None, Err(for_any)),
            (TagRule::lexical(), false, Some("linux/arm64"), None, Err(for_platform)),
            (TagRule::digest("1.1.0"), true, None, None, Ok("1.1.0")),
            (TagRule::digest("1.1.0"), true, Some("linux/arm64"), None, Err(for_platform)),
            (TagRule::newest(), true, None, None, Err(for_time)),
            (TagRule::newest(), true, Some("linux/amd64"), None, Err(for_time)),
            (TagRule::newest(), true, Some("linux/amd64"), time, Ok("1.1.0")),
            (TagRule::newest(), true, None, time, Ok("1.1.0")),
            (TagRule::newest(), true, Some("linux/arm64"), time, Err(for_platform)),
        ]
        .into_iter()
        .take(if second["digest"] == "sha256:zz" { 13 } else { 3 })
        {
            let registry = with_unreadable(&second, is_image, stated);
            let named = matches!(rule.strategy(), selection_strategies::TagStrategy::Digest { .. });
            let builder = source(&registry).rule(rule).platform(wanted.map(platform));
            let what = format!("{second} {wanted:?} {stated:?}");
            match (discover(builder).await, expected) {
                (Ok(images), Ok(tag)) => assert_eq!(images[0].tag, tag, "{what}"),
                (Err(error), Err(message)) => {
                    assert_eq!(error.message(), message, "{what}");
                    let hint = error.hint().unwrap();
                    let remedy =
                        if named { "name another tag" } else { "`ignoreTagsRegexes: ['^1\\.1\\.0$']`" };
                    assert!(hint.contains(remedy), "{hint}");
                }
                (answer, expected) => panic!("{what}: {answer:?}, not {expected:?}"),
            }
        }
    }
}

/// Also in an index within the index, and again from a cache.
#[tokio::test]
async fn a_nested_index_with_entries_that_cannot_be_read_decides_nothing() {
    let registry = with_unreadable(&json!(7), true, None);
    let inner = registry.digest("demo/app", "1.1.0").unwrap();
    let index = json!({"schemaVersion": 2, "manifests": [{"digest": inner, "size": 1, "mediaType": MediaType::OCI_INDEX}]});
    registry.push_manifest("demo/app", ["1.2.0"], MediaType::OCI_INDEX, index.to_string());
    let semver = source(&registry).rule(TagRule::semver(None)).limit(1);
    let newest = source(&registry).rule(TagRule::newest());
    for (builder, wanted, message) in [
        (
            &semver,
            "linux/arm64",
            "1 entry of the index cannot be read, and no other one is for platform linux/arm64",
        ),
        (
            &newest,
            "linux/amd64",
            "1 entry of the index cannot be read, and one of them may be the newest build",
        ),
    ] {
        let source = builder.clone().platform(platform(wanted)).build().unwrap();
        for _ in 0..2 {
            let error = source.discover(artifact_source::DiscoverRequest::new()).await.unwrap_err();
            assert_eq!(error.message(), message);
        }
    }
    let found = discover(semver.platform(platform("linux/amd64"))).await.unwrap();
    assert_eq!(found[0].tag, "1.2.0");
}
