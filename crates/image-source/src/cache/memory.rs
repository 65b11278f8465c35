//! The cache of one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use oci_registry::Digest;

use super::{CacheScope, FactCache};
use crate::Facts;

/// A [`FactCache`] in memory, of bounded size, that forgets what was not asked for in a while.
///
/// It has two halves: what is put or asked for goes into the young one, and when that is full, the old one
/// is dropped and the young one takes its place.
#[derive(Debug)]
pub struct MemoryCache {
    half: usize,
    halves: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    young: Half,
    old: Half,
    /// How often an old half was dropped that held something.
    losses: u64,
}

#[derive(Debug, Default)]
struct Half {
    shelves: HashMap<CacheScope, Content>,
    bytes: usize,
}

/// What is on a scope.
#[derive(Debug, Default)]
struct Content {
    facts: HashMap<Digest, Facts>,
    tags: HashMap<Box<str>, Digest>,
}

impl MemoryCache {
    /// A cache that takes about this many bytes at most.
    pub fn new(bytes: usize) -> Self {
        Self { half: bytes / 2, halves: Mutex::default() }
    }

    /// Grows whenever something was forgotten.
    pub(super) fn losses(&self) -> u64 {
        self.lock().losses
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryCache {
    /// 64 MiB: some ten thousand images of six platforms each.
    fn default() -> Self {
        Self::new(64 << 20)
    }
}

impl Half {
    fn content(&mut self, scope: &CacheScope) -> &mut Content {
        self.shelves.entry(scope.clone()).or_default()
    }
}

impl Halves {
    /// Makes room in the young half; whether there can be.
    fn make_room(&mut self, half: usize, size: usize) -> bool {
        if size > half {
            return false;
        }
        if self.young.bytes + size > half {
            self.losses += u64::from(self.old.bytes > 0);
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += size;
        true
    }

    fn put(&mut self, half: usize, scope: &CacheScope, digest: &Digest, facts: Facts) {
        if self.make_room(half, size(digest, &facts)) {
            let replaced = self.young.content(scope).facts.insert(digest.clone(), facts);
            self.young.bytes -= replaced.map_or(0, |facts| size(digest, &facts));
        }
    }

    fn put_tag(&mut self, half: usize, scope: &CacheScope, tag: &str, digest: &Digest) {
        if self.make_room(half, size_of_tag(tag, digest)) {
            let replaced = self.young.content(scope).tags.insert(tag.into(), digest.clone());
            self.young.bytes -= replaced.map_or(0, |digest| size_of_tag(tag, &digest));
        }
    }
}

#[async_trait]
impl FactCache for MemoryCache {
    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts> {
        let mut halves = self.lock();
        if let Some(facts) = halves.young.shelves.get(scope).and_then(|content| content.facts.get(digest)) {
            return Some(facts.clone());
        }
        let facts = halves.old.shelves.get_mut(scope)?.facts.remove(digest)?;
        halves.put(self.half, scope, digest, facts.clone());
        Some(facts)
    }

    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts) {
        self.lock().put(self.half, scope, digest, facts);
    }

    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest> {
        let mut halves = self.lock();
        if let Some(digest) = halves.young.shelves.get(scope).and_then(|content| content.tags.get(tag)) {
            return Some(digest.clone());
        }
        let digest = halves.old.shelves.get_mut(scope)?.tags.remove(tag)?;
        halves.put_tag(self.half, scope, tag, &digest);
        Some(digest)
    }

    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest) {
        self.lock().put_tag(self.half, scope, tag, digest);
    }
}

/// What an entry of a map takes beside its parts.
const NODE: usize = 64;

/// About how many bytes a tag takes.
fn size_of_tag(tag: &str, digest: &Digest) -> usize {
    tag.len() + digest.as_str().len() + 2 * NODE
}

/// About how many bytes facts take.
fn size(digest: &Digest, facts: &Facts) -> usize {
    let texts = |annotations: &BTreeMap<String, String>| {
        annotations.iter().map(|(key, value)| key.len() + value.len() + NODE).sum::<usize>()
    };
    let content = match facts {
        Facts::Manifest(manifest) => {
            let entries = manifest.entries.iter().flatten();
            let entries =
                entries.map(|entry| texts(&entry.annotations) + entry.digest.as_str().len() + 3 * NODE);
            texts(&manifest.annotations) + entries.sum::<usize>()
        }
        Facts::Config(_) => NODE,
    };
    size_of::<Facts>() + digest.as_str().len() + NODE + content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigFacts, ManifestFacts};

