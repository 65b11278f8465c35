//! Folders and files that belong to the cache, by the rules of [`cache_folder`]: private, never a link. Here they are also locked, written
//! atomically, and removed.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use artifact_http::cache_folder::{self, make_private};

/// Makes the folders of this relative path below a root that exists already, each for its owner alone. A root that was removed is not made
/// again.
///
/// # Errors
///
/// An error where one of them is there and is not a folder: a link to a folder is none.
pub(crate) fn create_below(root: &Path, relative: &Path) -> io::Result<()> {
    let mut folder = root.to_owned();
    for name in relative {
        folder.push(name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_folder(&folder)?,
            made => made?,
        }
        make_private(&folder)?;
    }
    Ok(())
}

/// # Errors
///
/// An error where this is not a folder, or a link to one.
pub(crate) fn check_folder(folder: &Path) -> io::Result<()> {
    if fs::symlink_metadata(folder)?.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is not a folder", folder.display())))
}

/// Reads a small file of text; `None` if there is none. A link is not followed.
pub(crate) fn read_text(path: &Path) -> io::Result<Option<String>> {
    if cache_folder::regular_file(path)?.is_none() {
        return Ok(None);
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file so that a reader finds the old text or the new one.
pub(crate) fn write_atomically(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    Ok(())
}

/// How the names of files begin that are not written yet.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Removes a file that may be missing.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a folder and all in it. Links are removed, and what they lead to is not touched.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_dir() => return remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => {}
    }
    // Another thread may still be making files in it.
    for _ in 0..50 {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => std::thread::yield_now(),
            removed => return removed,
        }
    }
    fs::remove_dir_all(path)
}

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockMode {
    /// By any number at once.
    Shared,
    /// By one alone.
    Exclusive,
}

/// The lock of a file. Dropping it releases the lock at once, also where a child process that is just starting has inherited the file.
#[derive(Debug)]
pub(crate) struct FileLock(File);

impl FileLock {
    /// Takes the lock of this file, which is made where it is missing; `None` where somebody else has it.
    pub(crate) fn take(path: &Path, mode: LockMode) -> io::Result<Option<Self>> {
        let options = &mut File::options();
        options.create(true).truncate(false).write(true);
        let file = cache_folder::open_file(path, options)?;
        let taken = match mode {
            LockMode::Shared => file.try_lock_shared(),
            LockMode::Exclusive => file.try_lock(),
        };
        match taken {
            Ok(()) => {
                let lock = Self(file);
                Ok(is_current(&lock.0, path).then_some(lock))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Notes that it was used now.
    pub(crate) fn touch(&self) -> io::Result<()> {
        self.0.set_modified(std::time::SystemTime::now())
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Whether this file is still at this path. It is not where another process removed it in the meantime.
#[cfg(unix)]
fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |about: fs::Metadata| (about.dev(), about.ino());
    matches!((file.metadata().map(id), fs::symlink_metadata(path).map(id)), (Ok(opened), Ok(there)) if opened == there)
}

/// A file that is open cannot be removed here.
#[cfg(not(unix))]
fn is_current(_: &File, _: &Path) -> bool {
    true
}
