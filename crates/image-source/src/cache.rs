//! Keeping what never changes.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use oci_registry::Digest;

use crate::Facts;

/// What some facts are kept under. Content is the same wherever its digest is, but who may know
/// it is not: so the repository and the scope of the credential are part of the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct FactKey {
    /// Registry and repository, in full: `docker.io/library/nginx`.
    pub repository: Arc<str>,
    /// Whose credential it was read with, in words of whoever set the source up.
    pub scope: Arc<str>,
    /// The digest of the content.
    pub digest: Digest,
}

impl FactKey {
    /// The key of this content.
    pub fn new(repository: impl Into<Arc<str>>, scope: impl Into<Arc<str>>, digest: Digest) -> Self {
        Self { repository: repository.into(), scope: scope.into(), digest }
    }
}

/// Keeps facts by digest. It may forget at any time, and must never give what was not put in.
pub trait FactCache: Debug + Send + Sync {
    /// What is kept under this key.
    fn get(&self, key: &FactKey) -> Option<Facts>;

    /// Keeps this. What cannot be kept is not: a cache that fails only makes the next look cost more.
    fn put(&self, key: FactKey, facts: Facts);
}

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
    young: HashMap<FactKey, Facts>,
    young_bytes: usize,
    old: HashMap<FactKey, Facts>,
}

impl MemoryCache {
    /// A cache that takes about this many bytes at most.
    pub fn new(bytes: usize) -> Self {
        Self { half: bytes / 2, halves: Mutex::default() }
    }
}

impl Default for MemoryCache {
    /// 64 MiB: some hundred thousand images.
    fn default() -> Self {
        Self::new(64 << 20)
    }
}

impl Halves {
    fn put(&mut self, half: usize, key: FactKey, facts: Facts) {
        let size = size(&key, &facts);
        if size > half {
            return;
        }
        if self.young_bytes + size > half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(key, facts).is_none() {
            self.young_bytes += size;
        }
    }
}

impl FactCache for MemoryCache {
    fn get(&self, key: &FactKey) -> Option<Facts> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = halves.young.get(key) {
            return Some(facts.clone());
        }
        let (key, facts) = halves.old.remove_entry(key)?;
        halves.put(self.half, key, facts.clone());
        Some(facts)
    }

    fn put(&self, key: FactKey, facts: Facts) {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner).put(self.half, key, facts);
    }
}

/// About how many bytes an entry takes.
fn size(key: &FactKey, facts: &Facts) -> usize {
    const NODE: usize = 64;
    let texts = |annotations: &std::collections::BTreeMap<String, String>| {
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
    size_of::<(FactKey, Facts)>() + key.digest.as_str().len() + content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigFacts, ManifestFacts};

    fn key(number: u32) -> FactKey {
        FactKey::new("ghcr.io/a/b", "", Digest::of(&number.to_be_bytes()))
    }

    #[test]
    fn it_gives_what_was_put_and_nothing_else() {
        let cache = MemoryCache::default();
        let facts = Facts::Config(ConfigFacts::default());
        cache.put(key(1), facts.clone());
        assert_eq!(cache.get(&key(1)), Some(facts));
        assert_eq!(cache.get(&key(2)), None);
        assert_eq!(cache.get(&FactKey { scope: "other".into(), ..key(1) }), None);
        assert_eq!(cache.get(&FactKey { repository: "ghcr.io/a/c".into(), ..key(1) }), None);
    }

    #[test]
    fn it_stays_within_its_size_and_keeps_what_is_used() {
        let cache = MemoryCache::new(100_000);
        for number in 0..10_000 {
            cache.put(key(number), Facts::Config(ConfigFacts::default()));
            assert!(cache.get(&key(0)).is_some(), "forgotten after {number}");
        }
        assert!(cache.get(&key(1)).is_none());
        let halves = cache.halves.lock().unwrap();
        let one = size(&key(0), &Facts::Config(ConfigFacts::default()));
        assert!((halves.young.len() + halves.old.len()) * one <= 100_000);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = MemoryCache::new(10_000);
        let mut facts = ManifestFacts::default();
        facts.annotations.insert("a".to_owned(), "b".repeat(10_000));
        cache.put(key(1), Facts::Manifest(facts));
        assert_eq!(cache.get(&key(1)), None);
    }
}
