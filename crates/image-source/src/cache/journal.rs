//! The journals of the cache on disk: two files for each scope in one folder.
//!
//! From the bottom up: a [`Codec`] turns records into lines with a checksum; a [`Folder`] has the lock and the limit that all journals
//! share; a [`Journal`] is the files of one scope.

use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use artifact_http::cache_folder;
use artifact_source::lock;
use oci_registry::Digest;
use serde::{Deserialize, Serialize};

use super::CacheScope;
use crate::Facts;

/// The version of the format. Lines of another version are skipped.
pub(super) const SCHEMA: u32 = 3;
const CHECKSUM_LENGTH: usize = 16;

/// One entry of the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Record {
    /// The facts about the content of a digest.
    Content(Digest, Facts),
    /// The digest of a tag.
    Tag(Box<str>, Digest),
}

impl Record {
    /// A hash of the record, to write equal records once. A collision costs a request.
    pub(super) fn fingerprint(&self) -> u64 {
        match self {
            Self::Content(digest, _) => fingerprint("", digest),
            Self::Tag(tag, digest) => fingerprint(tag, digest),
        }
    }
}

/// The [fingerprint](Record::fingerprint) of the record of a tag or, with an empty tag, of content.
pub(super) fn fingerprint(tag: &str, digest: &Digest) -> u64 {
    let mut hasher = DefaultHasher::new();
    (tag, digest).hash(&mut hasher);
    hasher.finish()
}

/// Encodes the records of one scope as lines. Each line begins with a checksum of itself, the scope and the version.
#[derive(Clone, Debug)]
pub(super) struct Codec(String);

impl Codec {
    pub(super) fn new(scope: &CacheScope) -> Self {
        // As JSON, so that no two scopes have the same text.
        let scope = serde_json::json!([&*scope.repository, &*scope.scope]);
        Self(format!("image facts {SCHEMA} {scope}"))
    }

    /// The name of the scope's files: short, and valid on every file system.
    pub(super) fn file_name(&self) -> String {
        hex(&Digest::of(self.0.as_bytes()), 2 * CHECKSUM_LENGTH).to_owned()
    }

    /// The line of this record, with its end.
    fn encode(&self, record: &Record) -> Option<String> {
        let text = serde_json::to_string(record).ok()?;
        Some(format!("{} {text}\n", self.checksum(&text)))
    }

    /// The record of a line; `None` if the line is not complete, of another scope, or changed.
    fn decode(&self, line: &[u8]) -> Option<Record> {
        let (checksum, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        if self.checksum(text) != checksum {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    fn checksum(&self, text: &str) -> String {
        let text = format!("{}\n{text}", self.0);
        hex(&Digest::of(text.as_bytes()), CHECKSUM_LENGTH).to_owned()
    }
}

/// The first hex digits of a digest.
fn hex(digest: &Digest, length: usize) -> &str {
    let hex = digest.as_str().split_once(':').map_or("", |(_, hex)| hex);
    hex.get(..length).unwrap_or(hex)
}

/// The time that one discovery waits for the lock in total.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The time that a discovery may still wait for the lock of the folder.
#[derive(Debug)]
pub(super) struct LockBudget(Mutex<Duration>);

impl LockBudget {
    pub(super) fn none() -> Self {
        Self(Mutex::default())
    }

    fn left(&self) -> Duration {
        *lock(&self.0)
    }

    /// Subtracts the time that a wait took.
    fn spend(&self, waited: Duration) {
        let mut left = lock(&self.0);
        *left = left.saturating_sub(waited);
    }

    /// Restores the budget for another discovery.
    pub(super) fn renew(&self) {
        *lock(&self.0) = LOCK_TIMEOUT;
    }
}

impl Default for LockBudget {
    fn default() -> Self {
        Self(Mutex::new(LOCK_TIMEOUT))
    }
}

const LOCK: &str = "lock";
const YOUNG: &str = "young";
const OLD: &str = "old";

/// The folder of all journals, with a limit of their size in bytes.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) limit: u64,
    /// Whether the last attempt to get the lock timed out.
    has_timed_out: Arc<AtomicBool>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, limit: u64) -> Self {
        Self { path, limit, has_timed_out: Arc::default() }
    }

    /// The largest size of one file. A scope has two.
    fn file_limit(&self) -> u64 {
        self.limit / 4
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(LOCK)
    }

    /// The lock for writers, until it is dropped or its process ends. The folder is created if it is missing. Waits for another
    /// writer within the budget, and not at all if the last wait timed out.
    fn lock(&self, budget: &LockBudget) -> io::Result<File> {
        cache_folder::create(&self.path)?;
        let options = &mut File::options();
        options.create(true).truncate(false).write(true);
        let lock = cache_folder::open_file(&self.lock_path(), options)?;
        let begun = Instant::now();
        let left = if self.has_timed_out.load(Ordering::Relaxed) { Duration::ZERO } else { budget.left() };
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
        self.has_timed_out.store(locked.is_err(), Ordering::Relaxed);
        budget.spend(begun.elapsed());
        locked
    }

    /// Removes the journals that were not used for longest, until the rest is within the limit. `kept` is not removed.
    fn evict(&self, kept: &Path) -> io::Result<()> {
        let mut journals = self.journals()?;
        journals.sort_by_key(|journal| (journal.path == kept.with_extension(OLD), journal.used));
        let mut sum: u64 = journals.iter().map(|journal| journal.length).sum();
        for journal in journals {
            if sum <= self.limit {
                break;
            }
            if journal.path != kept {
                fs::remove_file(&journal.path)?;
                sum = sum.saturating_sub(journal.length);
            }
        }
        Ok(())
    }

    fn journals(&self) -> io::Result<Vec<JournalFile>> {
        let mut journals = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let is_journal = path.extension().is_some_and(|extension| extension == YOUNG || extension == OLD);
            if let Ok(metadata) = fs::symlink_metadata(&path)
                && is_journal
                && metadata.is_file()
            {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                journals.push(JournalFile { path, length: metadata.len(), used });
            }
        }
        Ok(journals)
    }
}

