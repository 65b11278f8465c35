//! Which characters every match of an expression needs.

use std::ops::RangeInclusive;

use regex_syntax::Parser;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::GoRegex;

impl GoRegex {
    /// A character that is none of these and without which, or others like it, nothing matches; `None` if a text of these characters may match.
    ///
    /// Of several such characters it is the first. What an assertion such as `^` excludes is not looked at.
    ///
    /// ```
    /// use go_compat::GoRegex;
    ///
    /// let letters = ['a'..='z'];
    /// assert_eq!(GoRegex::new("^a/b$")?.character_beyond(&letters), Some('/'));
    /// assert_eq!(GoRegex::new("^a/?b$")?.character_beyond(&letters), None);
    /// assert_eq!(GoRegex::new("1|b")?.character_beyond(&letters), None);
    /// # Ok::<(), go_compat::GoRegexError>(())
    /// ```
    #[must_use]
    pub fn character_beyond(&self, alphabet: &[RangeInclusive<char>]) -> Option<char> {
        // The engine has read the same text.
        beyond(&Parser::new().parse(self.translation()).ok()?, alphabet)
    }
}

/// How deep an expression nests is bounded by the parser.
fn beyond(part: &Hir, alphabet: &[RangeInclusive<char>]) -> Option<char> {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.chars().find(|letter| !alphabet.iter().any(|range| range.contains(letter)))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let meets = |from: char, to: char| {
                alphabet.iter().any(|range| *range.start() <= to && from <= *range.end())
            };
            let first = class.ranges().first()?.start();
            (!class.ranges().iter().any(|range| meets(range.start(), range.end()))).then_some(first)
        }
        HirKind::Class(Class::Bytes(_)) => None,
        HirKind::Repetition(repetition) if repetition.min == 0 => None,
        HirKind::Repetition(repetition) => beyond(&repetition.sub, alphabet),
        HirKind::Capture(capture) => beyond(&capture.sub, alphabet),
        HirKind::Concat(parts) => parts.iter().find_map(|part| beyond(part, alphabet)),
        HirKind::Alternation(parts) => {
            let mut first = None;
            for part in parts {
                first = first.or(Some(beyond(part, alphabet)?));
            }
            first
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_match_needs() {
        for (pattern, expected) in [
            ("", None),
            ("a", None),
            (r"\*", Some('*')),
            (r"a\*?", None),
            (r"(?:b\*){2}", Some('*')),
            (r"(?:b\*){0,2}", None),
            ("[0-9]", Some('0')),
            ("[0-9a]", None),
            ("[^a-z]", Some('\0')),
            ("(a|1)(b|2)", None),
            ("1|2", Some('1')),
            ("A", Some('A')),
            ("(?i)A", None),
            (r"\B.é", Some('é')),
            (".", None),
            ("$^", None),
        ] {
            let found = GoRegex::new(pattern).unwrap().character_beyond(&['a'..='z']);
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
