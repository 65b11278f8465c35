//! Why something is not the index of a chart repository.

/// Why something is not the index of a chart repository.
///
/// Lines and columns count from 1. No message quotes the file: an index may hold URLs with a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// There is nothing but white space. A repository without charts has `entries: {}`.
    #[error("the index is empty")]
    Empty,
    /// It starts like a page for a browser: a login page, a page that says what went wrong.
    #[error("the index is {what}")]
    Page {
        /// What it looks like: `"an HTML page"`, `"an XML document"`.
        what: &'static str,
    },
    /// It is a mapping with neither `entries` nor `apiVersion`: what went wrong in JSON, as a rule. An index may lack
    /// one of them.
    #[error("this is no chart index: it has neither `entries` nor `apiVersion`")]
    NoIndex,
    /// It is compressed, and the answer did not say so.
    #[error("the index is {what} data, and the answer has no header `Content-Encoding` that says so")]
    Compressed {
        /// The compression: `"gzip"`, `"zstd"`.
        what: &'static str,
    },
    /// It is text in another encoding than UTF-8, or no text.
    #[error("the index is not valid: line {line}, column {column}: the byte 0x{byte:02x} is not UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
        /// The column, from 1, in characters.
        column: u64,
        /// The first byte that is not UTF-8.
        byte: u8,
    },
    /// It breaks the rules of YAML or JSON, or it is of another shape than an index.
    #[error("the index is not valid: {}{what}", place(*line, *column))]
    Invalid {
        /// The line, from 1; 0 if it is not known.
        line: u64,
        /// The column, from 1; 0 if it is not known.
        column: u64,
        /// What is wrong there.
        what: String,
    },
    /// Reading stopped before the end.
    #[error("the index could not be read to its end")]
    Interrupted,
}

impl IndexError {
    /// The line at which the fault was noticed, if it is known.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Invalid { line, .. } | Self::NotUtf8 { line, .. } if *line > 0 => Some(*line),
            _ => None,
        }
    }
}

/// The place as a message begins with it; nothing if it is not known.
fn place(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}
