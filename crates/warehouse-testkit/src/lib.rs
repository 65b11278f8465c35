//! Loopback registry, Git and chart servers for tests and demos, with faults to order

mod archive;
mod chart;
mod credential;
mod error;
mod fault;
mod loopback;
mod registry;

pub use chart::Chart;
pub use credential::Credential;
pub use error::Error;
pub use fault::{Fault, FaultScript, Reply, When};
pub use loopback::{Counters, RecordedRequest, RequestLog};
pub use registry::{ImageBuilder, MediaType, Pushed, PushedPlatform, Registry, RegistryBuilder};
