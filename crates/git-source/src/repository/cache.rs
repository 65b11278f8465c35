//! The folders of stores.
//!
//! ```text
//! CACHE_DIR/git/git-1/<digest of repository and user>/commits/    a store, locked while in use
//!                                                     filter      what the server accepts, where it has refused something
//! ```
//!
//! The stores have a bound in bytes together. When a store grows beyond it, the stores that were not used for longest are removed, and
//! never one that is in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use artifact_http::cache_folder::{self, make_private};
use artifact_source::{Error, ErrorKind, Warning, lock};
use gix::hash::Kind;
use tempfile::TempDir;

use crate::repository::fetch::{Contents, FetchCapabilities, PackFilter};
use crate::repository::store::{self, LOCK, Store, write_atomically};
use crate::transport::Interrupt;

/// The bound of all stores in a folder: 1 GiB.
pub(crate) const DEFAULT_CACHE_BYTES: u64 = 1 << 30;

/// The layout of the cache. Another version does not touch the folders of this one.
const LAYOUT: &str = "git-1";

/// The file that says what the server accepts.
const CAPABILITIES: &str = "filter";

/// The folders of the stores of a source.
#[derive(Debug)]
pub(crate) struct Cache {
    /// The folder that the caller named. Sources of several processes share it.
    named: Option<PathBuf>,
    /// A folder that lives as long as the source. It is made when it is first needed: where no folder was named, or
    /// the named one cannot be used.
    own: Mutex<Option<TempDir>>,
    /// Where that one is made.
    temporary: PathBuf,
    max_bytes: u64,
}

impl Cache {
    /// A cache in this folder, or else in a temporary one.
    pub(crate) fn new(named: Option<PathBuf>, max_bytes: u64) -> Self {
        Self { named, own: Mutex::default(), temporary: std::env::temp_dir(), max_bytes }
    }

    /// Opens the store for these contents, and waits until no other process uses it. The warning tells that the named folder cannot be
    /// used and a temporary one is used in its place. `owner` names the repository and the user, without a secret.
    pub(crate) fn open(
        &self,
        owner: &str,
        contents: Contents,
        capabilities: FetchCapabilities,
        interrupt: &Interrupt,
    ) -> Result<(Store, Option<Warning>), Error> {
        let folder = repository_folder(owner).join(store_folder(contents, capabilities));
        let Some(named) = &self.named else {
            return Ok((Store::open(&self.own()?.join(folder), interrupt)?, None));
        };
        match Store::open(&named.join(&folder), interrupt) {
            Ok(store) => {
                // An older version made it readable for everybody.
                let _ = make_private(&named.join(LAYOUT));
                Ok((store, None))
            }
            // A cache only saves traffic: the answer is the same without it.
            Err(unusable) if unusable.kind() == ErrorKind::Cache => {
                let cause = std::error::Error::source(&unusable).map(ToString::to_string).unwrap_or_default();
                let warning = Warning::new(format!("{}: {cause}", unusable.message())).with_hint(
                    "name another cache directory, or none; until then all is fetched again in every run",
                );
                let own = self.own().map_err(|_| unusable)?;
                Ok((Store::open(&own.join(folder), interrupt)?, Some(warning)))
            }
            Err(error) => Err(error),
        }
    }

    /// What the server of this repository is known to accept.
    pub(crate) fn capabilities(&self, owner: &str) -> FetchCapabilities {
        let own = lock(&self.own).as_ref().map(|own| own.path().to_owned());
        let read = |folder: PathBuf| {
            let file = folder.join(repository_folder(owner)).join(CAPABILITIES);
            FetchCapabilities::from_line(&fs::read_to_string(file).ok()?)
        };
        self.named.clone().into_iter().chain(own).find_map(read).unwrap_or_default()
    }

