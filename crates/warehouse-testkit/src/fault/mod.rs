//! Injected faults: which requests ([`When`]) meet which [`Fault`].
//!
//! Every server has a [`FaultScript`]. Rules are tried in the order in which they were added; the first that applies decides,
//! except that latency adds to what comes next.
//!
//! ```
//! use std::time::Duration;
//! use warehouse_testkit::{Fault, Registry, When};
//!
//! let registry = Registry::start()?;
//! // The first request for a manifest is refused for two seconds, the third answer ends after ten bytes.
//! registry.faults().add(When::get("/v2/**/manifests/*").nth(1), Fault::too_many_requests(Duration::from_secs(2)));
//! registry.faults().add(When::get("/v2/**/manifests/*").nth(3), Fault::Truncate { keep: 10 });
//! # Ok::<(), warehouse_testkit::Error>(())
//! ```

mod body;
mod script;
mod when;

pub(crate) use script::Outcome;
pub use script::{Fault, FaultKind, FaultScript, Reply};
pub use when::When;
