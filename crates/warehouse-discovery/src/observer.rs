//! Watching a run while it goes on.

use artifact_source::{Meter, SourceId, Trace};

use crate::SubscriptionReport;

/// Watches a [`Run`](crate::Run): each method is told the subscription's place in the manifest, from 0.
///
/// Subscriptions run at once, so calls for different ones interleave.
pub trait Observer: Send + Sync {
    /// Who wants to hear about every candidate of this subscription. By default nobody.
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

/// Watches nothing.
impl Observer for () {}
