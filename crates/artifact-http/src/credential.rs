//! Who we are to a server.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{Authorization, Secret};

/// Who we are to a server. `Debug` shows no secret.
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
            ("expired", "expired"),
        ] {
            assert_eq!(password.remove_from(said), shown);
        }
        assert_eq!(Credential::bearer("T0KEN").remove_from("no T0KEN"), "no ...");
        assert_eq!(Credential::identity_token("T0KEN").remove_from("no T0KEN"), "no ...");
        assert_eq!(Credential::password("bob", "").remove_from("for bob"), "for bob");
    }
}
