//! Faults to order: which requests ([`When`]) meet which trouble ([`Fault`]).
//!
//! Every server has a [`FaultScript`]. Rules are asked in the order they were added; the first one that applies decides,
//! except that latency adds to whatever comes next.
//!
//! ```
//! use std::time::Duration;
//! use warehouse_testkit::{Fault, Registry, When};
//!
//! let registry = Registry::start()?;
//! // The first manifest that is asked for is refused for two seconds, the third one ends after ten bytes.
//! registry.faults().add(When::get("/v2/**/manifests/*").nth(1), Fault::too_many_requests(Duration::from_secs(2)));
//! registry.faults().add(When::get("/v2/**/manifests/*").nth(3), Fault::Truncate { keep: 10 });
//! # Ok::<(), warehouse_testkit::Error>(())
//! ```

mod body;
mod script;
mod when;

pub(crate) use script::Outcome;
pub use script::{Fault, FaultScript, Reply};
pub use when::When;
