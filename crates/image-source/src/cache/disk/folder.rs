//! The folder that all journals share.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

const LOCK: &str = "lock";
pub(super) const YOUNG: &str = "young";
pub(super) const OLD: &str = "old";

/// A folder that holds at most so many bytes of journals.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) limit: u64,
}

impl Folder {
    /// How long one file may become: two of them are half of what there is room for.
    pub(super) fn half(&self) -> u64 {
        self.limit / 4
    }

    /// The right to write, until it is dropped or its process ends. Another who writes is waited for. The
    /// folder is made if it is missing.
    pub(super) fn lock(&self, patience: Duration) -> io::Result<File> {
        private_folder(&self.path)?;
        let lock = private_file().create(true).truncate(false).write(true).open(self.path.join(LOCK))?;
        let until = Instant::now() + patience;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(Duration::from_millis(2)),
                Err(TryLockError::WouldBlock) => {
                    let message = format!("another process has held it for {:?}", patience);
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
            }
        }
    }

    /// Removes the journals that were not used for longest, until the rest is within the limit. This one is spared.
    pub(super) fn shrink(&self, spared: &Path) -> io::Result<()> {
        let mut journals = self.journals()?;
        journals.sort_by_key(|journal| (journal.path == spared.with_extension(OLD), journal.used));
        let mut sum: u64 = journals.iter().map(|journal| journal.length).sum();
        for journal in journals {
            if sum <= self.limit {
                break;
            }
            if journal.path != spared {
                fs::remove_file(&journal.path)?;
                sum = sum.saturating_sub(journal.length);
            }
        }
        Ok(())
    }

    fn journals(&self) -> io::Result<Vec<Found>> {
        let mut journals = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let is_ours = path.extension().is_some_and(|extension| extension == YOUNG || extension == OLD);
            if let Ok(about) = fs::symlink_metadata(&path)
                && is_ours
                && about.is_file()
            {
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                journals.push(Found { path, length: about.len(), used });
            }
        }
        Ok(journals)
    }
}

struct Found {
    path: PathBuf,
    length: u64,
    used: SystemTime,
}

/// Facts of private repositories are nobody else's business.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

pub(super) fn private_file() -> fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