    /// Remembers what the server of this repository accepts. Where that cannot be written, the next discovery finds it out again.
    pub(crate) fn remember(&self, owner: &str, capabilities: FetchCapabilities) {
        let write = |folder: &Path| -> io::Result<()> {
            let repository = folder.join(repository_folder(owner));
            cache_folder::create(&repository)?;
            write_atomically(&repository, CAPABILITIES, &capabilities.to_line())
        };
        let is_written = self.named.as_deref().is_some_and(|named| write(named).is_ok());
        if !is_written && let Ok(own) = self.own() {
            let _ = write(&own);
        }
    }

    /// Removes the stores that were not used for longest, until the rest is within the bound. This store stays, and so does
    /// every store that is in use. What cannot be removed is tried again the next time.
    pub(crate) fn evict(&self, spared: &Store) {
        let Some(root) = spared.folder().ancestors().nth(2) else { return };
        let mut stores = stores_below(root);
        let mut bytes: u64 = stores.iter().map(|store| store.bytes).sum();
        stores.retain(|store| store.folder != spared.folder());
        stores.sort_by_key(|store| store.used);
        for store in stores {
            if bytes <= self.max_bytes {
                break;
            }
            if remove_store(&store.folder) {
                bytes = bytes.saturating_sub(store.bytes);
            }
        }
    }

