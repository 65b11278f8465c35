//! **From a chart's folder to a release that a Warehouse discovers**: package, push to an OCI registry, publish in a chart repository on
//! object storage, tag in Git - with releases that resume after any failure and never overwrite.
//!
//! ```
//! use artifact_http::{HttpClient, SourceContext};
//! use chart_release::git::GitRepository;
//! use chart_release::store::Store;
//! use chart_release::{ChartRegistry, ChartRepository, Release, Request};
//!
//! # async fn example(clone: &std::path::Path, registry: &str, store: &str) -> Result<(), chart_release::Error> {
//! // A clone with charts/common, a library chart, and charts/web, which depends on file://../common.
//! let context = SourceContext::new(HttpClient::builder().build()?);
//! let release = Release::of_repository(GitRepository::discover(clone)?, &context)?
//!     .registry(ChartRegistry::builder(registry).build()?)
//!     .repository(ChartRepository::new(Store::open(store)?))
//!     .build();
//!
//! let request = Request::Release(vec!["common".into(), "web".into()]);
//! let plan = release.plan(&request, &(), None).await?;
//! assert!(plan.is_possible() && !plan.is_done());
//! let report = release.execute(plan, &(), None).await;
//! assert!(report.is_complete());
//!
//! // The same again, after a failure or not, does what is missing: nothing.
//! assert!(release.plan(&request, &(), None).await?.is_done());
//! # Ok(())
//! # }
//! # let registry = warehouse_testkit::Registry::start().unwrap();
//! # let git = warehouse_testkit::GitServer::start().unwrap();
//! # let remote = git.create("charts.git").unwrap();
//! # let commit = warehouse_testkit::Commit::new("Charts")
//! #     .file("charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n")
//! #     .file("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies:\n- name: common\n  version: ^1.0.0\n  repository: file://../common\n");
//! # remote.commit("main", commit).unwrap();
//! # let folder = tempfile::tempdir().unwrap();
//! # let clone = folder.path().join("clone");
//! # let status = std::process::Command::new("git").args(["clone", "--quiet", remote.url()]).arg(&clone).status().unwrap();
//! # assert!(status.success());
//! # let store = folder.path().join("store");
//! # std::fs::create_dir(&store).unwrap();
//! # let (url, store) = (format!("oci://{}/charts", registry.host()), format!("file://{}", store.display()));
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(&clone, &url, &store)).unwrap();
//! ```
//!
//! # What is here
//!
//! | | what it does | uses |
//! |---|---|---|
//! | [`Release`], [`Plan`], [`Report`] | releases and dev releases of the charts of one repository | all below |
//! | [`dependency`] | chooses, locks and embeds dependencies | `helm-source` |
//! | [`registry`] | pushes to an OCI registry, as Helm writes | `oci-registry` |
//! | [`repository`], [`store`] | keeps a chart repository on S3, Google Cloud Storage, Azure, a folder, or a remote of rclone | `object_store`, the `rclone` program |
//! | [`git`] | reads the repository of the charts, creates and pushes tags | `gix`, the `git` program for remotes |
//! | [`changed`] | the charts that a push or a pull request concerns | |
//! | [`build_marker`] | the marker of a commit message that asks for an image | |
//!
//! Charts as files are the crate [`helm-chart`](helm_chart).
//!
//! # What a release promises
//!
//! - **It is a function of the commit.** Charts are packaged from the commit `HEAD`, with the dependencies of `Chart.lock`, so the same commit gives the same archives
//!   on every machine. A dev release packages the folder on disk.
//! - **It never overwrites.** A version that exists with other content, in the registry or in the store, is refused with both digests. Only `0.0.0-dev` moves.
//! - **It resumes.** Steps are done in the order of [`StepKind`]: archives into the store, which no reader sees yet and which reserve the names; pushes; the index, at once;
//!   tags; the push of all tags. Each step looks first at what is there. A process that is killed at any moment leaves a release that the same call
//!   finishes.
//! - **A reader never sees an entry without its archive**, nor a tag without what it stands for.
//!
//! Without a store there is no reservation: registries have no conditional push, so of two releasers of one version at the same moment, with
//! other content, the last one may win in the registry. The push looks again at the tag and reports it.
//!
//! # Features
//!
//! `s3`, `gs` and `az`, on by default: the stores of these schemes.

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
pub use overwrite::{Conflict, Overwrite};
pub use registry::ChartRegistry;
pub use release::{
    Action, Channel, ChartReport, DevVersion, Failure, ImageLocation, Outcome, Plan, PlannedChart, Refusal,
    Release, ReleaseBuilder, ReleaseObserver, Report, ReportedStep, Request, Step, StepKind,
};
pub use repository::ChartRepository;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
