//! What goes into the `Authorization` header.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::Secret;

/// What goes into the `Authorization` header. `Debug` shows the scheme at most.
///
/// ```
/// use artifact_http::Authorization;
///
/// assert_eq!(format!("{:?}", Authorization::basic("me", "secret")), "Basic [redacted]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    scheme: &'static str,
    // `None` where the credential holds bytes that no header can carry.
    value: Option<HeaderValue>,
}

impl Authorization {
    /// `Basic`: user name and password (RFC 7617).
    pub fn basic(username: &str, password: &str) -> Self {
        Self::new("Basic", &STANDARD.encode(format!("{username}:{password}")))
    }

    /// `Bearer`: a token (RFC 6750).
    pub fn bearer(token: &str) -> Self {
        Self::new("Bearer", token)
    }

    fn new(scheme: &'static str, credentials: &str) -> Self {
        let value = HeaderValue::try_from(format!("{scheme} {credentials}")).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { scheme, value }
    }

    /// The text with what the header holds replaced by `...`.
    pub(crate) fn remove_from(&self, text: &str) -> String {
        match &self.value {
            Some(value) => remove_sent(value, text),
            None => text.to_owned(),
        }
    }

    pub(crate) fn header_value(&self) -> Option<&HeaderValue> {
        self.value.as_ref()
    }
}

/// The text with what this `Authorization` header holds after its scheme replaced by `...`.
pub(crate) fn remove_sent(value: &HeaderValue, text: &str) -> String {
    let value = value.to_str().unwrap_or_default();
    match value.split_once(' ') {
        Some((_, credentials)) => Secret::new(credentials).remove_from(text),
        None => text.to_owned(),
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [redacted]", self.scheme)
    }
}
