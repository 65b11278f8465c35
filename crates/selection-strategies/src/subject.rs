//! The subject of a commit as it is stored.

use std::borrow::Cow;

use go_compat::utf8::{self, to_text};

/// The longest subject that is stored whole, in bytes.
const LIMIT: usize = 80;

const ELLIPSIS: &str = "...";

/// Shortens the subject of a commit to at most 80 bytes ([rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): 77 of its own and `...`.
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
        return to_text(subject);
    }
    let mut kept = to_text(&subject[..boundary(subject, LIMIT - ELLIPSIS.len())]).into_owned();
    kept.push_str(ELLIPSIS);
    Cow::Owned(kept)
}

/// The last boundary of a character at or before `limit`.
fn boundary(text: &[u8], limit: usize) -> usize {
    let mut end = 0;
    while end < limit {
        let (_, width) = utf8::decode(&text[end..]);
        if end + width > limit {
            break;
        }
        end += width.max(1);
    }
    end
}
