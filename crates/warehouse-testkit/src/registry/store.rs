//! What a registry holds: blobs, manifests, tags, unfinished uploads.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;

use crate::digest::digest_of;
use crate::lock::lock;

#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

#[derive(Default)]
struct Repository {
    tags: BTreeMap<String, String>,
    numbered: Option<Numbered>,
    manifests: HashMap<String, Manifest>,
    blobs: HashMap<String, Bytes>,
}

#[derive(Default)]
struct State {
    repositories: HashMap<String, Repository>,
    uploads: HashMap<String, Upload>,
    next_upload: u64,
}

#[derive(Default)]
struct Upload {
    repository: String,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Store(Mutex<State>);

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    pub(crate) fn put_blob(&self, repository: &str, bytes: Bytes) -> String {
        let digest = digest_of(&bytes);
        self.put_known_blob(repository, &digest, bytes);
        digest
    }

    /// Stores a blob whose digest is known already.
    pub(crate) fn put_known_blob(&self, repository: &str, digest: &str, bytes: Bytes) {
        self.change(repository, |repository| repository.blobs.insert(digest.into(), bytes));
    }

    pub(crate) fn put_manifest(&self, repository: &str, media_type: &str, bytes: Bytes) -> String {
        let digest = digest_of(&bytes);
        let manifest = Manifest { media_type: media_type.into(), bytes };
        self.change(repository, |repository| repository.manifests.insert(digest.clone(), manifest));
        digest
    }

    pub(crate) fn put_tag(&self, repository: &str, tag: &str, digest: &str) {
        self.change(repository, |repository| repository.tags.insert(tag.into(), digest.into()));
    }

    /// Lets a repository have numbered tags instead of those that were put.
    pub(crate) fn put_numbered(&self, repository: &str, numbered: Numbered) {
        self.change(repository, |repository| repository.numbered = Some(numbered));
    }

    pub(crate) fn delete_tag(&self, repository: &str, tag: &str) -> bool {
        self.read_mut(repository, |repository| repository.tags.remove(tag)).is_some()
    }

    pub(crate) fn delete_manifest(&self, repository: &str, digest: &str) -> bool {
        self.read_mut(repository, |repository| {
            repository.tags.retain(|_, named| named != digest);
            repository.manifests.remove(digest)
        })
        .is_some()
    }

    pub(crate) fn delete_blob(&self, repository: &str, digest: &str) -> bool {
        self.read_mut(repository, |repository| repository.blobs.remove(digest)).is_some()
    }

    /// All tags, or `None` if there is no such repository.
    pub(crate) fn tags(&self, repository: &str) -> Option<Vec<String>> {
        self.read_mut(repository, |repository| Some(repository.tags.keys().cloned().collect()))
    }

    /// At most `limit` tags after `last`, and whether there are more; `None` if there is no such repository.
    pub(crate) fn tag_page(
        &self,
        repository: &str,
        last: Option<&str>,
        limit: usize,
    ) -> Option<(Vec<String>, bool)> {
        self.read_mut(repository, |repository| {
            if let Some(numbered) = &repository.numbered {
                return Some(numbered.page(last, limit));
            }
            let after = match last {
                Some(last) => std::ops::Bound::Excluded(last),
                None => std::ops::Bound::Unbounded,
            };
            let mut rest = repository.tags.range::<str, _>((after, std::ops::Bound::Unbounded));
            let page = rest.by_ref().take(limit).map(|(tag, _)| tag.clone()).collect();
            Some((page, rest.next().is_some()))
        })
    }

    /// The digest a tag names, or the digest itself if there is such a manifest.
    pub(crate) fn resolve(&self, repository: &str, reference: &str) -> Option<String> {
        self.read_mut(repository, |repository| {
            if let Some(digest) =
                repository.numbered.as_ref().and_then(|numbered| numbered.resolve(reference))
            {
                return Some(digest.to_owned());
            }
            match repository.tags.get(reference) {
                Some(digest) => Some(digest.clone()),
                None => repository.manifests.contains_key(reference).then(|| reference.to_owned()),
            }
        })
    }

