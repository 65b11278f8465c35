//! What is wrong with a Secret.

use std::fmt;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};

/// What is wrong with a Secret: which one, where, and what to do. It never holds a value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// `Secret team/ghcr`.
    pub secret: String,
    /// The file it was read from, if it was read from one.
    pub file: Option<Arc<str>>,
    /// The key it is about, if it is about one.
    pub key: Option<&'static str>,
    /// What is wrong, after the Secret's name: "has no `repoURL`".
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the Secret is of no use because of it. Otherwise it is used, and it is likely not to work.
    pub is_unusable: bool,
}

impl fmt::Display for Problem {
    /// The Secret, the file, and what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.secret)?;
        if let Some(file) = &self.file {
            write!(f, " in {file}")?;
        }
        write!(f, " {}", self.message)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let error = Self::new(ErrorKind::InvalidInput, problem.to_string());
        match problem.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
