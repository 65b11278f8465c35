//! Reading `index.yaml`, however large, in constant memory.
//!
//! An index of a busy repository has tens of megabytes of which the versions are a hundredth. So the
//! file is read as it arrives, by a lexer that knows just the YAML that index files are written in and
//! verifies every line of it. The moment it meets anything else it hands over to a full parser, which
//! goes on from the entry that was begun: no byte is kept or asked for twice. A file that starts with
//! `{"` is read as JSON, and as YAML where it is no valid JSON; for that its first 16 MiB are kept while it is read.
//!
//! What is listed means what Kargo's reader makes of it (semantics rule 5.1): only the first document
//! counts, `apiVersion` is not required, an unquoted `1.10` stays the text it is, null is as good as
//! nothing, and a key given twice in the document, in `entries` or in an entry is an error. One
//! difference: `entries` and `version` may be in another case, as for Helm. Another one: an empty file, or a mapping with neither `apiVersion` nor `entries` (`{"error":"unauthorized"}`, say), is an
//! error and not a repository without charts.
//!
//! # Why nothing is kept for the full parser
//!
//! The alternatives were to keep the body in memory (30 MB for what takes 0.3), to write each one to a
//! temporary file (for one in fifty that needs it, and a disk that may not be there), and to ask for
//! it again (another 30 MB, of perhaps another file). Going on in the middle needs none of it, and the tests
//! hold it to the answer of a parser that starts at the beginning.
//!
//! # What the lexer is measured against
//!
//! Mutants of an index that has everything real ones have: whatever the lexer accepts, the full parser
//! accepts with the same answer (see the tests; `MUTANTS=400000` takes a minute).

mod doubt;
mod entry;
mod error;
mod handover;
mod json;
mod key;
mod lexer;
mod scalar;
mod structure;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod utf8;
mod visitor;
mod yaml;

use std::io::Read;

pub use doubt::Doubt;
pub use error::IndexError;
pub use table::Index;

use handover::Handover;
use lexer::Lexer;

/// Which way an index was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadBy {
    /// By the lexer, all of it.
    Lexer,
    /// By the lexer up to the entry that gave rise to this doubt, and by a full YAML parser from there.
    Yaml(Doubt),
    /// By a JSON parser.
    Json,
}

/// Takes an index in pieces, as they arrive.
///
/// ```
/// use helm_source::{IndexReader, Taken};
///
/// let mut reader = IndexReader::new();
/// for piece in [&b"entries:\n  web:\n  - vers"[..], b"ion: 1.0.0\n"] {
///     assert_eq!(reader.push(piece), Taken::Understood);
/// }
/// let (index, _) = reader.finish(std::io::empty())?;
/// assert_eq!(index.version_count(), 1);
/// # Ok::<(), helm_source::IndexError>(())
/// ```
#[derive(Debug)]
pub struct IndexReader(Reading);

#[derive(Debug)]
enum Reading {
    Fast(Lexer),
    Full(Handover),
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was understood as far as it goes; push the next one.
    Understood,
    /// It was taken, and a full parser is needed from here on: call [`finish`](IndexReader::finish)
    /// with whatever follows this piece. That may take a while, so not on an async thread.
    FinishNow,
}

impl Default for IndexReader {
    fn default() -> Self {
        Self::new()
    }
}

impl IndexReader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self(Reading::Fast(Lexer::default()))
    }

    /// Takes the next piece, of any size. After [`FinishNow`](Taken::FinishNow) pieces are only kept.
    pub fn push(&mut self, bytes: &[u8]) -> Taken {
        match &mut self.0 {
            Reading::Fast(lexer) => {
                let Err(doubt) = lexer.push(bytes) else { return Taken::Understood };
                self.0 = Reading::Full(std::mem::take(lexer).hand_over(doubt));
            }
            Reading::Full(handover) => handover.pending.extend_from_slice(bytes),
        }
        Taken::FinishNow
    }

    /// Ends the input after `rest`, which is what follows the last piece: nothing, as a rule.
    ///
    /// # Errors
    ///
    /// If it is no index: see [`IndexError`].
    pub fn finish(mut self, mut rest: impl Read) -> Result<(Index, ReadBy), IndexError> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let handover = match self.0 {
                Reading::Full(handover) => handover,
                Reading::Fast(ref mut lexer) => match rest.read(&mut buffer) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(_) => return Err(IndexError::Interrupted),
                    Ok(0) => match lexer.finish() {
                        Ok(index) => return Ok((index, ReadBy::Lexer)),
                        Err(doubt) => std::mem::take(lexer).hand_over(doubt),
                    },
                    Ok(read) => {
                        self.push(&buffer[..read]);
                        continue;
                    }
                },
            };
            return finish(handover, rest);
        }
    }
}

fn finish(handover: Handover, rest: impl Read) -> Result<(Index, ReadBy), IndexError> {
    let head = handover.head().unwrap_or_default();
    if let Some(what) = compressed(head) {
        return Err(IndexError::Compressed { what });
    }
    let page = page(head);
    if json::is_json(head) {
        let doubt = handover.doubt;
        let answer = json::read(handover, rest);
        return answer
            .map(|(index, is_yaml)| (index, if is_yaml { ReadBy::Yaml(doubt) } else { ReadBy::Json }));
    }
    let doubt = handover.doubt;
    match (yaml::read(handover, rest), page) {
        (Ok(index), _) => Ok((index, ReadBy::Yaml(doubt))),
        (Err(_), Some(what)) => Err(IndexError::Page { what }),
        (Err(error), None) => Err(error),
    }
}

/// How a file is compressed that starts like this.
fn compressed(head: &[u8]) -> Option<&'static str> {
    let beginnings: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x1f\x9d", "compress"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh9", "bzip2"),
        (b"PK\x03\x04", "zip"),
    ];
    beginnings.into_iter().find(|(beginning, _)| head.starts_with(beginning)).map(|(_, what)| what)
}

/// What a file that starts like this is for.
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
    /// If it is no index: see [`IndexError`].
    pub fn from_slice(file: &[u8]) -> Result<Self, IndexError> {
        IndexReader::new().finish(file).map(|(index, _)| index)
    }
}
