//! From a report to Freight.

use freight::{FreightBuilder, Outcome};
use warehouse_spec::Warehouse;

use crate::Report;

impl Report {
    /// The Freight that follows from this run, or why none does (semantics rule 6.2).
    ///
    /// Only artifacts that this run answers for count: a subscription that failed stands in the way, also where an
    /// earlier run had found something.
    pub fn freight(&self, warehouse: &Warehouse) -> Outcome {
        self.freight_builder(warehouse).build()
    }

    /// The same, before it is built: for programs that build Freight under the policy `Manual`.
    pub fn freight_builder<'a>(&self, warehouse: &'a Warehouse) -> FreightBuilder<'a> {
        let builder = FreightBuilder::new(warehouse).discovered_at(self.discovered_at);
        self.subscriptions.iter().fold(builder, |builder, report| {
            match (&report.error, warehouse.spec.subscriptions.get(report.index)) {
                (None, Some(subscription)) if report.freshness.is_current() => {
                    builder.found(report.index, report.discovery_result(subscription))
                }
                (Some(error), _) => builder.failed(report.index, error.to_string()),
                _ => builder,
            }
        })
    }
}
