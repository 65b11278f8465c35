//! The lookup of credentials: who asks for which repository, and what is found where.

use std::fmt::{self, Debug, Display};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use artifact_source::{Error, SourceKind, redact_url};
use async_trait::async_trait;

use crate::Credential;
use crate::tenant::{NO_TENANT, Tenant};

/// A credential, and where it was found.
///
/// It is a source of itself, as a [`Credential`] is: every tenant and every server gets it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// The credential.
    pub credential: Credential,
    /// Where it was found, without a secret: `Secret team/ghcr`, `docker-credential-pass`. Two different credentials of one user name
    /// must not have the same text here, as caches hold what was read with them under it. Empty where there is
    /// nothing to say.
    pub found_in: Arc<str>,
}

impl Login {
    /// A credential that was found there.
    pub fn new(credential: Credential, found_in: impl Into<Arc<str>>) -> Self {
        Self { credential, found_in: found_in.into() }
    }

    /// The name of the user, if the credential has one.
    fn username(&self) -> Option<&str> {
        match &self.credential {
            Credential::Password { username, .. } => Some(username),
            Credential::Bearer(_) | Credential::IdentityToken(_) => None,
        }
    }

    /// What stands for the access of this login in keys of caches: where it was found, and where that is not known a number that
    /// is another one for each credential, and for each process.
    pub(crate) fn place(&self) -> String {
        if self.found_in.is_empty() { unnamed(&self.credential) } else { format!("{:?}", self.found_in) }
    }

    /// The [place](Self::place) and the user, so that no two pairs have the same text.
    pub(crate) fn key(&self) -> String {
        format!("{:?} {}", self.username(), self.place())
    }
}

/// A number for a credential without a place. It is keyed by what only this process knows, so it says nothing about the credential.
fn unnamed(credential: &Credential) -> String {
    static KEYS: LazyLock<(RandomState, RandomState)> = LazyLock::new(Default::default);
    format!("{:016x}{:016x}", KEYS.0.hash_one(credential), KEYS.1.hash_one(credential))
}

impl Display for Login {
    /// The user and the place, without a secret: `me of Secret team/ghcr`, `a token of config.json`, `me`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.username().unwrap_or("a token"))?;
        match &*self.found_in {
            "" => Ok(()),
            found_in => write!(f, " of {found_in}"),
        }
    }
}

impl From<Credential> for Login {
    /// A credential that the program itself was given.
    ///
    /// As nothing says where it is from, what was read with it is found again with an equal credential in this process only, and not in a
    /// cache on disk by the next one. [`Login::new`] with a name of the program's own for the place changes that.
    fn from(credential: Credential) -> Self {
        Self::new(credential, "")
    }
}

/// A repository for which a credential is looked up, and for whom.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct CredentialRequest<'a> {
    /// Whose discovery it is. Defaults to no tenant.
    pub tenant: &'a Tenant,
    /// The kind of source.
    pub kind: &'a SourceKind,
    /// The repository as its subscription names it (`ghcr.io/a/b`, `https://charts.example.com`, `git@github.com:a/b`). It may hold
    /// a password.
    pub url: &'a str,
    /// Whether the credential goes to a server whose certificate is not checked (`insecureSkipTLSVerify`). Defaults to `false`.
    pub skips_tls_verify: bool,
}

impl<'a> CredentialRequest<'a> {
    /// A request for this repository, for no tenant, and a server whose certificate is checked.
    pub fn new(kind: &'a SourceKind, url: &'a str) -> Self {
        Self { tenant: &NO_TENANT, kind, url, skips_tls_verify: false }
    }

    /// The same for this tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: &'a Tenant) -> Self {
        self.tenant = tenant;
        self
    }

    /// The same for a server whose certificate is not checked.
    #[must_use]
    pub fn with_skipped_tls_verify(mut self, skips: bool) -> Self {
        self.skips_tls_verify = skips;
        self
    }
}

impl Debug for CredentialRequest<'_> {
    /// The URL without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRequest")
            .field("tenant", self.tenant)
            .field("kind", self.kind)
            .field("url", &redact_url(self.url))
            .field("skips_tls_verify", &self.skips_tls_verify)
            .finish()
    }
}

