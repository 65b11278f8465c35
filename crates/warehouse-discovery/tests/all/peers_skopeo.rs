//! Images of several platforms that `skopeo copy` brought into foreign registries, in OCI's formats and in Docker's, beside what
//! `skopeo` and `crane` say of them.
//!
//! `scripts/peers` installs the programs; what is absent is skipped loudly, and fails with `CI=true`.

use std::collections::BTreeMap;
use std::fs;

use artifact_source::{AnyArtifact, Image};
use jiff::Timestamp;
use serde_json::Value;
use warehouse_discovery::SubscriptionReport;
use warehouse_spec::ImageSelectionStrategy::{Digest, Lexical, NewestBuild, SemVer};
use warehouse_spec::{ImageSelectionStrategy, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::peer::{OldRegistry, ReferenceRegistry, Tool, available};
use warehouse_testkit::{MediaType, Registry};

use crate::on_loopback;

/// The tools that fill a registry and say what is in it.
struct Tools {
    skopeo: Tool,
    crane: Tool,
}

impl Tools {
    fn find() -> Option<Self> {
        Some(Self { skopeo: available(Tool::find("skopeo"))?, crane: available(Tool::find("crane"))? })
    }

    /// What skopeo prints.
    fn skopeo(&self, arguments: &[&str]) -> String {
        self.skopeo.run(["--insecure-policy"].iter().chain(arguments)).unwrap()
    }

    /// Every tag of ours: into an OCI layout, and from there into another registry in this format.
    fn copy(&self, source: &Registry, format: &str, target: &str) {
        for tag in source.tags("demo/app") {
            let layout = format!("oci:layout:{tag}");
            let from = format!("docker://{}/demo/app:{tag}", source.host());
            self.skopeo(&["copy", "--all", "--src-tls-verify=false", &from, &layout]);
            let to = format!("docker://{target}:{tag}");
            self.skopeo(&["copy", "--all", "--format", format, "--dest-tls-verify=false", &layout, &to]);
        }
    }

    /// What skopeo says of a repository, by tag.
    fn truth(&self, repository: &str) -> BTreeMap<String, Truth> {
        let listed = self.skopeo(&["list-tags", "--tls-verify=false", &format!("docker://{repository}")]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let tags = listed["Tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned());
        tags.map(|tag| (tag.clone(), self.truth_of(repository, &tag))).collect()
    }

    fn truth_of(&self, repository: &str, tag: &str) -> Truth {
        let raw = |reference: &str, more: &[&str]| {
            let image = format!("docker://{reference}");
            let mut arguments = vec!["inspect", "--raw", "--tls-verify=false"];
            arguments.extend(more);
            arguments.push(&image);
            self.skopeo(&arguments)
        };
        let manifest = raw(&format!("{repository}:{tag}"), &[]);
        fs::write(self.skopeo.folder().join("manifest"), &manifest).unwrap();
        let digest = self.skopeo(&["manifest-digest", "manifest"]);
        assert_eq!(self.crane.run(["digest", "--insecure", &format!("{repository}:{tag}")]).unwrap(), digest);

        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let references = match manifest["manifests"].as_array() {
            Some(entries) => {
                entries.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
            }
            None => vec![digest.clone()],
        };
        let configs = references.iter().map(|reference| -> Value {
            let config = raw(&format!("{repository}@{reference}"), &["--config"]);
            serde_json::from_str(&config).unwrap()
        });
        let mut truth = Truth {
            digest,
            media_type: manifest["mediaType"].as_str().unwrap_or_default().to_owned(),
            created: BTreeMap::new(),
        };
        for config in configs {
            let text = |name: &str| config[name].as_str().unwrap();
            let platform = format!("{}/{}", text("os"), text("architecture"));
            truth.created.insert(platform, text("created").parse().unwrap());
        }
        truth
    }
}

/// What there is to know of a tag.
#[derive(Debug)]
struct Truth {
    digest: String,
    media_type: String,
    /// When each platform's image was built.
    created: BTreeMap<String, Timestamp>,
}

impl Truth {
    /// Of the newest platform (semantics rule 3.5).
    fn newest(&self) -> Timestamp {
        *self.created.values().max().unwrap()
    }

    fn is_for(&self, platform: &str) -> bool {
        self.created.contains_key(platform)
    }
}

/// Versions whose order differs from that of their builds.
fn source() -> Registry {
    let registry = Registry::start().unwrap();
    let both = ["linux/amd64", "linux/arm64/v8", "windows/amd64"];
    let image = |tag: &str, platforms: &[&str], day: &str| {
        let image = registry.image("demo/app").tag(tag).platforms(platforms.iter().copied());
        image.created(format!("2024-01-{day}T12:00:00Z"))
    };
    image("1.0.0", &both, "09").created_on("linux/arm64/v8", "2024-06-01T08:30:00Z").push();
    image("1.1.0", &both, "02").push();
    image("1.2.0", &both, "03").created_on("windows/amd64", "2024-02-01T00:00:00Z").push();
    image("1.3.0", &["linux/amd64", "windows/amd64"], "05").push();
    image("2.0.0-rc.1", &both, "30").push();
    image("nightly", &both, "31").push();
    registry.image("demo/app").tag("1.4.0").single("linux/arm64").created("2024-01-01T00:00:00Z").push();
    registry.image("demo/app").tag("1.5.0").single("linux/amd64").created("2024-05-01T00:00:00Z").push();
    registry
}

/// What we find, and what it cost.
async fn discover(subscription: ImageSubscription) -> (Vec<Image>, u64) {
    let warehouse = Warehouse::new("foreign", vec![Subscription::new(subscription)]);
    let mut report = on_loopback().build().unwrap().run(&warehouse).await;
    let SubscriptionReport { artifacts, error, cost, .. } = report.subscriptions.remove(0);
    assert!(error.is_none(), "{error:?}");
    let image = |artifact| match artifact {
        AnyArtifact::Image(image) => image,
        other => panic!("{other:?} is no image"),
    };
    (artifacts.into_iter().map(image).collect(), cost.requests)
}

fn subscription(repository: &str, strategy: ImageSelectionStrategy) -> ImageSubscription {
    let mut subscription = ImageSubscription::new(repository);
    subscription.image_selection_strategy = strategy;
    subscription
}

/// Holds what we find against these tags, best first, and against what skopeo says of them.
#[track_caller]
fn check(found: &[Image], truth: &BTreeMap<String, Truth>, tags: &[&str]) {
    let expected: Vec<_> = tags.iter().map(|tag| (*tag, truth[*tag].digest.as_str())).collect();
    let found: Vec<_> = found.iter().map(|image| (image.tag.as_str(), image.digest.as_str())).collect();
    assert_eq!(found, expected);
}

/// All strategies over one repository that skopeo filled.
async fn every_strategy(tools: &Tools, repository: &str, list_type: &str) {
    let truth = tools.truth(repository);
    assert_eq!(truth.len(), 8);
    assert_eq!(truth["1.0.0"].media_type, list_type);

    let mut semver = subscription(repository, SemVer);
    semver.constraint = Some("^1".to_owned());
    let (found, requests) = discover(semver.clone()).await;
    check(&found, &truth, &["1.5.0", "1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"]);
    assert_eq!(requests, 1 + 6, "the list, and each image");

    // An index says itself for whom it is, an image of one platform only in its configuration.
    semver.platform = Some("linux/arm64".parse().unwrap());
    let (found, requests) = discover(semver.clone()).await;
    check(&found, &truth, &["1.4.0", "1.2.0", "1.1.0", "1.0.0"]);
    assert!(!truth["1.3.0"].is_for("linux/arm64") && !truth["1.5.0"].is_for("linux/arm64"));
    assert_eq!(requests, 1 + 6 + 2, "the list, each image, and two configurations");
    semver.platform = Some("linux/arm64/v6".parse().unwrap());
    assert_eq!(discover(semver).await.0, []);

    let mut digest = subscription(repository, Digest);
    digest.constraint = Some("nightly".to_owned());
    let (found, requests) = discover(digest.clone()).await;
    check(&found, &truth, &["nightly"]);
    assert_eq!(requests, 1);
    digest.constraint = Some("weekly".to_owned());
    assert_eq!(discover(digest).await.0, []);

    // No annotation says when: each platform's manifest and configuration are read.
    let (found, requests) = discover(subscription(repository, NewestBuild)).await;
    let mut newest: Vec<_> = truth.keys().map(String::as_str).collect();
    newest.sort_by_key(|tag| std::cmp::Reverse((truth[*tag].newest(), *tag)));
    check(&found, &truth, &newest);
    assert_eq!(newest[..2], ["1.0.0", "1.5.0"]);
    for image in &found {
        assert_eq!(image.created_at, Some(truth[&image.tag].newest()), "{}", image.tag);
    }
    assert_eq!(
        requests,
        1 + 8 + 2 * (5 * 3 + 2) + 2,
        "the list, each image, its platforms, two configurations"
    );

    // Whichever platform is wanted, an index is as new as the newest image in it.
    let mut windows = subscription(repository, NewestBuild);
    windows.platform = Some("windows/amd64".parse().unwrap());
    let (found, requests) = discover(windows).await;
    newest.retain(|tag| truth[*tag].is_for("windows/amd64"));
    newest.sort_by_key(|tag| std::cmp::Reverse((truth[*tag].newest(), *tag)));
    check(&found, &truth, &newest);
    assert_eq!((newest.len(), newest[0]), (6, "1.0.0"));
    assert_eq!(requests, 1 + 8 + 2 * (5 * 3 + 2) + 2);

    let (found, _) = discover(subscription(repository, Lexical)).await;
    let backwards: Vec<_> = truth.keys().rev().map(String::as_str).collect();
    check(&found, &truth, &backwards);
}

/// One registry, filled in both formats.
async fn both_formats(host: &str) {
    let Some(tools) = Tools::find() else { return };
    let source = source();
    for (format, repository, list_type) in
        [("oci", "shop/oci", MediaType::OCI_INDEX), ("v2s2", "shop/docker", MediaType::DOCKER_LIST)]
    {
        let repository = format!("{host}/{repository}");
        tools.copy(&source, format, &repository);
        every_strategy(&tools, &repository, list_type).await;
    }
}

#[tokio::test]
async fn the_reference_registry_filled_by_skopeo() {
    let Some(registry) = available(ReferenceRegistry::start()) else { return };
    both_formats(&registry.host()).await;
}

#[tokio::test]
async fn an_old_registry_filled_by_skopeo() {
    let Some(registry) = available(OldRegistry::start()) else { return };
    both_formats(&registry.host()).await;
}

/// It answers every request for a page with all tags: a loop that goes by `last` alone would list them twice, or for ever.
#[tokio::test]
async fn an_old_registry_lists_each_tag_once_in_one_request() {
    let Some(registry) = available(OldRegistry::start()) else { return };
    let Some(tools) = Tools::find() else { return };
    let source = Registry::start().unwrap();
    for number in 0..30 {
        source.image("demo/app").tag(format!("t{number:02}")).platforms(["linux/amd64"]).push();
    }
    let repository = format!("{}/shop/web", registry.host());
    let copy = |tag: &str| {
        let (from, to) = (format!("{}/demo/app:{tag}", source.host()), format!("{repository}:{tag}"));
        tools.crane.run(["copy", "--insecure", &from, &to]).unwrap();
    };
    source.tags("demo/app").iter().for_each(|tag| copy(tag));

    // None of them is a version: the list alone is asked for.
    assert_eq!(discover(subscription(&repository, SemVer)).await, (Vec::new(), 1));
    let mut all = subscription(&repository, Lexical);
    all.discovery_limit = 100;
    let (found, requests) = discover(all).await;
    let listed: Vec<_> = found.into_iter().rev().map(|image| image.tag).collect();
    assert_eq!(listed, source.tags("demo/app"));
    assert_eq!(requests, 1 + 30);
}
