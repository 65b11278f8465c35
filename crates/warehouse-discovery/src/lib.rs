//! **Warehouse discovery** takes a [`Warehouse`], queries all its
//! subscriptions concurrently for the newest matching artifacts, and reports the result of each. A failure
//! of one does not affect the results of the others.
//!
//! ```no_run
//! use warehouse_discovery::spec::{ImageSubscription, Subscription};
//! use warehouse_discovery::{Discoverer, Warehouse};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut image = ImageSubscription::new("ghcr.io/example/app");
//! image.constraint = Some("^1.2.0".to_owned());
//! let warehouse = Warehouse::new("app", vec![Subscription::new(image)]);
//!
//! let discoverer = Discoverer::builder().build()?;
//! let report = discoverer.run(&warehouse).await;
//! for subscription in &report.subscriptions {
//!     match &subscription.error {
//!         None => println!("{}: {} found, {}", subscription.id, subscription.artifacts.len(), subscription.cost),
//!         Some(error) => println!("{}: {error}", subscription.id),
//!     }
//! }
//!
//! // The next run asks only what may have changed since.
//! let next = discoverer.run(&warehouse).with_previous(&report.snapshot()).await;
//! # Ok(())
//! # }
//! ```
//!
//! # One dependency
//!
//! A program that embeds discovery needs only this crate: it re-exports the crates below it as modules, so that one line in
//! `Cargo.toml` and one version are enough.
//!
//! | you want to | module |
//! |---|---|
//! | read and validate a manifest | [`spec`] |
//! | check in a unit test which tags a Warehouse selects, and why not the others | [`spec::Subscription::tag_rule`] |
//! | check which commits or tags of Git a Warehouse selects | [`spec::GitSubscription::rule`], with the variables of [`expressions`] |
//! | run a single source | [`image`], [`git`](mod@git), [`chart`] |
//! | provide credentials | [`credentials`] |
//! | configure connections, record or replay requests | [`http`] |
//! | write and test your own source | [`source`] |
//! | keep discovering, learn what changed, act on new Freight | [`watch`] |
//! | compute the name of Freight | [`freight`](mod@freight) |
//!
//! The folder `examples` has a program for each of these questions, and the guide has [a page](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/guide/embedding.md) on embedding.
//!
//! # The report
//!
//! - One [`SubscriptionReport`] per subscription, in the manifest's order, whether it succeeded or failed.
//! - [`Freshness`] says whether its artifacts were found by this run, proven unchanged by it, or
//!   kept from an earlier run because this one failed. Freight is only built if none
//!   is kept ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): [`Report::freight`].
//! - [`Tally`] counts what a source judged: how many candidates each rule excludes, the nearest misses, and the [`Cause`] where nothing
//!   fits. [`Why`] answers for one candidate.
//! - [`Report::discovered_artifacts`] is the same in the shape of Kargo's `status.discoveredArtifacts`.

mod admission;
mod discoverer;
mod explanation;
mod kinds;
mod report;
mod result_size;
mod run;
mod spans;
mod transport;
pub mod watch;

/// Where credentials are found: Kargo's Secrets, docker's config, credential helpers.
#[cfg(feature = "credentials")]
pub use artifact_credentials as credentials;
/// The HTTP client, and what the sources of one program share.
pub use artifact_http as http;
/// The trait of all sources: its contract, errors, traces, and the conformance suite.
pub use artifact_source as source;
/// Freight: its name, when it is built, and why not.
pub use freight;
#[cfg(feature = "git")]
pub use git_source as git;
#[cfg(feature = "chart")]
pub use helm_source as chart;
#[cfg(feature = "image")]
pub use image_source as image;
/// The expression language, and what it knows of a commit or a tag: [`CommitVariables`](kargo_expr::CommitVariables),
/// [`TagVariables`](kargo_expr::TagVariables), [`Time`](kargo_expr::Time).
pub use kargo_expr as expressions;
#[cfg(any(feature = "image", feature = "chart"))]
pub use oci_registry as registry;
/// Versions, constraints, and the rules that choose among names.
pub use selection_strategies as rules;
/// The manifest: Warehouse, Freight, and everything in them.
pub use warehouse_spec as spec;

#[doc(no_inline)]
pub use artifact_source::{AnyArtifact, ArtifactSource, Error};
#[doc(no_inline)]
pub use warehouse_spec::{Warehouse, parse};

pub use discoverer::{Discoverer, DiscovererBuilder, GenericRequest};
pub use explanation::{Cause, NearMiss, Reason, Summary, Tally, Why, reasons, sort_candidates};
pub use report::{Freshness, Report, Snapshot, SubscriptionReport};
pub use run::{Compiled, Observer, Run};
