//! Lines of a manifest whose values are nobody's business.

use crate::redact::names_secret;

/// Whether the line of this index (from 0) may hold a secret: some key on it is named like one, or it belongs to a document
/// that says it is a Secret.
pub(crate) fn may_hold_secret(lines: &[&str], index: usize) -> bool {
    lines.get(index).is_some_and(|line| has_secret_key(line)) || is_in_secret(lines, index)
}

/// Whether the line of this index (from 0) belongs to a document that says it is a Secret.
pub(crate) fn is_in_secret(lines: &[&str], index: usize) -> bool {
    let is_mark = |line: &str| line == "---" || line.starts_with("--- ");
    let before = lines.iter().take(index).rposition(|line| is_mark(line));
    let start = before.map_or(0, |at| at + 1);
    lines
        .iter()
        .enumerate()
        .skip(start)
        .take_while(|(at, line)| *at <= index || !is_mark(line))
        .any(|(_, line)| line.contains("Secret") && names_kind(line))
}

fn names_kind(line: &str) -> bool {
    let compact: String = line.chars().filter(|letter| !" \"'-{".contains(*letter)).collect();
    compact.starts_with("kind:Secret") || compact.contains(",kind:Secret")
}

/// Whether some key on the line is named like a secret.
pub(crate) fn has_secret_key(line: &str) -> bool {
    let keys = line.match_indices(':').map(|(colon, _)| {
        let before = line[..colon].trim_end_matches(['"', '\'', ' ']);
        let start = before.rfind([' ', '"', '\'', '{', ',', ':']).map_or(0, |at| at + 1);
        &before[start..]
    });
    keys.into_iter().any(names_secret)
}
