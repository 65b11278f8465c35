//! From a report to Freight.

use freight::{FreightBuilder, NoFreight};
use warehouse_spec::{Freight, Warehouse};

use crate::Report;

impl Report {
    /// The Freight that follows from this run
    /// ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// Only artifacts that this run answers for count, not those that an earlier run found.
    ///
    /// # Errors
    ///
    /// [`NoFreight`], which names every subscription without an artifact. A subscription that failed keeps its
    /// [`Error`](artifact_source::Error): [`MissingCause::Failed`](freight::MissingCause::Failed) downcasts to it.
    pub fn freight(&self, warehouse: &Warehouse) -> Result<Freight, NoFreight> {
        self.freight_builder(warehouse).build()
    }

    /// The same, before it is built: [`FreightBuilder::assemble`] makes Freight where the policy is `Manual`, too.
    pub fn freight_builder<'a>(&self, warehouse: &'a Warehouse) -> FreightBuilder<'a> {
        let builder = FreightBuilder::new(warehouse).discovered_at(self.discovered_at);
        self.subscriptions.iter().fold(builder, |builder, report| {
            match (&report.error, warehouse.spec.subscriptions.get(report.index)) {
                (None, Some(subscription)) if report.freshness.is_current() => {
                    builder.found(report.index, report.discovery_result(subscription))
                }
                (Some(error), _) => builder.failed(report.index, error.clone()),
                _ => builder,
            }
        })
    }
}
