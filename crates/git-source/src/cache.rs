//! Where the stores of a source are.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use artifact_source::{Error, ErrorKind};
use gix::hash::Kind;
use tempfile::TempDir;

use crate::allowed::Allowed;
use crate::filter::Filter;
use crate::negotiate::Contents;
use crate::store::Store;
use crate::watch::Watch;

/// The layout of the cache: another version does not touch the folders of this one.
const LAYOUT: &str = "git-1";

/// The file that says what the server allows, where it has refused something.
const ALLOWED: &str = "filter";

/// Where the stores of a source are.
#[derive(Debug)]
pub(crate) struct Cache {
    /// A folder that the caller named. Sources share it, in this process and in others.
    named: Option<PathBuf>,
    /// A folder that lives and dies with the source. It is made when first needed: where no folder was named, or
    /// the one that was cannot be used.
    own: Mutex<Option<TempDir>>,
    /// Where that one is made.
    temporary: PathBuf,
}

impl Cache {
    /// A cache in this folder, or else in a temporary one.
    pub(crate) fn new(named: Option<PathBuf>) -> Self {
        Self { named, own: Mutex::default(), temporary: std::env::temp_dir() }
    }

    /// Opens the store of this kind, waiting until nobody else uses it.
    /// `owner` names the repository and as whom it is visited, without any secret.
    pub(crate) fn store(
        &self,
        owner: &str,
        contents: Contents,
        allowed: Allowed,
        watch: &Watch,
    ) -> Result<Store, Error> {
        let store = repository(owner).join(folder(contents, allowed));
        let Some(named) = &self.named else { return Store::open(&self.own()?.join(store), watch) };
        match Store::open(&named.join(&store), watch) {
            // A cache only saves traffic. Where there can be none, the answer is as good without.
            Err(unusable) if unusable.kind() == ErrorKind::Cache => {
                let own = self.own().map_err(|_| unusable)?;
                Store::open(&own.join(store), watch)
            }
            opened => opened,
        }
    }

    /// What the server of this repository is known to allow.
    pub(crate) fn allowed(&self, owner: &str) -> Allowed {
        let own =
            self.own.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|own| own.path().to_owned());
        let read = |folder: PathBuf| {
            Allowed::from_words(&fs::read_to_string(folder.join(repository(owner)).join(ALLOWED)).ok()?)
        };
        self.named.clone().into_iter().chain(own).find_map(read).unwrap_or_default()
    }

    /// Remembers that the server of this repository allows no more than this. Where that cannot be written, it is found out anew.
    pub(crate) fn remember(&self, owner: &str, allowed: Allowed) {
        let write = |folder: PathBuf| -> std::io::Result<()> {
            let repository = folder.join(repository(owner));
            fs::create_dir_all(&repository)?;
            let mut file = tempfile::NamedTempFile::new_in(&repository)?;
            file.write_all(allowed.words().as_bytes())?;
            file.persist(repository.join(ALLOWED)).map_err(|error| error.error)?;
            Ok(())
        };
        let named = self.named.clone().is_some_and(|named| write(named).is_ok());
        if !named && let Ok(own) = self.own() {
            let _ = write(own);
        }
    }

    fn own(&self) -> Result<PathBuf, Error> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = &*own {
            return Ok(folder.path().to_owned());
        }
        let made = tempfile::Builder::new().prefix("git-source-").tempdir_in(&self.temporary);
        let made = made.map_err(|error| {
            Error::new(ErrorKind::Cache, "no temporary folder could be made")
                .with_hint("name a cache directory that can be written")
                .with_cause(error)
        })?;
        Ok(own.insert(made).path().to_owned())
    }
}

/// The folder of all stores of a repository.
fn repository(owner: &str) -> PathBuf {
    Path::new(LAYOUT).join(key(owner))
}

/// The folder of one store. Packs of different filters must not mix: a server that was told of a commit sends deltas against
/// all that the filter let through. And a store that holds part of a history says so in each fetch, which a server refuses that has whole
/// histories only.
fn folder(contents: Contents, Allowed { filter, shallow }: Allowed) -> String {
    let folder = contents.folder();
    let folder = match filter {
        _ if filter == contents.filter() => folder.to_owned(),
        Filter::Nothing => format!("{folder}-with-files"),
        Filter::Trees | Filter::Blobs => format!("{folder}-with-trees"),
    };
    if shallow { folder } else { folder + "-whole" }
}

fn key(text: &str) -> String {
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    hasher.update(text.as_bytes());
    // The hasher fails on the known collisions alone, and no folder needs to be safe from those.
    hasher.try_finalize().map_or_else(|_| "collision".to_owned(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use artifact_source::Meter;

    use super::*;
    use crate::watch::Limits;

    #[track_caller]
    fn hint(cache: &Cache) -> Option<String> {
        let limits = Limits { bytes: 1, stall: Duration::from_secs(1), deadline: None };
        match cache.store("someone", Contents::Tags, Allowed::default(), &Watch::new(Meter::new(), limits)) {
            Ok(_) => None,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cache, "{error:?}");
                error.hint().map(str::to_owned)
            }
        }
    }

    #[test]
    fn what_helps_where_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        for (named, temporary, expected) in [
            (None, folder.path(), None),
            (Some(file.clone()), folder.path(), None),
            (Some(folder.path().to_owned()), &*file, None),
            (None, &*file, Some("name a cache directory that can be written")),
            (Some(file.clone()), &*file, Some("name another cache directory, or none")),
        ] {
            let cache = Cache { temporary: temporary.to_owned(), ..Cache::new(named.clone()) };
            assert_eq!(hint(&cache).as_deref(), expected, "{named:?} {}", temporary.display());
        }
    }
}
