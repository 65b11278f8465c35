//! The text of servers, programs and gitoxide as a message of ours may show it.

use artifact_http::Secret;
use artifact_source::{printable, redact_url};

/// The longest quotation of a server, in characters.
const LONGEST_QUOTE: usize = 300;

/// The longest line of a program or of gitoxide, in characters.
const LONGEST_LINE: usize = 200;

/// The message of a server on one line: at most 300 characters, [printable], without these secrets and without the secrets in URLs.
pub(crate) fn quoted(text: &str, secrets: &[Secret]) -> String {
    let mut message: String =
        text.chars().map(|character| if character.is_whitespace() { ' ' } else { character }).collect();
    for secret in secrets.iter().map(Secret::expose).filter(|secret| !secret.is_empty()) {
        message = message.replace(secret, "[redacted]");
    }
    let words = message
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| if word.contains("://") { redact_url(word) } else { word.to_owned() });
    let line = words.collect::<Vec<_>>().join(" ");
    printable(&line).chars().take(LONGEST_QUOTE).collect()
}

/// The first line of a text: at most 200 characters, [printable].
pub(crate) fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    printable(line).chars().take(LONGEST_LINE).collect()
}

/// The text with every list of bytes (`[97, 98]`), as Rust's `Debug` shows it, replaced by the text of these bytes.
fn without_byte_lists(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, list) = rest.split_at(start);
        written.push_str(before);
        let bytes = list[1..].find(']').and_then(|end| {
            let bytes: Option<Vec<u8>> = list[1..=end].split(", ").map(|byte| byte.parse().ok()).collect();
            Some((bytes?, end))
        });
        rest = match bytes {
            Some((bytes, end)) => {
                written.push_str(&format!("{:?}", String::from_utf8_lossy(&bytes)));
                &list[end + 2..]
            }
            None => {
                written.push('[');
                &list[1..]
            }
        };
    }
    written + rest
}

/// A cause from gitoxide as one line of text. gitoxide's own errors show places in its source code and may hold a URL.
#[derive(Debug)]
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn new(error: &gix::Error) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for error in error.iter_errors() {
            let line = one_line(&without_byte_lists(&error.to_string()));
            if !line.is_empty() && lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        Self(lines.join(": "))
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_of_bytes_is_shown() {
        for (text, shown) in [
            ("[97, 32, 98] could not be parsed", "\"a b\" could not be parsed"),
            ("a [7] b [255]", "a \"\\u{7}\" b \"\u{fffd}\""),
            ("[256]", "[256]"),
            ("[97, 98", "[97, 98"),
            ("[]", "[]"),
            ("a[b[97]]", "a[b\"a\"]"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_byte_lists(text), shown);
        }
    }

    #[test]
    fn a_quotation_is_bounded() {
        assert_eq!(quoted(&"x".repeat(5000), &[]), "x".repeat(LONGEST_QUOTE));
    }
}
