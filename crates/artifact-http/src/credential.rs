//! Credentials, and the headers that present them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::repetition;

/// A credential for a server. `Debug` shows no secret.
///
/// ```
/// use artifact_http::Credential;
///
/// let credential = Credential::password("me", "hunter2");
/// assert_eq!(format!("{credential:?}"), r#"Password { username: "me", password: [redacted] }"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// A user name and a password, or an access token where a password is asked for.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token that is sent as it is.
    Bearer(Secret),
    /// A refresh token that has to be exchanged for an access token first (OAuth 2, "identity token"
    /// in Docker's words).
    IdentityToken(Secret),
}

impl Credential {
    /// A user name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Password { username: username.into(), password: password.into() }
    }

    /// A token that is sent as it is.
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self::Bearer(token.into())
    }

    /// A refresh token.
    pub fn identity_token(token: impl Into<Secret>) -> Self {
        Self::IdentityToken(token.into())
    }

    /// The user and the password in a URL, percent-decoded; `None` where it has neither.
    pub fn in_url(url: &Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(Self::password(decode(url.username()), decode(url.password().unwrap_or_default())))
    }

    /// The header that presents this credential directly; `None` for one that has to be exchanged first.
    pub fn authorization(&self) -> Option<Authorization> {
        match self {
            Self::Password { username, password } => Some(Authorization::basic(username, password.expose())),
            Self::Bearer(token) => Some(Authorization::bearer(token.expose())),
            Self::IdentityToken(_) => None,
        }
    }

    /// The text with the secret, and the header that is made of it, replaced by `...`: for texts of a server that may repeat what it
    /// was sent. The user name stays.
    pub fn remove_from(&self, text: &str) -> String {
        let text = match self.authorization() {
            Some(authorization) => authorization.remove_from(text),
            None => text.to_owned(),
        };
        match self {
            Self::Password { password, .. } => password.remove_from(&text),
            Self::Bearer(token) | Self::IdentityToken(token) => token.remove_from(&text),
        }
    }
}

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
        Some(("Basic", credentials)) => {
            let text = repetition::remove(credentials, text);
            let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(decoded) = decoded else { return text };
            let text = repetition::remove(&decoded, &text);
            match decoded.split_once(':') {
                Some((_, password)) => repetition::remove(password, &text),
                None => text,
            }
        }
        Some((_, credentials)) => repetition::remove(credentials, text),
        None => text.to_owned(),
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [redacted]", self.scheme)
    }
}

/// A string that is not shown: `Debug` says `[redacted]`, and there is no `Display`.
///
/// ```
/// use artifact_http::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret of this text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence of the secret replaced by `...`, also where it is encoded or escaped. Servers may repeat what
    /// they were sent.
    pub(crate) fn remove_from(&self, text: &str) -> String {
        repetition::remove(&self.0, text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<S: Into<Box<str>>> From<S> for Secret {
    fn from(text: S) -> Self {
        Self::new(text)
    }
}

/// Drops user name and password from a URL.
pub(crate) fn strip_user_info(url: &mut Url) {
    // Only a URL without a host refuses, and that one holds neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_a_server_repeats_is_removed() {
        let password = Credential::password("bob", "S3CRET+/");
        for (said, shown) in [
            ("bad password S3CRET+/ for bob", "bad password ... for bob"),
            ("Basic Ym9iOlMzQ1JFVCsv", "Basic ..."),
            ("?p=S3CRET%2B%2F&q=S3CRET%2b%2f", "?p=...&q=..."),
            ("Ym9iOlMzQ1JFVCsv", "..."),
            ("UzNDUkVUKy8= UzNDUkVUKy8 UzNDUkVUKy8%3d", "... ... ..."),
            (r"S3CRET\u002b\/ S3CRET&#43;&#x2F;", "... ..."),
            ("expired", "expired"),
        ] {
            assert_eq!(password.remove_from(said), shown);
        }
        let padded = Credential::password("me", "S3CRET>>?");
        for said in
            ["bWU6UzNDUkVUPj4/", "bWU6UzNDUkVUPj4_", "UzNDUkVUPj4/", "UzNDUkVUPj4_", "S3CRET&gt;&gt;?"]
        {
            assert_eq!(padded.remove_from(said), "...", "{said}");
        }
        // What is shown of a padded header is shown without its padding.
        let padded = Credential::password("me", "S3CRET");
        for said in ["bWU6UzNDUkVU", "UzNDUkVU"] {
            assert_eq!(padded.remove_from(said), "...", "{said}");
        }
        assert_eq!(Credential::password("a", "S3CRET").remove_from("YTpTM0NSRVQ YTpTM0NSRVQ="), "... ...");
        assert_eq!(Credential::bearer("T0KEN").remove_from("no T0KEN"), "no ...");
        assert_eq!(Credential::identity_token("T0KEN").remove_from("no T0KEN"), "no ...");
        assert_eq!(Credential::password("bob", "").remove_from("for bob"), "for bob");
    }
}
