//! **The versions of a Helm chart, newest first**, from a chart repository (`index.yaml` over http) or
//! from an OCI registry, within a semver constraint: an [`ArtifactSource`](artifact_source::ArtifactSource) as a
//! Kargo Warehouse's `chart` subscription describes it.
//!
//! ```
//! use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
//! use helm_source::HelmSource;
//!
//! # async fn example(repo_url: &str) -> Result<(), artifact_source::Error> {
//! let source = HelmSource::builder(repo_url).chart("web").constraint("^1.0").limit(2).build()?;
//!
//! let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await? else { return Ok(()) };
//! let versions: Vec<_> = found.artifacts.iter().map(|chart| chart.version.as_str()).collect();
//! assert_eq!(versions, ["1.10.0", "1.9.0"]);
//!
//! // The next time costs one request, and no body if nothing changed.
//! let request = DiscoverRequest::new().with_previous(found.observation.as_ref());
//! let Discovery::Unchanged { cost } = source.discover(request).await? else { return Ok(()) };
//! assert_eq!((cost.requests, cost.bytes_received), (1, 0));
//! # Ok(())
//! # }
//! # let server = warehouse_testkit::ChartServer::start().unwrap();
//! # for version in ["1.8.0", "1.9.0", "1.10.0", "2.0.0"] {
//! #     server.publish(&warehouse_testkit::Chart::new("web", version));
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(&server.url())).unwrap();
//! # assert_eq!(server.log().counters().requests, 2);
//! ```
//!
//! # What is found
//!
//! | `repoURL` | listed | a version is | found as |
//! |---|---|---|---|
//! | `https://`, `http://` | `entries[name][].version` of `<repoURL>/index.yaml`, in YAML or JSON | lenient: `1.2`, `v1.2.3` | written |
//! | `oci://` | the tags of the repository | strict and without `v`, with `_` for `+` ([opt-in](HelmSourceBuilder::accept_v): with `v`) | the tag with `+` |
//!
//! - Those within the [constraint](HelmSourceBuilder::constraint), in descending order (semantics rules 2.5 to
//!   2.11), up to the [limit](HelmSourceBuilder::limit). Everything that is listed is traced, with the reason
//!   if it is not found: no version, outside the constraint, beyond the limit.
//! - A chart that is not in the index has no versions: an empty result, not an error (rule 5.1). Deprecated
//!   versions stay. A version that is listed twice is found twice and takes two places, as in Kargo.
//! - A query of the `repoURL` stays at the end of the URL of the index.
//!
//! # What it costs
//!
//! | | requests | body |
//! |---|---|---|
//! | index, first time | 1 | the index, compressed where the server can |
//! | index, not changed (`ETag`, or a `Last-Modified` that is old enough to prove it) | 1 | 0 |
//! | index, any number of sources that ask at the same moment and share an [`IndexCache`] | 1 for all | once |
//! | registry | 1 per page of tags, and those for a token | the list |
//!
//! An index is read as it arrives by a lexer that verifies the YAML which index files are written in, at some
//! 800 MB/s and in constant memory. Whatever else it meets goes to a full YAML parser, from the entry that
//! was begun; see [`IndexReader`].
//!
//! # What is refused
//!
//! Each with its own [`ErrorKind`](artifact_source::ErrorKind) and a hint:
//!
//! - a body that ends early, however it looks: cut at the end of a line it would be a good index of fewer versions;
//! - what is no index as a whole: a login page with status 200, conflict markers after the last entry, a chart
//!   given twice, an empty file (all [`BadAnswer`](artifact_source::ErrorKind::BadAnswer), with the line);
//! - more than 256 MiB after decompression ([`max_index_bytes`](HelmSourceBuilder::max_index_bytes));
//! - "not modified" from another place than the one that gave the validator;
//! - a credential over plain http, or through a redirect to plain http; a redirect to another origin is
//!   followed without it.
//!
//! # Where it differs from Kargo
//!
//! - An empty index file is an error. Kargo takes it for a repository without charts, and a chart that has
//!   vanished for one that never was.
//! - A query in the `repoURL` works.
//! - A constraint, a URL or a name that cannot work is an error when the source is built.

mod body;
mod builder;
mod cache;
mod fetch;
mod index;
mod location;
mod selection;
mod source;
mod validator;

pub use builder::HelmSourceBuilder;
pub use cache::IndexCache;
pub use index::{Doubt, Index, IndexError, IndexReader, ReadBy, Taken};
pub use source::HelmSource;
