//! Errors made from the error responses of registries.

use artifact_http::{Credential, Identity, Response, header};
use artifact_source::{Error, ErrorKind, printable};
use serde::Deserialize;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::{ImageName, json};

/// The error for this response: `message` with the registry's own code and message, without a hint.
pub(crate) fn described(response: &Response, identity: &Identity, message: &str) -> Error {
    let error = response.error(message).with_server_message(&server_message(response, identity));
    // It may be one that a server redirected to.
    let error = match identity.credential() {
        Some(credential) => error.map_url(|url| credential.remove_from(url)),
        None => error,
    };
    match first_error(&response.body).and_then(|error| error.code) {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// The error for this response: `message` with the registry's own code and message, and a hint.
pub(crate) fn refusal(response: &Response, endpoint: &Endpoint, identity: &Identity, message: &str) -> Error {
    let name = &endpoint.name;
    let error = described(response, identity, message);
    let code = error.code().map(str::to_owned);
    match (error.kind(), code.as_deref()) {
        // Another server than the registry has not seen the credential.
        (ErrorKind::Forbidden, _) if response.origin() != endpoint.origin() => error,
        (ErrorKind::Unauthorized, _) if !response.was_authorized() || response.origin() != endpoint.origin() => {
            match why_unauthenticated(response, endpoint, identity) {
                Some(hint) => error.with_hint(hint),
                None => with_credential_hint(error, name, identity),
            }
        }
        (ErrorKind::Forbidden, _) if is_unsent(response, identity) => error.with_hint(UNSENT),
        (ErrorKind::Unauthorized | ErrorKind::Forbidden, _) => with_credential_hint(error, name, identity),
        (ErrorKind::NotFound, Some("MANIFEST_UNKNOWN")) => error,
        (ErrorKind::NotFound, _) if is_unsent(response, identity) && response.origin() == endpoint.origin() => {
            error.with_hint(format!("check the spelling of {name}; {UNSENT}"))
        }
        (ErrorKind::NotFound, _) => error.with_hint(format!(
            "check the spelling of {name}; some registries answer like this for private repositories too"
        )),
        (ErrorKind::RateLimited, _) if identity.credential().is_none() => {
            error.with_hint("registries allow a higher rate with a credential")
        }
        (ErrorKind::BadAnswer, _) if expects_https(response) => error.with_hint(
            "the registry expects https, and loopback hosts default to plain http: configure https for this host",
        ),
        (ErrorKind::RateLimited, _) => error.with_hint("set a lower rate for this registry"),
        _ => error,
    }
}

/// What is said of a refusal without a challenge.
const UNSENT: &str = "the registry does not state that it requires authentication, neither in this answer nor at /v2/: no credential was sent \
     with this request";

/// Whether there is a credential, and the request was sent without it.
fn is_unsent(response: &Response, identity: &Identity) -> bool {
    identity.credential().is_some() && !response.was_authorized()
}

/// Why the request was sent without the credential, if there is one.
fn why_unauthenticated(response: &Response, endpoint: &Endpoint, identity: &Identity) -> Option<String> {
    let origin = response.origin();
    if origin != endpoint.origin() {
        return Some(format!(
            "the registry redirects to {origin}, which requires authentication of its own; the credential for {} is not sent there: \
             read the repository at that host, with a credential for it",
            endpoint.name
        ));
    }
    let credential = identity.credential()?;
    let challenges = response.instructions().challenges();
    let schemes: Vec<_> = challenges.iter().map(|challenge| printable(challenge.scheme())).take(5).collect();
    let reason = match credential {
        _ if schemes.is_empty() => {
            "the registry does not state an authentication scheme (no WWW-Authenticate header)".to_owned()
        }
        Credential::IdentityToken(_) if challenges.iter().any(|challenge| challenge.is("basic")) => {
            "the registry requires a user name and a password, and the credential is an identity token"
                .to_owned()
        }
        _ if challenges.iter().any(|challenge| {
            challenge.is("basic") || challenge.is("bearer") && challenge.parameter("realm").is_some()
        }) =>
        {
            "a redirect led to another server and back, and the credential is not sent along such a redirect"
                .to_owned()
        }
        _ => {
            let shown: String = schemes.join(", ").chars().take(200).collect();
            let missing = match challenges.iter().any(|challenge| challenge.is("bearer")) {
                true => ", without a valid realm",
                false => ", and only Basic and Bearer are supported",
            };
            format!("the registry requires {shown}{missing}")
        }
    };
    Some(format!("{reason}: no credential was sent with this request"))
}

/// Whether this is the response of a Go server or nginx to plain http on a port for https.
fn expects_https(response: &Response) -> bool {
    let body = String::from_utf8_lossy(&response.body);
    response.status.as_u16() == 400
        && ["HTTP request to an HTTPS server", "HTTP request was sent to HTTPS port"]
            .iter()
            .any(|text| body.contains(text))
}

/// The error with a hint about the credential.
pub(crate) fn with_credential_hint(error: Error, name: &ImageName, identity: &Identity) -> Error {
    let Some(hint) = identity.hint(error.kind(), name) else { return error };
    error.with_hint(match identity.credential() {
        Some(_) => hint,
        None => format!("{hint}; registries also answer like this if there is no such repository"),
    })
}

/// The message in the error response of a registry or a token service, without the credential if the server repeats it.
pub(crate) fn server_message(response: &Response, identity: &Identity) -> String {
    let plain_text = || {
        let content_type = response.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let text = std::str::from_utf8(&response.body).ok()?;
        (content_type.starts_with("text/plain") && text.len() <= 1000).then(|| text.to_owned())
    };
    let message = match first_error(&response.body) {
        Some(error) => error.message.unwrap_or_default(),
        None => plain_text().unwrap_or_default(),
    };
    let message = response.without_authorization(&message);
    match identity.credential() {
        Some(credential) => credential.remove_from(&message),
        None => message,
    }
}

struct ServerError {
    code: Option<String>,
    message: Option<String>,
}

/// The first error of the distribution spec's envelope, or the description of OAuth 2 (RFC 6749, section 5.2).
fn first_error(body: &[u8]) -> Option<ServerError> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(default, deserialize_with = "json::readable")]
        errors: Vec<Entry>,
        #[serde(default)]
        error_description: Value,
        #[serde(default)]
        message: Value,
        #[serde(default)]
        details: Value,
        #[serde(default)]
        error: Value,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: Value,
        #[serde(default)]
        message: Value,
        #[serde(default)]
        detail: Value,
    }
    let text = |value: &Value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    };
    let envelope: Envelope = json::object(body).ok()?;
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_code = |code: &String| code.len() <= 64 && code.bytes().all(is_letter);
    if let Some(first) = envelope.errors.first() {
        let messages = envelope.errors.iter().map(|entry| &entry.message);
        let message = messages.chain(envelope.errors.iter().map(|entry| &entry.detail)).find_map(text);
        return Some(ServerError { code: text(&first.code).filter(is_code), message });
    }
    let nested = envelope.error.get("message").unwrap_or(&Value::Null);
    let texts = [&envelope.error_description, &envelope.message, &envelope.details, nested, &envelope.error];
    let message = texts.into_iter().find_map(text)?;
    Some(ServerError { code: None, message: Some(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, code: Option<&str>, message: &str) {
        let found = first_error(body.as_bytes());
        let (found_code, found_message) = found.map(|error| (error.code, error.message)).unwrap_or_default();
        assert_eq!(
            (found_code.as_deref(), found_message.unwrap_or_default().as_str()),
            (code, message),
            "{body}"
        );
    }

    #[test]
    fn codes_and_messages() {
        check(r#"{"errors":[{"code":"NAME_UNKNOWN","message":"x","detail":{}}]}"#, Some("NAME_UNKNOWN"), "x");
        check(r#"{"errors":[{"code":"A"},{"code":"B","message":"b"}]}"#, Some("A"), "b");
        check(r#"{"errors":[7,{"code":"B"}]}"#, Some("B"), "");
        check(r#"{"errors":[{"code":"A","message":7}]}"#, Some("A"), "");
        check(r#"{"errors":[{"code":"A","message":"","detail":"why"}]}"#, Some("A"), "why");
        check(r#"{"error":{"code":403,"message":"expired"}}"#, None, "expired");
        check(r#"{"error":"access expired"}"#, None, "access expired");
        check(r#"["a","b"]"#, None, "");
        check(r#"{"errors":null}"#, None, "");
        check(r#"{"errors":[{"code":"<script>","message":"m"}]}"#, None, "m");
        check(r#"{"error":"invalid_grant","error_description":"expired"}"#, None, "expired");
        check(r#"{"details":"incorrect username or password"}"#, None, "incorrect username or password");
        check(r#"{"code":"A"}"#, None, "");
        check("404 page not found", None, "");
        check("", None, "");
    }
}
