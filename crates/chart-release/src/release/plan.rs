//! What a release will do, and why.

use std::fmt;
use std::sync::Arc;

use helm_chart::Package;
use serde::Serialize;

use super::refusal::Refusal;
use crate::Error;
use crate::git::CommitId;
use crate::overwrite::MOVING_VERSION;
use crate::registry::Standing;

/// What a release will do, from what is in the registry, the store and Git.
///
/// A plan that is complete has no step left to do. JSON of a plan is for programs; [`steps`](PlannedChart::steps) is for tables.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// The commit that is released. `None` outside of Git, as a dev release may be.
    pub commit: Option<CommitId>,
    /// The charts, in the order in which they were named.
    pub charts: Vec<PlannedChart>,
    /// Why nothing is published at all.
    pub refusals: Vec<Refusal>,
    /// Whether the charts were not named to be released together.
    #[serde(skip)]
    pub(super) is_auto: bool,
}

/// One chart of a [`Plan`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedChart {
    /// The name of the chart.
    pub chart: String,
    /// Whether it is released or becomes a dev release.
    pub channel: Channel,
    /// Why it is that. Empty if a dev release was asked for.
    pub reason: String,
    /// The version to publish. Empty if the chart cannot be read.
    pub version: String,
    /// The digest of the archive, as `sha256:` and 64 hexadecimal digits. Empty if there is no archive.
    pub digest: String,
    /// What is to be done, in the order in which it is done.
    pub steps: Vec<Step>,
    /// Why this chart is not published.
    pub refusals: Vec<Refusal>,
    /// What kept the chart from being packaged, or what exists of it from being read.
    #[serde(serialize_with = "message")]
    pub error: Option<Error>,
    #[serde(skip)]
    pub(super) package: Option<Arc<Package>>,
    /// What is in the registry.
    #[serde(skip)]
    pub(super) pushed: Option<Standing>,
}

/// Whether a chart is released or becomes a dev release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Channel {
    /// Published under its own version, once, with a tag.
    Release,
    /// Published under a dev version, without a tag.
    Dev,
}

/// One step of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Step {
    /// What is done.
    pub kind: StepKind,
    /// What is written: the reference in a registry, the file in a store, the tag. Without credentials.
    pub target: String,
    /// Whether it is left to be done.
    pub action: Action,
}

/// The kinds of steps, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StepKind {
    /// The archive is put into the store. No reader sees it before the index names it, and no other release can take its name.
    Archive,
    /// The archive is pushed to the registry.
    Push,
    /// The index in the store gets an entry; all charts of a release in one write.
    Index,
    /// The tag is created in this repository.
    Tag,
    /// The tag is pushed to the remote; all tags of a release at once.
    PushTag,
}

impl StepKind {
    /// The step in one word, such as `push`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Push => "push",
            Self::Index => "index",
            Self::Tag => "tag",
            Self::PushTag => "push tag",
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a step does to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Nothing is there: it is created.
    Create,
    /// A dev version is there with other content: it is replaced.
    Replace,
    /// It is there already.
    Keep,
}

impl Action {
    /// The action in one word, such as `create`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Keep => "keep",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PlannedChart {
    pub(super) fn new(chart: impl Into<String>) -> Self {
        Self {
            chart: chart.into(),
            channel: Channel::Release,
            reason: String::new(),
            version: String::new(),
            digest: String::new(),
            steps: Vec::new(),
            refusals: Vec::new(),
            error: None,
            package: None,
            pushed: None,
        }
    }

    /// Whether the chart can be published.
    pub fn is_possible(&self) -> bool {
        self.error.is_none() && self.refusals.is_empty()
    }

    /// Whether all that keeps it from being published is that an unfinished release has reserved the version.
    fn is_reserved(&self) -> bool {
        let is_one =
            |refusal: &Refusal| matches!(refusal, Refusal::OtherContent(conflict) if conflict.is_reserved);
        self.error.is_none() && !self.refusals.is_empty() && self.refusals.iter().all(is_one)
    }

    /// Whether all of it is there already.
    pub fn is_done(&self) -> bool {
        self.is_possible() && self.steps.iter().all(|step| step.action == Action::Keep)
    }

    /// Whether what is under the version may be replaced: it is the dev version that moves.
    pub(super) fn may_replace(&self) -> bool {
        self.channel == Channel::Dev && self.version == MOVING_VERSION
    }

    /// The step of this kind, if it is left to be done.
    pub(super) fn pending(&self, kind: StepKind) -> Option<&Step> {
        self.steps.iter().find(|step| step.kind == kind && step.action != Action::Keep)
    }
}

impl Plan {
    /// Whether the plan can be carried out: a release publishes all of its charts or none. A dev release publishes those that it can, and
    /// [`Request::Auto`](super::Request::Auto) passes over charts that an unfinished release of another commit has reserved.
    pub fn is_possible(&self) -> bool {
        let release = self.charts.iter().filter(|chart| chart.channel == Channel::Release);
        let mut release = release.filter(|chart| !(self.is_auto && chart.is_reserved()));
        self.refusals.is_empty() && release.all(PlannedChart::is_possible)
    }

    /// Whether everything is there already.
    pub fn is_done(&self) -> bool {
        self.refusals.is_empty() && self.charts.iter().all(PlannedChart::is_done)
    }

    /// All refusals, each with the chart that it is about; none for what concerns the release as a whole.
    pub fn refusals(&self) -> impl Iterator<Item = (Option<&str>, &Refusal)> {
        let whole = self.refusals.iter().map(|refusal| (None, refusal));
        let charts = self.charts.iter();
        whole.chain(
            charts
                .flat_map(|chart| chart.refusals.iter().map(|refusal| (Some(chart.chart.as_str()), refusal))),
        )
    }
}

fn message<S: serde::Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.collect_str(error),
        None => serializer.serialize_none(),
    }
}
