//! Names of servers and manifests as they are shown: of a bounded length.

use std::borrow::Cow;

use repository_url::printable;

/// The longest name that is shown whole, in characters. No tag of a registry is longer.
pub const MAX_SHOWN_NAME: usize = 128;

/// The longest name in a document for programs, in characters: that of a reference in Git is a path, and may be longer than a tag.
pub const MAX_NAME_IN_DOCUMENT: usize = 4096;

/// A text of at most `most` characters: what is longer is cut, and the number of characters that are missing is stated.
///
/// ```
/// use artifact_source::shorten;
///
/// assert_eq!(shorten("1.2.3", 8), "1.2.3");
/// assert_eq!(shorten(&"x".repeat(1000), 8), "xxxxxxxx... (992 more characters)");
/// ```
pub fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (shown, rest) = text.split_at(end);
            Cow::Owned(format!("{shown}... ({} more characters)", rest.chars().count()))
        }
    }
}

/// A name in a line for people: [printable], and cut to [`MAX_SHOWN_NAME`].
pub fn shown_name(name: &str) -> String {
    printable(&shorten(name, MAX_SHOWN_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = "\u{fc}".repeat(60_000);
        let shown = shown_name(&name);
        assert!(shown.starts_with(&"\u{fc}".repeat(128)) && shown.ends_with("... (59872 more characters)"));
        assert_eq!(shown_name(&"a".repeat(128)), "a".repeat(128));
        assert_eq!(shown_name("\u{1b}[31m"), "\\u{1b}[31m");
    }
}
