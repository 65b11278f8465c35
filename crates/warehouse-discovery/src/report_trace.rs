//! The trace of one subscription that fills its report.

use std::sync::Mutex;

use artifact_source::{Candidate, Principal, Rejection, Trace, Warning, lock};

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
        (std::mem::take(&mut lock(&self.warnings)), lock(&self.principal).take())
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
        *lock(&self.principal) = Some(principal.clone());
        self.next.authenticated(principal);
    }

    fn warned(&self, warning: &Warning) {
        lock(&self.warnings).push(warning.clone());
        self.next.warned(warning);
    }
}
