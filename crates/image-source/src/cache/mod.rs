//! Caches of facts about images: the trait, and the cache in memory.

mod disk;
mod journal;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard};

use artifact_source::lock;
use async_trait::async_trait;
use oci_registry::Digest;

use crate::Facts;

pub use disk::DiskCache;

/// The key of a part of a cache: one repository as read with one credential. The content of a digest is the same everywhere, but
/// the permission to read it is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CacheScope {
    /// The full name of the repository: `docker.io/library/nginx`.
    pub repository: Arc<str>,
    /// The identity that it is read as: a text that differs between credentials and is not secret.
    pub scope: Arc<str>,
}

impl CacheScope {
    /// The scope of this repository and this identity.
    pub fn new(repository: impl Into<Arc<str>>, scope: impl Into<Arc<str>>) -> Self {
        Self { repository: repository.into(), scope: scope.into() }
    }
}

/// A cache of the facts about content, by digest, and of the last known digest of each tag.
///
/// An implementation may evict entries at any time, and must return only entries that were put into the same scope. There are no errors:
/// a cache that fails makes discoveries send more requests.
///
/// A discovery [opens](Self::open) its scope, gets and puts entries, and [flushes](Self::flush) the scope every few hundred puts and at
/// its end, also after an error. `open` and `flush` may wait, for a disk for example; the other methods must not block.
#[async_trait]
pub trait FactCache: Debug + Send + Sync {
    /// Loads the entries of this scope. Defaults to nothing.
    async fn open(&self, scope: &CacheScope) {
        let _ = scope;
    }

    /// The facts about the content with this digest.
    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts>;

    /// Adds the facts about the content with this digest.
    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts);

    /// The last known digest of a tag. The tag may have moved since.
    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest>;

    /// Replaces the last known digest of a tag.
    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest);

    /// Makes the entries of this scope outlive the process, if the cache is persistent. Defaults to nothing.
    async fn flush(&self, scope: &CacheScope) {
        let _ = scope;
    }
}

/// A [`FactCache`] in memory, of bounded size, that evicts the entries that were not used for longest.
///
/// It has two generations: entries that are put or used go into the young one. When that is full, the old one
/// is dropped and the young one becomes the old one.
#[derive(Debug)]
pub struct MemoryCache {
    /// The largest size of one generation, in bytes.
    limit: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: Generation,
    old: Generation,
    /// The number of old generations that were dropped with entries in them.
    evictions: u64,
}

#[derive(Debug, Default)]
struct Generation {
    scopes: HashMap<CacheScope, Content>,
    bytes: usize,
}

/// The entries of one scope.
#[derive(Debug, Default)]
struct Content {
    facts: HashMap<Digest, Facts>,
    tags: HashMap<Box<str>, Digest>,
}

impl MemoryCache {
    /// A cache of at most about this many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { limit: bytes / 2, generations: Mutex::default() }
    }

    /// A number that grows whenever entries are evicted.
    fn evictions(&self) -> u64 {
        self.lock().evictions
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        lock(&self.generations)
    }
}

impl Default for MemoryCache {
    /// 64 MiB: about ten thousand images of six platforms each.
    fn default() -> Self {
        Self::new(64 << 20)
    }
}

impl Generation {
    fn content(&mut self, scope: &CacheScope) -> &mut Content {
        self.scopes.entry(scope.clone()).or_default()
    }
}

impl Generations {
    /// Reserves so many bytes in the young generation; returns whether an entry of that size fits at all.
    fn make_room(&mut self, limit: usize, size: usize) -> bool {
        if size > limit {
            return false;
        }
        if self.young.bytes + size > limit {
            self.evictions += u64::from(self.old.bytes > 0);
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += size;
        true
    }

    fn put(&mut self, limit: usize, scope: &CacheScope, digest: &Digest, facts: Facts) {
        if self.make_room(limit, size(digest, &facts)) {
            let replaced = self.young.content(scope).facts.insert(digest.clone(), facts);
            self.young.bytes -= replaced.map_or(0, |facts| size(digest, &facts));
        }
    }

    fn put_tag(&mut self, limit: usize, scope: &CacheScope, tag: &str, digest: &Digest) {
        if self.make_room(limit, size_of_tag(tag, digest)) {
            let replaced = self.young.content(scope).tags.insert(tag.into(), digest.clone());
            self.young.bytes -= replaced.map_or(0, |digest| size_of_tag(tag, &digest));
        }
    }
}

#[async_trait]
impl FactCache for MemoryCache {
    fn get(&self, scope: &CacheScope, digest: &Digest) -> Option<Facts> {
        let mut generations = self.lock();
        if let Some(facts) = generations.young.scopes.get(scope).and_then(|content| content.facts.get(digest))
        {
            return Some(facts.clone());
        }
        let facts = generations.old.scopes.get_mut(scope)?.facts.remove(digest)?;
        generations.put(self.limit, scope, digest, facts.clone());
        Some(facts)
    }

