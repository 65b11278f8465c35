//! Hearing the warnings of one subscription on behalf of its report.

use std::sync::{Mutex, PoisonError};

use artifact_source::{Candidate, Rejection, Trace, Warning};

/// A trace that keeps the warnings, and hands everything on.
pub(crate) struct Listener<'a> {
    next: &'a dyn Trace,
    warnings: Mutex<Vec<Warning>>,
}

impl<'a> Listener<'a> {
    pub(crate) fn new(next: &'a dyn Trace) -> Self {
        Self { next, warnings: Mutex::default() }
    }

    /// The warnings, in the order in which they came.
    pub(crate) fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trace for Listener<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.next.accepted(candidate);
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.next.rejected(candidate, why);
    }

    fn warned(&self, warning: &Warning) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning.clone());
        self.next.warned(warning);
    }
}
