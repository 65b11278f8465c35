//! The texts with which everything a pattern matches begins and ends.

use std::ops::Range;

/// What gives a sign of a pattern a meaning of its own.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', ',', '\\'];

/// Where in a pattern the two texts stand.
///
/// Most paths fail at one of them, which takes a fraction of the time that the matcher needs to say
/// so. They only ever rule out; the matcher alone says what matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ends {
    prefix: usize,
    suffix: usize,
}

impl Ends {
    pub(super) fn new(pattern: &str) -> Self {
        // U+FFFD is equal to any broken byte, so it is no text to look for.
        let special = |sign: char| SPECIAL.contains(&sign) || sign == char::REPLACEMENT_CHARACTER;
        let Some(first) = pattern.find(special) else {
            return Self { prefix: pattern.len(), suffix: pattern.len() };
        };
        let last = pattern.char_indices().rfind(|(_, sign)| special(*sign));
        let after = last.map_or(pattern.len(), |(at, sign)| at + sign.len_utf8());
        // A slash beside `**` can be left out: `a/**` matches `a`, `**/a` too.
        let prefix = pattern[..first].trim_end_matches('/').len();
        let suffix = pattern.len() - pattern[after..].trim_start_matches('/').len();
        Self { prefix, suffix }
    }

    /// Whether the path begins and ends as it has to.
    #[inline]
    pub(super) fn fit(&self, pattern: &[u8], path: &[u8]) -> bool {
        let text = |range: Range<usize>| pattern.get(range).unwrap_or_default();
        path.starts_with(text(0..self.prefix)) && path.ends_with(text(self.suffix..pattern.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(pattern: &str, prefix: &str, suffix: &str) {
        let ends = Ends::new(pattern);
        assert_eq!((&pattern[..ends.prefix], &pattern[ends.suffix..]), (prefix, suffix), "{pattern}");
    }

    #[test]
    fn ends() {
        case("", "", "");
        case("a/b", "a/b", "");
        case("charts/**/*.yaml", "charts", ".yaml");
        case("**/a", "", "a");
        case("a/**", "a", "");
        case("a**/", "a", "");
        case("{a,b}/c", "", "c");
        case("a\\*b", "a", "b");
        case("é\u{fffd}é", "é", "é");
    }
}
