//! What was judged, in a few words: how many candidates each rule excludes, which came closest, and where nothing fits, why.

mod cause;
mod changed_paths;
mod counts;
mod ignored;
mod near;
mod order;
mod tally;
mod text_order;
mod why;

use warehouse_spec::Subscription;

use crate::SubscriptionReport;

pub use cause::Cause;
pub use order::sort_candidates;
pub use tally::{NearMiss, Reason, Summary, Tally};
pub use why::{Why, reasons};

impl SubscriptionReport {
    /// Why nothing was found by a subscription that succeeded, or what is wrong with one that failed, from what was judged. `None` if something was
    /// found, or the error says everything.
    pub fn cause(&self, subscription: &Subscription, tally: &Tally) -> Option<Cause> {
        match &self.error {
            Some(error) => Cause::of_failure(subscription, error),
            None if self.artifacts.is_empty() => tally.summary(&[]).cause,
            None => None,
        }
    }
}
