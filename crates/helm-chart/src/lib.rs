//! **Helm charts as files**: `Chart.yaml`, the files of a folder after `.helmignore`, `Chart.lock`, and a reproducible archive with the
//! content that `helm package` writes.
//!
//! ```
//! use helm_chart::{Chart, DiskFolders};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::create_dir_all(folder.path().join("charts/web/templates"))?;
//! # let write = |path: &str, text: &str| std::fs::write(folder.path().join("charts/web").join(path), text);
//! # write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n")?;
//! # write("templates/deployment.yaml", "kind: Deployment\n")?;
//! # let repository = folder.path();
//! let folders = DiskFolders::new(repository)?;
//! let chart = Chart::read(&folders, "charts/web")?;
//! assert_eq!((chart.name(), chart.version()), ("web", "1.2.3"));
//!
//! let package = chart.package()?;
//! assert_eq!(package.file_name(), "web-1.2.3.tgz");
//! assert!(package.digest().starts_with("sha256:"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate sends nothing and starts no process. [`chart-release`](https://docs.rs/chart-release) resolves dependencies and publishes.
//!
//! | you want to | look at |
//! |---|---|
//! | load and package a chart | [`Chart`] |
//! | read charts from somewhere else than a disk | [`ChartFolders`] |
//! | know which files are left out | [`HelmIgnore`] |
//! | read or write `Chart.lock` | [`Lock`] |
//! | write YAML as Helm does | [`go_yaml`] |
//!
//! # What is in a package
//!
//! The files and the content that `helm package` writes:
//!
//! - `Chart.yaml` is written anew from the fields that Helm knows; others are dropped. `appVersion: 1.10` without quotation marks is the
//!   number 1.1, as in Helm. `Chart.lock` is written anew too.
//! - Charts in `charts/` are unpacked, archives (`.tgz`) too, under the names that they have in their `Chart.yaml`. Folders whose name
//!   begins with `_` or `.` are left out.
//! - A byte order mark at the start of a file is removed. Modes and times of files are not kept, and there are no empty directories.
//!
//! Everything that varies in Helm's archives is fixed, so the same files give the same bytes: every file has the time 0 of Unix and the owner
//! 0; files are in the order in which Helm walks through a folder, and charts in `charts/` in the order of their names.
//!
//! # Differences from `helm package`
//!
//! - Times, and the order of charts in `charts/`, which Helm takes at random.
//! - What only one of Helm 3 and Helm 4 accepts is refused: a file above 5 MiB (Helm 3 refuses it), another `apiVersion` than `v1` and `v2`
//!   (Helm 4 refuses it).
//! - What Helm packages and does not load again is refused: a `\` in a name, a name that begins with `..`, two versions of one chart in
//!   `charts/`, 100 MiB or more in total.
//! - A link to a target outside of the root is refused. Helm follows it, so that a chart can contain any file of the machine.
//! - Links and devices in an archive in `charts/` are refused. Helm makes empty files of them.
//! - An invalid `.helmignore` line that is not UTF-8 is refused.
//!
//! # Line ends
//!
//! Bytes are taken as they are. [`DiskFolders`] reads what the checkout wrote: with `core.autocrlf` on Windows that is a different text than
//! on Linux, and so a different package. A release is made from Git's objects, in which line ends are those that were committed, so it does not
//! depend on the checkout. For packages from a folder, `* text=auto eol=lf` in `.gitattributes` gives the same bytes everywhere.
//! `.helmignore` and the YAML files that are read here may have either kind of line end.

mod archive;
mod chart;
mod decode;
mod dev_version;
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
pub use dev_version::names_dev_version;
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
