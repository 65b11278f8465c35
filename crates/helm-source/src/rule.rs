//! The rule of a chart: which of the listed versions fit, and in which order.

use artifact_source::{Error, ErrorKind};
use selection_strategies::{Constraint, NameKind, Strictness, TagRule, TagStrategy};

/// The rule for the versions of a chart in a chart repository ([`Plain`](NameKind::Plain)) or a registry
/// ([`OciChart`](NameKind::OciChart)).
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for a constraint that cannot be parsed.
pub(crate) fn rule_of(constraint: Option<&str>, accept_v: bool, kind: NameKind) -> Result<TagRule, Error> {
    let constraint = constraint.map(Constraint::parse).transpose().map_err(|cause| {
        let text = constraint.unwrap_or_default();
        Error::new(ErrorKind::InvalidInput, format!("the constraint {text:?} cannot be understood"))
            .with_cause(cause)
    })?;
    Ok(match (kind, accept_v) {
        (NameKind::OciChart, true) => TagRule::oci_chart(constraint).with_strictness(Strictness::Strict),
        (NameKind::OciChart, false) => TagRule::oci_chart(constraint),
        _ => TagRule::chart(constraint),
    })
}

/// A rule that was given, with names read as this kind of repository writes them.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for [`TagStrategy::Newest`]: the versions of a chart have no build times.
pub(crate) fn given_rule(rule: TagRule, kind: NameKind) -> Result<TagRule, Error> {
    match rule.strategy() {
        TagStrategy::Newest => {
            let message = "the versions of a chart cannot be ordered by build time";
            Err(Error::new(ErrorKind::InvalidInput, message).with_hint("order them as versions or as text"))
        }
        _ => Ok(rule.with_kind(kind)),
    }
}
