//! **Helm charts as files**: `Chart.yaml`, the files of a folder after `.helmignore`, `Chart.lock`, and a reproducible archive with the
//! content that `helm package` writes.
//!
//! This crate sends nothing and runs nothing. [`chart-release`](https://docs.rs/chart-release) resolves dependencies and publishes.

mod archive;
mod chart;
mod decode;
mod disk;
mod error;
mod file;
mod folder;
pub mod go_yaml;
mod ignore;
mod limit;
mod lock;
mod metadata;
mod name;
mod package;
mod validate;
mod yaml;

pub use chart::Chart;
pub use disk::DiskFolders;
pub use error::Error;
pub use file::ChartFile;
pub use folder::ChartFolders;
pub use ignore::HelmIgnore;
pub use lock::Lock;
pub use metadata::{Dependency, Maintainer, Metadata};
pub use package::Package;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
