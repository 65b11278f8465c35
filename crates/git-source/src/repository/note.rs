//! What is known about the server of a repository, in small files beside its stores.
//!
//! ```text
//! <seconds since 1970> <digest of the seconds and the text>
//! <text>
//! ```
//!
//! A note is believed for a day: a server may learn something. It is believed whole or not at all: a flipped bit would cost traffic on every poll. The
//! time is in the file, since a copy of a cache has the time of the copy.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use artifact_http::cache_folder;
use gix::hash::Kind as ObjectFormat;

use crate::repository::folder::write_atomically;

/// For how long a note is believed.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest note that is read, in bytes. What is written is less.
const LONGEST: u64 = 16 << 10;

/// The name of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// What the server accepts, where it has refused something.
    Capabilities,
    /// What the server said when it was greeted.
    Greeting,
}

impl Note {
    /// All notes.
    pub(crate) const ALL: [Self; 2] = [Self::Capabilities, Self::Greeting];

    /// The name of its file.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Capabilities => "filter",
            Self::Greeting => "greeting",
        }
    }

    /// Writes it into the folder of a repository.
    pub(crate) fn write(self, repository: &Path, text: &str) -> io::Result<()> {
        write_atomically(repository, self.file(), &stamped(text, SystemTime::now()))
    }

    /// Reads it from the folder of a repository; `None` for one that is not there, too old, from the future, or damaged.
    pub(crate) fn read(self, repository: &Path) -> Option<String> {
        let file = repository.join(self.file());
        cache_folder::regular_file(&file).ok()?.filter(|about| about.len() <= LONGEST)?;
        text_of(&fs::read_to_string(&file).ok()?, SystemTime::now()).map(str::to_owned)
    }
}

/// A note that is written at this time.
fn stamped(text: &str, now: SystemTime) -> String {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{seconds} {}\n{text}", digest(seconds, text))
}

/// The text of a note, if it is believed at this time.
fn text_of(note: &str, now: SystemTime) -> Option<&str> {
    let (stamp, text) = note.split_once('\n')?;
    let (seconds, stated) = stamp.split_once(' ')?;
    let seconds: u64 = seconds.parse().ok()?;
    let written = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    let is_young = now.duration_since(written).is_ok_and(|age| age < AGE);
    (is_young && digest(seconds, text) == stated).then_some(text)
}

fn digest(seconds: u64, text: &str) -> String {
    let mut hasher = gix::hash::hasher(ObjectFormat::Sha1);
    hasher.update(&seconds.to_be_bytes());
    hasher.update(text.as_bytes());
    // The hasher fails for the known collisions only. Such a note is not believed.
    hasher.try_finalize().map_or_else(|_| String::new(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_believed_for_a_day_and_whole() {
        let now = SystemTime::now();
        let hours = |number: u64| Duration::from_secs(number * 60 * 60);
        let note = stamped("000eversion 2\n0000", now);
        assert_eq!(text_of(&note, now), Some("000eversion 2\n0000"));
        assert_eq!(text_of(&note, now + hours(23)), Some("000eversion 2\n0000"));
        assert_eq!(text_of(&note, now + hours(25)), None);
        assert_eq!(text_of(&note, now - hours(1)), None, "the clock was set back after it was written");
        for at in 0..note.len() {
            for bit in 0..7 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let damaged = String::from_utf8(bytes).unwrap();
                assert_eq!(text_of(&damaged, now), None, "{damaged:?}");
            }
            assert_eq!(text_of(&note[..at], now), None);
        }
    }

    #[test]
    fn no_file_but_a_small_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Note::Greeting.read(folder.path()), None);
        Note::Greeting.write(folder.path(), "a").unwrap();
        assert_eq!(Note::Greeting.read(folder.path()).as_deref(), Some("a"));
        Note::Greeting.write(folder.path(), &"a".repeat(20 << 10)).unwrap();
        assert_eq!(Note::Greeting.read(folder.path()), None);
    }
}
