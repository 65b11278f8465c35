//! Objects on disk, kept between discoveries. Losing them costs a few kilobytes of traffic and
//! nothing else.
//!
//! A store is a folder with `objects` in Git's own layout, the `shallow` file that says where the
//! history ends, and `tips`: the commits whose history is known to be there. They are written in this
//! order, each at once or not at all, so a process killed at any moment leaves a store that is
//! poorer than it could be, never one that lies. One process works in a store at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::hash::Kind;
use gix::odb::Handle;
use gix::odb::pack::cache::object::MemoryCappedHashmap;
use gix::progress::DynNestedProgress;

use crate::fault::{Cause, has_broken};
use crate::watch::Watch;

/// More packs than this make a store slow, and it starts afresh.
const PACKS: usize = 50;

/// 16 MiB of objects are kept in memory while a history is walked.
const OBJECT_CACHE: usize = 16 << 20;

/// No more tips than this are remembered, the latest ones.
const TIPS: usize = 16;

/// Objects on disk, held by this process alone until dropped.
pub(crate) struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens the store in this folder, waiting until nobody else uses it.
    pub(crate) fn open(folder: &Path, watch: &Watch) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|error| unusable(folder, error))?;
        let lock = File::create(folder.join("lock")).map_err(|error| unusable(folder, error))?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if watch.is_stopped() => return Err(watch.stopped_error()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::Error(error)) => return Err(unusable(folder, error)),
            }
        }
        let store = Self { folder: folder.to_owned(), _lock: lock };
        store.prepare().map_err(|error| unusable(folder, error))?;
        Ok(store)
    }

    /// Makes the folders, and removes what a killed process left behind.
    fn prepare(&self) -> io::Result<()> {
        let packs = self.packs_folder();
        fs::create_dir_all(&packs)?;
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
        // Whether anything can be written is better known before the server was asked for it.
        tempfile::tempfile_in(&packs)?;
        tempfile::tempfile_in(&self.folder)?;
        if self.packs()? > PACKS { self.clear() } else { Ok(()) }
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
        // What cannot be counted cannot be read either, and that is said by whoever tries.
        matches!(self.packs(), Ok(0))
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) -> io::Result<()> {
        // The tips go first: without them the rest claims nothing.
        for file in ["tips", "shallow"] {
            match fs::remove_file(self.folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir_all(self.folder.join("objects"))?;
        fs::create_dir_all(self.packs_folder())
    }

    fn packs_folder(&self) -> PathBuf {
        self.folder.join("objects").join("pack")
    }

    /// Where the history ends, in Git's own format.
    pub(crate) fn shallow_file(&self) -> PathBuf {
        self.folder.join("shallow")
    }

    /// The objects as they are now. Objects that are received later need a new handle.
    pub(crate) fn objects(&self) -> Result<Handle, Error> {
        let mut objects = gix::odb::at(self.folder.join("objects"), Kind::Sha1)
            .map_err(|error| unusable(&self.folder, error))?;
        // One commit's trees are mostly the next one's.
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

    /// Writes a pack, as it comes, with its index.
    pub(crate) fn receive(
        &self,
        pack: &mut dyn BufRead,
        progress: &mut dyn DynNestedProgress,
        interrupt: &AtomicBool,
        watch: &Watch,
    ) -> Result<(), Error> {
        let options = gix::odb::pack::bundle::write::Options {
            // Commits are small, and discoveries run at once.
            thread_limit: Some(1),
            alloc_limit_bytes: Some(usize::try_from(watch.limits.bytes).unwrap_or(usize::MAX)),
            ..Default::default()
        };
        let written = gix::odb::pack::Bundle::write_to_directory(
            pack,
            Some(&self.packs_folder()),
            progress,
            interrupt,
            Some(self.objects()?),
            Kind::Sha1,
            options,
        )
        .map_err(|error| {
            if watch.is_stopped() {
                return watch.stopped_error();
            }
            match error.downcast_any_ref::<io::Error>().map(io::Error::kind) {
                Some(
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::ReadOnlyFilesystem,
                ) => unusable(&self.folder, Cause::of(&error)),
                _ if has_broken(&error) => {
                    Error::new(ErrorKind::Unreachable, "the connection broke while the pack was received")
                        .with_cause(Cause::of(&error))
                }
                _ => Error::new(ErrorKind::BadAnswer, "the server's pack is broken")
                    .with_cause(Cause::of(&error)),
            }
        })?;
        if let Some(keep) = written.keep_path {
            fs::remove_file(keep).map_err(|error| unusable(&self.folder, error))?;
        }
        Ok(())
    }

    /// The tips whose history is here, the latest first.
    pub(crate) fn tips(&self) -> Vec<ObjectId> {
        // A file that cannot be read means no tips, which is always true.
        let text = fs::read_to_string(self.folder.join("tips")).unwrap_or_default();
        text.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes()).ok()).take(TIPS).collect()
    }

    /// Remembers that the history of these tips is here.
    pub(crate) fn remember(&self, tips: &[ObjectId]) -> Result<(), Error> {
        let mut all = tips.to_vec();
        all.extend(self.tips().into_iter().filter(|tip| !tips.contains(tip)));
        let text: String = all.iter().take(TIPS).map(|tip| format!("{tip}\n")).collect();
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(self.folder.join("tips")).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error: io::Error| unusable(&self.folder, error))
    }
}

fn unusable(folder: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Cache, format!("the cache folder {} cannot be used", folder.display()))
        .with_hint("name another cache directory, or none")
        .with_cause(error)
}
