//! Why a chart was not pushed.

use std::fmt;

/// A push that failed, and what the registry has of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushFailed {
    /// `oci://HOST/PATH/NAME:TAG`.
    pub reference: String,
    /// The parts that the registry has: `config`, `chart`, `provenance`, `manifest`.
    pub stored: Vec<&'static str>,
    /// What went wrong.
    pub cause: artifact_source::Error,
}

impl PushFailed {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.cause.hint()
    }
}

impl fmt::Display for PushFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not pushed: {}", self.reference, self.cause)?;
        match self.stored.as_slice() {
            [] => f.write_str("; the registry has nothing of it"),
            parts => write!(
                f,
                "; the registry has its {}, and the same push again sends the rest",
                parts.join(" and its ")
            ),
        }
    }
}

impl std::error::Error for PushFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message has that of the cause.
        self.cause.source()
    }
}
