//! The exact number of tags that are read if some are rejected. As many as the limit still needs are read together, and
//! half as many more as were rejected so far, up to 32 more.

use crate::support::answers::{platform, source, tags};
use crate::support::{cost, discover, found};
use selection_strategies::TagRule;
use warehouse_testkit::{Registry, When};

/// Finds so many images for linux/arm64, newest version first, where only these versions are; cold and again, in one
/// source and in a new one.
async fn check(versions: usize, fits: fn(usize) -> bool, limit: usize, reads: u64) {
    let registry = Registry::start().unwrap();
    for version in 0..versions {
        let offered = if fits(version) { "linux/arm64" } else { "linux/amd64" };
        registry.image("demo/app").tag(format!("1.{version}.0")).platforms([offered]).push();
    }
    let fitting = (0..versions).rev().filter(|version| fits(*version)).take(limit);
    let expected: Vec<String> = fitting.map(|version| format!("1.{version}.0")).collect();
    let anew = || {
        let source = source(&registry).rule(TagRule::semver(None)).platform(platform("linux/arm64"));
        source.limit(limit).build().unwrap()
    };
    let (one, other) = (anew(), anew());
    for (source, heads) in [(&one, 0), (&one, reads), (&other, 0), (&other, reads)] {
        let answer = discover(source).await;
        assert_eq!(registry.log().count(&When::head("/v2/**")) as u64, heads);
        cost(&registry, &answer, 1 + reads);
        assert_eq!(tags(&found(answer).artifacts), expected);
    }
}

#[tokio::test]
async fn a_limit_that_misses_use_up_is_filled() {
    // Without a rejection there is no lookahead.
    check(100, |_| true, 20, 20).await;
    // Nine of ten are rejected, so that 30 are needed: 3, 3 + 1, 3 + 3, 2 + 6 and 1 + 9.
    check(100, |version| version % 10 == 0, 3, 31).await;
    // Every second one is rejected, so that 40 are needed: 20, 10 + 5 and 3 + 9.
    check(100, |version| version % 2 == 0, 20, 47).await;
    // All are rejected, so that all are needed, and no more than there are.
    check(100, |_| false, 3, 100).await;
    // Two hundred are rejected before one is suitable, so that 201 are needed: 1, 1, 2, 3, 4, 6, 9, 14, 21, 31, and then never more than
    // 33. (Without that bound the last two were 47 and 70, together 209.)
    check(400, |version| version < 200, 1, 224).await;
}
