//! The subject of a commit as it is stored.

use std::borrow::Cow;

/// The longest subject that is stored whole, in bytes.
const LIMIT: usize = 80;

const ELLIPSIS: &str = "...";

/// Shortens the subject of a commit to at most 80 bytes (rule 4.5): 77 of its own and `...`.
///
/// The cut is at the boundary of a character, so a subject may become a few bytes shorter than 80.
/// (Kargo cuts between bytes and so stores half a character; what its API server then shows is
/// U+FFFD.) Bytes that are not UTF-8 become U+FFFD, one for each byte, as in Go.
///
/// ```
/// use selection_strategies::shorten_subject;
///
/// assert_eq!(shorten_subject(b"fix: typo"), "fix: typo");
/// let long = shorten_subject(&[b'a'; 100]);
/// assert_eq!(long.len(), 80);
/// assert!(long.ends_with("a..."));
/// ```
#[must_use]
pub fn shorten_subject(subject: &[u8]) -> Cow<'_, str> {
    if subject.len() <= LIMIT {
        return decode(subject);
    }
    let mut kept = decode(&subject[..boundary(subject, LIMIT - ELLIPSIS.len())]).into_owned();
    kept.push_str(ELLIPSIS);
    Cow::Owned(kept)
}

/// The last boundary of a character at or before `limit`.
fn boundary(text: &[u8], limit: usize) -> usize {
    let mut end = 0;
    while end < limit {
        let (_, width) = crate::glob::decode_rune(&text[end..]);
        if end + width > limit {
            break;
        }
        end += width.max(1);
    }
    end
}

/// Bytes as text; each that is not UTF-8 becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}
