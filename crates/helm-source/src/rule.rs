//! The rule of a chart: which of the listed versions are found, and which charts have a similar name.

use artifact_source::{Candidate, Chart, Error, ErrorKind, Trace};
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

/// Selects the best `limit` versions and reports each listed version to the trace.
///
/// A version that is listed twice is two candidates and may be found twice, as in Kargo: the two entries of the index are two charts.
pub(crate) fn select<'n>(
    rule: &TagRule,
    listed: impl IntoIterator<Item = &'n str>,
    limit: usize,
    trace: &dyn Trace,
) -> Vec<Chart> {
    let selection = rule.select(listed, Some(limit));
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

/// The largest number of similar names in a message.
const MAX_SIMILAR: usize = 3;

/// The names most similar to `name`: in another case or punctuation, containing it or contained in it, or with few other letters.
pub(crate) fn similar_names<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let name = letters(name);
    let mut near: Vec<_> =
        names.filter_map(|other| Some((difference(&name, &letters(other))?, other))).collect();
    near.sort_unstable();
    near.into_iter().take(MAX_SIMILAR).map(|(_, other)| other.to_owned()).collect()
}

/// The first 64 letters and digits, in lower case.
fn letters(name: &str) -> Vec<char> {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// How different two names are; `None` for names that are not similar.
fn difference(one: &[char], other: &[char]) -> Option<usize> {
    if one == other {
        return Some(0);
    }
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let is_part = short.len() >= 3 && long.windows(short.len()).any(|part| part == short);
    let most = one.len().div_ceil(4).min(3);
    if long.len() - short.len() > most {
        return is_part.then_some(4);
    }
    let distance = edit_distance(one, other);
    if distance <= most && distance < short.len() { Some(distance) } else { is_part.then_some(4) }
}

/// The Levenshtein distance.
fn edit_distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, names: &[&str], expected: &[&str]) {
        assert_eq!(similar_names(name, names.iter().copied()), expected, "{name}");
    }

    #[test]
    fn similar_names_by_case_part_and_distance() {
        check("Demo", &["demo", "other"], &["demo"]);
        check("ingress_nginx", &["ingress-nginx", "nginx"], &["ingress-nginx", "nginx"]);
        check("promethues", &["prometheus", "grafana"], &["prometheus"]);
        check("prometheus", &["kube-prometheus-stack", "loki"], &["kube-prometheus-stack"]);
        check("web", &["api", "db"], &[]);
        check("web", &["web1", "web2", "web3", "web4"], &["web1", "web2", "web3"]);
        check("", &["", "a"], &[""]);
        check("\u{fc}ber", &["uber"], &["uber"]);
    }
}