    fn scope() -> CacheScope {
        CacheScope::new("ghcr.io/a/b", "")
    }

    fn digest(number: u32) -> Digest {
        Digest::of(&number.to_be_bytes())
    }

    fn facts() -> Facts {
        Facts::Config(ConfigFacts::default())
    }

    #[test]
    fn it_gives_what_was_put_on_that_shelf_and_nothing_else() {
        let cache = MemoryCache::default();
        cache.put(&scope(), &digest(1), facts());
        cache.put_tag(&scope(), "1.0.0", &digest(1));
        assert_eq!(cache.get(&scope(), &digest(1)), Some(facts()));
        assert_eq!(cache.get(&scope(), &digest(2)), None);
        assert_eq!(cache.digest_of(&scope(), "1.0.0"), Some(digest(1)));
        assert_eq!(cache.digest_of(&scope(), "1.0.1"), None);
        for other in [CacheScope::new("ghcr.io/a/b", "other"), CacheScope::new("ghcr.io/a/c", "")] {
            assert_eq!(cache.get(&other, &digest(1)), None);
            assert_eq!(cache.digest_of(&other, "1.0.0"), None);
        }
        cache.put_tag(&scope(), "1.0.0", &digest(2));
        assert_eq!(cache.digest_of(&scope(), "1.0.0"), Some(digest(2)), "a tag that moved");
    }

    #[test]
    fn it_stays_within_its_size_and_keeps_what_is_used() {
        let cache = MemoryCache::new(100_000);
        for number in 0..10_000 {
            cache.put(&scope(), &digest(number), facts());
            cache.put_tag(&scope(), &number.to_string(), &digest(number));
            assert!(cache.get(&scope(), &digest(0)).is_some(), "forgotten after {number}");
            assert!(cache.digest_of(&scope(), "0").is_some(), "forgotten after {number}");
        }
        assert!(cache.get(&scope(), &digest(1)).is_none());
        assert!(cache.digest_of(&scope(), "1").is_none());
        assert!(cache.losses() > 10);
        let halves = cache.lock();
        let facts_bytes = size(&digest(0), &facts());
        let tag_bytes = size_of_tag("0", &digest(0));
        let bytes = |half: &Half| -> usize {
            let content = half.shelves.values();
            content.map(|content| content.facts.len() * facts_bytes + content.tags.len() * tag_bytes).sum()
        };
        let sum = bytes(&halves.young) + bytes(&halves.old);
        assert!(sum <= 100_000, "{sum}");
    }

    #[test]
    fn what_is_put_again_takes_no_more_room() {
        let cache = MemoryCache::new(10_000);
        cache.put(&scope(), &digest(1), facts());
        for _ in 0..1000 {
            cache.put(&scope(), &digest(2), facts());
            cache.put_tag(&scope(), "1.0.0", &digest(2));
        }
        assert!(cache.lock().old.shelves.is_empty(), "there was room for all");
        assert!(cache.get(&scope(), &digest(1)).is_some());
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = MemoryCache::new(10_000);
        let mut facts = ManifestFacts::default();
        facts.annotations.insert("a".to_owned(), "b".repeat(10_000));
        cache.put(&scope(), &digest(1), Facts::Manifest(facts));
        assert_eq!(cache.get(&scope(), &digest(1)), None);
    }
}
