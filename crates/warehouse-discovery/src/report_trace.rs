//! The trace of one subscription that fills its report.

use std::sync::{Mutex, PoisonError};

use artifact_source::{Candidate, Principal, Rejection, Trace, Warning};

/// A trace that keeps the warnings and the principal, and passes everything on.
pub(crate) struct ReportTrace<'a> {
    next: &'a dyn Trace,
    warnings: Mutex<Vec<Warning>>,
    principal: Mutex<Option<Principal>>,
}

impl<'a> ReportTrace<'a> {
    pub(crate) fn new(next: &'a dyn Trace) -> Self {
        Self { next, warnings: Mutex::default(), principal: Mutex::default() }
    }

    /// The warnings, in the order in which they came, and the identity as which the source asked.
    pub(crate) fn into_parts(self) -> (Vec<Warning>, Option<Principal>) {
        let warnings = self.warnings.into_inner().unwrap_or_else(PoisonError::into_inner);
        (warnings, self.principal.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Trace for ReportTrace<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.next.accepted(candidate);
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.next.rejected(candidate, why);
    }

    fn authenticated(&self, principal: &Principal) {
        *self.principal.lock().unwrap_or_else(PoisonError::into_inner) = Some(principal.clone());
        self.next.authenticated(principal);
    }

    fn warned(&self, warning: &Warning) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning.clone());
        self.next.warned(warning);
    }
}