    pub(crate) fn manifest(&self, repository: &str, digest: &str) -> Option<Manifest> {
        self.read_mut(repository, |repository| repository.manifests.get(digest).cloned())
    }

    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.read_mut(repository, |repository| repository.blobs.get(digest).cloned())
    }

    pub(crate) fn begin_upload(&self, repository: &str) -> String {
        let mut state = self.lock();
        state.next_upload += 1;
        let id = format!("upload-{}", state.next_upload);
        let upload = Upload { repository: repository.into(), bytes: Vec::new() };
        state.uploads.insert(id.clone(), upload);
        id
    }

    /// Adds to an upload and returns its length, or `None` if there is no such upload in this repository.
    pub(crate) fn extend_upload(&self, repository: &str, id: &str, bytes: &[u8]) -> Option<usize> {
        let mut state = self.lock();
        let upload = state.uploads.get_mut(id).filter(|upload| upload.repository == repository)?;
        upload.bytes.extend_from_slice(bytes);
        Some(upload.bytes.len())
    }

    /// Takes an upload out, finished or cancelled.
    pub(crate) fn end_upload(&self, repository: &str, id: &str) -> Option<Bytes> {
        let mut state = self.lock();
        state.uploads.get(id).filter(|upload| upload.repository == repository)?;
        state.uploads.remove(id).map(|upload| upload.bytes.into())
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Repository) -> T) -> T {
        let mut state = self.lock();
        match state.repositories.get_mut(name) {
            Some(repository) => change(repository),
            None => change(state.repositories.entry(name.to_owned()).or_default()),
        }
    }

    fn read_mut<T>(&self, name: &str, read: impl FnOnce(&mut Repository) -> Option<T>) -> Option<T> {
        read(self.lock().repositories.get_mut(name)?)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// `t000000000000`, `t000000000001` and so on, all of one manifest.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    digest: String,
    count: u64,
}

/// Digits of a number, so that byte order is the order of numbers.
const DIGITS: usize = 12;

impl Numbered {
    pub(super) fn new(digest: String, count: u64) -> Self {
        Self { digest, count: count.min(10_u64.pow(12)) }
    }

    /// The digest of a tag, if it is one of these.
    pub(super) fn resolve(&self, tag: &str) -> Option<&str> {
        let digits = tag.strip_prefix('t').filter(|digits| digits.len() == DIGITS)?;
        let number: u64 = digits.parse().ok()?;
        (number < self.count && name(number) == tag).then_some(&self.digest)
    }

    /// At most `limit` tags after `last`, and whether there are more.
    pub(super) fn page(&self, last: Option<&str>, limit: usize) -> (Vec<String>, bool) {
        let first = last.map_or(0, |last| self.after(last));
        let end = first.saturating_add(limit as u64).min(self.count);
        ((first..end).map(name).collect(), end < self.count)
    }

    /// The first number whose tag comes after a text.
    fn after(&self, last: &str) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if name(middle).as_str() > last { high = middle } else { low = middle + 1 }
        }
        low
    }
}

fn name(number: u64) -> String {
    format!("t{number:0DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_from_any_text() {
        let numbered = Numbered::new("sha256:0".into(), 5);
        #[track_caller]
        fn check(numbered: &Numbered, last: Option<&str>, limit: usize, expected: (&[u64], bool)) {
            let (page, more) = numbered.page(last, limit);
            let expected: (Vec<String>, bool) =
                (expected.0.iter().copied().map(super::name).collect(), expected.1);
            assert_eq!((page, more), expected, "after {last:?}, {limit}");
        }
        check(&numbered, None, 2, (&[0, 1], true));
        check(&numbered, Some("t000000000001"), 2, (&[2, 3], true));
        check(&numbered, Some("t000000000003"), 2, (&[4], false));
        check(&numbered, Some("t000000000003x"), 9, (&[4], false));
        check(&numbered, Some("a"), 9, (&[0, 1, 2, 3, 4], false));
        check(&numbered, Some("z"), 9, (&[], false));
        check(&numbered, None, 0, (&[], true));
    }

    #[test]
    fn only_its_own_tags_are_its_own() {
        let numbered = Numbered::new("sha256:0".into(), 5);
        assert_eq!(numbered.resolve("t000000000004"), Some("sha256:0"));
        for other in ["t000000000005", "t4", "t+00000000004", "x000000000004", ""] {
            assert_eq!(numbered.resolve(other), None, "{other}");
        }
    }
}
