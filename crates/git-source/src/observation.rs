//! What a discovery remembers for the next one, in the layout of [`Fingerprint`](artifact_source::Fingerprint):
//!
//! ```json
//! {
//!   "schema": 4,
//!   "fingerprint": "{\"kind\":\"git\",\"repository\":\"https://example.com/a.git\",\"rule\":{\"strategy\":\"newestFromBranch\"},\"limit\":20,\"branch\":\"main\"}",
//!   "state": {
//!     "digest": "<id of the commit that the branch points at>",
//!     "refs": { "branchHead": "<the same id>" }
//!   }
//! }
//! ```
//!
//! - The fingerprint has `branch`, `since`, `expressionFilter`, `includePaths`, `excludePaths` and `changesSinceTag` as fields of its own.
//! - `state.digest` stands for all references that the answer was made from: the id of the branch's commit; or, of tags, the SHA-1 of
//!   each name, a zero byte and the id of what it points at, in the order of the names.
//! - `state.refs` is [`ObservedRefs`]: `{"branchHead": ID}` or `{"tags": [[NAME, ID], ...]}`. It is left out for more than 1,000 tags, or 128 KiB of them, and
//!   for a tag that is named as the branch.

use artifact_source::{Fingerprint, Observation, RecordedRule, SourceKind};
use commit_rule::CommitRule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most tags that are recorded. Kargo keeps no more in a Warehouse's status either.
pub(crate) const MOST_TAGS: usize = 1000;
/// The most bytes of the names and ids of the tags that are recorded.
pub(crate) const MOST_TAG_BYTES: usize = 128 << 10;

/// The question of an observation: everything that an answer depends on.
pub(crate) fn fingerprint(
    rule: &CommitRule,
    repository: &str,
    limit: usize,
    changes_since_tag: Option<&str>,
) -> Option<Fingerprint> {
    let recorded = match rule.tag_rule() {
        Some(rule) => RecordedRule::Names(rule),
        None => RecordedRule::Other("newestFromBranch"),
    };
    let fields = Fields {
        branch: rule.branch(),
        since: rule.since(),
        expression_filter: rule.expression().map(|expression| expression.as_str()),
        include_paths: rule.include_paths(),
        exclude_paths: rule.exclude_paths(),
        changes_since_tag,
    };
    Fingerprint::new(&SourceKind::Git, repository, recorded, limit, &fields)
}

/// The fields that a fingerprint has for commits alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_filter: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    include_paths: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exclude_paths: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    changes_since_tag: Option<&'a str>,
}

/// The state of an observation.
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
        observation.state_of::<ObservedState>(&SourceKind::Git)?.refs
    }
}
