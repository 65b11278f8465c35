//! Objects on disk, kept between discoveries. Losing them costs some kilobytes of traffic and nothing else.
//!
//! A store is a folder with `objects` in Git's own layout, the `shallow` file that says where the
//! history ends, and `tips`: the commits whose history is known to be there. They are written in this
//! order, each of them atomically. So a process that is killed at any moment leaves a store that may lack something and
//! claims nothing wrong. One process at a time uses a store: it holds the lock of the file `lock`.
//!
//! On Unix, folders have mode 0700 and files 0600, also those that an older version made.

use std::cell::Cell;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use artifact_http::cache_folder::{self, make_private};
use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::hash::Kind;
use gix::odb::Handle;
use gix::odb::pack::cache::object::MemoryCappedHashmap;
use gix::progress::DynNestedProgress;

use crate::transport::{Cause, Interrupt, has_broken};

/// A store with more packs than this is slow, and is emptied.
const PACKS: usize = 50;

/// The bytes of objects that are kept in memory while a history is walked: 16 MiB.
const OBJECT_CACHE: usize = 16 << 20;

/// The tips that are remembered, the latest ones.
const TIPS: usize = 16;

/// The name of the file whose lock a process holds while it uses the store. Its time of modification is the store's last use.
pub(crate) const LOCK: &str = "lock";

/// Objects on disk. No other process uses them until this is dropped.
pub(crate) struct Store {
    folder: PathBuf,
    has_grown: Cell<bool>,
    _lock: StoreLock,
}

