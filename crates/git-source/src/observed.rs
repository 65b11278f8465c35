//! The references that an answer was made from.

use artifact_source::Observation;
use serde::{Deserialize, Serialize};

use crate::outcome::{SCHEMA, State};

/// More tags are not recorded: Kargo keeps no more in a Warehouse's status either.
pub(crate) const MOST_TAGS: usize = 1000;

/// The references that an answer was made from, as Kargo records them in `status.discoveredArtifacts.git[].observedRefs` so that
/// it need not clone a repository in which nothing has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ObservedRefs {
    /// The id of the commit that the branch, or the remote's HEAD, pointed at.
    BranchHead(String),
    /// The tags that passed the name filters with the ids of what they pointed at (of an annotated tag, the tag object), by name.
    Tags(Vec<(String, String)>),
}

impl ObservedRefs {
    /// The references behind an observation of a [`GitSource`](crate::GitSource). `None` where it records none: of more than
    /// 1,000 tags, of a tag that was named as the branch, or of another source.
    pub fn of(observation: &Observation) -> Option<Self> {
        let recorded = serde_json::to_value(observation).ok()?;
        if recorded.get("schema")?.as_u64() != Some(u64::from(SCHEMA)) {
            return None;
        }
        State::deserialize(recorded.get("state")?).ok()?.refs
    }
}
