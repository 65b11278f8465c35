//! The folder that all journals share.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use super::patience::Patience;

const LOCK: &str = "lock";
pub(super) const YOUNG: &str = "young";
pub(super) const OLD: &str = "old";

/// A folder that holds at most so many bytes of journals.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) limit: u64,
    /// Whether waiting for the lock was in vain when it was last tried.
    is_held: Arc<AtomicBool>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, limit: u64) -> Self {
        Self { path, limit, is_held: Arc::default() }
    }

    /// How long one file may become: two of them are half of what there is room for.
    pub(super) fn half(&self) -> u64 {
        self.limit / 4
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.path.join(LOCK)
    }

    /// The right to write, until it is dropped or its process ends. The folder is made if it is missing. Another who writes is
    /// waited for, unless that was in vain the last time.
    pub(super) fn lock(&self, patience: &Patience) -> io::Result<File> {
        private_folder(&self.path)?;
        regular(&self.lock_path())?;
        let lock = private_file().create(true).truncate(false).write(true).open(self.lock_path())?;
        let begun = Instant::now();
        let left = if self.is_held.load(Ordering::Relaxed) { Duration::ZERO } else { patience.left() };
        let locked = loop {
            match lock.try_lock() {
                Ok(()) => break Ok(lock),
                Err(TryLockError::Error(error)) => break Err(error),
                Err(TryLockError::WouldBlock) if begun.elapsed() < left => sleep(Duration::from_millis(2)),
                Err(TryLockError::WouldBlock) => {
                    let message = match left {
                        Duration::ZERO => "another process holds it".to_owned(),
                        left => format!("another process has held it for {left:.1?}"),
                    };
                    break Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
            }
        };
        self.is_held.store(locked.is_err(), Ordering::Relaxed);
        patience.spend(begun.elapsed());
        locked
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

/// What is at this path, if there is something. It has to be a file: a link may lead anywhere, and whoever opens a pipe
/// waits for somebody at its other end.
pub(super) fn regular(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => Ok(Some(about)),
        Ok(about) if about.is_symlink() => Err(io::Error::other("that is a link, which is not followed")),
        Ok(_) => Err(io::Error::other("that is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn private_file() -> fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