/// Where credentials are looked up: a configuration file, a credential helper, Kubernetes Secrets.
///
/// `()` has no credential. A [`Credential`] and a [`Login`] are sources of themselves: every tenant and every server gets them, so a program
/// with several tenants uses neither.
///
/// ```
/// use artifact_http::{Credential, CredentialRequest, CredentialSource, Login};
/// use artifact_source::Error;
/// use async_trait::async_trait;
///
/// /// One credential for each tenant and each kind of source.
/// #[derive(Debug)]
/// struct Vault;
///
/// #[async_trait]
/// impl CredentialSource for Vault {
///     async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
///         let Some(tenant) = request.tenant.name() else { return Ok(None) };
///         // The password is read from the vault here.
///         let credential = Credential::password("robot", "hunter2");
///         Ok(Some(Login::new(credential, format!("vault {tenant}/{}", request.kind))))
///     }
/// }
/// ```
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// The credential for this repository and this tenant, `None` where there is none.
    ///
    /// # Errors
    ///
    /// The lookup failed. That is not the same as "there is none": continuing without the
    /// credential would answer 401 and hide the real reason.
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error>;

    /// Why there is no credential for this repository, as a message for the owner of the Warehouse: the places that were searched,
    /// and the nearest entry. It names nothing that belongs to another tenant. `None` where there is nothing to say.
    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        let _ = request;
        None
    }
}

#[async_trait]
impl CredentialSource for () {
    async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        Ok(None)
    }
}

#[async_trait]
impl CredentialSource for Credential {
    async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        Ok(Some(self.clone().into()))
    }
}

#[async_trait]
impl CredentialSource for Login {
    async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        Ok(Some(self.clone()))
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for Option<S> {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        match self {
            Some(source) => source.credential(request).await,
            None => Ok(None),
        }
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        self.as_ref()?.hint(request)
    }
}

#[async_trait]
impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        (**self).credential(request).await
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        (**self).hint(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(login: Login, shown: &str) {
        assert_eq!(login.to_string(), shown);
        assert!(!format!("{login:?} {login} {}", login.key()).contains("SECRET"));
    }

    #[test]
    fn a_login_is_shown_without_its_secret() {
        check(Login::new(Credential::password("me", "SECRET"), "Secret a/b"), "me of Secret a/b");
        check(Login::new(Credential::bearer("SECRET"), "Secret a/b"), "a token of Secret a/b");
        check(Credential::password("me", "SECRET").into(), "me");
        check(Credential::bearer("SECRET").into(), "a token");
    }

    #[test]
    fn a_key_is_that_of_one_access() {
        let key = |username: &str, password: &str, found_in: &str| {
            Login::new(Credential::password(username, password), found_in).key()
        };
        assert_eq!(key("me", "old", "Secret a/b"), key("me", "new", "Secret a/b"), "a new password");
        assert_ne!(key("me", "x", "Secret a/b"), key("you", "x", "Secret a/b"));
        assert_ne!(key("me", "x", "Secret a/b"), key("me", "x", "Secret b/b"));
        assert_ne!(key("me of Secret a/b", "x", "the URL"), key("me", "x", "Secret a/b of the URL"));
        assert_ne!(key("a\" \"b", "x", "c"), key("a", "x", "b\" \"c"));
        // Without a place, the credential itself counts.
        assert_eq!(key("me", "x", ""), key("me", "x", ""));
        assert_ne!(key("me", "x", ""), key("me", "y", ""));
        assert_ne!(Login::from(Credential::bearer("x")).key(), Login::from(Credential::bearer("y")).key());
    }

    #[test]
    fn a_request_is_shown_without_a_password() {
        let tenant = Tenant::new("team");
        let request = CredentialRequest::new(&SourceKind::Git, "https://me:SECRET@h/r").for_tenant(&tenant);
        let shown = format!("{request:?}");
        assert!(shown.contains("team") && !shown.contains("SECRET"), "{shown}");
    }
}
