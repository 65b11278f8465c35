//! Whether the best artifacts fulfil `freightCreationCriteria` (rule 6.2).

use warehouse_spec::DiscoveredArtifacts;

/// The criteria could not be evaluated: the expression does not parse, failed, or did not come to a truth value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CriteriaError(String);

/// Evaluates the criteria over the first artifact of every subscription.
pub(crate) fn satisfied(_expression: &str, _artifacts: &DiscoveredArtifacts) -> Result<bool, CriteriaError> {
    Err(CriteriaError("expressions are not wired yet".to_owned()))
}
