//! Where credentials are looked up.

use std::fmt::Debug;
use std::sync::Arc;

use artifact_source::{Error, SourceKind};
use async_trait::async_trait;

use crate::Credential;

/// A credential, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// The credential.
    pub credential: Credential,
    /// Where it was found, in words that are no secret: `Secret team/ghcr`, `docker-credential-pass`. Empty where there is
    /// nothing to say.
    pub found_in: Arc<str>,
}

impl Login {
    /// A credential that was found there.
    pub fn new(credential: Credential, found_in: impl Into<Arc<str>>) -> Self {
        Self { credential, found_in: found_in.into() }
    }

    /// Words that tell apart what different credentials may see, and are no secret: where it was found, and the user's name.
    /// A password that was changed is the same scope.
    pub fn scope(&self) -> String {
        match &self.credential {
            Credential::Password { username, .. } => format!("{username} of {}", self.found_in),
            Credential::Bearer(_) | Credential::IdentityToken(_) => format!("a token of {}", self.found_in),
        }
    }
}

impl From<Credential> for Login {
    /// A credential that the program itself was given.
    fn from(credential: Credential) -> Self {
        Self::new(credential, "")
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
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Login>, Error>;

    /// Why there is no credential for this repository, in words for the person whose Warehouse was refused: where was looked,
    /// and what came nearest. `None` where there is nothing to say.
    fn hint(&self, kind: &SourceKind, url: &str) -> Option<String> {
        let _ = (kind, url);
        None
    }
}

#[async_trait]
impl CredentialSource for () {
    async fn credential(&self, _: &SourceKind, _: &str) -> Result<Option<Login>, Error> {
        Ok(None)
    }
}

#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self, _: &SourceKind, _: &str) -> Result<Option<Login>, Error> {
        Ok(Some(self.clone().into()))
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for Option<S> {
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Login>, Error> {
        match self {
            Some(source) => source.credential(kind, url).await,
            None => Ok(None),
        }
    }

    fn hint(&self, kind: &SourceKind, url: &str) -> Option<String> {
        self.as_ref()?.hint(kind, url)
    }
}

#[async_trait]
impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Login>, Error> {
        (**self).credential(kind, url).await
    }

    fn hint(&self, kind: &SourceKind, url: &str) -> Option<String> {
        (**self).hint(kind, url)
    }
}
