//! Characters that would act on a terminal instead of being seen.

use std::borrow::Cow;

/// What stands for a character that cannot be shown.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// The text with every control character and every one that turns the direction of writing replaced by U+FFFD: what a
/// manifest says must neither move the cursor of whoever reads about it nor look like something else.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(acts) {
        true => Cow::Owned(text.replace(acts, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// Whether a terminal would act on this character.
pub(crate) fn acts(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_is_replaced() {
        for (text, expected) in [
            ("plain", "plain"),
            ("ä 漢 🚀", "ä 漢 🚀"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\r\nb\tc", "a\u{fffd}\u{fffd}b\u{fffd}c"),
            ("a\u{9b}b\u{7f}", "a\u{fffd}b\u{fffd}"),
            ("a\u{202e}b\u{202a}", "a\u{fffd}b\u{fffd}"),
            ("a\u{2066}b\u{2069}\u{206a}", "a\u{fffd}b\u{fffd}\u{206a}"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }
}
