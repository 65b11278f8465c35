//! **Helm charts as files**: `Chart.yaml`, the files of a folder after `.helmignore`, `Chart.lock`, and a reproducible archive with the
//! content that `helm package` writes.
//!
//! This crate sends nothing and runs nothing. [`chart-release`](https://docs.rs/chart-release) resolves dependencies and publishes.

mod error;
pub mod go_yaml;
mod metadata;
mod package;

pub use error::Error;
pub use metadata::{Dependency, Maintainer, Metadata};
pub use package::Package;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
