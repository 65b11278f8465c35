//! **From a chart's folder to a release that a Warehouse discovers**: package, push to an OCI registry, publish in a chart repository on
//! object storage, tag in Git - with releases that resume after any failure and never overwrite.

pub mod build_marker;
pub mod changed;
mod error;
pub mod git;

pub use error::Error;
pub use helm_chart::Package;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
