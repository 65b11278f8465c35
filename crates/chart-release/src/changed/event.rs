//! The event that started a workflow of GitHub Actions.

use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use crate::changed::base_error::{BaseError, BaseErrorKind};
use crate::git::{CommitId, one_line};

/// The largest file that is read: GitHub's own limit of payloads is 25 MB.
const MOST_BYTES: u64 = 32 << 20;

/// The part of an event that says which commits it brought, as GitHub writes it to the file that `GITHUB_EVENT_PATH` names:
/// [`push`](https://docs.github.com/en/webhooks/webhook-events-and-payloads#push) and
/// [`pull_request`](https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request).
///
/// ```
/// use chart_release::changed::Event;
///
/// let zero = "0000000000000000000000000000000000000000";
/// let json = format!(r#"{{"before": "{zero}", "after": "{}", "created": true}}"#, "1".repeat(40));
/// let Event::Push(push) = Event::from_json(json.as_bytes())? else { panic!("it is a push") };
/// assert!(push.created && push.before.is_none());
/// # Ok::<(), chart_release::changed::BaseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A branch was pushed to.
    Push(PushEvent),
    /// A pull request was opened, or pushed to.
    PullRequest(PullRequestEvent),
}

/// What a push moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushEvent {
    /// The commit that the branch was at. `None` if the push created it (GitHub writes zeros).
    pub before: Option<CommitId>,
    /// The commit that the branch is at. `None` if the push deleted it.
    pub after: Option<CommitId>,
    /// Whether the push created the branch.
    pub created: bool,
    /// Whether the push deleted the branch.
    pub deleted: bool,
    /// Whether the push took commits off the branch.
    pub forced: bool,
}

/// What a pull request asks to merge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullRequestEvent {
    /// The newest commit of the branch that is merged into.
    pub base: CommitId,
    /// The newest commit of the pull request.
    pub head: CommitId,
}

#[derive(Deserialize)]
struct Payload {
    pull_request: Option<PullRequest>,
    before: Option<String>,
    after: Option<String>,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    sha: String,
}

impl Event {
    /// The event in a file of at most 32 MiB.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`](BaseErrorKind::InvalidEvent) if it cannot be read, or is none of the two.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, BaseError> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        let invalid = |reason: String| {
            let message = format!("the event {} cannot be read: {reason}", path.display());
            BaseError::new(BaseErrorKind::InvalidEvent, message)
                .with_hint("GITHUB_EVENT_PATH names the file in a workflow of GitHub Actions")
        };
        match read {
            Err(error) => Err(invalid(error.to_string())),
            Ok(read) if read as u64 > MOST_BYTES => Err(invalid("it has more than 32 MiB".to_owned())),
            Ok(_) => Self::from_json(&bytes),
        }
    }

    /// The event in this JSON.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`](BaseErrorKind::InvalidEvent) if it is not JSON, if an id is no id, or if it has neither `pull_request` nor `before` and
    /// `after`: the event of a schedule, or of a workflow that was started by hand.
    pub fn from_json(json: &[u8]) -> Result<Self, BaseError> {
        let invalid = |message: String| BaseError::new(BaseErrorKind::InvalidEvent, message);
        let payload: Payload = serde_json::from_slice(json).map_err(|error| {
            invalid(format!(
                "the event is not the JSON of a push or a pull request: {}",
                one_line(&error.to_string())
            ))
        })?;
        let id = |field: &str, text: &str| {
            let id: CommitId = text.parse().map_err(|_| {
                invalid(format!(
                    "{field} of the event is {:?}, which is not the id of a commit",
                    one_line(text)
                ))
            })?;
            Ok(text.bytes().any(|digit| digit != b'0').then_some(id))
        };
        // The event of a pull request that was pushed to has `before` and `after`, too.
        if let Some(PullRequest { base, head }) = &payload.pull_request {
            let (base, head) =
                (id("pull_request.base.sha", &base.sha)?, id("pull_request.head.sha", &head.sha)?);
            let (Some(base), Some(head)) = (base, head) else {
                return Err(invalid("the pull request of the event has no commits".to_owned()));
            };
            return Ok(Self::PullRequest(PullRequestEvent { base, head }));
        }
        let (Some(before), Some(after)) = (&payload.before, &payload.after) else {
            return Err(invalid(
                "the event is neither a push nor a pull request, so it does not say what changed".to_owned(),
            )
            .with_hint("name a commit or branch to compare with instead (--since REF)"));
        };
        Ok(Self::Push(PushEvent {
            before: id("before", before)?,
            after: id("after", after)?,
            created: payload.created,
            deleted: payload.deleted,
            forced: payload.forced,
        }))
    }
}
