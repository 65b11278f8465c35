//! Facts are shared between processes.

use std::sync::Arc;

use crate::support::process::{self, Task};
use crate::support::{Annotated, cached, cost, discover, found, images, push};
use image_source::DiskCache;
use selection_strategies::TagRule;
use warehouse_testkit::{Registry, When};

fn run(registry: &Registry, folder: &std::path::Path, task: Task) -> (Vec<artifact_source::Image>, u64) {
    registry.log().clear();
    let images = process::finish(process::start(&registry.host(), folder, task));
    (images, registry.log().counters().requests)
}

#[test]
fn semver_20_of_3000_in_a_new_process_is_25() {
    let registry = crate::support::registry(Registry::builder(), 3000, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let (cold, requests) = run(&registry, folder.path(), Task::Semver);
    assert_eq!(requests, 2 + 3 + 20);
    assert_eq!(registry.log().count(&When::any().method("HEAD")), 0);

    // The token is not on disk, so it is fetched; the images are.
    let (warm, requests) = run(&registry, folder.path(), Task::Semver);
    assert_eq!(requests, 2 + 3 + 20);
    assert_eq!(registry.log().count(&When::any().method("HEAD")), 20, "asked without a body");
    assert_eq!(warm, cold);
    assert_eq!((warm.len(), warm[0].tag.as_str()), (20, "1.2999.0"));
}

#[test]
fn newest_build_of_1000_without_build_times_in_a_new_process_is_1003() {
    let registry = crate::support::registry(Registry::builder(), 1000, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let (cold, requests) = run(&registry, folder.path(), Task::Newest);
    assert_eq!(requests, 2 + 1 + 1000 * (1 + 6 * 2));
    let (warm, requests) = run(&registry, folder.path(), Task::Newest);
    assert_eq!(requests, 2 + 1 + 1000);
    assert_eq!(registry.log().count(&When::any().method("HEAD")), 1000);
    assert_eq!(warm, cold);

    // If tags never move, they are not read again: the token, the list, and the new tags.
    let (trusting, requests) = run(&registry, folder.path(), Task::Trusting);
    assert_eq!(requests, 2 + 1);
    assert_eq!(trusting, cold);
    push(&registry, "2.0.0", 2000, Annotated::No);
    let (new, requests) = run(&registry, folder.path(), Task::Trusting);
    assert_eq!(requests, 2 + 2 + 13, "1,001 tags are two pages");
    assert_eq!(new[0].tag, "2.0.0");
    assert_eq!(run(&registry, folder.path(), Task::Trusting).1, 2 + 2);

    let files = std::fs::read_dir(folder.path()).unwrap();
    let text: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    println!("{} bytes on disk for 1,001 indexes, 6,006 manifests and configurations each", text.len());
    let authorizations = registry.log().all().into_iter();
    let mut authorizations =
        authorizations.filter_map(|request| request.header("authorization").map(str::to_owned));
    let token = authorizations.find_map(|header| header.strip_prefix("Bearer ").map(str::to_owned)).unwrap();
    assert!(!text.contains(&token) && !text.contains("secret"), "a credential on disk");
}

/// Cold, and again with a client, a token, a source and a cache of its own on the same folder.
#[tokio::test]
async fn what_each_case_costs_in_a_new_process() {
    let plain = crate::support::registry(Registry::builder(), 3000, Annotated::No);
    let single = Registry::builder().bearer("me", "secret").page_size(600).start().unwrap();
    for version in 0..2100 {
        single.image("demo/app").tag(format!("1.{version}.0")).single("linux/amd64").push();
    }
    let annotated = |versions| crate::support::registry(Registry::builder(), versions, Annotated::Yes);
    let (newest, more) = (annotated(960), annotated(1000));

    let (amd64, arm64) = (Some("linux/amd64"), Some("linux/arm64"));
    for (case, registry, rule, platform, cold, again, heads) in [
        ("Lexical, 20 of 3,000", &plain, TagRule::lexical(), None, 2 + 3 + 20, 25, 20),
        ("linux/arm64 where it says v8", &plain, TagRule::semver(None), arm64, 2 + 3 + 20, 25, 20),
        ("single manifests", &single, TagRule::semver(None), amd64, 2 + 4 + 20 * 2, 26, 20),
        // It is a HEAD that is refused here, as there is no list.
        ("Digest", &plain, TagRule::digest("1.7.0"), None, 2 + 1, 3, 2),
        ("NewestBuild, 960 annotated", &newest, TagRule::newest(), None, 2 + 1 + 960, 963, 960),
        ("NewestBuild, 1,000 annotated", &more, TagRule::newest(), None, 2 + 1 + 1000, 1003, 1000),
    ] {
        println!("{case}");
        let folder = tempfile::tempdir().unwrap();
        let mut images = Vec::new();
        for (requests, heads) in [(cold, 0), (again, heads), (again, heads)] {
            let cache = Arc::new(DiskCache::new(folder.path()));
            let platform = platform.map(crate::support::answers::platform);
            let source = crate::support::source(registry, rule.clone()).platform(platform);
            registry.log().clear();
            let answer = discover(&source.cache(Arc::clone(&cache) as _).build().unwrap()).await;
            assert_eq!(registry.log().count(&When::head("/v2/**")), heads, "{case}");
            cost(registry, &answer, requests);
            assert_eq!(cache.take_problem(), None, "{case}");
            images.push(found(answer).artifacts);
        }
        assert!(!images[0].is_empty() && images.iter().all(|again| *again == images[0]), "{case}");
    }
}

#[tokio::test]
async fn a_cache_that_is_made_anew_knows_what_the_one_before_it_knew() {
    let registry = crate::support::registry(Registry::builder(), 50, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let again = || Arc::new(DiskCache::new(folder.path()));
    let cold = discover(&cached(&registry, TagRule::newest(), &again())).await;
    cost(&registry, &cold, 2 + 1 + 50 * 13);
    let cold = found(cold).artifacts;
    for _ in 0..3 {
        let warm = discover(&cached(&registry, TagRule::newest(), &again())).await;
        cost(&registry, &warm, 2 + 1 + 50);
        assert_eq!(found(warm).artifacts, cold);
    }

    // A tag that moves is found out by HEAD, and when it moves back, nothing needs to be read again.
    let before = registry.digest("demo/app", "1.7.0").unwrap();
    push(&registry, "1.7.0", 3000, Annotated::No);
    let moved = discover(&cached(&registry, TagRule::newest(), &again())).await;
    cost(&registry, &moved, 2 + 1 + 50 + 13);
    assert_eq!(found(moved).artifacts[0].tag, "1.7.0");
    let last = discover(&cached(&registry, TagRule::newest(), &again())).await;
    cost(&registry, &last, 2 + 1 + 50);
    registry.tag("demo/app", &before, "1.7.0").unwrap();
    for _ in 0..2 {
        let back = discover(&cached(&registry, TagRule::newest(), &again())).await;
        cost(&registry, &back, 2 + 1 + 50);
        assert_eq!(found(back).artifacts, cold);
    }
    let trusting = Task::Trusting.source(&registry.host(), again());
    assert_eq!(images(&trusting).await, cold, "what was written last is where the tag is");
}

#[tokio::test]
async fn an_outage_halfway_costs_only_the_unread_tags() {
    let registry = crate::support::registry(Registry::builder(), 40, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let again = || {
        let builder = crate::support::source(&registry, TagRule::newest()).parallelism(1);
        builder.cache(Arc::new(DiskCache::new(folder.path()))).build().unwrap()
    };
    let gone = warehouse_testkit::Fault::login_page();
    registry.faults().add(When::path("/v2/**/manifests/1.19.0"), gone);
    let request = artifact_source::DiscoverRequest::new();
    // It is kept when it fails, and not only when the source is dropped, which may be never.
    let first = again();
    artifact_source::ArtifactSource::discover(&first, request).await.unwrap_err();
    let so_far = registry.log().counters().requests;
    registry.log().clear();
    registry.faults().clear();
    let rest = discover(&again()).await;
    let (read, all) = ((so_far - 2 - 1 - 1) / 13, 40);
    assert!(read > 5, "{read}");
    cost(&registry, &rest, 2 + 1 + read + 13 * (all - read));
    drop(first);
}

#[tokio::test]
async fn the_facts_of_a_dropped_discovery_are_kept() {
    let registry = crate::support::registry(Registry::builder(), 40, Annotated::Yes);
    let folder = tempfile::tempdir().unwrap();
    registry.faults().add(When::path("/v2/**/manifests/1.20.0"), warehouse_testkit::Fault::Stall);
    let cache = Arc::new(DiskCache::new(folder.path()));
    let source = cached(&registry, TagRule::newest(), &cache);
    let discovery =
        artifact_source::ArtifactSource::discover(&source, artifact_source::DiscoverRequest::new());
    let all_asked = async {
        while registry.log().counters().requests < 2 + 1 + 40 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = discovery => panic!("one tag is never answered"),
        () = all_asked => {}
    }
    drop((source, cache));
    registry.faults().clear();
    registry.log().clear();
    let again = Arc::new(DiskCache::new(folder.path()));
    discover(&cached(&registry, TagRule::newest(), &again)).await;
    let asked_without_a_body = registry.log().count(&When::head("/v2/**"));
    // All but the one, and what was being answered when it was dropped.
    assert!((5..40).contains(&asked_without_a_body), "{asked_without_a_body}");
}
