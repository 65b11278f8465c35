//! The exact number of requests to find the newest builds, as counted by the registry; in comparison with Kargo's
//! discovery takes. See `cost.rs` for its pattern.

use crate::support::{Annotated, PLATFORMS, cost, discover, found, registry, source};
use selection_strategies::TagRule;
use warehouse_testkit::{Fault, Registry, When};

/// Kargo: 27,005 cold and 3,005 warm, by its pattern, with three pages of tags.
#[tokio::test]
async fn newest_build_of_1000_annotated_is_1003_cold_and_1001_warm() {
    let registry = registry(Registry::builder(), 1000, Annotated::Yes);
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 1 + 1000);
    assert_eq!(found(cold).artifacts[0].tag, "1.999.0");
    let warm = discover(&source).await;
    cost(&registry, &warm, 1 + 1000);
}

/// Kargo: 27,005 cold and 3,005 warm, by its pattern, with three pages of tags.
#[tokio::test]
async fn newest_build_of_1000_without_build_times_is_13003_cold_and_1001_warm() {
    let registry = registry(Registry::builder(), 1000, Annotated::No);
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = discover(&source).await;
    // Below each index six manifests and six configurations, one of which says when it was built.
    cost(&registry, &cold, 2 + 1 + 1000 * (1 + 6 * 2));
    assert_eq!(found(cold).artifacts[0].tag, "1.999.0");
    let warm = discover(&source).await;
    cost(&registry, &warm, 1 + 1000);
    assert_eq!(found(warm).artifacts[0].tag, "1.999.0");
}

/// Kargo: 25,924 cold and 2,884 warm, counted.
#[tokio::test]
async fn newest_build_of_960_annotated_is_963_cold_and_961_warm_and_1_by_tag() {
    let registry = registry(Registry::builder(), 960, Annotated::Yes);
    let newest = source(&registry, TagRule::newest()).build().unwrap();
    let cold = discover(&newest).await;
    cost(&registry, &cold, 2 + 1 + 960);
    let cold = found(cold).artifacts;
    assert_eq!((cold.len(), cold[0].tag.as_str()), (20, "1.959.0"));
    let warm = discover(&newest).await;
    cost(&registry, &warm, 1 + 960);
    assert_eq!(found(warm).artifacts, cold);

    let by_tag = source(&registry, TagRule::newest()).cache_by_tag(true).build().unwrap();
    cost(&registry, &discover(&by_tag).await, 2 + 1 + 960);
    let warm = discover(&by_tag).await;
    cost(&registry, &warm, 1);
    assert_eq!(found(warm).artifacts, cold);
}

/// In Kargo one connection that is reset among the 25,924 fails the Warehouse, which starts over.
#[tokio::test]
async fn one_reset_among_960_costs_one_request_more_and_nothing_else() {
    let registry = registry(Registry::builder(), 960, Annotated::Yes);
    registry.faults().add(When::get("/v2/demo/app/manifests/*").nth(480), Fault::Reset);
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = discover(&source).await;
    assert_eq!(registry.faults().injected(), 1);
    cost(&registry, &cold, 2 + 1 + 960 + 1);
    let cold = found(cold).artifacts;
    assert_eq!((cold.len(), cold[0].tag.as_str(), cold[19].tag.as_str()), (20, "1.959.0", "1.940.0"));
}

/// Eight tags that are known move to one new digest.
#[tokio::test]
async fn aliases_that_move_together_are_read_once() {
    let registry = Registry::start().unwrap();
    let push = |note: &str| {
        let image = registry.image("demo/app").platforms(PLATFORMS).annotation("note", note);
        (0..8).fold(image, |image, version| image.tag(format!("1.{version}.0"))).push();
    };
    for rule in [TagRule::semver(None), TagRule::newest()] {
        push("before");
        let source = source(&registry, rule).build().unwrap();
        discover(&source).await;
        push("after");
        registry.log().clear();
        let moved = discover(&source).await;
        assert_eq!(registry.log().count(&When::head("/v2/**")), 8);
        cost(&registry, &moved, 1 + 8 + 1);
        let images = found(moved).artifacts;
        assert_eq!(images.len(), 8);
        assert!(images.iter().all(|image| image.annotations["note"] == "after"));
    }
}

/// Aliases are what CI pushes: `1.2.3`, `1.2`, `1` and `latest` for one digest.
#[tokio::test]
async fn what_is_below_aliases_is_read_once() {
    let registry = Registry::start().unwrap();
    let pushed = registry.image("demo/app").tag("1.0.0").platforms(PLATFORMS).push();
    for version in 1..50 {
        registry.tag("demo/app", &pushed.digest, &format!("1.{version}.0")).unwrap();
    }
    let source = source(&registry, TagRule::newest()).build().unwrap();
    let cold = discover(&source).await;
    // One list, every tag once, and the twelve things below them once.
    cost(&registry, &cold, 1 + 50 + 6 * 2);
    assert_eq!(found(cold).artifacts[0].tag, "1.9.0", "equal times: by tag, descending bytes");
}
