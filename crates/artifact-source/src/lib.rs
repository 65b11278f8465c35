//! An **artifact source** answers one question: *which are the newest revisions, in this one
//! place, that match this one rule?* This crate defines the trait and its results; the sources
//! are in other crates.
//!
//! A place is an image repository, a Git repository, a chart repository, or one of your own:
//! implement [`ArtifactSource`] and run the [`conformance`] suite over it, and every program that
//! uses sources through the trait can use yours.
//!
//! ```
//! use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, memory::MemorySource};
//!
//! # async fn example() -> Result<(), artifact_source::Error> {
//! let source = MemorySource::new("demo", ["1.2.0", "1.10.0", "nightly"]).with_limit(1);
//!
//! let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await? else {
//!     unreachable!("there was no previous observation to be unchanged from");
//! };
//! assert_eq!(found.artifacts[0].version, "nightly"); // by bytes, descending
//!
//! // Given its observation of last time, a source can prove that nothing changed.
//! let observation = found.observation.expect("a memory source always gives one");
//! let again = source.discover(DiscoverRequest::new().with_previous(&observation)).await?;
//! assert!(matches!(again, Discovery::Unchanged { .. }));
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # Contents
//!
//! | you want to | look at |
//! |---|---|
//! | implement a source | [`ArtifactSource`] and its contract |
//! | hold different sources in one list | [`ArtifactSourceExt::erase`], [`AnyArtifact`] |
//! | find out why a candidate was not selected | [`Trace`], [`Recorder`] |
//! | poll cheaply | [`Observation`], [`Fingerprint`] |
//! | know what a discovery cost | [`Cost`], [`Meter`] |
//! | tell a transient fault from a permanent one | [`Error::is_transient`] |
//! | set the time | [`Clock`] |
//! | test an implementation | [`conformance`] |

mod artifact;
mod clock;
pub mod conformance;
mod cost;
mod discovery;
mod error;
mod id;
mod lock;
pub mod memory;
mod observation;
mod remedy;
mod request;
mod shown;
mod source;
mod trace;

pub use artifact::{AnyArtifact, Artifact, Chart, Commit, Generic, Image};
pub use clock::{Clock, SystemClock};
pub use cost::{Cost, Meter};
pub use discovery::{Discovery, Found};
pub use error::{Error, ErrorKind};
pub use id::{SourceId, SourceKind};
pub use lock::lock;
pub use observation::{Fingerprint, Observation, RecordedRule};
pub use remedy::Remedy;
pub use repository_url::{UrlHazard, hides_host, printable, redact_url};
pub use request::DiscoverRequest;
pub use selection_strategies::Rejection;
pub use shown::{MAX_NAME_IN_DOCUMENT, MAX_SHOWN_NAME, shorten, shown_name};
pub use source::{AnySource, ArtifactSource, ArtifactSourceExt};
pub use trace::{Candidate, Details, Judgement, Principal, Recorder, Trace, Warning};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
