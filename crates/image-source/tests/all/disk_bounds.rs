//! How large the cache on disk becomes, and what it forgets.

use std::fs;
use std::path::Path;

use image_source::{CacheScope, DiskCache, FactCache, Facts};
use oci_registry::Digest;

const LIMIT: u64 = 400_000;

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

fn facts(number: usize) -> Facts {
    let text = format!(r#"{{"manifest": {{"annotations": {{"number": "{number}"}}}}}}"#);
    serde_json::from_str(&text).unwrap()
}

fn size(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn one_scope_takes_half_of_the_limit_and_keeps_used_entries() {
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let mut largest = 0;
    for round in 0..100 {
        // A new process every time: nothing is in memory.
        let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
        cache.open(&scope).await;
        for used in 0..50 {
            let is_known = cache.get(&scope, &digest(used)).is_some();
            assert_eq!(is_known, round > 0, "{used} in round {round}");
            cache.put(&scope, &digest(used), facts(used));
            let tag = format!("{used}");
            assert_eq!(cache.digest_of(&scope, &tag).is_some(), round > 0);
            cache.put_tag(&scope, &tag, &digest(used));
        }
        for number in 1000 * (round + 1)..1000 * (round + 1) + 200 {
            cache.put(&scope, &digest(number), facts(number));
        }
        cache.flush(&scope).await;
        assert_eq!(cache.take_problem(), None);
        largest = largest.max(size(folder.path()));
        assert!(largest <= LIMIT / 2, "{largest} bytes in round {round}");
    }
    assert!(largest > LIMIT / 4, "there is more room than {largest} bytes");
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    cache.open(&scope).await;
    assert!(cache.get(&scope, &digest(100_199)).is_some(), "the last that was put");
    assert!(cache.get(&scope, &digest(1000)).is_none(), "it was not used for long");
    println!("20,000 facts went through {largest} bytes");
}

#[tokio::test]
async fn more_entries_than_the_limit_leave_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    for number in 0..10_000 {
        cache.put(&scope, &digest(number), facts(number));
    }
    let huge = format!(r#"{{"manifest": {{"annotations": {{"text": "{}"}}}}}}"#, "x".repeat(500_000));
    cache.put(&scope, &digest(20_000), serde_json::from_str(&huge).unwrap());
    cache.put(&scope, &digest(10_000), facts(10_000));
    cache.flush(&scope).await;
    assert_eq!(cache.take_problem(), None);
    assert!(size(folder.path()) <= LIMIT / 2);
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    cache.open(&scope).await;
    for number in [9_900, 9_999, 10_000] {
        assert_eq!(cache.get(&scope, &digest(number)), Some(facts(number)));
    }
    assert_eq!(cache.get(&scope, &digest(20_000)), None, "too large for any file");
}

#[tokio::test]
async fn the_least_recently_used_scopes_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let scope = |number: usize| CacheScope::new(format!("ghcr.io/a/{number}"), "");
    let precious = folder.path().join("notes.txt");
    fs::write(&precious, "not ours").unwrap();
    for round in 0..100 {
        let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
        for number in 0..100 {
            cache.put(&scope(round), &digest(number), facts(number));
        }
        cache.flush(&scope(round)).await;
        assert_eq!(cache.take_problem(), None);
        let size = size(folder.path());
        assert!(size <= LIMIT + 8, "{size} bytes in round {round}");
    }
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    let mut known = Vec::new();
    for round in 0..100 {
        cache.open(&scope(round)).await;
        known.push(cache.get(&scope(round), &digest(50)).is_some());
    }
    let newest = known.iter().rev().take_while(|known| **known).count();
    let oldest = known.iter().take_while(|known| !**known).count();
    assert!(newest >= 10 && oldest >= 50, "{known:?}");
    assert_eq!(fs::read(&precious).unwrap(), b"not ours");
}

#[tokio::test]
async fn garbage_that_is_too_long_goes() {
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    cache.put(&scope, &digest(1), facts(1));
    cache.flush(&scope).await;
    let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let young = files.into_iter().find(|path| path.extension().is_some()).unwrap();
    for ending in ["young", "old"] {
        let file = fs::File::create(young.with_extension(ending)).unwrap();
        file.set_len(100 << 30).unwrap();
    }
    let cache = DiskCache::new(folder.path()).with_limit(LIMIT);
    cache.open(&scope).await;
    assert_eq!(cache.get(&scope, &digest(1)), None);
    cache.put(&scope, &digest(1), facts(1));
    cache.flush(&scope).await;
    assert!(size(folder.path()) <= LIMIT);
    cache.open(&scope).await;
    assert_eq!(cache.get(&scope, &digest(1)), Some(facts(1)));
}

/// Of a file that another program wrote, no more is read than the limit of a journal.
#[tokio::test]
async fn of_a_file_that_is_too_long_only_the_beginning_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let cache = DiskCache::new(folder.path());
    for number in 0..10_000 {
        cache.put(&scope, &digest(number), facts(number));
    }
    cache.flush(&scope).await;
    let whole = usize::try_from(size(folder.path())).unwrap();
    // The memory has room for all of them; a file may have a quarter.
    let cache = DiskCache::new(folder.path()).with_limit(40 * LIMIT);
    cache.open(&scope).await;
    assert!((0..10_000).all(|number| cache.get(&scope, &digest(number)).is_some()));
    let limit = whole * 2;
    let cache = DiskCache::new(folder.path()).with_limit(limit as u64);
    cache.open(&scope).await;
    let known: Vec<bool> = (0..10_000).map(|number| cache.get(&scope, &digest(number)).is_some()).collect();
    assert!(known.iter().any(|known| *known), "the beginning is read");
    assert!(!known[9_999], "the end of a file of {whole} bytes, of which a half may be read");
}

#[tokio::test]
async fn a_scope_that_is_only_read_counts_as_used() {
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let cache = DiskCache::new(folder.path());
    cache.put(&scope, &digest(1), facts(1));
    cache.flush(&scope).await;
    let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let young = files.into_iter().find(|path| path.extension().is_some()).unwrap();
    let used = || fs::metadata(&young).unwrap().modified().unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 60 * 60);
    fs::File::options().append(true).open(&young).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(used(), long_ago);
    DiskCache::new(folder.path()).open(&scope).await;
    assert!(used() > long_ago + std::time::Duration::from_secs(24 * 60 * 60));
}

/// What an index of six platforms takes: `cargo test --test disk_bounds -- --nocapture`.
#[tokio::test]
async fn an_index_of_six_platforms_takes_about_a_kilobyte() {
    let entries: Vec<_> = (0..6)
        .map(|number| {
            serde_json::json!({
                "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
                "digest": digest(number),
            })
        })
        .collect();
    let annotations = serde_json::json!({"org.opencontainers.image.created": "2024-01-01T00:00:00Z"});
    let index = serde_json::json!({"manifest": {"annotations": annotations, "entries": entries}});
    let folder = tempfile::tempdir().unwrap();
    let scope = CacheScope::new("ghcr.io/a/b", "");
    let cache = DiskCache::new(folder.path());
    for number in 0..1000 {
        cache.put(&scope, &digest(number), serde_json::from_value(index.clone()).unwrap());
        cache.put_tag(&scope, &format!("1.{number}.0"), &digest(number));
    }
    cache.flush(&scope).await;
    let each = size(folder.path()) / 1000;
    println!("{each} bytes for an annotated index of six platforms and its tag");
    assert!((1000..1400).contains(&each), "{each}");
}