struct JournalFile {
    path: PathBuf,
    length: u64,
    used: SystemTime,
}

/// The age from which on the modification time of a used file is updated.
const TOUCH_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The files of one scope: a young one, to which records are appended, and an old one. When the young one is full, it replaces the old
/// one.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: Folder,
    codec: Codec,
    repository: String,
    young: PathBuf,
    old: PathBuf,
}

/// Identifies the state of a journal: length and modification time of both files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp([Option<(u64, Option<SystemTime>)>; 2]);

impl Journal {
    pub(super) fn new(folder: &Folder, scope: &CacheScope) -> Self {
        let codec = Codec::new(scope);
        let young = folder.path.join(codec.file_name()).with_extension(YOUNG);
        let old = young.with_extension(OLD);
        Self { folder: folder.clone(), codec, repository: scope.repository.to_string(), young, old }
    }

    /// The young file.
    pub(super) fn path(&self) -> &Path {
        &self.young
    }

    /// The state of the files. Updates the modification time of files that were last used more than a day ago.
    pub(super) fn stamp(&self) -> Stamp {
        let stamp = |path: &Path| {
            let metadata = fs::symlink_metadata(path).ok()?;
            let modified = metadata.modified().ok();
            let age = modified.and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > TOUCH_AFTER)
                && metadata.is_file()
                && let Ok(file) = File::options().append(true).open(path)
                && file.set_modified(SystemTime::now()).is_ok()
            {
                return Some((metadata.len(), file.metadata().ok()?.modified().ok()));
            }
            Some((metadata.len(), modified))
        };
        Stamp([stamp(&self.young), stamp(&self.old)])
    }

    /// Reads the records, those of the old file first; `each` gets a record and whether it is from the young file. No lock is needed:
    /// incomplete lines are skipped, and as the young file is opened first, no record is missed if it becomes the old one meanwhile.
    ///
    /// Returns whether there is a young file that is not a journal of this scope.
    pub(super) fn read(&self, mut each: impl FnMut(Record, bool)) -> io::Result<bool> {
        let young = self.open(&self.young)?;
        let old = self.open(&self.old)?;
        self.read_file(&self.old, old, |record| each(record, false))?;
        self.read_file(&self.young, young, |record| each(record, true))
    }

    /// Reads the records of a file; returns whether it has neither the header nor a record of this scope.
    fn read_file(&self, path: &Path, file: Option<File>, mut each: impl FnMut(Record)) -> io::Result<bool> {
        let Some(file) = file else { return Ok(false) };
        let header = self.header();
        let mut is_unrecognized = false;
        for (number, line) in BufReader::new(file.take(self.folder.file_limit())).split(b'\n').enumerate() {
            let line = line.map_err(|error| at(path, error))?;
            if number == 0 {
                is_unrecognized = !header.as_bytes().starts_with(&line);
            } else if let Some(record) = self.codec.decode(&line) {
                is_unrecognized = false;
                each(record);
            }
        }
        Ok(is_unrecognized)
    }

    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        match cache_folder::regular_file(path)
            .and_then(|metadata| metadata.map(|_| File::open(path)).transpose())
        {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map_err(|error| at(path, error)),
        }
    }

    /// Appends records. If the young file still has the `unrecognized` stamp, it is replaced.
    ///
    /// Returns the stamps before and after, if these records are the only change of the young file between the two.
    pub(super) fn append(
        &self,
        records: &[Record],
        unrecognized: Option<Stamp>,
        budget: &LockBudget,
    ) -> io::Result<Option<(Stamp, Stamp)>> {
        let _lock = self.folder.lock(budget).map_err(|error| at(&self.folder.lock_path(), error))?;
        let before = self.stamp();
        let mut is_appended = true;
        if unrecognized == Some(before) {
            fs::remove_file(&self.young).map_err(|error| at(&self.young, error))?;
            is_appended = false;
        }
        let mut lines = records.iter().filter_map(|record| self.codec.encode(record)).peekable();
        while lines.peek().is_some() {
            is_appended &= self.append_to_young(&mut lines).map_err(|error| at(&self.young, error))?;
        }
        self.folder.evict(&self.young).map_err(|error| at(&self.folder.path, error))?;
        Ok(is_appended.then(|| (before, self.stamp())))
    }

    /// Appends as many lines as fit into the young file. Returns `false` if some are left and the file was rotated.
    fn append_to_young(&self, lines: &mut Peekable<impl Iterator<Item = String>>) -> io::Result<bool> {
        let (mut file, mut text, length) = self.open_end()?;
        let room = usize::try_from(self.folder.file_limit().saturating_sub(length)).unwrap_or(usize::MAX);
        let begin = text.len();
        while let Some(line) = lines.next_if(|line| text.len() + line.len() <= room) {
            text.push_str(&line);
        }
        if text.len() > begin {
            file.write_all(text.as_bytes())?;
        }
        if lines.peek().is_none() {
            return Ok(true);
        }
        if length == 0 && text.len() == begin {
            // It is too large for an empty file.
            lines.next();
            return Ok(true);
        }
        self.rotate(length)?;
        Ok(false)
    }

    /// The young file, the text to write before the records, and its length.
    fn open_end(&self) -> io::Result<(File, String, u64)> {
        let options = &mut File::options();
        options.create(true).read(true).append(true);
        let mut file = cache_folder::open_file(&self.young, options)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok((file, self.header(), 0));
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        // The last writer was killed within a line.
        let begin = if last == *b"\n" { String::new() } else { "\n".to_owned() };
        Ok((file, begin, length))
    }

    /// The first line, for people who open the file.
    fn header(&self) -> String {
        format!("# facts, version {SCHEMA}, of images of {}\n", self.repository)
    }

    /// Makes the young file the old one, or removes it if it is longer than the limit.
    fn rotate(&self, length: u64) -> io::Result<()> {
        if length > self.folder.file_limit() {
            return fs::remove_file(&self.young);
        }
        fs::rename(&self.young, &self.old)
    }
}

