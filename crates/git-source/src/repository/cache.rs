//! The folders of stores.
//!
//! ```text
//! CACHE_DIR/git/git-2/<digest of repository and user>/commits/    a store
//!                                                     filter      what the server accepts, where it has refused something
//!                                                     greeting    what the server said when it was greeted
//!                     tmp/<name>/                                 what one discovery receives, until it moves into a store
//! ```
//!
//! The stores have a bound in bytes together. When a store grows beyond it, the stores that were not used for longest are removed, and
//! never one that is in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use artifact_http::cache_folder::{self, make_private};
use artifact_source::{Error, ErrorKind, Warning, lock};
use gix::hash::Kind as ObjectFormat;

use crate::repository::fetch::FetchCapabilities;
use crate::repository::folder::{create_below, remove_file};
use crate::repository::note::Note;
use crate::repository::scratch::{Scratch, sweep};
use crate::repository::store::{IN_USE, Store, remove_store};
use crate::transport::Interrupt;

/// The bound of all stores in a folder: 1 GiB.
pub(crate) const DEFAULT_CACHE_BYTES: u64 = 1 << 30;

/// The layout of the cache. Another version does not touch the folders of this one.
const LAYOUT: &str = "git-2";

/// The folder of temporary folders, below that of the layout.
const TEMPORARY: &str = "tmp";

/// How the temporary folder of a process is named in that of the system.
const PREFIX: &str = "git-source-";

/// A folder that lives as long as those who share it. It is made when it is first needed.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    /// Where it is made.
    parent: PathBuf,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
enum Made {
    #[default]
    NotYet,
    At(Scratch),
    Closed,
}

impl Default for TemporaryFolder {
    fn default() -> Self {
        Self { parent: std::env::temp_dir(), made: Mutex::default() }
    }
}

impl TemporaryFolder {
    fn path(&self) -> Result<PathBuf, Error> {
        let mut made = lock(&self.made);
        if let Made::At(folder) = &*made {
            return Ok(folder.folder().to_owned());
        }
        if matches!(*made, Made::Closed) {
            return Err(Error::new(ErrorKind::Cache, "the discovery was stopped"));
        }
        sweep(&self.parent, PREFIX);
        let scratch = Scratch::create(&self.parent, PREFIX).map_err(|error| {
            Error::new(ErrorKind::Cache, "no temporary folder could be made")
                .with_hint("name a cache directory that can be written")
                .with_cause(error)
        })?;
        let path = scratch.folder().to_owned();
        *made = Made::At(scratch);
        Ok(path)
    }

    fn existing(&self) -> Option<PathBuf> {
        match &*lock(&self.made) {
            Made::At(folder) => Some(folder.folder().to_owned()),
            _ => None,
        }
    }

    /// Removes it for good, although a discovery that was stopped may still be about to use it.
    pub(crate) fn close(&self) {
        *lock(&self.made) = Made::Closed;
    }
}

/// The folders of the stores of a source.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// The folder that the caller named. Sources of several processes share it.
    named: Option<PathBuf>,
    /// Where no folder was named, or the named one cannot be used.
    temporary: Arc<TemporaryFolder>,
    max_bytes: u64,
}

impl Cache {
    /// A cache in this folder, or else in a temporary one.
    pub(crate) fn new(named: Option<PathBuf>, temporary: Arc<TemporaryFolder>, max_bytes: u64) -> Self {
        Self { named, temporary, max_bytes }
    }

    /// Tells apart caches that are not the same.
    pub(crate) fn key(&self) -> (Option<PathBuf>, u64) {
        (self.named.clone(), self.max_bytes)
    }