    fn own(&self) -> Result<PathBuf, Error> {
        let mut own = lock(&self.own);
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

/// The folder of all stores of a repository, below the cache's.
fn repository_folder(owner: &str) -> PathBuf {
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    hasher.update(owner.as_bytes());
    // The hasher fails for the known collisions only, and no folder needs to be safe from those.
    let digest = hasher.try_finalize().map_or_else(|_| "collision".to_owned(), |id| id.to_string());
    Path::new(LAYOUT).join(digest)
}

/// The folder of one store. Packs of different filters must not mix: a server that was told of a commit sends deltas against
/// all that the filter let through. And a store that holds part of a history says so in each fetch, which a server refuses that has
/// whole histories only.
fn store_folder(contents: Contents, FetchCapabilities { filter, shallow }: FetchCapabilities) -> String {
    let folder = contents.folder();
    let folder = match filter {
        _ if filter == contents.filter() => folder.to_owned(),
        PackFilter::Nothing => format!("{folder}-with-files"),
        PackFilter::Trees | PackFilter::Blobs => format!("{folder}-with-trees"),
    };
    if shallow { folder } else { folder + "-whole" }
}

/// A store on disk.
struct StoredFolder {
    folder: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// All stores of all repositories below the folder of this layout. What cannot be read counts as nothing.
fn stores_below(root: &Path) -> Vec<StoredFolder> {
    let mut stores = Vec::new();
    for repository in folders(root) {
        for folder in folders(&repository) {
            let Ok(lock) = fs::symlink_metadata(folder.join(LOCK)) else { continue };
            let used = lock.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            stores.push(StoredFolder { bytes: bytes_below(&folder), used, folder });
        }
    }
    stores
}

/// The folders in this folder. Links are not followed.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// The bytes of all files below this folder.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

/// Removes a store, unless it is in use. Returns whether it is gone.
fn remove_store(folder: &Path) -> bool {
    let Ok(Some(held)) = store::lock(folder) else { return false };
    let removed = || -> io::Result<()> {
        // The tips go first: without them the rest claims nothing. The lock goes last.
        for name in ["tips", "shallow"] {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir_all(folder.join("objects"))?;
        fs::remove_file(folder.join(LOCK))
    };
    let is_removed = removed().is_ok();
    drop(held);
    // Another process may have made the folder anew. A folder that is not empty stays.
    let _ = fs::remove_dir(folder);
    if let Some(repository) = folder.parent()
        && folders(repository).is_empty()
    {
        let _ = fs::remove_file(repository.join(CAPABILITIES));
        let _ = fs::remove_dir(repository);
    }
    is_removed
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use artifact_source::Meter;

    use super::*;
    use crate::transport::Limits;

    fn interrupt() -> Interrupt {
        let limits = Limits { bytes: 1, stall: Duration::from_secs(1), deadline: None };
        Interrupt::new(Meter::new(), limits)
    }

    /// The warning of a store that was opened, or the hint of the error.
    #[track_caller]
    fn hint(cache: &Cache) -> Result<Option<String>, String> {
        match cache.open("someone", Contents::Tags, FetchCapabilities::default(), &interrupt()) {
            Ok((_, warning)) => Ok(warning.map(|warning| warning.message)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cache, "{error:?}");
                Err(error.hint().unwrap_or_default().to_owned())
            }
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        for (named, temporary, expected) in [
            (None, folder.path(), Ok(false)),
            (Some(file.clone()), folder.path(), Ok(true)),
            (Some(folder.path().to_owned()), &*file, Ok(false)),
            (None, &*file, Err("name a cache directory that can be written")),
            (Some(file.clone()), &*file, Err("name another cache directory, or none")),
        ] {
            let cache = Cache { temporary: temporary.to_owned(), ..Cache::new(named.clone(), 1 << 20) };
            let got = hint(&cache);
            if let Ok(Some(warning)) = &got {
                assert!(warning.contains(&format!("the cache folder {}", file.display())), "{warning}");
                assert!(warning.contains("cannot be used: "), "{warning}");
            }
            let got = got.as_ref().map(Option::is_some).map_err(String::as_str);
            assert_eq!(got, expected, "{named:?} {}", temporary.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_as_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().to_owned()), 1 << 20);
        let store =
            cache.open("someone", Contents::Tags, FetchCapabilities::default(), &interrupt()).unwrap().0;
        let lock = store.folder().join(LOCK);
        drop(store);
        fs::remove_file(&lock).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
        let warning = hint(&cache).unwrap().unwrap();
        assert!(warning.contains("it is a link, which is not followed"), "{warning}");
        assert!(!elsewhere.exists());
    }

    #[test]
    fn the_stores_that_were_not_used_for_longest_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().to_owned()), 2500);
        let open = |owner: &str| {
            cache.open(owner, Contents::Tags, FetchCapabilities::default(), &interrupt()).unwrap().0
        };
        let path = |owner: &str| folder.path().join(repository_folder(owner)).join("tags");
        let long_ago = SystemTime::now() - Duration::from_secs(1000);
        for (age, owner) in ["used", "oldest", "old", "young"].iter().enumerate() {
            let store = open(owner);
            fs::write(store.folder().join("objects/pack").join("pack-1.pack"), [0; 1000]).unwrap();
            cache.remember(owner, FetchCapabilities::default());
            let used = long_ago + Duration::from_secs(age as u64);
            File::options().write(true).open(path(owner).join(LOCK)).unwrap().set_modified(used).unwrap();
        }
        // The oldest one is in use: its lock is held, and its age does not matter.
        let in_use = open("used");
        let used = File::options().write(true).open(path("used").join(LOCK)).unwrap();
        used.set_modified(long_ago).unwrap();

        let newest = open("newest");
        fs::write(newest.folder().join("objects/pack").join("pack-1.pack"), [0; 500]).unwrap();
        cache.evict(&newest);
        let left: Vec<_> =
            ["used", "oldest", "old", "young", "newest"].map(|owner| path(owner).exists()).into();
        assert_eq!(left, [true, false, false, true, true]);
        assert!(!path("oldest").parent().unwrap().exists(), "nothing of the repository is left");
        drop(in_use);

        let tiny = Cache { max_bytes: 0, ..Cache::new(Some(folder.path().to_owned()), 0) };
        tiny.evict(&newest);
        assert!(newest.folder().exists() && !path("used").exists() && !path("young").exists());
        // A store that was removed is made anew.
        drop(open("old"));
        assert!(path("old").join(LOCK).exists());
    }
}
