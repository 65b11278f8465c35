//! Observing a run.

use artifact_source::{Meter, SourceId, Trace};

use crate::SubscriptionReport;

/// Observes a [`Run`](crate::Run): each method gets the subscription's index in the manifest, from 0.
///
/// Subscriptions run at once, so calls for different ones interleave.
pub trait Observer: Send + Sync {
    /// Receives every candidate of this subscription. Defaults to `()`, which ignores them.
    fn trace(&self, subscription: usize) -> &dyn Trace {
        let _ = subscription;
        &()
    }

    /// The subscription is about to be asked; the meter counts while it is.
    fn started(&self, subscription: usize, id: &SourceId, meter: &Meter) {
        let _ = (subscription, id, meter);
    }

    /// The subscription has answered or failed.
    fn finished(&self, subscription: usize, report: &SubscriptionReport) {
        let _ = (subscription, report);
    }
}

/// Ignores everything.
impl Observer for () {}
