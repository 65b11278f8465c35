//! The HTTP server under the registry, the Git server and the chart server: a thread of its own, a listener on
//! 127.0.0.1, a request log, and the faults that a script injects.
//!
//! It sits directly on hyper, because a fault may have to break the connection itself: reset it, or close it before
//! the announced length is reached.

mod connection;
mod log;
mod server;

pub(crate) use connection::{Body, WireControl, empty, full};
pub use log::{Counters, RecordedRequest, RequestLog};
pub(crate) use server::{Answer, Listener, Loopback, Service};
