//! **Watching a Warehouse**: rounds of discovery at an interval, what changed between them, and what is to be done with new Freight.
//!
//! A [`Watcher`] keeps the snapshot of each round for the next one, so that a round in which nothing moved costs
//! [the polls](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/cost.md) and nothing else. It tells each [`Change`] once, gives new Freight to a
//! [`FreightHandler`] at least once, and keeps its [state](WatchState) in a [folder](StateFolder), where it survives a process that is killed.
//!
//! ```
//! use std::time::Duration;
//!
//! use warehouse_discovery::http::EgressPolicy;
//! use warehouse_discovery::spec::{ImageSubscription, Subscription};
//! use warehouse_discovery::watch::{Schedule, StateFolder, Watcher};
//! use warehouse_discovery::{Discoverer, Warehouse};
//!
//! # async fn example(registry: &warehouse_testkit::Registry, path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! # let host = registry.host();
//! let app = Subscription::new(ImageSubscription::new(format!("{host}/example/app")));
//! let warehouse = Warehouse::new("app", vec![app]);
//! let discoverer = Discoverer::builder().egress(EgressPolicy::workstation()).build()?;
//!
//! let mut watcher = Watcher::builder(&discoverer, warehouse.clone())
//!     .schedule(Schedule::new(Duration::from_secs(60)))
//!     .state(StateFolder::open(path)?.file(&warehouse))
//!     .build()?;
//!
//! // One round. `Watcher::run` is rounds without end.
//! let round = watcher.round(|event| println!("{event}")).await;
//! assert!(round.report.is_complete() && watcher.state().freight().is_some());
//! assert!(round.wait >= Duration::from_secs(54));
//! # Ok(())
//! # }
//! # let (registry, folder) = (warehouse_testkit::Registry::start().unwrap(), tempfile::tempdir().unwrap());
//! # registry.image("example/app").tag("1.0.0").push();
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(&registry, &folder.path().join("state"))).unwrap();
//! ```

mod event;
mod handler;
mod schedule;
mod state;
mod watcher;

pub use event::{Change, Event, Reason, Revision, StaleResult};
pub use handler::{FreightHandler, HandlerError, NewFreight};
pub use schedule::Schedule;
pub use state::{StateFile, StateFolder, WatchState};
pub use watcher::{Round, Watcher, WatcherBuilder};
