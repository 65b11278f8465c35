//! The identity that requests to a repository use, and the lookup of credentials.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use artifact_source::{Error, ErrorKind, Principal, SourceKind};
use async_trait::async_trait;
use url::Url;

use crate::Credential;

/// A credential, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// The credential.
    pub credential: Credential,
    /// Where it was found, without a secret: `Secret team/ghcr`, `docker-credential-pass`. Empty where there is
    /// nothing to say.
    pub found_in: Arc<str>,
}

impl Login {
    /// A credential that was found there.
    pub fn new(credential: Credential, found_in: impl Into<Arc<str>>) -> Self {
        Self { credential, found_in: found_in.into() }
    }

    /// Identifies the access of a credential, without a secret: the user's name, and where the credential was found.
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
/// `()` has no credential, and a [`Credential`] is a source of itself: every server gets it.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// The credential for this repository, `None` where there is none.
    ///
    /// `url` is the repository as its subscription names it (`ghcr.io/a/b`,
    /// `https://charts.example.com`, `git@github.com:a/b`).
    ///
    /// # Errors
    ///
    /// The lookup failed. That is not the same as "there is none": continuing without the
    /// credential would answer 401 and hide the real reason.
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Login>, Error>;

    /// Why there is no credential for this repository, as a message for the owner of the Warehouse: the places that were searched,
    /// and the nearest entry. `None` where there is nothing to say.
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

/// The identity of one discovery's requests: a credential, or anonymous, with the reason.
///
/// It is resolved once, before the first request, and every request, cache and report of the discovery uses the same one. A Secret that is
/// replaced in between counts for the next discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    login: Option<Login>,
    why_anonymous: Option<String>,
}

impl From<Login> for Identity {
    fn from(login: Login) -> Self {
        Self { login: Some(login), why_anonymous: None }
    }
}

impl From<Credential> for Identity {
    fn from(credential: Credential) -> Self {
        Login::from(credential).into()
    }
}

impl Identity {
    /// Without a credential.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// The identity for this repository. The order is the same for every kind of source:
    ///
    /// 1. the credential that the source of credentials has for it;
    /// 2. the user and password in the URL itself, if it is an http or https URL;
    /// 3. none.
    ///
    /// # Errors
    ///
    /// As [`CredentialSource::credential`].
    pub async fn resolve(
        source: &(impl CredentialSource + ?Sized),
        kind: &SourceKind,
        url: &str,
    ) -> Result<Self, Error> {
        if let Some(login) = source.credential(kind, url).await? {
            return Ok(login.into());
        }
        let in_url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        Ok(match in_url.as_ref().and_then(Credential::in_url) {
            Some(credential) => Login::new(credential, "the repoURL itself").into(),
            None => Self { login: None, why_anonymous: source.hint(kind, url) },
        })
    }

    /// The credential; `None` for an anonymous identity.
    pub fn credential(&self) -> Option<&Credential> {
        self.login.as_ref().map(|login| &login.credential)
    }

    /// The [scope](Login::scope) of the login; empty for an anonymous identity.
    pub fn scope(&self) -> String {
        self.login.as_ref().map(Login::scope).unwrap_or_default()
    }

    /// The same without a secret, for [`Trace::authenticated`](artifact_source::Trace::authenticated).
    pub fn principal(&self) -> Principal {
        match &self.login {
            Some(login) => Principal::Credential(login.scope()),
            None => Principal::Anonymous(self.why_anonymous.clone()),
        }
    }

    /// What to do about a refusal of this kind; `what` names the requested resource. `None` for other errors.
    pub fn hint(&self, refusal: ErrorKind, what: impl Display) -> Option<String> {
        self.hint_to("read", refusal, what)
    }

    /// The same for another action than `read`, such as `push to`.
    pub fn hint_to(&self, action: &str, refusal: ErrorKind, what: impl Display) -> Option<String> {
        let credential = match &self.login {
            Some(Login { found_in, .. }) if found_in.is_empty() => "the credential".to_owned(),
            Some(Login { found_in, .. }) => format!("the credential of {found_in}"),
            None => String::new(),
        };
        let hint = match (refusal, &self.login) {
            (ErrorKind::Unauthorized, Some(_)) => {
                format!("{credential} was not accepted: is it still valid, and may it {action} {what}?")
            }
            (ErrorKind::Forbidden, Some(_)) => format!("may {credential} {action} {what}?"),
            (ErrorKind::Unauthorized | ErrorKind::Forbidden, None) => {
                format!("no credential was given for {what}")
            }
            _ => return None,
        };
        Some(match &self.why_anonymous {
            Some(why) => format!("{hint}: {why}"),
            None => hint,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;

    #[derive(Debug)]
    struct Nothing;

    #[async_trait]
    impl CredentialSource for Nothing {
        async fn credential(&self, _: &SourceKind, _: &str) -> Result<Option<Login>, Error> {
            Ok(None)
        }

        fn hint(&self, _: &SourceKind, url: &str) -> Option<String> {
            Some(format!("no Secret is for {url}"))
        }
    }

    #[track_caller]
    fn check(source: impl CredentialSource, refusal: ErrorKind, expected: Option<&str>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let identity = runtime.block_on(Identity::resolve(&source, &SourceKind::Image, "ghcr.io/a")).unwrap();
        assert_eq!(identity.hint(refusal, "ghcr.io/a").as_deref(), expected);
    }

    #[test]
    fn hints_name_the_place_and_no_secret() {
        let me = || Credential::password("me", "SECRET");
        let refused = "the credential was not accepted: is it still valid, and may it read ghcr.io/a?";
        check(me(), ErrorKind::Unauthorized, Some(refused));
        check(me(), ErrorKind::Forbidden, Some("may the credential read ghcr.io/a?"));
        check(me(), ErrorKind::NotFound, None);
        check((), ErrorKind::Unauthorized, Some("no credential was given for ghcr.io/a"));
        let pushed = Identity::from(me()).hint_to("push to", ErrorKind::Forbidden, "ghcr.io/a");
        assert_eq!(pushed.as_deref(), Some("may the credential push to ghcr.io/a?"));
        let why = "no credential was given for ghcr.io/a: no Secret is for ghcr.io/a";
        check(Nothing, ErrorKind::Forbidden, Some(why));
        check(Arc::new(Some(Nothing)), ErrorKind::Unauthorized, Some(why));
    }

    #[test]
    fn a_scope_is_no_secret() {
        let login = |credential| Login::new(credential, "Secret a/b").scope();
        assert_eq!(login(Credential::password("me", "SECRET")), "me of Secret a/b");
        assert_eq!(login(Credential::bearer("SECRET")), "a token of Secret a/b");
        assert_eq!(Identity::default().scope(), "");
    }

    #[tokio::test]
    async fn a_source_of_credentials_counts_before_the_url() {
        let resolve = async |source: Option<Credential>, url: &str| {
            Identity::resolve(&source, &SourceKind::Git, url).await.unwrap().scope()
        };
        let url = "https://me%40x:SECRET@example.com/a.git";
        assert_eq!(resolve(Some(Credential::password("robot", "SECRET")), url).await, "robot of ");
        assert_eq!(resolve(None, url).await, "me@x of the repoURL itself");
        assert_eq!(resolve(None, "https://org@example.com/a.git").await, "org of the repoURL itself");
        assert_eq!(resolve(None, "https://example.com/a.git").await, "");
        assert_eq!(resolve(None, "ssh://git@example.com/a.git").await, "");
        assert_eq!(resolve(None, "git@example.com:a").await, "");
    }
}
