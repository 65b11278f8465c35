//! Which characters tags consist of, and patterns that need others.

use std::ops::RangeInclusive;

use go_compat::GoRegex;
use repository_url::is_invisible;

use crate::decode::remedy::pattern;

/// What kind of tag a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagKind {
    Image,
    Git,
}

/// The characters of the tag of an image.
const OF_IMAGE: &[RangeInclusive<char>] = &['-'..='.', '0'..='9', 'A'..='Z', '_'..='_', 'a'..='z'];

/// The characters of the name of a Git reference.
const OF_GIT: &[RangeInclusive<char>] =
    &['!'..=')', '+'..='9', ';'..='>', '@'..='Z', ']'..=']', '_'..='}', '\u{80}'..=char::MAX];

impl TagKind {
    fn alphabet(self) -> &'static [RangeInclusive<char>] {
        match self {
            Self::Image => OF_IMAGE,
            Self::Git => OF_GIT,
        }
    }

    /// The first character of a text that no tag has.
    pub(crate) fn foreign_character(self, text: &str) -> Option<char> {
        text.chars().find(|letter| !self.alphabet().iter().any(|range| range.contains(letter)))
    }

    /// A character that every match of a pattern needs and that no tag has.
    pub(crate) fn needed_by(self, pattern: &str) -> Option<char> {
        GoRegex::new(pattern).ok()?.character_beyond(self.alphabet())
    }

    /// The regular expression that was meant by a text which is the name of no tag: itself, or that of a pattern of a shell. `None` if it is the name of
    /// one, or no pattern either.
    pub(crate) fn meant_by_literal(self, text: &str) -> Option<String> {
        self.foreign_character(text)?;
        if !text.contains(['^', '$', '*', '?', '[', '(', '|', '\\']) {
            return None;
        }
        let is_regex = |pattern: &str| GoRegex::new(pattern).is_ok() && self.needed_by(pattern).is_none();
        let is_shell = pattern::is_of_shell(text) && !(text.contains(".*") && is_regex(text));
        let meant = if is_shell { pattern::regex_of_shell(text) } else { text.to_owned() };
        is_regex(&meant).then_some(meant)
    }

    /// What was meant by a pattern that needs a character which no tag has.
    pub(crate) fn meant_by_pattern(self, pattern: &str) -> Option<String> {
        if let Some(meant) = pattern::exact_text(pattern).and_then(|text| self.meant_by_literal(&text)) {
            return Some(meant);
        }
        // The name of the reference, quotation marks of Markdown, characters that nobody sees, and blanks around alternatives.
        let bare = pattern.replace("refs/tags/", "").replace(r"refs\/tags\/", "");
        let bare: String = bare.trim_matches('`').chars().filter(|letter| !is_unseen(*letter)).collect();
        let parts: Vec<&str> = pattern::alternatives(&bare).into_iter().map(str::trim).collect();
        let meant = parts.join("|");
        let is_meant = meant != pattern
            && !meant.is_empty()
            && GoRegex::new(&meant).is_ok()
            && self.needed_by(&meant).is_none();
        is_meant.then_some(meant)
    }
}

/// Whether nobody sees a character.
fn is_unseen(letter: char) -> bool {
    is_invisible(letter) || letter.is_control()
}

/// How a message shows a character.
pub(crate) fn shown(letter: char) -> String {
    match letter {
        ' ' => "a blank".to_owned(),
        '`' => "a backtick".to_owned(),
        letter if is_unseen(letter) || letter.is_whitespace() => {
            format!("the character U+{:04X}", letter as u32)
        }
        letter => format!("`{letter}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_were_meant_as_patterns() {
        for (text, expected) in [
            (".*-rc.*", Some(".*-rc.*")),
            ("rc.*", Some("rc.*")),
            ("*-rc", Some("-rc$")),
            ("*.rc.*", Some(r"\.rc\.")),
            ("^dev-", Some("^dev-")),
            ("(a|b)$", Some("(a|b)$")),
            (r"v\d+", Some(r"v\d+")),
            ("latest", None),
            ("1.0.0+b", None),
            ("a/b", None),
            ("(", None),
            ("^a/b$", None),
        ] {
            assert_eq!(TagKind::Image.meant_by_literal(text).as_deref(), expected, "{text}");
        }
        assert_eq!(TagKind::Git.meant_by_literal("^a/b$").as_deref(), Some("^a/b$"));
        assert_eq!(TagKind::Git.meant_by_literal("a(b)"), None);
    }
}