    /// Opens the store for objects of this format in packs of this kind. The warning tells that the named folder cannot be
    /// used and a temporary one is used in its place. `owner` names the repository and the user, without a secret.
    pub(crate) fn open(
        &self,
        owner: &str,
        format: ObjectFormat,
        capabilities: FetchCapabilities,
        interrupt: &Interrupt,
    ) -> Result<(Store, Option<Warning>), Error> {
        let Some(named) = &self.named else {
            return Ok((open_below(&self.temporary.path()?, owner, format, capabilities, interrupt)?, None));
        };
        let store = cache_folder::create(named)
            .map_err(|error| unusable(named, error))
            .and_then(|()| open_below(named, owner, format, capabilities, interrupt));
        match store {
            Ok(store) => Ok((store, None)),
            // A cache only saves traffic: the answer is the same without it.
            Err(unusable) if unusable.kind() == ErrorKind::Cache => {
                let cause = std::error::Error::source(&unusable).map(ToString::to_string).unwrap_or_default();
                let warning = Warning::new(format!("{}: {cause}", unusable.message())).with_hint(
                    "name another cache directory, or none; until then all is fetched again in every run",
                );
                let own = self.temporary.path().map_err(|_| unusable)?;
                Ok((open_below(&own, owner, format, capabilities, interrupt)?, Some(warning)))
            }
            Err(error) => Err(error),
        }
    }

    /// What the server of this repository is known to accept.
    pub(crate) fn capabilities(&self, owner: &str) -> FetchCapabilities {
        let line = self.note(owner, Note::Capabilities);
        line.and_then(|line| FetchCapabilities::from_line(&line)).unwrap_or_default()
    }

    /// Remembers what the server of this repository accepts. Where that cannot be written, the next discovery finds it out again.
    pub(crate) fn remember(&self, owner: &str, capabilities: FetchCapabilities) {
        self.write_note(owner, Note::Capabilities, &capabilities.to_line());
    }

    /// What the server of this repository said when it was greeted in the last 24 hours.
    pub(crate) fn greeting(&self, owner: &str) -> Option<String> {
        self.note(owner, Note::Greeting)
    }

    /// Remembers what the server of this repository says when it is greeted. Where that cannot be written, it is greeted again.
    pub(crate) fn remember_greeting(&self, owner: &str, text: &str) {
        let repository = repository_folder(owner);
        let was_new = self.roots().all(|root| !root.join(&repository).exists());
        // A repository of which nothing is ever fetched takes its place too.
        if let Some(root) = self.write_note(owner, Note::Greeting, text).filter(|_| was_new) {
            self.evict_others(&root, &root.join(&repository));
        }
    }

    /// Forgets what the server of this repository said: it is not what it was.
    pub(crate) fn forget_greeting(&self, owner: &str) {
        for root in self.roots() {
            let _ = remove_file(&root.join(repository_folder(owner)).join(Note::Greeting.file()));
        }
    }

    /// The folders that may hold something, the named one first.
    fn roots(&self) -> impl Iterator<Item = PathBuf> {
        self.named.clone().into_iter().chain(self.temporary.existing())
    }

    fn note(&self, owner: &str, note: Note) -> Option<String> {
        self.roots().find_map(|root| note.read(&root.join(repository_folder(owner))))
    }

    /// Writes a note about a repository. Returns the root of the cache that it is in, if it could be written.
    fn write_note(&self, owner: &str, note: Note, text: &str) -> Option<PathBuf> {
        let repository = repository_folder(owner);
        let write = |root: &Path| -> io::Result<()> {
            create_below(root, &repository)?;
            note.write(&root.join(&repository), text)
        };
        let written = |root: PathBuf| write(&root).is_ok().then_some(root);
        let named = self.named.clone().filter(|named| cache_folder::create(named).is_ok());
        named.and_then(written).or_else(|| written(self.temporary.path().ok()?))
    }

    /// Removes the stores that were not used for longest, until the rest is within the bound. This store stays, and so does
    /// every store that is in use. What cannot be removed is tried again the next time.
    pub(crate) fn evict(&self, spared: &Store) {
        if let Some(root) = spared.folder().ancestors().nth(3) {
            self.evict_others(root, spared.folder());
        }
    }

