//! An **image source** finds the newest container images of one repository that fit one rule, with the
//! fewest requests there can be.
//!
//! ```
//! use artifact_http::HttpClient;
//! use artifact_source::{ArtifactSource, DiscoverRequest};
//! use image_source::{ImageSource, PlatformConstraint};
//! use oci_registry::RegistryClient;
//! use selection_strategies::{TagFilter, TagRule};
//!
//! # async fn example(image: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = RegistryClient::builder(HttpClient::builder().build()?).build();
//! let rule = TagRule::semver(Some("^1.0".parse()?))
//!     .with_filter(TagFilter::builder().ignore("-debug$").build()?);
//!
//! let platform: PlatformConstraint = "linux/arm64".parse()?;
//! let source = ImageSource::builder(image).registry(client.clone()).rule(rule).platform(platform).limit(5).build()?;
//! let found = source.discover(DiscoverRequest::new()).await?.found().expect("nothing was seen before");
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
//! # What is asked for
//!
//! | strategy | requests, cold | again |
//! |---|---|---|
//! | semantic versions, lexical | tag pages + 1 per image looked at | the same, as HEAD |
//! | digest | 1 | 1, as HEAD |
//! | newest build | tag pages + 1 per tag, + 2 per platform where the index does not say when it was built | tag pages + 1 per tag, as HEAD |
//! | all but digest, with [`cache_by_tag`](ImageSourceBuilder::cache_by_tag) | as above | tag pages, + what is new as if cold |
//!
//! and two more to sign in where the registry wants a token: in every process anew, as no token is ever kept. "Again" is in the
//! same process, or with a [`DiskCache`] in any.
//!
//! That is the floor. One GET by tag brings the digest, the annotations and the list of platforms. The platforms' own
//! manifests are asked for only where the time of a build is needed and nothing else tells it, and a configuration only for
//! that, or where an image of one platform has to say which one that is. What has a digest never changes, so it is
//! read once and [kept](FactCache). A tag may move, and only asking tells. A tag that has moved costs one request more, for
//! what it points at now, unless that is known; aliases that move together cost one more together. A list of tags has no digest and no way to ask whether it is still the same.
//! A registry that answers HEAD without a digest is [asked so once](oci_registry::Repository::head_manifest), and with GET from then on. Where HEAD is refused, GET decides:
//! a refusal without a body does not tell a tag that is gone from a repository that is.
//!
//! # Which image fits
//!
//! - [`TagRule`](selection_strategies::TagRule) decides about tags (semantics rules 3.1 to 3.5).
//! - A [platform](PlatformConstraint) without variant fits every variant; an index is judged by what it lists,
//!   and an image of one platform by its configuration (rule 3.6).
//! - The limit counts images that passed everything, and is filled up as long as there are tags (rule 3.8).
//! - What is no image is passed over with what it is, such as "a Helm chart, not an image" (rule 3.10).
//! - A tag that is gone between the list and the look is passed over, with its reason in the trace. One that the registry
//!   definitely refuses (4xx, but for sign-in, rates and time-outs) is passed over with a [warning](artifact_source::Warning), if
//!   another can be read and the first eight of the order are not all refused (rule 3.8). Every other fault of a candidate that matters is an error: an older image must never win because a newer one could not be
//!   read. A fault of one that turns out to be beyond the limit changes nothing.
//! - Every candidate ends in the [trace](artifact_source::Trace), accepted or rejected with its rule, exactly once. The
//!   candidates are the tags that are listed; under a digest rule there is no list, and its one tag is the only candidate.
//! - Images come best first: by version, by tag, or by time and then tag, each descending.
//!
//! # What is remembered
//!
//! A [`FactCache`] keeps what each digest is, and which digest each tag had: [in memory](MemoryCache), if it is not said,
//! or [on disk](DiskCache). What is read with one credential is not told to another.
//!
//! The [observation](artifact_source::Observation) also holds which digest each tag had. The next call asks with HEAD
//! whether it still has it, and says
//! [`Unchanged`](artifact_source::Discovery::Unchanged) if the same tags with the same digests would be
//! found - after looking, as a list of tags alone proves nothing. Only where the subscription vouches that its
//! tags never move, and the [policy](CacheByTagPolicy) lets it, is a tag looked at once and for all.

mod cache;
mod config;
mod created;
mod facts;
mod index;
mod inspect;
mod kind;
mod memory;
mod miss;
mod platform;
mod policy;
mod select;
mod source;
mod tally;
mod warning;

pub use cache::{CacheScope, DiskCache, FactCache, MemoryCache};
pub use facts::{ConfigFacts, Entry, Facts, ManifestFacts};
pub use platform::{InvalidPlatform, PlatformConstraint};
pub use policy::{CacheByTagPolicy, InvalidPolicy};
pub use source::{ImageSource, ImageSourceBuilder};
