//! Temporary folders, which are gone after the work: at once where the process ends in order, at the next start where it was killed.
//!
//! A folder `NAME` belongs to the process that holds the lock of the file `NAME.lock` beside it. A lock ends with its process, so a process that can take the
//! lock of such a file may remove the folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::repository::folder::{FileLock, LockMode, create_below, remove_file, remove_folder};

const LOCK: &str = "lock";

/// A temporary folder. Dropping it removes the folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    lock_file: PathBuf,
    _lock: FileLock,
}

impl Scratch {
    /// Makes a folder in this one, with a name that begins like this.
    pub(crate) fn create(parent: &Path, prefix: &str) -> io::Result<Self> {
        for _ in 0..100 {
            let name = format!("{prefix}{:016x}", fastrand());
            let folder = parent.join(&name);
            let lock_file = folder.with_extension(LOCK);
            if fs::symlink_metadata(&lock_file).is_ok() || fs::symlink_metadata(&folder).is_ok() {
                continue;
            }
            // Another process that cleans up may have taken the lock first.
            let Some(lock) = FileLock::take(&lock_file, LockMode::Exclusive)? else { continue };
            let scratch = Self { folder, lock_file, _lock: lock };
            create_below(parent, Path::new(&name))?;
            return Ok(scratch);
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name is free for a temporary folder"))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes it, while others may still hold it. It is not made again.
    pub(crate) fn remove(&self) {
        let _ = remove_folder(&self.folder);
        let _ = remove_file(&self.lock_file);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes the temporary folders in this one that a killed process left behind. What cannot be removed is tried again the next time.
pub(crate) fn sweep(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_ours || !is_file || path.extension() != Some(OsStr::new(LOCK)) {
            continue;
        }
        // In a folder that others use too, this fails for their files.
        let Ok(Some(_lock)) = FileLock::take(&path, LockMode::Exclusive) else { continue };
        if remove_folder(&path.with_extension("")).is_ok() {
            let _ = remove_file(&path);
        }
    }
}

/// A number that no other process has: the hasher of the standard library is seeded at random.
fn fastrand() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let held = Scratch::create(parent.path(), "a-").unwrap();
        fs::write(held.folder().join("file"), b"").unwrap();
        let foreign = parent.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("file"), b"kept").unwrap();
        // What a killed process leaves: a folder, a lock that nobody holds, and a link that leads elsewhere.
        let left = parent.path().join("a-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("file"), b"").unwrap();
        fs::write(parent.path().join("a-left.lock"), b"").unwrap();
        fs::write(parent.path().join("a-link.lock"), b"").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&foreign, parent.path().join("a-link")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&foreign, left.join("link")).unwrap();

        sweep(parent.path(), "a-");
        assert!(held.folder().join("file").exists() && foreign.join("file").exists());
        let folder = held.folder().to_owned();
        drop(held);
        assert!(!folder.exists());
        let rest: Vec<_> =
            fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(rest, ["foreign"]);
    }

    #[test]
    fn what_was_removed_is_not_made_again() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(parent.path(), "a-").unwrap();
        scratch.remove();
        assert!(create_below(scratch.folder(), Path::new("objects/pack")).is_err());
        assert!(!scratch.folder().exists());
    }
}