    /// The same for the stores below the root of a cache, and for the folders of repositories without any. The one at `spared` stays.
    fn evict_others(&self, root: &Path, spared: &Path) {
        let mut stored = stored_below(&root.join(LAYOUT));
        let mut bytes: u64 = stored.iter().map(|folder| folder.bytes).sum();
        stored.retain(|folder| folder.path != spared);
        stored.sort_by_key(|folder| folder.used);
        for StoredFolder { path, bytes: freed, is_store, .. } in stored {
            if bytes <= self.max_bytes {
                break;
            }
            let repository = if is_store { path.parent() } else { Some(&*path) };
            if !is_store || remove_store(&path) {
                bytes = bytes.saturating_sub(freed);
                repository.into_iter().for_each(remove_empty_repository);
            }
        }
    }
}

/// Removes the folder of a repository, if it has no store.
fn remove_empty_repository(repository: &Path) {
    if folders(repository).is_empty() {
        for note in Note::ALL {
            let _ = remove_file(&repository.join(note.file()));
        }
        let _ = fs::remove_dir(repository);
    }
}

/// Opens a store below the root of a cache, and removes what killed processes left there.
fn open_below(
    root: &Path,
    owner: &str,
    format: ObjectFormat,
    capabilities: FetchCapabilities,
    interrupt: &Interrupt,
) -> Result<Store, Error> {
    let temporary = Path::new(LAYOUT).join(TEMPORARY);
    let scratch = || -> io::Result<Scratch> {
        create_below(root, &temporary)?;
        make_private(&root.join(LAYOUT))?;
        let parent = root.join(&temporary);
        sweep(&parent, "");
        Scratch::create(&parent, "")
    };
    let scratch = Arc::new(scratch().map_err(|error| unusable(&root.join(&temporary), error))?);
    // A discovery that is stopped removes it at once: its thread may not be given the time to do so.
    let stopped = Arc::clone(&scratch);
    interrupt.on_stop(move || stopped.remove());
    let folder = repository_folder(owner).join(store_folder(format, capabilities));
    Store::open(root, &folder, format, scratch, interrupt)
}

fn unusable(folder: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Cache, format!("the cache folder {} cannot be used", folder.display()))
        .with_hint("name another cache directory, or none")
        .with_cause(error)
}

/// The folder of a store, below that of the repository. A repository that is made anew may have another format.
fn store_folder(format: ObjectFormat, capabilities: FetchCapabilities) -> String {
    match format {
        ObjectFormat::Sha1 => capabilities.store_folder(),
        _ => format!("{}-{format}", capabilities.store_folder()),
    }
}

/// The folder of all stores of a repository, below the cache's.
fn repository_folder(owner: &str) -> PathBuf {
    let mut hasher = gix::hash::hasher(ObjectFormat::Sha1);
    hasher.update(owner.as_bytes());
    // The hasher fails for the known collisions only, and no folder needs to be safe from those.
    let digest = hasher.try_finalize().map_or_else(|_| "collision".to_owned(), |id| id.to_string());
    Path::new(LAYOUT).join(digest)
}

/// A store on disk, or the folder of a repository that has none.
struct StoredFolder {
    path: PathBuf,
    is_store: bool,
    bytes: u64,
    used: SystemTime,
}

/// What the folder of a repository takes on disk without a store, in bytes: a folder and a small file.
const REPOSITORY_BYTES: u64 = 8 << 10;

