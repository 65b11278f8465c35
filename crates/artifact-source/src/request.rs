//! The request to a source.

use std::fmt;
use std::time::Instant;

use crate::{Meter, Observation, Trace};

/// The question put to a source: everything about one call that is not about the source.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct DiscoverRequest<'a> {
    /// What the source gave on an earlier call.
    pub previous: Option<&'a Observation>,
    /// Receives every candidate; `&()` ignores them.
    pub trace: &'a dyn Trace,
    /// The end of the time for an answer. Retries end there.
    pub deadline: Option<Instant>,
    /// Counts the requests and bytes while they happen, so that a caller shows progress
    /// and knows the cost of a discovery that failed.
    pub meter: Option<&'a Meter>,
}

impl<'a> DiscoverRequest<'a> {
    /// A full discovery, untraced and without a deadline.
    pub fn new() -> Self {
        Self { previous: None, trace: &(), deadline: None, meter: None }
    }

    /// The same, with what the source gave on an earlier call.
    #[must_use]
    pub fn with_previous(mut self, previous: impl Into<Option<&'a Observation>>) -> Self {
        self.previous = previous.into();
        self
    }

    /// The same, with a trace that receives every candidate.
    #[must_use]
    pub fn with_trace(mut self, trace: &'a dyn Trace) -> Self {
        self.trace = trace;
        self
    }

    /// The same, with a deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// The same, counted by this meter.
    #[must_use]
    pub fn with_meter(mut self, meter: &'a Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// The meter that a source counts with: the caller's, or a new one.
    pub fn meter(&self) -> Meter {
        self.meter.cloned().unwrap_or_default()
    }
}

impl Default for DiscoverRequest<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DiscoverRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoverRequest")
            .field("previous", &self.previous)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
