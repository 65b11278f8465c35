//! From the listed versions to the chosen ones.

use artifact_source::{Candidate, Chart, Trace};
use selection_strategies::TagRule;

/// Judges and orders what is listed, and tells the trace about each of them.
///
/// A version that is listed twice is a candidate twice, and takes up two places, as it does in Kargo: two
/// entries of an index are two charts, and which of them a client installs is not for this list to say.
pub(crate) fn select<'n>(
    rule: &TagRule,
    listed: impl IntoIterator<Item = &'n str>,
    limit: Option<usize>,
    trace: &dyn Trace,
) -> Vec<Chart> {
    let mut selection = rule.select(listed);
    if let Some(limit) = limit {
        selection = selection.limit(limit);
    }
    for (name, why) in &selection.rejected {
        trace.rejected(&Candidate::new(name), why);
    }
    let accept = |candidate: selection_strategies::Candidate<'_>| {
        let version = candidate.version_text();
        let detail = (*version != *candidate.name).then_some(&*version);
        trace.accepted(&Candidate::new(candidate.name).with_detail(detail));
        Chart::new(version)
    };
    selection.chosen.into_iter().map(accept).collect()
}
