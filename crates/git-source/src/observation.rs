//! What a discovery remembers for the next one.
//!
//! An observation of this source is stored for months, so its layout is fixed and has a version:
//!
//! ```json
//! {
//!   "schema": 3,
//!   "fingerprint": "{\"repository\":\"https://example.com/a.git\",\"limit\":20,\"rule\":{\"strategy\":\"NewestFromBranch\",\"branch\":\"main\"}}",
//!   "state": {
//!     "digest": "<id of the commit that the branch points at>",
//!     "refs": { "branchHead": "<the same id>" }
//!   }
//! }
//! ```
//!
//! - `fingerprint` names the repository, without a credential, and everything in the rule that the answer depends on. A field that
//!   has no value is left out.
//! - `state.digest` stands for all references that the answer was made from: the id of the branch's commit; or, of tags, the SHA-1 of
//!   each name, a zero byte and the id of what it points at, in the order of the names.
//! - `state.refs` is [`ObservedRefs`]: `{"branchHead": ID}` or `{"tags": [[NAME, ID], ...]}`. It is left out for more than 1,000 tags, and
//!   for a tag that is named as the branch.

use artifact_source::Observation;
use serde::{Deserialize, Serialize};

/// The version of [`ObservedState`] and of the fingerprint.
pub(crate) const SCHEMA: u32 = 3;

/// The most tags that are recorded. Kargo keeps no more in a Warehouse's status either.
pub(crate) const MOST_TAGS: usize = 1000;

/// The state of an observation, in the layout of [`SCHEMA`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObservedState {
    /// Stands for all references that the answer was made from.
    pub(crate) digest: String,
    /// The references themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refs: Option<ObservedRefs>,
}

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
    /// The references behind an observation of a [`GitSource`](crate::GitSource). `None` where it records none: for more than
    /// 1,000 tags, for a tag that is named as the branch, or for another source.
    pub fn of(observation: &Observation) -> Option<Self> {
        let recorded = serde_json::to_value(observation).ok()?;
        if recorded.get("schema")?.as_u64() != Some(u64::from(SCHEMA)) {
            return None;
        }
        ObservedState::deserialize(recorded.get("state")?).ok()?.refs
    }
}
