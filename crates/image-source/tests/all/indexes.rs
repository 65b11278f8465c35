//! What an index says of its images: which of them counts, and when it was built.

use crate::support::answers::{discover, explain, platform, source};
use crate::support::{CREATED, cost, found};
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
