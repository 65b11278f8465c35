//! Freight: one deterministic, named set of artifact revisions, with the URL normalizers that its name uses.
//!
//! A piece of **Freight** holds one revision of every artifact a Warehouse subscribes to: an image by tag and digest, a
//! commit by its id, a chart by its version (and its digest, if the subscription follows digests). Its name is a digest of that content, so the same
//! artifacts have the same name on every machine and in every run, and it is the name that Kargo's own controller computes.
//!
//! ```
//! use freight::FreightBuilder;
//! use warehouse_spec::{
//!     DiscoveredImageReference, DiscoveryResult, ImageDiscoveryResult, ImageSubscription, Subscription, Warehouse,
//! };
//!
//! let subscription = Subscription::new(ImageSubscription::new("ghcr.io/example/app"));
//! let warehouse = Warehouse::new("demo", vec![subscription]);
//!
//! let found = DiscoveryResult::Image(ImageDiscoveryResult {
//!     repo_url: "ghcr.io/example/app".to_owned(),
//!     references: vec![DiscoveredImageReference {
//!         tag: "1.27.0".to_owned(),
//!         digest: "sha256:4b732eca3bd2a5ffbc55d702ac15bb916861c73b98846f459908874530317441".to_owned(),
//!         ..Default::default()
//!     }],
//!     ..Default::default()
//! });
//! let freight = FreightBuilder::new(&warehouse).found(0, found).build()?;
//! assert_eq!(freight.metadata.name.len(), 40);
//! # Ok::<(), freight::NoFreight>(())
//! ```
//!
//! # Building
//!
//! [Rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md):
//!
//! Freight is built from the best artifact of **every** subscription, and only from results of this run: a subscription that
//! failed, or found nothing, is a [`NoFreight::Missing`] that names each such subscription and its cause. A Warehouse whose
//! policy is `Manual` never builds; one whose criteria are not satisfied does not either. [`FreightBuilder::assemble`] leaves
//! policy and criteria to the caller. The order in which outcomes arrive never matters.
//!
//! [`NeededCreated`] lists, before a discovery starts, the images whose creation time the criteria may read.
//!
//! # The name
//!
//! [Rule 6.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md):
//!
//! [`freight_name`] is the hexadecimal SHA-1 of the origin and the sorted parts, one for each artifact. Git and chart
//! repositories are in their normal forms ([`normalize_git`], [`normalize_chart`]), images as they are written. A chart includes its digest
//! if it has one, which needs `followDigests` in its subscription; Kargo's charts have none.
//!
//! # Where this differs from Kargo
//!
//! The origin is set before the name is computed. Kargo's controller computes it first, without an origin, and its
//! webhook computes it again.

mod build;
mod criteria;
mod name;

pub use build::{FreightBuilder, Missing, MissingCause, NoFreight};
pub use criteria::{Criteria, CriteriaError, NeededCreated};
pub use name::freight_name;
pub use repository_url::{normalize_chart, normalize_git, normalize_image};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
