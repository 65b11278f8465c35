//! Why each candidate was selected or not.

use std::fmt;
use std::sync::Mutex;

use jiff::Timestamp;
use selection_strategies::Rejection;

use crate::lock;

/// One thing that a source listed and judged: a tag, a commit, a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// The name it is listed by: tag, commit id or version, as the server spells it.
    pub name: &'a str,
    /// What else the source knows of it, without having asked for it.
    pub details: &'a Details,
}

impl<'a> Candidate<'a> {
    /// A candidate of this name.
    pub fn new(name: &'a str) -> Self {
        Self { name, details: &NOTHING }
    }

    /// The same, with what else is known of it.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Option<&'a Details>>) -> Self {
        self.details = details.into().unwrap_or(&NOTHING);
        self
    }
}

static NOTHING: Details = Details::new();

/// What a source knows of a candidate beside its name: what it read anyway, so that fields are empty that a decision did not need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Details {
    /// The version that the name stands for, where it is spelt otherwise: `1.0.0+a` for the tag `1.0.0_a` of a chart.
    pub version: Option<String>,
    /// Its digest as `algorithm:hex`.
    pub digest: Option<String>,
    /// When it was built, committed or tagged, whichever the strategy goes by; of a chart, when its entry in an index says that it was created,
    /// which decides nothing.
    pub time: Option<Timestamp>,
    /// The commit that a tag leads to.
    pub commit: Option<String>,
    /// The first line of a commit's message.
    pub subject: Option<String>,
    /// Paths that a commit changed, for people: of a commit that is taken for its paths the first that is selected, of one that is not some
    /// of those it changed. A folder that was not looked into ends with `/`.
    pub changed_paths: Vec<String>,
}

impl Details {
    /// Nothing but the name is known.
    pub const fn new() -> Self {
        Self {
            version: None,
            digest: None,
            time: None,
            commit: None,
            subject: None,
            changed_paths: Vec::new(),
        }
    }

    /// The same with the version that the name stands for.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<Option<String>>) -> Self {
        self.version = version.into();
        self
    }

    /// The same with its digest.
    #[must_use]
    pub fn with_digest(mut self, digest: impl Into<Option<String>>) -> Self {
        self.digest = digest.into();
        self
    }

    /// The same with its time.
    #[must_use]
    pub fn with_time(mut self, time: impl Into<Option<Timestamp>>) -> Self {
        self.time = time.into();
        self
    }

    /// The same with the commit that a tag leads to.
    #[must_use]
    pub fn with_commit(mut self, commit: impl Into<Option<String>>) -> Self {
        self.commit = commit.into();
        self
    }

    /// The same with the subject of the commit, if it is not empty.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into()).filter(|subject| !subject.is_empty());
        self
    }

    /// The same with paths that the commit changed.
    #[must_use]
    pub fn with_changed_paths(mut self, paths: Vec<String>) -> Self {
        self.changed_paths = paths;
        self
    }
}

/// Receives every candidate of a discovery, exactly once each.
///
/// Calls come from any thread, in no promised order
/// across candidates. An implementation must be quick: the source waits for it.
pub trait Trace: Send + Sync {
    /// The candidate is among the artifacts that were found.
    fn accepted(&self, candidate: &Candidate<'_>);

    /// The candidate is not, for this reason.
    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection);

    /// Reports how many candidates there are, each of which is judged unless the discovery fails. Called at most once, by sources that read a list before they judge what
    /// is in it. Does nothing unless it is overridden.
    fn listed(&self, count: usize) {
        let _ = count;
    }

    /// Reports the principal of the source. Called at most once, before the first request, by sources that look a credential up. Does nothing unless it is overridden.
    fn authenticated(&self, principal: &Principal) {
        let _ = principal;
    }

    /// The answer holds, and something about it deserves a person's attention. May be called any number of times, also by a
    /// discovery whose answer is `Unchanged`. Does nothing unless it is overridden.
    fn warned(&self, warning: &Warning) {
        let _ = warning;
    }
}

/// The identity that a source uses, described without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// With the credential of this description: `robot of Secret team/ghcr`.
    Credential(String),
    /// Without a credential, and, where that is known, why there is none.
    Anonymous(Option<String>),
}

/// Something about an answer that deserves a person's attention, although the answer holds: candidates that were passed over
/// because the registry refuses to show them, or an order that nothing decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What was seen. It starts in lower case, has no full stop and holds no credential.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Warning {
    /// A warning of this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Ignores everything.
impl Trace for () {
    fn accepted(&self, _: &Candidate<'_>) {}

    fn rejected(&self, _: &Candidate<'_>, _: &Rejection) {}
}

/// What a [`Recorder`] received about one candidate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The candidate's name.
    pub name: String,
    /// What else is known of it.
    pub details: Details,
    /// Why it was not taken; `None` for a candidate that was.
    pub rejection: Option<Rejection>,
}

/// A [`Trace`] that keeps everything.
///
/// ```
/// use artifact_source::{Candidate, Recorder, Rejection, Trace};
///
/// let recorder = Recorder::new();
/// recorder.accepted(&Candidate::new("1.2.3"));
/// recorder.rejected(&Candidate::new("latest"), &Rejection::NotAllowed);
///
/// let judgements = recorder.into_judgements();
/// assert_eq!(judgements.len(), 2);
/// assert!(judgements[0].rejection.is_none());
/// ```
#[derive(Debug, Default)]
pub struct Recorder {
    judgements: Mutex<Vec<Judgement>>,
    warnings: Mutex<Vec<Warning>>,
    principal: Mutex<Option<Principal>>,
    listed: Mutex<Option<usize>>,
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// All candidates, in the order in which they came.
    pub fn into_judgements(self) -> Vec<Judgement> {
        std::mem::take(&mut lock(&self.judgements))
    }

    /// How many candidates there are, if the source reported it: more than were judged where the discovery failed.
    pub fn listed(&self) -> Option<usize> {
        *lock(&self.listed)
    }

    /// All warnings so far, in the order in which they came.
    pub fn warnings(&self) -> Vec<Warning> {
        lock(&self.warnings).clone()
    }

    /// The identity that the source used, if it reported one.
    pub fn principal(&self) -> Option<Principal> {
        lock(&self.principal).clone()
    }

    fn record(&self, candidate: &Candidate<'_>, rejection: Option<&Rejection>) {
        lock(&self.judgements).push(Judgement {
            name: candidate.name.to_owned(),
            details: candidate.details.clone(),
            rejection: rejection.cloned(),
        });
    }
}

impl Trace for Recorder {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.record(candidate, None);
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.record(candidate, Some(why));
    }

    fn listed(&self, count: usize) {
        *lock(&self.listed) = Some(count);
    }

    fn authenticated(&self, principal: &Principal) {
        *lock(&self.principal) = Some(principal.clone());
    }

    fn warned(&self, warning: &Warning) {
        lock(&self.warnings).push(warning.clone());
    }
}
