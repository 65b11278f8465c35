//! Who we are to a server, and where that is looked up.

use std::fmt::Debug;
use std::sync::Arc;

use artifact_source::{Error, SourceKind};
use async_trait::async_trait;

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

    /// The header that presents this credential directly; `None` for one that has to be exchanged first.
    pub fn authorization(&self) -> Option<Authorization> {
        match self {
            Self::Password { username, password } => Some(Authorization::basic(username, password.expose())),
            Self::Bearer(token) => Some(Authorization::bearer(token.expose())),
            Self::IdentityToken(_) => None,
        }
    }
}

/// Where credentials are looked up: a configuration file, a credential helper, Kubernetes Secrets.
///
/// `()` knows nobody, and a [`Credential`] is its own source: it goes to whoever asks.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// The credential for this repository, `None` where there is none.
    ///
    /// `url` is the repository as its subscription names it (`ghcr.io/a/b`,
    /// `https://charts.example.com`, `git@github.com:a/b`).
    ///
    /// # Errors
    ///
    /// The place could not be asked. That is not the same as "there is none": going on without the
    /// credential would answer 401 and hide the real reason.
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Credential>, Error>;
}

#[async_trait]
impl CredentialSource for () {
    async fn credential(&self, _: &SourceKind, _: &str) -> Result<Option<Credential>, Error> {
        Ok(None)
    }
}

#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self, _: &SourceKind, _: &str) -> Result<Option<Credential>, Error> {
        Ok(Some(self.clone()))
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for Option<S> {
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Credential>, Error> {
        match self {
            Some(source) => source.credential(kind, url).await,
            None => Ok(None),
        }
    }
}

#[async_trait]
impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Credential>, Error> {
        (**self).credential(kind, url).await
    }
}