impl Store {
    /// Opens the store in this folder, and waits until no other process uses it.
    pub(crate) fn open(folder: &Path, interrupt: &Interrupt) -> Result<Self, Error> {
        let lock = loop {
            match lock(folder).map_err(|error| unusable(folder, error))? {
                Some(lock) => break lock,
                None if interrupt.is_stopped() => return Err(interrupt.stopped_error()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let store = Self { folder: folder.to_owned(), has_grown: Cell::new(false), _lock: lock };
        store.prepare().map_err(|error| unusable(folder, error))?;
        Ok(store)
    }

    /// The folder of the store.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether objects were received since it was opened.
    pub(crate) fn has_grown(&self) -> bool {
        self.has_grown.get()
    }

    /// Makes the folders, and removes what a killed process left behind.
    fn prepare(&self) -> io::Result<()> {
        let packs = self.packs_folder();
        cache_folder::create(&packs)?;
        for folder in [&*packs, &self.folder.join("objects"), &self.folder] {
            make_private(folder)?;
        }
        match fs::remove_file(self.folder.join("shallow.lock")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for entry in fs::read_dir(&packs)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !name.starts_with("pack-") || !(name.ends_with(".pack") || name.ends_with(".idx")) {
                fs::remove_file(entry.path())?;
            }
        }
        // A folder that cannot be written is better known before the server is asked.
        tempfile::tempfile_in(&packs)?;
        tempfile::tempfile_in(&self.folder)?;
        if self.packs()? > PACKS { self.clear() } else { self.make_files_private() }
    }

    fn packs(&self) -> io::Result<usize> {
        let mut packs = 0;
        for entry in fs::read_dir(self.packs_folder())? {
            packs += usize::from(entry?.path().extension().is_some_and(|extension| extension == "pack"));
        }
        Ok(packs)
    }

    /// Whether nothing was fetched yet.
    pub(crate) fn is_empty(&self) -> bool {
        // A folder that cannot be counted cannot be read either, and its first reader says so.
        matches!(self.packs(), Ok(0))
    }

    /// Removes all objects.
    pub(crate) fn clear(&self) -> io::Result<()> {
        // The tips go first: without them the rest claims nothing.
        for file in ["tips", "shallow"] {
            match fs::remove_file(self.folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir_all(self.folder.join("objects"))?;
        cache_folder::create(&self.packs_folder())
    }

    fn packs_folder(&self) -> PathBuf {
        self.folder.join("objects").join("pack")
    }

    /// gitoxide makes its files readable for everybody.
    fn make_files_private(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.packs_folder())? {
            make_private(&entry?.path())?;
        }
        for file in ["shallow", "tips", LOCK] {
            match make_private(&self.folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file that says where the history ends, in Git's own format.
    pub(crate) fn shallow_file(&self) -> PathBuf {
        self.folder.join("shallow")
    }

    /// The objects as they are now. Objects that are received later need a new handle.
    pub(crate) fn objects(&self) -> Result<Handle, Error> {
        let mut objects = gix::odb::at(self.folder.join("objects"), Kind::Sha1)
            .map_err(|error| unusable(&self.folder, error))?;
        // Most trees of a commit are the next commit's, too.
        objects.set_object_cache(|| Box::new(MemoryCappedHashmap::new(OBJECT_CACHE)));
        Ok(objects)
    }

    /// Whether the history is known to end at this commit, though the commit has parents.
    pub(crate) fn is_boundary(&self, id: ObjectId) -> Result<bool, Error> {
        match fs::read_to_string(self.shallow_file()) {
            Ok(boundary) => Ok(boundary
                .lines()
                .filter_map(|line| ObjectId::from_hex(line.as_bytes()).ok())
                .any(|at| at == id)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unusable(&self.folder, error)),
        }
    }

    /// Writes a pack while it arrives, and its index.
    pub(crate) fn receive(
        &self,
        pack: &mut dyn BufRead,
        progress: &mut dyn DynNestedProgress,
        flag: &AtomicBool,
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let options = gix::odb::pack::bundle::write::Options {
            // Commits are small, and several discoveries run at once.
            thread_limit: Some(1),
            alloc_limit_bytes: Some(usize::try_from(interrupt.limits.bytes).unwrap_or(usize::MAX)),
            ..Default::default()
        };
        self.has_grown.set(true);
        let written = gix::odb::pack::Bundle::write_to_directory(
            pack,
            Some(&self.packs_folder()),
            progress,
            flag,
            Some(self.objects()?),
            Kind::Sha1,
            options,
        )
        .map_err(|error| {
            if interrupt.is_stopped() {
                return interrupt.stopped_error();
            }
            match error.downcast_any_ref::<io::Error>().map(io::Error::kind) {
                Some(
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::ReadOnlyFilesystem,
                ) => unusable(&self.folder, Cause::new(&error)),
                _ if has_broken(&error) => {
                    Error::new(ErrorKind::Unreachable, "the connection broke while the pack was received")
                        .with_cause(Cause::new(&error))
                }
                _ => Error::new(ErrorKind::BadAnswer, "the server's pack is not valid")
                    .with_cause(Cause::new(&error)),
            }
        })?;
        if let Some(keep) = written.keep_path {
            fs::remove_file(keep).map_err(|error| unusable(&self.folder, error))?;
        }
        self.make_files_private().map_err(|error| unusable(&self.folder, error))
    }

    /// The tips whose history is here, the latest first.
    pub(crate) fn tips(&self) -> Vec<ObjectId> {
        // A file that cannot be read means that no tip is known, which is always safe.
        let text = fs::read_to_string(self.folder.join("tips")).unwrap_or_default();
        text.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes()).ok()).take(TIPS).collect()
    }

    /// Remembers that the history of these tips is here.
    pub(crate) fn remember(&self, tips: &[ObjectId]) -> Result<(), Error> {
        let mut all = tips.to_vec();
        all.extend(self.tips().into_iter().filter(|tip| !tips.contains(tip)));
        let text: String = all.iter().take(TIPS).map(|tip| format!("{tip}\n")).collect();
        write_atomically(&self.folder, "tips", &text)
            .and_then(|()| self.make_files_private())
            .map_err(|error| unusable(&self.folder, error))
    }
}

/// The lock of a store. Dropping it releases the lock at once, also where a child process that is just starting has inherited the file.
pub(crate) struct StoreLock(File);

impl Drop for StoreLock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Takes the lock of the store in this folder, and notes the time of its use; `None` where another process has it. The folder is made
/// where it is missing.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<StoreLock>> {
    let open = || {
        let options = &mut File::options();
        options.create(true).truncate(false).write(true);
        cache_folder::open_file(&folder.join(LOCK), options)
    };
    cache_folder::create(folder)?;
    let lock = match open() {
        // Another process removed the store in between.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            cache_folder::create(folder)?;
            open()?
        }
        opened => opened?,
    };
    match lock.try_lock() {
        Ok(()) => {
            let lock = StoreLock(lock);
            if !is_current(&lock.0, &folder.join(LOCK)) {
                return Ok(None);
            }
            lock.0.set_modified(SystemTime::now())?;
            Ok(Some(lock))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether this file is still at this path. It is not where another process removed the store in the meantime.
#[cfg(unix)]
fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |about: fs::Metadata| (about.dev(), about.ino());
    matches!((file.metadata().map(id), fs::metadata(path).map(id)), (Ok(opened), Ok(there)) if opened == there)
}

/// A file that is open cannot be removed here.
#[cfg(not(unix))]
fn is_current(_: &File, _: &Path) -> bool {
    true
}

/// Writes a file so that a reader finds the old text or the new one.
pub(crate) fn write_atomically(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    Ok(())
}

fn unusable(folder: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Cache, format!("the cache folder {} cannot be used", folder.display()))
        .with_hint("name another cache directory, or none")
        .with_cause(error)
}
