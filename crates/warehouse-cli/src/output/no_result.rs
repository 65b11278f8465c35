//! What a discovery has no result for, and why.

use artifact_source::Error;

use super::failure::Failure;
use crate::discovery::Discovered;
use crate::input::LeftOut;
use crate::message::with_causes;

impl From<&LeftOut> for Failure {
    fn from(left_out: &LeftOut) -> Self {
        Self::of_input(left_out.message.clone(), left_out.help.clone()).at(&left_out.location)
    }
}

impl Failure {
    /// The subscriptions of a Warehouse that failed.
    pub(crate) fn of_subscriptions(discovered: &Discovered) -> Vec<Self> {
        let failures = discovered.report.failures();
        let failure = |(report, error): (&warehouse_discovery::SubscriptionReport, &Error)| {
            Self::of_error(error, error.to_string())
                .of(&discovered.warehouse, Some(report.index))
                .at(discovered.location(report))
        };
        failures.map(failure).collect()
    }

    /// A Warehouse without Freight, for this reason.
    pub(crate) fn of_freight(discovered: &Discovered, reason: &freight::NoFreight) -> Self {
        let place = match reason {
            freight::NoFreight::Manual => "spec.freightCreationPolicy",
            freight::NoFreight::CriteriaNotSatisfied { .. } | freight::NoFreight::CriteriaFailed { .. } => {
                "spec.freightCreationCriteria"
            }
            _ => "spec.subscriptions",
        };
        let transient = discovered.report.failures().any(|(_, error)| error.is_transient());
        Self::of_message(why_no_freight(discovered, reason), None)
            .of(&discovered.warehouse, None)
            .of_kind("no freight", transient)
            .at(discovered.warehouse.locate(place))
    }
}

/// Why there is no Freight. Where nothing fits a subscription, the cause is named.
pub(crate) fn why_no_freight(discovered: &Discovered, reason: &freight::NoFreight) -> String {
    let freight::NoFreight::Missing(missing) = reason else { return with_causes(reason) };
    let missing = missing.iter().map(|missing| {
        let summary = discovered.summaries.get(missing.index);
        match (&missing.cause, summary.and_then(|summary| summary.cause.as_ref())) {
            (freight::MissingCause::NothingFits, Some(cause)) => format!("{missing}: {cause}"),
            // Its error stands beside this one.
            (freight::MissingCause::Failed(_), _) => {
                format!("subscription {} ({}) failed", missing.index, missing.subscription)
            }
            _ => missing.to_string(),
        }
    });
    missing.collect::<Vec<_>>().join("; ")
}
