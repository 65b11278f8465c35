//! What the tests share.

use std::fmt::Display;

use artifact_credentials::KargoSecret;
use artifact_http::{Credential, CredentialRequest, CredentialSource, Tenant};
use artifact_source::{Error, SourceKind};

/// Waits for a future, on a runtime of its own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What was found for no tenant, in one line: the credential with its secret, and the place. This is for comparing only.
pub(crate) async fn look_up(
    source: &impl CredentialSource,
    kind: &SourceKind,
    url: &str,
) -> Result<String, Error> {
    shown(source, &CredentialRequest::new(kind, url)).await
}

/// The same for a tenant.
pub(crate) async fn look_up_for(
    tenant: &str,
    source: &impl CredentialSource,
    kind: &SourceKind,
    url: &str,
) -> Result<String, Error> {
    shown(source, &CredentialRequest::new(kind, url).for_tenant(&Tenant::new(tenant))).await
}

/// The same for a request.
pub(crate) async fn shown(
    source: &impl CredentialSource,
    request: &CredentialRequest<'_>,
) -> Result<String, Error> {
    Ok(match source.credential(request).await? {
        None => "nothing".to_owned(),
        Some(login) => {
            let what = match &login.credential {
                Credential::Password { username, password } => format!("{username}:{}", password.expose()),
                Credential::Bearer(token) => format!("bearer {}", token.expose()),
                Credential::IdentityToken(token) => format!("identity {}", token.expose()),
                other => format!("{other:?}"),
            };
            format!("{what} of {}", login.found_in)
        }
    })
}

/// The same for an image, without a runtime around.
pub(crate) fn image(source: &impl CredentialSource, url: &str) -> Result<String, Error> {
    wait(look_up(source, &SourceKind::Image, url))
}

/// An error with all that it says.
pub(crate) fn in_full(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(" <- {cause}")).unwrap_or_default();
    format!("{error}{cause} | {}", error.hint().unwrap_or_default())
}

/// A Secret with a user name and a password that say which one it was.
pub(crate) fn secret(place: &str, cred_type: &str, repo_url: impl Display) -> KargoSecret {
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    KargoSecret::new(namespace, name, cred_type)
        .with("repoURL", repo_url.to_string())
        .with("username", "me")
        .with("password", "hunter2")
}

/// The same with a pattern.
pub(crate) fn pattern(place: &str, cred_type: &str, repo_url: impl Display) -> KargoSecret {
    secret(place, cred_type, repo_url).with("repoURLIsRegex", "true")
}
