//! **Warehouse discovery** takes a [`Warehouse`](warehouse_spec::Warehouse), asks every one of its
//! subscriptions at once for the newest artifacts that fit, and reports what came of each. One that
//! fails leaves the others' results standing.
//!
//! ```no_run
//! use warehouse_discovery::Discoverer;
//! use warehouse_spec::{ImageSubscription, Subscription, Warehouse};
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
//! # What stands in a report
//!
//! - One [`SubscriptionReport`] per subscription, in the manifest's order, whatever became of it.
//! - [`Freshness`] says whether its artifacts were found by this run, proven unchanged by it, or are
//!   left over from an earlier one because this one failed. Freight is only ever built when none
//!   is left over (semantics rule 6.2): [`Report::freight`].
//! - [`Report::discovered_artifacts`] is the same in the shape of Kargo's `status.discoveredArtifacts`.

mod admission;
mod compile;
mod discovered;
mod discoverer;
mod freight;
mod observer;
mod report;
mod report_trace;
mod run;
mod snapshot;

pub use compile::Compiled;
pub use discoverer::{Discoverer, DiscovererBuilder, GenericRequest};
pub use observer::Observer;
pub use report::{Freshness, Report, SubscriptionReport};
pub use run::Run;
pub use snapshot::Snapshot;
