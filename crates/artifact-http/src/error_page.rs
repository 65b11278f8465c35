//! The words of a server in an error page of plain text, as Git servers and chart repositories send them.

use http::{HeaderMap, header};

use crate::{Identity, Response};

/// A text that is longer than this is a page rather than a message.
const LONGEST: usize = 4096;

/// Whether an answer is `text/plain`, with any parameters.
pub(crate) fn is_plain_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    let media_type = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"text/plain")
}

/// The text of a page without the credential of this identity and without what the server was sent; nothing of a page that is too long.
pub(crate) fn of_page(page: &Response, identity: &Identity) -> String {
    if page.body.len() > LONGEST {
        return String::new();
    }
    let text = page.without_authorization(&String::from_utf8_lossy(&page.body));
    match identity.credential() {
        Some(credential) => credential.remove_from(&text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        assert_eq!(is_plain_text(&headers), expected, "{content_type:?}");
    }

    #[test]
    fn plain_text() {
        check(Some("text/plain"), true);
        check(Some("Text/Plain ; charset=utf-8"), true);
        check(Some("text/plaintext"), false);
        check(Some("text/html"), false);
        check(Some(""), false);
        check(None, false);
    }
}