/// All stores of all repositories below the folder of this layout, and the repositories without one. What cannot be read counts as nothing.
fn stored_below(layout: &Path) -> Vec<StoredFolder> {
    let modified = |path: &Path| fs::symlink_metadata(path).and_then(|about| about.modified());
    let mut stored = Vec::new();
    for repository in folders(layout) {
        let stores = folders(&repository);
        if stores.is_empty() && repository.file_name().is_some_and(|name| name != TEMPORARY) {
            let used = modified(&repository).unwrap_or(SystemTime::UNIX_EPOCH);
            stored.push(StoredFolder { path: repository, is_store: false, bytes: REPOSITORY_BYTES, used });
            continue;
        }
        for path in stores {
            let Ok(used) = modified(&path.join(IN_USE)) else { continue };
            stored.push(StoredFolder { bytes: bytes_below(&path), is_store: true, used, path });
        }
    }
    stored
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use artifact_source::Meter;

    use super::*;
    use crate::transport::Limits;

    fn interrupt() -> Interrupt {
        let limits = Limits {
            bytes: 1,
            stall: Duration::from_secs(1),
            progress: artifact_http::LeastProgress::default(),
            deadline: None,
        };
        Interrupt::new(Meter::new(), limits)
    }

    /// The warning of a store that was opened, or the hint of the error.
    #[track_caller]
    fn hint(cache: &Cache) -> Result<Option<String>, String> {
        match cache.open("someone", ObjectFormat::Sha1, FetchCapabilities::default(), &interrupt()) {
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
            let temporary = TemporaryFolder { parent: temporary.to_owned(), ..TemporaryFolder::default() };
            let cache = Cache::new(named.clone(), Arc::new(temporary), 1 << 20);
            let got = hint(&cache);
            if let Ok(Some(warning)) = &got {
                assert!(warning.contains(&format!("the cache folder {}", file.display())), "{warning}");
                assert!(warning.contains("cannot be used: "), "{warning}");
            }
            let got = got.as_ref().map(Option::is_some).map_err(String::as_str);
            assert_eq!(got, expected, "{named:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_as_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().to_owned()), Arc::default(), 1 << 20);
        let store =
            cache.open("someone", ObjectFormat::Sha1, FetchCapabilities::default(), &interrupt()).unwrap().0;
        let lock = store.folder().join(IN_USE);
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
        let cache = Cache::new(Some(folder.path().to_owned()), Arc::default(), 2500);
        let open = |owner: &str| {
            cache.open(owner, ObjectFormat::Sha1, FetchCapabilities::default(), &interrupt()).unwrap().0
        };
        let path = |owner: &str| folder.path().join(repository_folder(owner)).join("commits");
        let long_ago = SystemTime::now() - Duration::from_secs(1000);
        for (age, owner) in ["used", "oldest", "old", "young"].iter().enumerate() {
            let store = open(owner);
            fs::write(store.folder().join("objects/pack").join("pack-1.pack"), [0; 1000]).unwrap();
            cache.remember(owner, FetchCapabilities::default());
            let used = long_ago + Duration::from_secs(age as u64);
            File::options().write(true).open(path(owner).join(IN_USE)).unwrap().set_modified(used).unwrap();
        }
        // The oldest one is in use: its lock is held, and its age does not matter.
        let in_use = open("used");
        let used = File::options().write(true).open(path("used").join(IN_USE)).unwrap();
        used.set_modified(long_ago).unwrap();

        let newest = open("newest");
        fs::write(newest.folder().join("objects/pack").join("pack-1.pack"), [0; 500]).unwrap();
        cache.evict(&newest);
        let left: Vec<_> =
            ["used", "oldest", "old", "young", "newest"].map(|owner| path(owner).exists()).into();
        assert_eq!(left, [true, false, false, true, true]);
        assert!(!path("oldest").parent().unwrap().exists(), "nothing of the repository is left");
        drop(in_use);

        let tiny = Cache::new(Some(folder.path().to_owned()), Arc::default(), 0);
        tiny.evict(&newest);
        assert!(newest.folder().exists() && !path("used").exists() && !path("young").exists());
        // So is a repository of which nothing was fetched.
        tiny.remember_greeting("asked before", "0000");
        tiny.remember_greeting("asked", "0000");
        assert_eq!(tiny.greeting("asked before"), None);
        assert_eq!(tiny.greeting("asked").as_deref(), Some("0000"));
        tiny.forget_greeting("asked");
        assert_eq!(tiny.greeting("asked"), None);
        tiny.remember_greeting("asked", "0000");
        tiny.evict(&newest);
        assert_eq!(tiny.greeting("asked"), None);
        // A store that was removed is made anew.
        drop(open("old"));
        assert!(path("old").join(IN_USE).exists());
    }
}
