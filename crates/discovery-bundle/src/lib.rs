//! **Records what servers answered to a discovery, and replays it offline**: a bug report about a Warehouse becomes one file, without credentials, in which anyone sees the
//! same candidates at the same time, and can try another manifest.
//!
//! ```
//! use artifact_http::{EgressPolicy, HttpClient};
//! use artifact_source::{Clock, SystemClock};
//! use discovery_bundle::{Bundle, Recorder, Replay};
//! use warehouse_discovery::{Discoverer, Warehouse};
//! use warehouse_spec::{ImageSubscription, Subscription};
//!
//! # async fn example(registry: warehouse_testkit::Registry) -> Result<(), Box<dyn std::error::Error>> {
//! # let host = registry.host();
//! let mut image = ImageSubscription::new(format!("{host}/example/app"));
//! let warehouse = Warehouse::new("app", vec![Subscription::new(image.clone())]);
//!
//! // Record: the client, the credentials and the clock of a discoverer without a cache.
//! let recorder = Recorder::new(SystemClock.now());
//! let discoverer = Discoverer::builder()
//!     .http_client(recorder.http_client(HttpClient::builder().build()?))
//!     .credentials(recorder.credentials(()))
//!     .clock(recorder.recorded_at())
//!     .egress(EgressPolicy::workstation())
//!     .build()?;
//! let recorded = discoverer.run(&warehouse).await;
//! let mut file = Vec::new();
//! // `Recorder::complete` asks what subscriptions to one Git repository share.
//! recorder.finish([&warehouse]).write(&mut file)?;
//! # drop(registry);
//!
//! // Replay: the registry is gone.
//! let replay = Replay::new(Bundle::read(&*file)?);
//! let discoverer = replay.discoverer()?.build()?;
//! let replayed = discoverer.run(&warehouse).await;
//! assert_eq!(replayed.discovered_artifacts(&warehouse), recorded.discovered_artifacts(&warehouse));
//!
//! // With another manifest: what would have been chosen.
//! image.constraint = Some("<2".to_owned());
//! let edited = Warehouse::new("app", vec![Subscription::new(image)]);
//! let report = discoverer.run(&edited).await;
//! assert_eq!(report.subscriptions[0].artifacts.len(), 1);
//! assert!(replay.missing().is_empty());
//! # Ok(())
//! # }
//! # let registry = warehouse_testkit::Registry::start().unwrap();
//! # for tag in ["1.0.0", "2.0.0"] {
//! #     registry.image("example/app").tag(tag).push();
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(registry)).unwrap();
//! ```
//!
//! # What is kept
//!
//! - Answers over HTTP: the status, the headers that a client reads, the decompressed body. Of several answers to the same request the last one is kept, so that a replay does not depend on the order of
//!   requests; an answer after a retry stands for all tries.
//! - Git repositories over HTTP by their references, commits, tags and trees, never files. So a replay answers other questions than those that were asked: a smaller limit, another
//!   expression, or a path filter that selects in the same folders, as far as the objects reach. Trees are recorded along the paths that were selected.
//! - The Warehouses, and the time.
//!
//! Git over `ssh://`, `git://` and `file://` is not recorded, as it does not pass the HTTP client; a replay refuses it.
//!
//! # What is not kept
//!
//! No `Authorization`, no cookie, no other header of a request; no password, token or refresh token, whether it came from a source of credentials, a URL or the answer of a token service, which is replaced
//! by one that says `redacted`. The values of URL parameters whose names suggest a secret, such as signatures, are replaced. What was used as a secret (four letters or more) is removed wherever it appears,
//! encoded or not. A bundle says for which repositories there was a credential, not which one.
//!
//! What servers publish to every reader is kept as it is: annotations, the entries of a chart index, messages of commits.
//!
//! # The format
//!
//! Lines of JSON compressed by gzip; `zcat bundle | head` shows them. [The guide](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/guide/bundles.md) describes each line. A version that is not known is refused.
//! Reading is bounded: 512 MiB decompressed, and no more memory than that for objects of Git.

mod answer;
mod bundle;
mod git;
mod recorder;
mod replay;
mod secret;
mod spelling;

pub use bundle::Bundle;
pub use recorder::Recorder;
pub use replay::Replay;

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
