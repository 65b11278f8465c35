//! An **image source** finds the newest container images of one repository that match one rule, with as few
//! requests as possible.
//!
//! ```
//! use artifact_http::HttpClient;
//! use artifact_source::{ArtifactSource, DiscoverRequest};
//! use image_source::{ImageSource, Platform};
//! use oci_registry::RegistryClient;
//! use selection_strategies::{TagFilter, TagRule};
//!
//! # async fn example(image: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = RegistryClient::builder(HttpClient::builder().build()?).build();
//! let rule = TagRule::semver(Some("^1.0".parse()?))
//!     .with_filter(TagFilter::builder().ignore("-debug$").build()?);
//!
//! let platform: Platform = "linux/arm64".parse()?;
//! let source = ImageSource::builder(image).registry(client.clone()).rule(rule).platform(platform).limit(5).build()?;
//! let found = source.discover(DiscoverRequest::new()).await?.found().expect("there is no previous observation");
//!
//! assert_eq!(found.artifacts[0].tag, "1.1.0");
//! assert_eq!(found.cost.requests, 3); // the list of tags, and one for each image that was found
//! # Ok(())
//! # }
//! # let registry = warehouse_testkit::Registry::start().unwrap();
//! # for tag in ["1.0.0", "1.1.0", "1.2.0-debug", "2.0.0", "latest"] {
//! #     registry.image("demo/app").tag(tag).platforms(["linux/amd64", "linux/arm64"]).push();
//! # }
//! # let image = format!("{}/demo/app", registry.host());
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(&image)).unwrap();
//! ```
//!
//! # Structure
//!
//! Data flows one way: [`ImageSource`] runs a selection, which chooses candidates by the rule; the selection lets an inspector read
//! each candidate; the inspector turns manifests and configurations into [`Facts`], which a [`FactCache`] keeps.
//!
//! # Requests
//!
//! | strategy | requests, cold | again |
//! |---|---|---|
//! | semantic versions, lexical | tag pages + 1 per inspected image | the same, as HEAD |
//! | digest | 1 | 1, as HEAD |
//! | newest build | tag pages + 1 per tag, + 2 per platform if the index has no build time | tag pages + 1 per tag, as HEAD |
//! | all but digest, with [`cache_by_tag`](ImageSourceBuilder::cache_by_tag) | as above | tag pages, + new tags as if cold |
//!
//! and two more for authentication if the registry requires a token: in every process, as tokens are not stored. "Again" is in the
//! same process, or in any process with a [`DiskCache`].
//!
//! One GET by tag returns the digest, the annotations and the list of platforms. The manifests of the platforms
//! are read only for a build time that nothing else states, and a configuration only for that, or for the platform of an image
//! for one platform. The content of a digest never changes, so it is read once and [cached](FactCache). A tag may move, so its digest is
//! read each time. A tag that has moved costs one more request, unless its content is cached; tags that move together to one digest cost one
//! more together. The list of tags has no digest and no validator, so it is read each time.
//! A registry that answers HEAD without a digest gets [one such request](oci_registry::Repository::head_manifest), and GET from then on.
//! If HEAD is refused, GET decides: a refusal without a body does not distinguish a missing tag from a missing repository.
//!
//! # Selection
//!
//! Rules are those of the page [semantics](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md).
//!
//! - [`TagRule`](selection_strategies::TagRule) judges tags ([rules 3.1 to 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - A [platform](Platform) without a variant matches every variant. An index is judged by its entries,
//!   and an image for one platform by its configuration ([rule 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - The limit counts suitable images, and is filled as long as there are tags ([rule 3.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - An artifact that is not an image is skipped with its kind, such as "a Helm chart, not an image" ([rule 3.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - A tag that disappears after the list was read is skipped, with its reason in the trace. A tag that the registry
//!   definitely refuses (4xx, except for authentication, rate limits and time-outs) is skipped with a [warning](artifact_source::Warning),
//!   if another one can be read and the first eight in the order are not all refused ([rule 3.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Any other error of a candidate
//!   that the limit needs fails the discovery: an older image must not be selected because a newer one could not be
//!   read. An error of a candidate beyond the limit is ignored.
//! - Every candidate is in the [trace](artifact_source::Trace) exactly once, accepted or rejected with its rule. The
//!   candidates are the listed tags; a digest rule has one candidate, its tag.
//! - Images are sorted best first: by version, by tag, or by time and then tag, each descending.
//!
//! # State
//!
//! A [`FactCache`] keeps the facts about each digest, and the last digest of each tag: [in memory](MemoryCache) by default,
//! or [on disk](DiskCache). Facts that were read with one credential are not used for another one.
//!
//! The [observation](artifact_source::Observation) has the digest of each tag that was read, too. The next discovery checks with HEAD
//! whether they are the same, and returns [`Unchanged`](artifact_source::Discovery::Unchanged) if it would find the same tags with the same
//! digests. A list of tags alone proves nothing. Only if the subscription declares that its
//! tags never move, and the [policy](CacheByTagPolicy) allows it, is a tag read once.

mod cache;
mod config;
mod facts;
mod inspection;
mod observation;
mod policy;
mod selection;
mod source;

pub use cache::{CacheScope, DiskCache, FactCache, MemoryCache};
pub use config::ConfigFacts;
pub use facts::{Entry, Facts, ManifestFacts};
pub use oci_registry::{InvalidPlatform, Platform};
pub use policy::{CacheByTagPolicy, InvalidPolicy};
pub use source::{ImageSource, ImageSourceBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
