//! A report in the shape of Kargo's `status.discoveredArtifacts`.

use warehouse_spec::{DiscoveredArtifacts, DiscoveryResult, Subscription, Warehouse};

use crate::{Report, SubscriptionReport, kinds};

impl Report {
    /// The artifacts in the shape of Kargo's `status.discoveredArtifacts`. A `repoURL` with a password in it is given without.
    ///
    /// A subscription that failed with nothing left over from an earlier run has no entry, which is
    /// not the same as an entry without artifacts: that one was asked and nothing fits.
    pub fn discovered_artifacts(&self, warehouse: &Warehouse) -> DiscoveredArtifacts {
        let mut discovered: DiscoveredArtifacts = self
            .subscriptions
            .iter()
            .filter(|report| report.error.is_none() || !report.artifacts.is_empty())
            .filter_map(|report| Some(kinds::result(warehouse.spec.subscriptions.get(report.index)?, report)))
            .collect();
        discovered.discovered_at = Some(self.discovered_at);
        discovered
    }
}

impl SubscriptionReport {
    /// The artifacts in the shape of Kargo's entry for one subscription.
    pub fn discovery_result(&self, subscription: &Subscription) -> DiscoveryResult {
        kinds::result(subscription, self)
    }
}
