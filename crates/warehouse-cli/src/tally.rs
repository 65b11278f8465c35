//! Why nothing fits: the rules that turned candidates down, counted.

use std::sync::{Mutex, PoisonError};

use artifact_source::{Candidate, Rejection, Trace};
use warehouse_discovery::Observer;
use warehouse_spec::Warehouse;

/// How many different reasons are told apart.
const MOST: usize = 32;
/// How many are told.
const TOLD: usize = 3;

/// The counts for every subscription of a Warehouse.
#[derive(Debug)]
pub(crate) struct Tallies(Vec<Tally>);

impl Tallies {
    pub(crate) fn of(warehouse: &Warehouse) -> Self {
        Self(warehouse.spec.subscriptions.iter().map(|_| Tally::default()).collect())
    }

    /// Why nothing of a subscription fits; nothing where no candidate was turned down. The first reason is the one that the publisher of
    /// a chart can remove, a leading `v` of versions that fit otherwise; the others follow by their frequency.
    pub(crate) fn why(&self, subscription: usize) -> Option<String> {
        let mut counts = self.0.get(subscription)?.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        counts.sort_by_key(|(why, count)| (*why != Rejection::LeadingV, std::cmp::Reverse(*count)));
        let told = counts.iter().take(TOLD).map(|(why, count)| match why {
            Rejection::NotListed { .. } => why.to_string(),
            _ => format!("{why} ({count} candidate{})", if *count == 1 { "" } else { "s" }),
        });
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

impl Observer for Tallies {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.0.get(subscription) {
            Some(tally) => tally,
            None => &(),
        }
    }
}

#[derive(Debug, Default)]
struct Tally(Mutex<Vec<(Rejection, u64)>>);

impl Trace for Tally {
    fn accepted(&self, _: &Candidate<'_>) {}

    fn rejected(&self, _: &Candidate<'_>, why: &Rejection) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == why) {
            *count += 1;
        } else if counts.len() < MOST {
            counts.push((why.clone(), 1));
        }
    }
}
