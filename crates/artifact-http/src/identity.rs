//! The identity that requests to a repository use.

use std::fmt::Display;

use artifact_source::{Error, ErrorKind, Principal};
use url::Url;

use crate::credential_source::{CredentialRequest, CredentialSource, Login};
use crate::{Credential, Tenant};

/// The identity of one discovery's requests: a credential, or anonymous, with the reason.
///
/// It is resolved once, before the first request, and every request, cache and report of the discovery uses the same one. A Secret that is
/// replaced in between counts for the next discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Whose credential it is; no tenant for an anonymous identity.
    tenant: Tenant,
    login: Option<Login>,
    why_anonymous: Option<String>,
}

/// How a hint about an anonymous request begins.
const NO_CREDENTIAL: &str = "no credential was given for";

impl From<Login> for Identity {
    fn from(login: Login) -> Self {
        Self { tenant: Tenant::default(), login: Some(login), why_anonymous: None }
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

    /// The identity for this repository and this tenant. The order is the same for every kind of source:
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
        request: &CredentialRequest<'_>,
    ) -> Result<Self, Error> {
        let of_tenant = |login| Self { tenant: request.tenant.clone(), ..Self::from(login) };
        if let Some(login) = source.credential(request).await? {
            return Ok(of_tenant(login));
        }
        let in_url = Url::parse(request.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        Ok(match in_url.as_ref().and_then(Credential::in_url) {
            Some(credential) => of_tenant(Login::new(credential, "the repoURL itself")),
            None => Self { why_anonymous: source.hint(request), ..Self::default() },
        })
    }

    /// The same identity without the reason why it is anonymous, which is for its own tenant alone: the identity of a request that several
    /// callers share, and its key, where [`scope`](Self::scope) does not suffice because a changed password must be another key. Each
    /// caller [explains](Self::explain) a refusal to its own tenant.
    #[must_use]
    pub fn without_reason(&self) -> Self {
        Self { why_anonymous: None, ..self.clone() }
    }

    /// The error of a request that was sent [without the reason](Self::without_reason), with the reason in its hint, if it is the
    /// refusal of an anonymous request.
    #[must_use]
    pub fn explain(&self, error: Error) -> Error {
        let Some(why) = &self.why_anonymous else { return error };
        match error.hint().is_some_and(|hint| hint.contains(NO_CREDENTIAL)) {
            true => error.with_additional_hint(why),
            false => error,
        }
    }

    /// The credential; `None` for an anonymous identity.
    pub fn credential(&self) -> Option<&Credential> {
        self.login.as_ref().map(|login| &login.credential)
    }

    /// The key of everything that is read as this identity: the tenant, the user, and where the credential was found, without a secret. A
    /// password that was changed is the same scope, except for a [credential without a place](Login::from).
    ///
    /// It is empty for an anonymous identity: what a server answers without a credential is what it answers to
    /// anyone, so tenants may share it.
    pub fn scope(&self) -> String {
        match &self.login {
            Some(login) => format!("{:?} {}", self.tenant.name(), login.key()),
            None => String::new(),
        }
    }

    /// The same without a secret, for [`Trace::authenticated`](artifact_source::Trace::authenticated).
    pub fn principal(&self) -> Principal {
        match &self.login {
            Some(login) => Principal::Credential(login.to_string()),
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
                format!("{NO_CREDENTIAL} {what}")
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

    use artifact_source::SourceKind;
    use async_trait::async_trait;

    use super::*;

    #[derive(Debug)]
    struct Nothing;

    #[async_trait]
    impl CredentialSource for Nothing {
        async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
            Ok(None)
        }

        fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
            Some(format!("no Secret is for {}", request.url))
        }
    }

    fn resolve(source: impl CredentialSource, request: &CredentialRequest<'_>) -> Identity {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(Identity::resolve(&source, request)).unwrap()
    }

    #[track_caller]
    fn check(source: impl CredentialSource, refusal: ErrorKind, expected: Option<&str>) {
        let identity = resolve(source, &CredentialRequest::new(&SourceKind::Image, "ghcr.io/a"));
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
    fn a_shared_refusal_is_explained_to_each_tenant() {
        let identity = resolve(Nothing, &CredentialRequest::new(&SourceKind::Image, "ghcr.io/a"));
        let shared = identity.without_reason();
        assert_eq!(shared, Identity::anonymous());
        let error = |kind: ErrorKind| match shared.hint(kind, "ghcr.io/a") {
            Some(hint) => Error::new(kind, "no").with_hint(hint),
            None => Error::new(kind, "no").with_hint("other"),
        };
        let told =
            |identity: &Identity, kind| identity.explain(error(kind)).hint().map(str::to_owned).unwrap();
        let why = "no credential was given for ghcr.io/a; no Secret is for ghcr.io/a";
        assert_eq!(told(&identity, ErrorKind::Unauthorized), why);
        assert_eq!(told(&shared, ErrorKind::Unauthorized), "no credential was given for ghcr.io/a");
        assert_eq!(told(&identity, ErrorKind::NotFound), "other");
    }

    #[test]
    fn a_scope_is_that_of_one_tenant_and_one_access() {
        let scope = |tenant: &str, password: &str, found_in: &str| {
            let tenant = Tenant::new(tenant);
            let login = Login::new(Credential::password("me", password), found_in);
            resolve(login, &CredentialRequest::new(&SourceKind::Image, "ghcr.io/a").for_tenant(&tenant))
                .scope()
        };
        assert_eq!(scope("a", "old", "Secret a/b"), scope("a", "new", "Secret a/b"));
        assert_ne!(scope("a", "x", "config.json"), scope("b", "x", "config.json"), "another tenant");
        assert_ne!(scope("", "x", "config.json"), scope("None", "x", "config.json"), "no tenant");
        assert_ne!(scope("a", "x", ""), scope("a", "y", ""), "another credential without a place");
        assert!(!scope("a", "SECRET", "").contains("SECRET"));
        let team = Tenant::new("team");
        let anonymous =
            resolve((), &CredentialRequest::new(&SourceKind::Git, "https://h/r").for_tenant(&team));
        assert_eq!(anonymous, Identity::anonymous(), "what is read anonymously is shared");
        assert_eq!(anonymous.scope(), "");
    }

    #[test]
    fn a_source_of_credentials_counts_before_the_url() {
        let principal = |source: Option<Credential>, url: &str| match resolve(
            source,
            &CredentialRequest::new(&SourceKind::Git, url),
        )
        .principal()
        {
            Principal::Credential(shown) => shown,
            _ => String::new(),
        };
        let url = "https://me%40x:SECRET@example.com/a.git";
        assert_eq!(principal(Some(Credential::password("robot", "SECRET")), url), "robot");
        assert_eq!(principal(None, url), "me@x of the repoURL itself");
        assert_eq!(principal(None, "https://org@example.com/a.git"), "org of the repoURL itself");
        assert_eq!(principal(None, "https://example.com/a.git"), "");
        assert_eq!(principal(None, "ssh://git@example.com/a.git"), "");
        assert_eq!(principal(None, "git@example.com:a"), "");
    }
}
