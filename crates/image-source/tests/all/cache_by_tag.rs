//! `cacheByTag`: the policy, and the requests that it saves.

use std::sync::Arc;

use crate::support::{Annotated, cost, discover, found, images, push, source};
use artifact_source::ErrorKind;
use image_source::{CacheByTagPolicy, ImageSource, MemoryCache};
use selection_strategies::TagRule;
use warehouse_testkit::Registry;

use CacheByTagPolicy::{Allow, Forbid, Force, Require};

/// What a second discovery costs: a list, and unless tags are trusted, a HEAD for each of the ten.
const TRUSTS: Option<u64> = Some(1);
const LOOKS: Option<u64> = Some(1 + 10);
/// A digest rule always reads its tag.
const FOLLOWS: Option<u64> = Some(1);
const IS_REFUSED: Option<u64> = None;

/// What a second discovery costs, or that there is none.
async fn second(
    registry: &Registry,
    rule: TagRule,
    policy: CacheByTagPolicy,
    cache_by_tag: bool,
) -> Option<u64> {
    let builder = source(registry, rule).cache_by_tag(cache_by_tag).cache_by_tag_policy(policy);
    let source = match builder.build() {
        Ok(source) => source,
        Err(error) => {
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("cacheByTag")));
            assert!(error.hint().unwrap().contains("cacheByTag: true"), "{error:?}");
            assert!(error.id().is_some());
            return None;
        }
    };
    discover(&source).await;
    registry.log().clear();
    discover(&source).await;
    Some(registry.log().counters().requests)
}

#[tokio::test]
async fn four_policies_for_four_strategies_with_and_without_the_subscription() {
    let registry = crate::support::registry(Registry::builder(), 10, Annotated::Yes);
    let strategies = [
        ("SemVer", TagRule::semver(None)),
        ("Lexical", TagRule::lexical()),
        ("NewestBuild", TagRule::newest()),
    ];
    for (policy, cache_by_tag, expected) in [
        (Forbid, false, LOOKS),
        (Forbid, true, LOOKS),
        (Allow, false, LOOKS),
        (Allow, true, TRUSTS),
        (Require, false, IS_REFUSED),
        (Require, true, TRUSTS),
        (Force, false, TRUSTS),
        (Force, true, TRUSTS),
    ] {
        for (strategy, rule) in &strategies {
            let seen = second(&registry, rule.clone(), policy, cache_by_tag).await;
            assert_eq!(seen, expected, "{policy}, {strategy}, cache_by_tag: {cache_by_tag}");
        }
        let seen = second(&registry, TagRule::digest("1.7.0"), policy, cache_by_tag).await;
        assert_eq!(seen, FOLLOWS, "{policy}, Digest, cache_by_tag: {cache_by_tag}");
    }
}

#[tokio::test]
async fn the_tag_of_a_digest_rule_is_always_read() {
    for policy in [Forbid, Allow, Require, Force] {
        let registry = crate::support::registry(Registry::builder(), 3, Annotated::Yes);
        let rule = TagRule::digest("1.1.0");
        let source = source(&registry, rule).cache_by_tag(true).cache_by_tag_policy(policy).build().unwrap();
        let before = images(&source).await;
        push(&registry, "1.1.0", 1000, Annotated::Yes);
        let after = images(&source).await;
        assert_ne!(before, after, "{policy}");
        assert_eq!(after[0].digest, registry.digest("demo/app", "1.1.0").unwrap());
    }
}

/// Kargo: 3,005 requests without `cacheByTag`, 5 with it.
#[tokio::test]
async fn newest_build_of_1000_tags_that_never_move_is_1_and_the_new_tags() {
    let registry = crate::support::registry(Registry::builder(), 1000, Annotated::No);
    let source = source(&registry, TagRule::newest()).cache_by_tag(true).build().unwrap();
    let cold = discover(&source).await;
    cost(&registry, &cold, 2 + 1 + 1000 * 13);
    let warm = discover(&source).await;
    cost(&registry, &warm, 1);
    assert_eq!(found(warm).artifacts, found(cold).artifacts);
    push(&registry, "2.0.0", 2000, Annotated::Yes);
    let new = discover(&source).await;
    // 1,001 tags are two pages; the new one is one request, as it says when it was built.
    cost(&registry, &new, 2 + 1);
    assert_eq!(found(new).artifacts[0].tag, "2.0.0");
}

#[tokio::test]
async fn sources_that_trust_tags_and_others_share_facts() {
    let registry = crate::support::registry(Registry::builder(), 30, Annotated::Yes);
    let cache = Arc::new(MemoryCache::default());
    let shared = |trusts: bool| -> ImageSource {
        let builder = source(&registry, TagRule::newest()).cache_by_tag(trusts);
        builder.cache(Arc::clone(&cache) as _).build().unwrap()
    };
    cost(&registry, &discover(&shared(false)).await, 2 + 1 + 30);
    cost(&registry, &discover(&shared(true)).await, 2 + 1);
    push(&registry, "1.7.0", 1000, Annotated::Yes);
    // The tag moves all the same: a source that reads it updates the shared cache.
    cost(&registry, &discover(&shared(true)).await, 2 + 1);
    cost(&registry, &discover(&shared(false)).await, 2 + 1 + 30 + 1);
    let trusting = discover(&shared(true)).await;
    cost(&registry, &trusting, 2 + 1);
    assert_eq!(found(trusting).artifacts[0].tag, "1.7.0");
}
