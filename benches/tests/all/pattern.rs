//! Proof that the baseline of `registry` is Kargo's pattern: its requests come out as those that were counted on Kargo's own
//! selectors (commit 1c76476), and `crane`, which is built on the same registry library, signs in as it does. Nothing is timed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use artifact_source::{ArtifactSource, DiscoverRequest};
use benches::registry::exchange::Failure;
use benches::registry::kargo::{Image, Kargo};
use benches::registry::measure::Cost;
use benches::registry::shape::{REPOSITORY, Shape};
use image_source::ImageSource;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::Registry;
use warehouse_testkit::peer::{Tool, available};

/// Requests and images of one run of the pattern.
async fn theirs(shape: &Shape, work: impl Future<Output = Result<Vec<Image>, Failure>>) -> (u64, usize) {
    let cost = Cost::of(&shape.0, async { Ok(work.await?.len()) }).await.unwrap();
    assert_eq!(cost.connections, cost.requests, "no connection is kept");
    (cost.requests, cost.found)
}

/// The same of ours.
async fn ours(shape: &Shape, source: &ImageSource) -> (u64, usize) {
    let discover = async {
        Ok(source.discover(DiscoverRequest::new()).await?.found().map_or(0, |it| it.artifacts.len()))
    };
    let cost = Cost::of(&shape.0, discover).await.unwrap();
    (cost.requests, cost.found)
}

fn builds() -> TagFilter {
    TagFilter::builder().ignore("^cache-").build().unwrap()
}

#[tokio::test]
async fn semver_20_of_3000() {
    let shape = Shape::versions().unwrap();
    let kargo = shape.kargo();
    assert_eq!(theirs(&shape, kargo.semver()).await, (545, 20));
    assert_eq!(theirs(&shape, kargo.semver()).await, (65, 20));
    let source = shape.ours(TagRule::semver(None)).unwrap().build().unwrap();
    assert_eq!(ours(&shape, &source).await, (25, 20));
    assert_eq!(ours(&shape, &source).await, (23, 20));

    let kargo = shape.kargo();
    assert_eq!(theirs(&shape, kargo.digest("1.7.0")).await, (27, 1));
    assert_eq!(theirs(&shape, kargo.digest("1.7.0")).await, (3, 1));
    let source = shape.ours(TagRule::digest("1.7.0")).unwrap().build().unwrap();
    assert_eq!(ours(&shape, &source).await, (3, 1));
    assert_eq!(ours(&shape, &source).await, (1, 1));
}

#[tokio::test]
async fn a_platform_without_its_variant() {
    let shape = Shape::some_versions().unwrap();
    let kargo = shape.kargo().platform("linux/arm64");
    assert_eq!(theirs(&shape, kargo.semver()).await, (37_806, 0));
    assert_eq!(theirs(&shape, kargo.semver()).await, (4_206, 0));
    let source = shape.ours(TagRule::semver(None)).unwrap();
    let source = source.platform("linux/arm64".parse::<image_source::Platform>().unwrap()).build().unwrap();
    assert_eq!(ours(&shape, &source).await, (26, 20));
    assert_eq!(ours(&shape, &source).await, (24, 20));
}

#[tokio::test]
async fn images_that_are_no_indexes() {
    let shape = Shape::single_manifests().unwrap();
    let kargo = shape.kargo().platform("linux/amd64");
    assert_eq!(theirs(&shape, kargo.semver()).await, (8_406, 0));
    assert_eq!(theirs(&shape, kargo.semver()).await, (8_406, 0));
    let source = shape.ours(TagRule::semver(None)).unwrap();
    let source = source.platform("linux/amd64".parse::<image_source::Platform>().unwrap()).build().unwrap();
    assert_eq!(ours(&shape, &source).await, (46, 20));
    assert_eq!(ours(&shape, &source).await, (24, 20));
}

#[tokio::test]
async fn newest_build_of_960() {
    let shape = Shape::builds().unwrap();
    let kargo = shape.kargo().filter(builds());
    assert_eq!(theirs(&shape, kargo.newest_build()).await, (25_924, 20));
    assert_eq!(theirs(&shape, kargo.newest_build()).await, (2_884, 20));
    let best = |found: Vec<Image>| found[0].tag.clone();
    assert_eq!(best(kargo.newest_build().await.unwrap()), "1.959.0");
    let source = shape.ours(TagRule::newest().with_filter(builds())).unwrap().build().unwrap();
    assert_eq!(ours(&shape, &source).await, (964, 20));
    assert_eq!(ours(&shape, &source).await, (962, 20));
}

#[tokio::test]
async fn newest_build_by_tag() {
    let shape = Shape::builds().unwrap();
    let kargo = shape.kargo().filter(builds()).cache_by_tag();
    assert_eq!(theirs(&shape, kargo.newest_build()).await, (25_924, 20));
    assert_eq!(theirs(&shape, kargo.newest_build()).await, (4, 20));
    let source =
        shape.ours(TagRule::newest().with_filter(builds())).unwrap().cache_by_tag(true).build().unwrap();
    assert_eq!(ours(&shape, &source).await, (964, 20));
    assert_eq!(ours(&shape, &source).await, (2, 20));
}

/// Method and path of all requests.
fn requests(registry: &Registry) -> Vec<String> {
    let line = |request: &warehouse_testkit::RecordedRequest| format!("{} {}", request.method, request.path);
    let lines = registry.log().all().iter().map(line).collect();
    registry.log().clear();
    lines
}

#[tokio::test]
async fn crane_signs_in_alike() {
    let Some(crane) = available(Tool::find("crane")) else { return };
    let registry =
        Registry::builder().bearer("me", "secret").page_size(2).link_after_full_page().start().unwrap();
    for tag in ["1.0.0", "1.1.0"] {
        registry.image(REPOSITORY).tag(tag).single("linux/amd64").push();
    }
    let image = format!("{}/{REPOSITORY}", registry.host());
    crane.run(["auth", "login", &registry.host(), "-u", "me", "-p", "secret"]).unwrap();
    let kargo = || Kargo::new(registry.address(), REPOSITORY, "me", "secret");
    registry.log().clear();

    // A list is one call of theirs. Its second page is empty.
    crane.run(["ls", "--insecure", &image]).unwrap();
    let listed = requests(&registry);
    assert_eq!(listed.len(), 2 + 2);
    // A configuration is fetched by the call that fetched its manifest.
    crane.run(["config", "--insecure", &format!("{image}:1.1.0")]).unwrap();
    let inspected = requests(&registry);
    assert_eq!(inspected.len(), 2 + 2);

    kargo().digest("1.1.0").await.unwrap();
    assert_eq!(requests(&registry), inspected);
    kargo().filter(TagFilter::builder().allow("^1[.]1").build().unwrap()).semver().await.unwrap();
    assert_eq!(requests(&registry), [listed, inspected].concat());
}
