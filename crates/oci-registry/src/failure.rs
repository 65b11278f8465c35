//! What a refusal of a registry means.

use artifact_http::{Response, Visitor};
use artifact_source::{Error, ErrorKind};
use serde::Deserialize;

use crate::{ImageName, lenient};

/// The error that this answer means: `what` with the registry's own code and a hint.
pub(crate) fn refusal(response: &Response, name: &ImageName, visitor: &Visitor, what: &str) -> Error {
    let mut error = response.error(what);
    let code = code(&response.body);
    if let Some(code) = &code {
        error = error.with_code(code);
    }
    match (error.kind(), code.as_deref()) {
        (ErrorKind::Unauthorized | ErrorKind::Forbidden, _) => refused_hint(error, name, visitor),
        (ErrorKind::NotFound, Some("MANIFEST_UNKNOWN")) => error,
        (ErrorKind::NotFound, _) => error.with_hint(format!(
            "is {name} spelled right? Some registries also hide private repositories like this"
        )),
        (ErrorKind::RateLimited, _) if visitor.credential().is_none() => {
            error.with_hint("registries allow more to those who sign in")
        }
        (ErrorKind::RateLimited, _) => error.with_hint("set a lower rate for this registry"),
        _ => error,
    }
}

/// The same with what to do about not being let in.
pub(crate) fn refused_hint(error: Error, name: &ImageName, visitor: &Visitor) -> Error {
    let Some(hint) = visitor.hint(error.kind(), name) else { return error };
    error.with_hint(match visitor.credential() {
        Some(_) => hint,
        None => format!("{hint}; registries also answer like this where there is no such repository"),
    })
}

/// The first error code of the spec's envelope, where it is one.
fn code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(default, deserialize_with = "lenient::readable")]
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        code: String,
    }
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    let code = envelope.errors.into_iter().next()?.code;
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (!code.is_empty() && code.len() <= 64 && code.bytes().all(is_code)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (body, expected) in [
            (r#"{"errors":[{"code":"NAME_UNKNOWN","message":"x","detail":{}}]}"#, Some("NAME_UNKNOWN")),
            (r#"{"errors":[{"code":"A"},{"code":"B"}]}"#, Some("A")),
            (r#"{"errors":[7,{"code":"B"}]}"#, Some("B")),
            (r#"{"errors":null}"#, None),
            (r#"{"errors":[{"code":"<script>"}]}"#, None),
            (r#"{"code":"A"}"#, None),
            ("404 page not found", None),
            ("", None),
        ] {
            assert_eq!(code(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
