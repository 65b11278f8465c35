//! What is done to every URL before anything else: invisible characters go, and letters become small.

use std::sync::LazyLock;

use regex::Regex;

/// Letters, marks, numbers, punctuation and symbols; what Go calls printable, the ASCII space apart.
static PRINTABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());

/// Removes what does not print, such as a byte order mark, and then white space at both ends.
pub(super) fn sanitize(text: &str) -> String {
    let printable: String = text.chars().filter(|&letter| is_printable(letter)).collect();
    // The only white space left is the ASCII space.
    printable.trim_matches(' ').to_owned()
}

fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return letter == ' ' || letter.is_ascii_graphic();
    }
    let mut buffer = [0; 4];
    let text: &str = letter.encode_utf8(&mut buffer);
    PRINTABLE.as_ref().is_none_or(|printable| printable.is_match(text))
}

/// Lower case letter by letter, without the context rules and expansions of [`str::to_lowercase`].
pub(super) fn lower(text: &str) -> String {
    text.chars().map(lower_letter).collect()
}

fn lower_letter(letter: char) -> char {
    // The only letter whose lower case is two letters; alone it is a plain i.
    if letter == 'İ' {
        return 'i';
    }
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::{PRINTABLE, lower, sanitize};

    #[test]
    fn the_pattern_compiles() {
        assert!(PRINTABLE.is_some());
    }

    #[test]
    fn invisible_characters_go_and_letters_stay() {
        assert_eq!(sanitize("\u{feff} a\u{200b}b\u{a0}é c \n"), "abé c");
    }

    #[test]
    fn letters_become_small_one_by_one() {
        assert_eq!(lower("ΑΣ İX"), "ασ ix");
    }
}
