//! What a release did.

use serde::Serialize;

use super::plan::{Action, Channel, Step, StepKind};
use crate::Error;

/// What a release did, and what it did not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The charts, in the order of the plan.
    pub charts: Vec<ChartReport>,
    /// What failed, in the order of the steps.
    pub failures: Vec<Failure>,
}

/// What was done for one chart.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartReport {
    /// The name of the chart.
    pub chart: String,
    /// Whether it was released or became a dev release.
    pub channel: Channel,
    /// The version. Empty if the chart could not be read.
    pub version: String,
    /// The digest of the archive. Empty if there is none.
    pub digest: String,
    /// The steps, each with what became of it.
    pub steps: Vec<ReportedStep>,
}

/// One step and what became of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportedStep {
    /// The step as it was planned.
    #[serde(flatten)]
    pub step: Step,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was there before.
    Kept,
    /// It was created.
    Created,
    /// It was replaced.
    Replaced,
    /// It was done, and another release has replaced it since with other content of the same dev version. The registry and the store have
    /// the content of that release, both of them.
    Superseded,
    /// It failed; a [`Failure`] says why.
    Failed,
    /// It was stopped while it was done, so it may exist or not.
    Stopped,
    /// It was not tried, since something before it failed.
    NotTried,
}

impl Outcome {
    /// The outcome in one or two words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Created => "created",
            Self::Replaced => "replaced",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::NotTried => "not tried",
        }
    }

    /// Whether it exists now.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Kept | Self::Created | Self::Replaced)
    }
}

impl From<Action> for Outcome {
    fn from(action: Action) -> Self {
        match action {
            Action::Create => Self::Created,
            Action::Replace => Self::Replaced,
            Action::Keep => Self::Kept,
        }
    }
}

/// What failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Failure {
    /// The chart; `None` for what concerns all of them.
    pub chart: Option<String>,
    /// The step; `None` for what failed before the first one.
    pub step: Option<StepKind>,
    /// Why.
    #[serde(serialize_with = "message")]
    pub error: Error,
}

impl Report {
    /// Whether everything that was planned is there now.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.charts.iter().all(ChartReport::is_complete)
    }
}

impl ChartReport {
    /// Whether another release has replaced the dev version since.
    pub fn is_superseded(&self) -> bool {
        self.steps.iter().any(|step| step.outcome == Outcome::Superseded)
    }

    /// Whether everything that was planned for the chart is there now. A chart that could not be packaged has no steps, and is not complete.
    pub fn is_complete(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.outcome.is_done())
    }
}

fn message<S: serde::Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}
