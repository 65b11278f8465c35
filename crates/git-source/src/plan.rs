//! The work of a source: one of two kinds.

use artifact_source::Error;

use crate::branch::Branch;
use crate::outcome::{Outcome, State};
use crate::site::Visit;
use crate::tags::Tags;

/// The work of a source.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Commits along a branch.
    Branch(Box<Branch>),
    /// Commits behind tags.
    Tags(Box<Tags>),
}

impl Plan {
    /// Everything besides the repository that the answer depends on.
    pub(crate) fn fingerprint(&self) -> &str {
        match self {
            Self::Branch(branch) => &branch.described,
            Self::Tags(tags) => &tags.described,
        }
    }

    /// Finds commits.
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Error> {
        match self {
            Self::Branch(branch) => branch.discover(visit, previous),
            Self::Tags(tags) => tags.discover(visit, previous),
        }
    }
}