    fn put(&self, scope: &CacheScope, digest: &Digest, facts: Facts) {
        self.lock().put(self.limit, scope, digest, facts);
    }

    fn digest_of(&self, scope: &CacheScope, tag: &str) -> Option<Digest> {
        let mut generations = self.lock();
        if let Some(digest) = generations.young.scopes.get(scope).and_then(|content| content.tags.get(tag)) {
            return Some(digest.clone());
        }
        let digest = generations.old.scopes.get_mut(scope)?.tags.remove(tag)?;
        generations.put_tag(self.limit, scope, tag, &digest);
        Some(digest)
    }

    fn put_tag(&self, scope: &CacheScope, tag: &str, digest: &Digest) {
        self.lock().put_tag(self.limit, scope, tag, digest);
    }
}

/// The overhead of an entry of a map, in bytes.
const ENTRY_OVERHEAD: usize = 64;

/// The approximate size of the entry of a tag, in bytes.
fn size_of_tag(tag: &str, digest: &Digest) -> usize {
    tag.len() + digest.as_str().len() + 2 * ENTRY_OVERHEAD
}

/// The approximate size of an entry of facts, in bytes.
fn size(digest: &Digest, facts: &Facts) -> usize {
    let texts = |annotations: &BTreeMap<String, String>| {
        annotations.iter().map(|(key, value)| key.len() + value.len() + ENTRY_OVERHEAD).sum::<usize>()
    };
    let content = match facts {
        Facts::Manifest(manifest) => {
            let entries = manifest.entries.iter().flatten();
            let entries = entries
                .map(|entry| texts(&entry.annotations) + entry.digest.as_str().len() + 3 * ENTRY_OVERHEAD);
            texts(&manifest.annotations) + entries.sum::<usize>()
        }
        Facts::Config(_) => ENTRY_OVERHEAD,
    };
    size_of::<Facts>() + digest.as_str().len() + ENTRY_OVERHEAD + content
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
    fn it_returns_the_entries_of_the_same_scope_only() {
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
    fn the_size_is_bounded_and_used_entries_stay() {
        let cache = MemoryCache::new(100_000);
        for number in 0..10_000 {
            cache.put(&scope(), &digest(number), facts());
            cache.put_tag(&scope(), &number.to_string(), &digest(number));
            assert!(cache.get(&scope(), &digest(0)).is_some(), "evicted after {number}");
            assert!(cache.digest_of(&scope(), "0").is_some(), "evicted after {number}");
        }
        assert!(cache.get(&scope(), &digest(1)).is_none());
        assert!(cache.digest_of(&scope(), "1").is_none());
        assert!(cache.evictions() > 10);
        let generations = cache.lock();
        let facts_bytes = size(&digest(0), &facts());
        let tag_bytes = size_of_tag("0", &digest(0));
        let bytes = |generation: &Generation| -> usize {
            let content = generation.scopes.values();
            content.map(|content| content.facts.len() * facts_bytes + content.tags.len() * tag_bytes).sum()
        };
        let sum = bytes(&generations.young) + bytes(&generations.old);
        assert!(sum <= 100_000, "{sum}");
    }

    #[test]
    fn a_replaced_entry_takes_no_more_room() {
        let cache = MemoryCache::new(10_000);
        cache.put(&scope(), &digest(1), facts());
        for _ in 0..1000 {
            cache.put(&scope(), &digest(2), facts());
            cache.put_tag(&scope(), "1.0.0", &digest(2));
        }
        assert!(cache.lock().old.scopes.is_empty(), "all entries fit");
        assert!(cache.get(&scope(), &digest(1)).is_some());
    }

    #[test]
    fn an_entry_beyond_the_limit_is_not_kept() {
        let cache = MemoryCache::new(10_000);
        let mut facts = ManifestFacts::default();
        facts.annotations.insert("a".to_owned(), "b".repeat(10_000));
        cache.put(&scope(), &digest(1), Facts::Manifest(facts));
        assert_eq!(cache.get(&scope(), &digest(1)), None);
    }
}