/// The error with its path.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigFacts, ManifestFacts};

    fn codec() -> Codec {
        Codec::new(&CacheScope::new("ghcr.io/a/b", "me"))
    }

    #[test]
    fn lines_are_decoded_to_the_same_records() {
        let mut facts = ManifestFacts::default();
        facts.annotations.insert("a\nb".to_owned(), "\u{0}\n\r\u{2028} c".to_owned());
        let digest = Digest::of(b"x");
        for record in [
            Record::Content(digest.clone(), Facts::Manifest(facts)),
            Record::Content(digest.clone(), Facts::Config(ConfigFacts::default())),
            Record::Tag("1.0.0".into(), digest),
        ] {
            let line = codec().encode(&record).unwrap();
            let line = line.strip_suffix('\n').unwrap();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(codec().decode(line.as_bytes()), Some(record));
        }
    }

    #[test]
    fn damaged_and_other_lines_are_skipped() {
        let line = codec().encode(&Record::Tag("1.0.0".into(), Digest::of(b"x"))).unwrap();
        let line = line.trim_end().as_bytes();
        for position in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.to_vec();
                changed[position] ^= 1 << bit;
                assert_eq!(codec().decode(&changed), None, "bit {bit} of byte {position}");
            }
            assert_eq!(codec().decode(&line[..position]), None);
            assert_eq!(codec().decode(&line[position + 1..]), None);
        }
        assert_eq!(codec().decode(&[line, b" "].concat()), None);
        for other in [CacheScope::new("ghcr.io/a/b", "you"), CacheScope::new("ghcr.io/a/c", "me")] {
            assert_eq!(Codec::new(&other).decode(line), None);
            assert_ne!(Codec::new(&other).file_name(), codec().file_name());
        }
        assert_eq!(Codec(codec().0.replace("facts 3", "facts 4")).decode(line), None, "another version");
    }

    #[test]
    fn the_lock_budget_is_spent_and_renewed() {
        let budget = LockBudget::default();
        assert_eq!(budget.left(), LOCK_TIMEOUT);
        budget.spend(LOCK_TIMEOUT / 4);
        assert_eq!(budget.left(), LOCK_TIMEOUT * 3 / 4);
        budget.spend(LOCK_TIMEOUT);
        assert_eq!(budget.left(), Duration::ZERO);
        budget.renew();
        assert_eq!(budget.left(), LOCK_TIMEOUT);
        assert_eq!(LockBudget::none().left(), Duration::ZERO);
    }
}
