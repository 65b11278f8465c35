//! The two files of one scope.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder::{Folder, OLD, YOUNG, private_file, regular};
use super::line::{Record, SCHEMA, Seal};
use super::patience::Patience;
use crate::CacheScope;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is on disk of one scope: a young file that grows at its end, and an old one. When the young one is full it takes the old
/// one's place.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: Folder,
    seal: Seal,
    repository: String,
    young: PathBuf,
    old: PathBuf,
}

/// By which two states of a journal are told apart: length and time of change of both files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp([Option<(u64, Option<SystemTime>)>; 2]);

impl Journal {
    pub(super) fn new(folder: &Folder, scope: &CacheScope) -> Self {
        let seal = Seal::new(scope);
        let young = folder.path.join(seal.file_name()).with_extension(YOUNG);
        let old = young.with_extension(OLD);
        Self { folder: folder.clone(), seal, repository: scope.repository.to_string(), young, old }
    }

    /// The young file.
    pub(super) fn path(&self) -> &Path {
        &self.young
    }

    /// The state that the files are in. What has not been used for a day is used now, and says so by its time.
    pub(super) fn stamp(&self) -> Stamp {
        let stamp = |path: &Path| {
            let about = fs::symlink_metadata(path).ok()?;
            let modified = about.modified().ok();
            let age = modified.and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > DAY)
                && about.is_file()
                && let Ok(file) = File::options().append(true).open(path)
                && file.set_modified(SystemTime::now()).is_ok()
            {
                return Some((about.len(), file.metadata().ok()?.modified().ok()));
            }
            Some((about.len(), modified))
        };
        Stamp([stamp(&self.young), stamp(&self.old)])
    }

    /// Tells what the files say, the old one's records first, and whether each is from the young one. No lock is needed: lines are
    /// whole or do not count, and as the young file is opened first, nothing is missed if it becomes the old one just now.
    ///
    /// The answer is whether there is a young file of which nothing is of use.
    pub(super) fn read(&self, mut each: impl FnMut(Record, bool)) -> io::Result<bool> {
        let young = self.open(&self.young)?;
        let old = self.open(&self.old)?;
        self.lines(&self.old, old, |record| each(record, false))?;
        self.lines(&self.young, young, |record| each(record, true))
    }

    /// Tells what a file says; whether there is something, but nothing of use, not even the title.
    fn lines(&self, path: &Path, file: Option<File>, mut each: impl FnMut(Record)) -> io::Result<bool> {
        let Some(file) = file else { return Ok(false) };
        let title = self.title();
        let mut is_foreign = false;
        for (number, line) in BufReader::new(file.take(self.folder.half())).split(b'\n').enumerate() {
            let line = line.map_err(|error| at(path, error))?;
            if number == 0 {
                is_foreign = !title.as_bytes().starts_with(&line);
            } else if let Some(record) = self.seal.read(&line) {
                is_foreign = false;
                each(record);
            }
        }
        Ok(is_foreign)
    }

    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        match regular(path).and_then(|about| about.map(|_| File::open(path)).transpose()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map_err(|error| at(path, error)),
        }
    }

    /// Writes these down, however many files it takes. A young file of the foreign stamp is of no use and is replaced.
    ///
    /// Gives the stamps before and after, if these lines are all that has changed in the young file between the two.
    pub(super) fn append(
        &self,
        records: &[Record],
        foreign: Option<Stamp>,
        patience: &Patience,
    ) -> io::Result<Option<(Stamp, Stamp)>> {
        let _lock = self.folder.lock(patience).map_err(|error| at(&self.folder.lock_path(), error))?;
        let before = self.stamp();
        let mut only_grew = true;
        if foreign == Some(before) {
            fs::remove_file(&self.young).map_err(|error| at(&self.young, error))?;
            only_grew = false;
        }
        let mut lines = records.iter().filter_map(|record| self.seal.line(record)).peekable();
        while lines.peek().is_some() {
            only_grew &= self.append_to_one(&mut lines).map_err(|error| at(&self.young, error))?;
        }
        self.folder.shrink(&self.young).map_err(|error| at(&self.folder.path, error))?;
        Ok(only_grew.then(|| (before, self.stamp())))
    }

    /// Writes as many lines as the young file takes. If some are left, it has become the old one, and the answer is no.
    fn append_to_one(&self, lines: &mut Peekable<impl Iterator<Item = String>>) -> io::Result<bool> {
        let (mut file, mut text, length) = self.end()?;
        let room = usize::try_from(self.folder.half().saturating_sub(length)).unwrap_or(usize::MAX);
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
            // Not even an empty file holds it.
            lines.next();
            return Ok(true);
        }
        self.turn_over(length)?;
        Ok(false)
    }

    /// The young file, what has to be written before anything else is, and its length.
    fn end(&self) -> io::Result<(File, String, u64)> {
        regular(&self.young)?;
        let mut file = private_file().create(true).read(true).append(true).open(&self.young)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok((file, self.title(), 0));
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        // Whoever was writing was killed: nobody's line may begin in the middle of theirs.
        let begin = if last == *b"\n" { String::new() } else { "\n".to_owned() };
        Ok((file, begin, length))
    }

    /// Words for whoever looks into the file.
    fn title(&self) -> String {
        format!("# facts, version {SCHEMA}, of images of {}\n", self.repository)
    }

    /// The young file becomes the old one; if it is too long to be one of ours, it goes.
    fn turn_over(&self, length: u64) -> io::Result<()> {
        if length > self.folder.half() {
            return fs::remove_file(&self.young);
        }
        fs::rename(&self.young, &self.old)
    }
}

/// An error that says where.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
