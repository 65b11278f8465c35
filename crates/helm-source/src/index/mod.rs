//! Reading `index.yaml` of any size in constant memory.
//!
//! The index of a large repository has tens of megabytes, of which the versions and digests are a few percent. So the file is read as it arrives, by a
//! lexer that knows only the YAML that index files are written in and verifies every line. At anything else a full parser takes over,
//! from the start of the current entry: no byte is kept or downloaded twice. A file that starts with `{"` is read as JSON, and as YAML if
//! it is not valid JSON: from the entry on that is not, of which 4 MiB are retained.
//!
//! The result is that of Kargo's parser ([rule 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): only the
//! first document counts, `apiVersion` is optional, an unquoted `1.10` stays text, null reads as empty, and a key given twice in the
//! document, in `entries` or in an entry is an error. There are two differences. `entries` and `version` may have another case, as in
//! Helm. An empty file, and a mapping with neither `apiVersion` nor `entries` (such as `{"error":"unauthorized"}`), is an error and not a
//! repository without charts.
//!
//! # Why nothing is kept for the full parser
//!
//! The alternatives are to keep the body in memory (30 MB for a result of less than 2 MB), to write each body to a temporary file (for the one
//! in fifty that needs it), and to download it again (another 30 MB, possibly of another version). Continuing at a checkpoint needs none of
//! this. The tests compare it with a parser that starts at the beginning.
//!
//! # Verification of the lexer
//!
//! The tests mutate an index that has every construct of real ones, and parts of published ones, with both kinds of line breaks: where the
//! lexer accepts a mutant, the full parser accepts it with the same result. `MUTANTS=400000 SEED=1` compares more of them.

mod checkpoint;
mod created;
mod digest;
mod document;
mod encoding;
mod field_names;
mod json;
mod json_entry;
mod lexer;
mod limit;
mod lost;
mod mask;
mod message;
mod scalar;
mod table;
#[cfg(test)]
mod tests;
mod utf8;
mod value;
mod word;

use std::io::Read;

use artifact_http::compression_of;

pub use checkpoint::FallbackReason;
pub use digest::EntryDigest;
pub(crate) use lost::Lost;
pub use table::{Index, IndexError};

use checkpoint::Checkpoint;
use lexer::Lexer;

/// How an index was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadBy {
    /// By the lexer alone.
    Lexer,
    /// By the lexer up to the entry that it fell back at for this reason, and by a full YAML parser from there.
    Yaml(FallbackReason),
    /// By a JSON parser.
    Json,
}

/// Reads an index in pieces, as they arrive.
///
/// ```
/// use helm_source::{IndexReader, Progress};
///
/// let mut reader = IndexReader::new();
/// for piece in [&b"entries:\n  web:\n  - vers"[..], b"ion: 1.0.0\n"] {
///     assert_eq!(reader.push(piece), Progress::Continue);
/// }
/// let (index, _) = reader.finish(std::io::empty())?;
/// assert_eq!(index.version_count(), 1);
/// # Ok::<(), helm_source::IndexError>(())
/// ```
#[derive(Debug)]
pub struct IndexReader(State);

#[derive(Debug)]
enum State {
    Lexer(Lexer),
    Parser(Checkpoint),
}

/// What the [`IndexReader`] needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The next piece.
    Continue,
    /// The full parser: call [`finish`](IndexReader::finish) with the rest of the file after this piece. The parser reads 16 to 19 MB/s, so
    /// call it outside of async tasks.
    FinishNow,
}

impl Default for IndexReader {
    fn default() -> Self {
        Self::new()
    }
}

impl IndexReader {
    /// A reader at the start of a file.
    pub fn new() -> Self {
        Self(State::Lexer(Lexer::default()))
    }

    /// Reads the next piece, of any size. After [`FinishNow`](Progress::FinishNow) further pieces are only buffered.
    pub fn push(&mut self, bytes: &[u8]) -> Progress {
        match &mut self.0 {
            State::Lexer(lexer) => {
                let Err(reason) = lexer.push(bytes) else { return Progress::Continue };
                self.0 = State::Parser(std::mem::take(lexer).into_checkpoint(reason));
            }
            State::Parser(checkpoint) => checkpoint.pending.extend_from_slice(bytes),
        }
        Progress::FinishNow
    }

    /// The memory that the reader takes, about, in bytes.
    pub(crate) fn memory(&self) -> usize {
        match &self.0 {
            State::Lexer(lexer) => lexer.memory(),
            State::Parser(checkpoint) => checkpoint.pending.len() + checkpoint.index.size(),
        }
    }

    /// Reads `rest`, which is what follows the last piece and usually empty, and ends the file.
    ///
    /// # Errors
    ///
    /// [`IndexError`] for a file that is not an index; [`Interrupted`](IndexError::Interrupted) if `rest` fails.
    pub fn finish(mut self, mut rest: impl Read) -> Result<(Index, ReadBy), IndexError> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let checkpoint = match self.0 {
                State::Parser(checkpoint) => checkpoint,
                State::Lexer(ref mut lexer) => match rest.read(&mut buffer) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(_) => return Err(IndexError::Interrupted),
                    Ok(0) => match lexer.finish() {
                        Ok(index) => return Ok((index, ReadBy::Lexer)),
                        Err(reason) => std::mem::take(lexer).into_checkpoint(reason),
                    },
                    Ok(read) => {
                        self.push(&buffer[..read]);
                        continue;
                    }
                },
            };
            return parse(checkpoint, rest);
        }
    }
}

/// Continues with the parser that fits.
fn parse(checkpoint: Checkpoint, mut rest: impl Read) -> Result<(Index, ReadBy), IndexError> {
    let reason = checkpoint.reason;
    let head = checkpoint.head().unwrap_or_default();
    if let Some(what) = compression_of(head) {
        return Err(IndexError::Compressed { what });
    }
    let page = page(head);
    if document::is_json(head) {
        let checkpoint = match json::read(checkpoint, &mut rest) {
            Ok(answer) => return answer.map(|index| (index, ReadBy::Json)),
            Err(checkpoint) => *checkpoint,
        };
        let (index, is_yaml) = document::read_json(checkpoint, rest)?;
        return Ok((index, if is_yaml { ReadBy::Yaml(reason) } else { ReadBy::Json }));
    }
    match (document::read_yaml(checkpoint, rest), page) {
        (Ok(index), _) => Ok((index, ReadBy::Yaml(reason))),
        (Err(_), Some(what)) => Err(IndexError::Page { what }),
        (Err(error), None) => Err(error),
    }
}

/// The kind of page that a file with these first bytes is.
fn page(head: &[u8]) -> Option<&'static str> {
    let head = head.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |tag: &[u8]| head.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if starts(b"<!doctype html") || starts(b"<html") {
        Some("an HTML page")
    } else if starts(b"<") {
        Some("an XML or HTML document")
    } else {
        None
    }
}

impl Index {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// [`IndexError`] for a file that is not an index.
    pub fn from_slice(file: &[u8]) -> Result<Self, IndexError> {
        IndexReader::new().finish(file).map(|(index, _)| index)
    }
}
