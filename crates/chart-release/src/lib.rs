//! **From a chart's folder to a release that a Warehouse discovers**: package, push to an OCI registry, publish in a chart repository on
//! object storage, tag in Git - with releases that resume after any failure and never overwrite.

pub mod build_marker;
pub mod changed;
pub mod dependency;
mod error;
pub mod git;
mod overwrite;
pub mod registry;
mod release;
pub mod repository;
pub mod store;

pub use error::Error;
pub use helm_chart::Package;
pub use overwrite::Overwrite;
pub use registry::ChartRegistry;
pub use release::{
    Action, Channel, ChartReport, DevVersion, Failure, ImageLocation, Outcome, Plan, PlannedChart, Refusal,
    Release, ReleaseBuilder, ReleaseObserver, Report, ReportedStep, Request, Step, StepKind,
};
pub use repository::ChartRepository;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
