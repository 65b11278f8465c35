//! The dependencies of a chart: chosen, locked, and embedded.
//!
//! ```
//! use std::sync::Arc;
//!
//! use artifact_http::{Call, HttpClient, SourceContext};
//! use chart_release::dependency::DependencyResolver;
//! use helm_chart::DiskFolders;
//!
//! # async fn example(root: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! // The root of a repository with the charts charts/web and charts/common; web depends on file://../common.
//! let folders = Arc::new(DiskFolders::new(root)?);
//! let context = SourceContext::new(HttpClient::builder().build()?);
//! let resolver = DependencyResolver::builder(folders, &context).build();
//!
//! let locked = resolver.lock("charts/web", &Call::new()).await?;
//! assert_eq!(locked.lock.map(|lock| lock.dependencies()[0].version.clone()).as_deref(), Some("0.4.0"));
//!
//! let chart = resolver.build("charts/web", &Call::new()).await?;
//! assert_eq!(chart.chart("common").map(|common| common.version()), Some("0.4.0"));
//! assert_eq!(chart.package()?.file_name(), "web-1.2.3.tgz");
//! # Ok(())
//! # }
//! # let root = tempfile::tempdir().unwrap();
//! # let write = |path: &str, text: &str| {
//! #     let file = root.path().join(path);
//! #     std::fs::create_dir_all(file.parent().unwrap()).unwrap();
//! #     std::fs::write(file, text).unwrap();
//! # };
//! # write("charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 0.4.0\ntype: library\n");
//! # write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies:\n- name: common\n  version: ^0.4\n  repository: file://../common\n");
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(root.path())).unwrap();
//! ```
//!
//! # Where a dependency comes from
//!
//! | `repository` | chosen | embedded |
//! |---|---|---|
//! | `file://../common` | the version of the folder | the folder, with its own dependencies |
//! | `https://`, `http://` | the newest version in the constraint that has a URL | the archive, checked against the digest of the index |
//! | `oci://host/path` | the newest version in the constraint among the tags of `host/path/NAME`; an exact version as it is | the chart layer of the manifest |
//! | `@name`, `alias:name` | as the URL that [`repository_alias`](DependencyResolverBuilder::repository_alias) gives | |
//! | empty | the constraint itself | the chart `NAME` in `charts/`, which must be there |
//!
//! The rules are those of `helm dependency update` and `helm dependency build`. The differences:
//!
//! - A folder's own dependencies are embedded too. Helm leaves them out, so that the package lacks them.
//! - A chart that depends on itself, directly or through others, is an error that shows the circle.
//! - `file://` may not lead out of the root, and may not be absolute: another checkout would have another chart there, or none.
//! - An archive whose digest is not that of the index is refused.
//! - A chart that is resolved takes the place of the one with its name in `charts/`. Others in `charts/` stay.
//!
//! # Requests
//!
//! The index of each chart repository is read once for all dependencies and charts of a resolver. Archives are fetched at once. The
//! credential of a chart repository goes to its origin alone, as in Helm without `--pass-credentials`.

mod drift;
mod index;
mod local;
mod oci;
mod resolver;

pub use drift::{Change, Drift};
pub use resolver::{DependencyResolver, DependencyResolverBuilder, Locked};
