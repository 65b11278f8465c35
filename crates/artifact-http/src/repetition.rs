//! Finds a secret that a server repeats in a text, in the encodings that servers use.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands for a secret in a text.
const MASK: &str = "...";

/// The text with every occurrence of the secret replaced by `...`: as it is and in base64 of both alphabets, with and without padding, each
/// with any of its characters percent-encoded, written as an escape of JSON or HTML, or, for a blank, as `+`.
pub(crate) fn remove(secret: &str, text: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let mut spellings = vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    spellings.dedup();
    spellings.into_iter().fold(text.to_owned(), |text, spelling| remove_spelling(&spelling, &text))
}

fn remove_spelling(secret: &str, text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match longest_match(secret, rest) {
            Some(end) => {
                shown.push_str(MASK);
                rest = &rest[end..];
            }
            None => {
                shown.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    shown
}

/// Where the secret ends, if the text starts with it.
fn longest_match(secret: &str, text: &str) -> Option<usize> {
    let mut ends = vec![0];
    for letter in secret.chars() {
        let mut next = Vec::new();
        for end in ends {
            for length in spelled(letter, &text[end..]) {
                if !next.contains(&(end + length)) {
                    next.push(end + length);
                }
            }
        }
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().max()
}

/// The lengths of the spellings of this character that the text starts with.
fn spelled(letter: char, text: &str) -> Vec<usize> {
    let mut lengths = Vec::new();
    if text.starts_with(letter) {
        lengths.push(letter.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'%') => {
            let mut bytes = [0; 4];
            let encoded: String =
                letter.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")).collect();
            lengths.extend(
                text.get(..encoded.len()).filter(|start| start.eq_ignore_ascii_case(&encoded)).map(str::len),
            );
        }
        Some(b'+') if letter == ' ' => lengths.push(1),
        Some(b'\\') => {
            let mut units = [0; 2];
            let escaped: String =
                letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            lengths.extend(
                text.get(..escaped.len()).filter(|start| start.eq_ignore_ascii_case(&escaped)).map(str::len),
            );
            if matches!(letter, '/' | '"' | '\\' | '\'') && text[1..].starts_with(letter) {
                lengths.push(2);
            }
        }
        Some(b'&') => lengths
            .extend(text.find(';').filter(|&end| entity(&text[1..end]) == Some(letter)).map(|end| end + 1)),
        _ => {}
    }
    lengths
}

/// The character that an HTML entity stands for.
fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found() {
        let secret = "S3 <&\"+/\u{e9}?";
        for (said, shown) in [
            ("S3 <&\"+/\u{e9}?", "..."),
            ("a S3+%3C%26%22%2b%2F%c3%A9%3f b", "a ... b"),
            ("S3 &lt;&amp;&quot;+/&#233;?", "..."),
            ("S3&#32;&#x3C;&#038;&#x22;+/&#xe9;?", "..."),
            (r#"S3 \u003c\u0026\"+\/\u00E9?"#, "..."),
            ("S3 <&\"+/\u{e9}", "S3 <&\"+/\u{e9}"),
            ("&", "&"),
            ("%", "%"),
            ("\\", "\\"),
        ] {
            assert_eq!(remove(secret, said), shown, "{said}");
        }
        assert_eq!(remove("\u{1f600}x", r"\ud83d\uDE00x"), "...");
        assert_eq!(remove("%41%", "%41% %2541%25"), "... ...");
    }

    #[test]
    fn base64_of_both_alphabets_is_found() {
        // In base64, these are `Pz8/Pj4+YQ==`.
        let secret = "???>>>a";
        for said in ["Pz8/Pj4+YQ==", "Pz8/Pj4+YQ", "Pz8_Pj4-YQ", "Pz8%2FPj4%2bYQ%3D%3D", r"Pz8\/Pj4\u002bYQ"]
        {
            assert_eq!(remove(secret, said), "...", "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(secret in ".{0,4}", text in r"[&%#\\\\u;a-f0-9é]{0,12}") {
            remove(&secret, &text);
        }
    }
}
