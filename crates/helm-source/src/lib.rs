//! The versions of a Helm chart within a semver constraint, newest first, from a chart repository (`index.yaml` over HTTP) or an OCI
//! registry: the [`ArtifactSource`](artifact_source::ArtifactSource) of the `chart` subscription of a Kargo Warehouse.
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
//! // The next discovery costs one request, without a body if nothing changed.
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
//! - The versions within the [constraint](HelmSourceBuilder::constraint), in descending order
//!   ([rules 2.5 to 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), up to the
//!   [limit](HelmSourceBuilder::limit). The trace has every listed version, and the reason for each that is not found: not a version,
//!   outside the constraint, beyond the limit.
//! - A chart that is not in the index has no versions: an empty answer, not an error
//!   ([rule 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Deprecated versions count. A version that is
//!   listed twice may be found twice, as in Kargo.
//! - The query of a `repoURL` is kept at the end of the URL of the index.
//!
//! # Digests
//!
//! A version such as `0.0.0-dev` may be published again and again with other content. Under
//! [`follow_digests`](HelmSourceBuilder::follow_digests) each version is found with a [digest](artifact_source::Chart::digest), and a discovery is
//! unchanged only if the digests are the same too
//! ([rule 5.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)):
//!
//! - in a registry, the digest of the manifest that the tag points at, by a HEAD request for each version that is found, and GET where HEAD does not help.
//!   A tag that is listed and does not exist is skipped with a warning, and the next one takes its place; any other error fails the
//!   discovery;
//! - in a chart repository, the digest of the archive, as the entry of the index states it ([`EntryDigest`]), for no further request. A version
//!   whose entry has none, or one that is malformed, is found without a digest, with a warning. A discovery that is unchanged does not
//!   repeat the warning, as it does not read the index.
//!
//! # Times
//!
//! Each version in a chart repository is reported to the [trace](artifact_source::Trace) with the time that its entry was created at, if
//! that is one in RFC 3339 ([`Index::times`]): for people, and for no further request. No time changes what is selected, in which order, or
//! whether a discovery is unchanged. The tags of a registry have none.
//!
//! # Cost
//!
//! | | requests | body |
//! |---|---|---|
//! | index, first discovery | 1 | the index, compressed where the server can |
//! | index, unchanged (`ETag`, or a `Last-Modified` that is old enough to prove it) | 1 | 0 |
//! | index, unchanged, in a new process with a [`DiskIndexCache`] | 1 | 0 |
//! | index, any number of sources that ask at the same moment and share an [`IndexCache`] | 1 for all | once |
//! | registry | 1 per page of tags, and those for a token | the list |
//! | registry, with digests | 1 more per version that is found, at each discovery | 0 |
//! | registry, with a [check of the configuration](HelmSourceBuilder::check_config) | 1 more per version that is found or passed over | the manifest |
//!
//! An index is read as it arrives, in constant memory, at some 800 MB/s, by a lexer that verifies the YAML which index files are written
//! in. At anything else a full YAML parser takes over from the current entry; see [`IndexReader`].
//!
//! # Errors
//!
//! Each has an [`ErrorKind`](artifact_source::ErrorKind) and a hint:
//!
//! - a body that ends early, even at the end of a line, where it would be a valid index of fewer versions
//!   ([`BadAnswer`](artifact_source::ErrorKind::BadAnswer), transient and retried);
//! - a file that is not an index as a whole: a login page with status 200, conflict markers after the last entry, a chart given twice, an
//!   empty file (`BadAnswer`, with the line);
//! - more than 256 MiB after decompression ([`max_index_bytes`](HelmSourceBuilder::max_index_bytes)), more than 16 MiB in one entry, and charts
//!   and versions that take more than 32 MiB in memory, some 800,000 ([`TooLarge`](artifact_source::ErrorKind::TooLarge));
//! - a credential over plain http, or through a redirect to plain http. A redirect to another origin is followed without the credential.
//!
//! A 304 from another URL than the one that sent the validators proves nothing, and neither does one that states other validators or another
//! length; the index is then read. A server that gives two indexes the same validators is detected by their content, and requested without a
//! condition from then on. A server that answers 304 to the right validators of an index that has changed cannot be detected.
//!
//! An index that no longer lists what it listed in the last run is used, with a [warning](artifact_source::Warning): charts that are gone, and
//! versions of the chart that are gone.
//!
//! # Credentials
//!
//! The credential is looked up once per discovery, before the first request: in the
//! [source of credentials](HelmSourceBuilder::credentials), then in the `repoURL` itself. All requests, the cache and the trace use this one
//! identity.
//!
//! # Differences from Kargo
//!
//! - An empty index file is an error. Kargo reads it as a repository without charts.
//! - A query in the `repoURL` works.
//! - An invalid constraint, URL or name is an error when the source is built.

mod cache;
mod fetch;
mod index;
pub mod index_limits;
mod location;
mod observation;
mod rule;
mod selection;
mod source;

pub use cache::{DiskIndexCache, IndexCache};
pub use index::{EntryDigest, FallbackReason, Index, IndexError, IndexReader, Progress, ReadBy};
pub use source::{HelmSource, HelmSourceBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
