//! Releases: what stands, what is missing, and the steps that close the gap.

mod dev_version;
mod observer;
mod plan;
mod refusal;

pub use dev_version::DevVersion;
pub use observer::ReleaseObserver;
pub use plan::{Action, Channel, Plan, PlannedChart, Step, StepKind};
pub use refusal::Refusal;
