//! What a piece of work cost.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use warehouse_testkit::Registry;

use super::exchange::Failure;

/// What a registry saw of a piece of work, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Connections.
    pub connections: u64,
    /// Bytes that the client received, heads included.
    pub bytes: u64,
    /// How many images were found.
    pub found: usize,
    /// From start to end.
    pub time: Duration,
}

impl Cost {
    /// Does the work and asks the registry what it saw of it.
    ///
    /// # Errors
    ///
    /// Those of the work.
    pub async fn of(
        registry: &Registry,
        work: impl Future<Output = Result<usize, Failure>>,
    ) -> Result<Self, Failure> {
        registry.log().clear();
        let began = Instant::now();
        let found = work.await?;
        let time = began.elapsed();
        let counters = registry.log().counters();
        Ok(Self {
            requests: counters.requests,
            connections: counters.connections,
            bytes: counters.wire_bytes_sent,
            found,
            time,
        })
    }

    /// The faster of two runs of the same work.
    ///
    /// # Errors
    ///
    /// If it was not the same work.
    pub fn faster(self, other: Self) -> Result<Self, Failure> {
        if !self.is_like(&other) {
            return Err(format!("two runs of one work differ: {self}; {other}").into());
        }
        Ok(if other.time < self.time { other } else { self })
    }

    /// Whether as much was asked and found.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.requests, self.found) == (other.requests, other.found)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, connections, bytes, found, time } = self;
        write!(
            formatter,
            "{requests} requests, {connections} connections, {bytes} bytes, {found} found, {time:.2?}"
        )
    }
}
