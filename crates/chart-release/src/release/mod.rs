//! Releases: what exists, what is missing, and the steps that close the gap.
//!
//! Data flows one way: a [`Release`] knows where charts are and where they go; planning reads what is there and gives a [`Plan`]; carrying the plan out
//! gives a [`Report`].

mod agree;
mod dev_version;
mod execute;
mod image;
mod observer;
mod plan;
mod planning;
mod refusal;
mod report;
mod settings;

use std::time::Instant;

use futures::FutureExt as _;

use crate::Error;

pub use dev_version::DevVersion;
pub use image::ImageLocation;
pub use observer::ReleaseObserver;
pub use plan::{Action, Channel, Plan, PlannedChart, Step, StepKind};
pub use refusal::Refusal;
pub use report::{ChartReport, Failure, Outcome, Report, ReportedStep};
pub use settings::{Release, ReleaseBuilder, Request};

impl Release {
    /// What is to be done. Reads Git, the registry, the store and the remote, and writes nothing.
    ///
    /// # Errors
    ///
    /// If Git, the remote or the index of the store cannot be read. What cannot be read of one chart alone is the
    /// [error](PlannedChart::error) of that chart, so that the plan names each of them; what is refused is in the plan.
    pub async fn plan(
        &self,
        request: &Request,
        observer: &dyn ReleaseObserver,
        deadline: Option<Instant>,
    ) -> Result<Plan, Error> {
        planning::plan(self, request, observer, deadline).boxed().await
    }

    /// Carries a plan out: what is left to be done, in the order of [`StepKind`]. A plan that is not [possible](Plan::is_possible) publishes nothing.
    ///
    /// Each step looks again at what exists, so an outdated plan overwrites nothing. Only the dev version that may be replaced anyway is pushed
    /// without that look. If another release replaces it at the same moment, the registry and the store end with the same content, and the one
    /// whose content it is not has [`Outcome::Superseded`].
    pub async fn execute(
        &self,
        plan: Plan,
        observer: &dyn ReleaseObserver,
        deadline: Option<Instant>,
    ) -> Report {
        self.execute_until(plan, observer, deadline, std::future::pending()).await
    }

    /// The same, until `stop` is ready, as on Ctrl-C: the step that is done then is given up, the lock of the store is given back, and the report says what is
    /// done and what is not.
    pub async fn execute_until(
        &self,
        plan: Plan,
        observer: &dyn ReleaseObserver,
        deadline: Option<Instant>,
        stop: impl Future<Output = ()> + Send,
    ) -> Report {
        execute::Execution::new(self, observer, deadline, stop.boxed(), plan).run().boxed().await
    }
}
