//! A folder of this machine.
//!
//! Objects are written by [`object_store`]'s file system: into a file beside the object, flushed to disk, then renamed (or linked, if it must
//! not exist yet). Conditions hold between processes by a lock of the operating system on one file of the folder, which ends with the
//! process that holds it, also when it is killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions};

use super::limits::StoreLimits;
use super::object::{Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Version};

/// The file whose lock writers take.
const LOCK: &str = ".chart-release.lock";

#[derive(Clone, Debug)]
pub(super) struct FileStorage {
    folder: PathBuf,
    files: Arc<LocalFileSystem>,
    lock_wait: Duration,
}

impl FileStorage {
    /// # Errors
    ///
    /// `NotFound` if the folder does not exist. It is not made: the disk that it is on may only be absent.
    pub(super) fn open(folder: &Path, limits: StoreLimits) -> Result<Self, Error> {
        let shown = folder.display().to_string();
        if !folder.is_dir() {
            return Err(Error::new(ErrorKind::NotFound, "the folder of the store does not exist")
                .with_url(format!("file://{shown}"))
                .with_hint(format!("create it once: mkdir -p '{}'", artifact_source::printable(&shown))));
        }
        let files = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error, "opened"))?;
        let files = Arc::new(files.with_fsync(true));
        Ok(Self { folder: folder.to_owned(), files, lock_wait: limits.lock_wait })
    }

    /// Waits for the lock of the folder on a thread where that is allowed.
    async fn lock(&self) -> Result<File, Error> {
        let path = self.folder.join(LOCK);
        let wait = self.lock_wait;
        let locked = tokio::task::spawn_blocking(move || lock_file(&path, wait)).await;
        locked.map_err(|_| Error::new(ErrorKind::Internal, "the lock of the folder was not taken"))?
    }

    async fn put_locked(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        let path = object_path(name)?;
        let lock = self.lock().await?;
        if let Condition::Matches(expected) = &condition {
            let standing = self.read(&path, u64::MAX).await?;
            if standing.is_none_or(|bytes| Version::of_content(&bytes) != *expected) {
                return Ok(PutOutcome::ConditionFailed);
            }
        }
        remove_left_behind(&self.folder, name);
        let mode = if condition == Condition::Absent { PutMode::Create } else { PutMode::Overwrite };
        let written = self.files.put_opts(&path, body.into(), PutOptions::from(mode)).await;
        drop(lock);
        match written {
            Ok(_) => Ok(PutOutcome::Written),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(PutOutcome::ConditionFailed),
            Err(error) => Err(failed(error, "written")),
        }
    }

    async fn read(&self, path: &ObjectPath, max_bytes: u64) -> Result<Option<Bytes>, Error> {
        let result = match self.files.get(path).await {
            Ok(result) => result,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error, "read")),
        };
        if result.meta.size > max_bytes {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the object has {} bytes, more than {max_bytes}", result.meta.size),
            ));
        }
        result.bytes().await.map(Some).map_err(|error| failed(error, "read"))
    }
}

/// The lock, or the error that it was not had in time.
fn lock_file(path: &Path, wait: Duration) -> Result<File, Error> {
    let begun = Instant::now();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| of_io(&error, "locked"))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < wait => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                let seconds = wait.as_secs();
                return Err(Error::new(
                    ErrorKind::Refused,
                    format!("another process has held the lock of the folder for {seconds} s"),
                )
                .with_hint(format!("end the process that holds {}", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(of_io(&error, "locked")),
        }
    }
}

#[async_trait]
impl ObjectStorage for FileStorage {
    async fn get(&self, name: &str, max_bytes: u64) -> Result<Option<Object>, Error> {
        let bytes = self.read(&object_path(name)?, max_bytes).await?;
        Ok(bytes.map(|bytes| Object { version: Version::of_content(&bytes), bytes }))
    }

    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        // A task of its own, since a caller that stops waiting must not give the lock back in the middle.
        let (storage, name) = (self.clone(), name.to_owned());
        let task = tokio::spawn(async move { storage.put_locked(&name, body, condition).await });
        task.await.map_err(|_| Error::new(ErrorKind::Internal, "the file was not written"))?
    }

    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        let folder = self.folder.join(folder);
        let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
        let listed = listed.map_err(|_| Error::new(ErrorKind::Internal, "the folder was not listed"))?;
        listed.map_err(|error| of_io(&error, "listed"))
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.files.delete(&object_path(name)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error, "deleted")),
        }
    }

    fn conditional_put(&self) -> ConditionalPut {
        ConditionalPut::Supported
    }

    fn has_own_clock(&self) -> bool {
        true
    }
}

/// The files of a folder. `object_store`'s own list fails where a file goes while it looks.
fn list(folder: &Path) -> io::Result<Vec<ListedObject>> {
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut objects = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error),
        };
        // A name with `#` is one that is being written.
        if metadata.is_file() && name != LOCK && !name.contains('#') {
            let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
            objects.push(ListedObject { name, size: metadata.len(), modified });
        }
    }
    Ok(objects)
}

/// Removes what killed writers of this object left beside it: `NAME#1`, `NAME#2`. The lock is held, so no other writer is at work.
fn remove_left_behind(folder: &Path, name: &str) {
    let path = folder.join(name);
    let (Some(parent), Some(file)) = (path.parent(), path.file_name().and_then(|file| file.to_str())) else {
        return;
    };
    // What cannot be removed is in no writer's way: the next writer takes the next number.
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let other = entry.file_name();
        let number = other.to_str().and_then(|other| other.strip_prefix(file)?.strip_prefix('#'));
        if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn object_path(name: &str) -> Result<ObjectPath, Error> {
    ObjectPath::parse(name)
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "this cannot be the name of an object"))
}

/// The error of a file, found below that of `object_store`, whose own text names paths inside its staging.
fn failed(error: object_store::Error, what: &str) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(at) = cause {
        if let Some(io) = at.downcast_ref::<io::Error>() {
            return of_io(io, what);
        }
        cause = at.source();
    }
    Error::new(ErrorKind::Internal, format!("the file was not {what}: {error}"))
}

fn of_io(error: &io::Error, what: &str) -> Error {
    let (kind, hint) = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::Forbidden, "let this user write to the folder")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::Server, "make room on the disk, then run the same command again")
        }
        io::ErrorKind::NotFound => (ErrorKind::NotFound, "create the folder of the store again"),
        _ => (ErrorKind::Server, "look at the disk, then run the same command again"),
    };
    Error::new(kind, format!("the file was not {what}: {error}")).with_transient(false).with_hint(hint)
}
