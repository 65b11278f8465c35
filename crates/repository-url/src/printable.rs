//! Untrusted text, escaped for one line of a terminal.

/// The text with every character that is not printable written as an escape: `\n` for a line break, `\u{1b}` for the beginning
/// of a terminal's command, `\u{202e}` for a change of the direction of writing. All other characters stay as they are,
/// backslashes and quotation marks included, so that printing twice changes nothing.
///
/// ```
/// use repository_url::printable;
///
/// assert_eq!(printable("a\u{1b}[31mb\n"), r"a\u{1b}[31mb\n");
/// assert_eq!(printable(r#"Zürich "1\2""#), r#"Zürich "1\2""#);
/// ```
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        // A mark at the start would be put on the character before the text.
        let is_shown = match at {
            0 if !letter.is_ascii() => letter.escape_debug().count() == 1,
            _ => is_printable(letter),
        };
        match is_shown {
            true => shown.push(letter),
            false => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

/// Whether a character is seen where it is printed, and does nothing else: a letter, a mark, a number, punctuation, a symbol, or
/// the ASCII space. This is the set of Go's `unicode.IsPrint`.
///
/// ```
/// use repository_url::is_printable;
///
/// assert!(is_printable('é') && is_printable('\u{301}') && is_printable(' '));
/// assert!(!is_printable('\n') && !is_printable('\u{200b}') && !is_printable('\u{a0}'));
/// ```
pub fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return letter == ' ' || letter.is_ascii_graphic();
    }
    // The standard library has the table and no function of its own for it. Marks are escaped only at the start of a text.
    let mut text = String::with_capacity(5);
    text.push('a');
    text.push(letter);
    text.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, shown) in [
            (r#"Secret team/s: "^a\.b$", 'c'"#, r#"Secret team/s: "^a\.b$", 'c'"#),
            ("grün 日本 e\u{301} 🚀", "grün 日本 e\u{301} 🚀"),
            ("a\r\n\tb\u{0}", r"a\r\n\tb\0"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("\u{202e}\u{2028}\u{85}", r"\u{202e}\u{2028}\u{85}"),
            ("a\u{2066}b\u{2069}\u{206a}", r"a\u{2066}b\u{2069}\u{206a}"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown, "once is enough");
        }
    }

    #[test]
    fn a_terminal_is_not_controlled_and_combining_marks_are_kept() {
        for (text, shown) in [
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("\u{2066}\u{feff}\u{ad}\u{200b}\u{61c}", r"\u{2066}\u{feff}\u{ad}\u{200b}\u{61c}"),
            (
                "Fix \"a\" in C:\\b, nai\u{308}f \u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
                "Fix \"a\" in C:\\b, nai\u{308}f \u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
            ),
            ("\u{301}a", r"\u{301}a"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown, "once is enough");
        }
    }

    /// The set is that of Go, but for the letters that newer editions of Unicode add.
    #[test]
    fn the_set_is_letters_marks_numbers_punctuation_and_symbols() {
        let set = regex::Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").unwrap();
        let unassigned = regex::Regex::new(r"^\p{Cn}$").unwrap();
        let mut buffer = [0; 4];
        let other: Vec<char> = ('\u{80}'..=char::MAX)
            .filter(|letter| {
                let text: &str = letter.encode_utf8(&mut buffer);
                is_printable(*letter) != set.is_match(text) && !unassigned.is_match(text)
            })
            .collect();
        assert_eq!(other, Vec::<char>::new());
    }
}
