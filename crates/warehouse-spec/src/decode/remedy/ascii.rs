//! Signs that word processors and chats write in place of those of ASCII: dashes, quotation marks, blanks that do not break, `≥`.

use crate::decode::context::Context;
use crate::diagnostic::{Code, Help};
use crate::yaml::Mark;

/// The sign of ASCII that one is written in place of; empty for a quotation mark around a value.
fn meant(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{ff0d}' => "-",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => " ",
        '\u{2018}'..='\u{201f}' => "",
        '≥' | '⩾' => ">=",
        '≤' | '⩽' => "<=",
        '≠' => "!=",
        '＞' => ">",
        '＜' => "<",
        '＝' => "=",
        '，' => ",",
        _ => return None,
    })
}

/// The text in signs of ASCII, and the first sign that was none; `None` if all are.
pub(crate) fn in_ascii(text: &str) -> Option<(String, char)> {
    let first = text.chars().find(|letter| meant(*letter).is_some())?;
    let mut form = String::with_capacity(text.len());
    for letter in text.chars() {
        match meant(letter) {
            Some(sign) => form.push_str(sign),
            None => form.push(letter),
        }
    }
    Some((form.trim().to_owned(), first))
}

/// A sign for a message: as it is where it is seen, and with its number.
pub(crate) fn named(letter: char) -> String {
    match letter.is_whitespace() {
        true => format!("the blank U+{:04X}", u32::from(letter)),
        false => format!("`{letter}` (U+{:04X})", u32::from(letter)),
    }
}

/// The dash or the blank of a text that was meant to start an item of a list, and how many bytes both take.
fn marker(text: &str) -> Option<(char, usize)> {
    let mut letters = text.chars();
    let (dash, blank) = (letters.next()?, letters.next()?);
    let is_dash = |letter: char| letter == '-' || letter == '•' || meant(letter) == Some("-");
    let is_blank = |letter: char| letter == ' ' || meant(letter) == Some(" ");
    let odd = if dash == '-' { blank } else { dash };
    (is_dash(dash) && is_blank(blank) && !(dash == '-' && blank == ' '))
        .then(|| (odd, dash.len_utf8() + blank.len_utf8()))
}

/// What to say about a text or a line, from its first sign on, that was meant as an item of a list and starts with a sign that only looks like a hyphen.
pub(crate) struct Marker {
    /// How many bytes the sign and its blank are.
    pub(crate) length: usize,
    pub(crate) message: String,
    words: String,
}

impl Marker {
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (odd, length) = marker(text)?;
        let rest = text.get(length..).unwrap_or_default().lines().next().unwrap_or_default();
        Some(Self {
            length,
            message: format!(
                "{} is taken as a part of a text, and an item of a list starts with `- `",
                named(odd)
            ),
            words: format!("write `- {rest}`, with a hyphen and a blank of ASCII, on each such line"),
        })
    }

    /// What to do, with the edit of the sign that starts at this byte.
    pub(crate) fn help(&self, start: usize) -> Help {
        Help::rewriting(&self.words, start..start + self.length, "- ".to_owned()).probable()
    }
}

/// Reports a text or a key at this place that was meant as an item of a list; false where it is none.
pub(crate) fn tell_marker(context: &mut Context, at: (Mark, &str), text: &str) -> bool {
    let Some(marker) = Marker::of(text) else { return false };
    let (mark, _) = at;
    let is_plain = context.written_at(mark).starts_with(text.get(..marker.length).unwrap_or_default());
    let help = marker.help(mark.start).only_if(is_plain);
    context.error_at(Code::Syntax, at, marker.message, help);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        for (text, form, first) in [
            ("≥1.0", ">=1.0", '≥'),
            ("1.0.0 – 2.0.0", "1.0.0 - 2.0.0", '–'),
            ("“^1.0.0”", "^1.0.0", '“'),
            ("^1\u{a0}||\u{a0}^2", "^1 || ^2", '\u{a0}'),
        ] {
            assert_eq!(in_ascii(text), Some((form.to_owned(), first)));
        }
        assert_eq!(in_ascii("^1 - é"), None);
        assert_eq!((marker("– image"), marker("-\u{a0}image")), (Some(('–', 4)), Some(('\u{a0}', 3))));
        assert_eq!((marker("- image"), marker("–image"), marker("-")), (None, None, None));
    }
}
