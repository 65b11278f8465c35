//! Conversions from and to the types of the crate `oci-client`, so that one program can discover with this crate and pull or push with
//! the other; and [`ClientPush`], which lets its client push in place of this crate's.
//!
//! ```
//! use oci_client::Reference;
//! use oci_registry::ImageName;
//! use oci_registry::oci_client::{image_name, reference};
//!
//! let name: ImageName = "ghcr.io/org/app".parse()?;
//! assert_eq!(reference(&name, "1.2.3").whole(), "ghcr.io/org/app:1.2.3");
//!
//! let other: Reference = "ghcr.io/org/app:1.0.0".parse()?;
//! assert_eq!(image_name(&other)?, name);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! They are functions, except for [`Repository`], which is `Into<Reference>`: Rust's orphan rule allows `From` and `TryFrom` only where one of the two
//! types is of this crate, and [`ImageName`] and [`Credential`] are of `repository-url` and `artifact-http`.

use std::fmt;

use artifact_http::{Call, Credential, HeaderValue};
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use crate::{BlobPush, Digest, ImageName, NewManifest, Push, Repository};

/// A tag or a digest of a repository, as a reference. A text that parses as a [`Digest`] is a digest, and any other text is a tag.
pub fn reference(name: &ImageName, tag_or_digest: &str) -> Reference {
    let (registry, repository) = (name.registry().to_owned(), name.repository().to_owned());
    match tag_or_digest.parse::<Digest>() {
        Ok(digest) => Reference::with_digest(registry, repository, digest.to_string()),
        Err(_) => Reference::with_tag(registry, repository, tag_or_digest.to_owned()),
    }
}

/// The repository of a reference. Its tag and its digest are dropped.
///
/// # Errors
///
/// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) if the reference has an invalid host or an invalid name.
pub fn image_name(reference: &Reference) -> Result<ImageName, Error> {
    // After `oci://` the first part is always the registry.
    let text = format!("oci://{}/{}", reference.registry(), reference.repository());
    let name: ImageName = text.parse()?;
    Ok(name)
}

/// The repository with the tag `latest`, as `oci-client` parses a name without a tag.
impl From<&Repository> for Reference {
    fn from(repository: &Repository) -> Self {
        reference(repository.name(), "latest")
    }
}

/// The credential as `oci-client` takes it. `None` for an [identity token](Credential::IdentityToken), which `oci-client` does not
/// support.
///
/// ```
/// use artifact_http::Credential;
/// use oci_client::secrets::RegistryAuth;
/// use oci_registry::oci_client::registry_auth;
///
/// let auth = registry_auth(&Credential::password("me", "secret"));
/// assert_eq!(auth, Some(RegistryAuth::Basic("me".into(), "secret".into())));
/// ```
pub fn registry_auth(credential: &Credential) -> Option<RegistryAuth> {
    match credential {
        Credential::Password { username, password } => {
            Some(RegistryAuth::Basic(username.clone(), password.expose().to_owned()))
        }
        Credential::Bearer(token) => Some(RegistryAuth::Bearer(token.expose().to_owned())),
        _ => None,
    }
}

/// The credential of a `RegistryAuth`; `None` for `Anonymous`.
///
/// ```
/// use artifact_http::Credential;
/// use oci_client::secrets::RegistryAuth;
/// use oci_registry::oci_client::credential;
///
/// assert_eq!(credential(&RegistryAuth::Bearer("token".into())), Some(Credential::bearer("token")));
/// ```
pub fn credential(auth: &RegistryAuth) -> Option<Credential> {
    match auth {
        RegistryAuth::Anonymous => None,
        RegistryAuth::Basic(username, password) => {
            Some(Credential::password(username.as_str(), password.as_str()))
        }
        RegistryAuth::Bearer(token) => Some(Credential::bearer(token.as_str())),
    }
}

/// Pushes by the client of `oci-client`: for a program that has one, with its TLS and its proxies.
///
/// The credential of the repository is stored in the client, and the deadline of the call ends its work. Everything else is the
/// client's: it sends the credential to any token service that `/v2/` leads to, has no time limit of its own unless it is configured with
/// one, and tries nothing again.
/// [Decision 13](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/decisions/0013-push.md) has the list, with a test for
/// each. Messages of the server are not shown, as the client does not remove credentials from them.
///
/// ```no_run
/// use oci_client::client::{Client, ClientConfig, ClientProtocol};
/// use oci_registry::Push;
/// use oci_registry::oci_client::ClientPush;
///
/// let config = ClientConfig { protocol: ClientProtocol::Https, ..ClientConfig::default() };
/// let push: Box<dyn Push> = Box::new(ClientPush::new(Client::new(config)));
/// ```
#[derive(Clone)]
pub struct ClientPush(Client);

impl ClientPush {
    /// Pushes by this client.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// The reference, whose registry has the credential of the repository from now on.
    async fn reference(&self, repository: &Repository, tag_or_digest: &str) -> Result<Reference, Error> {
        let reference = reference(repository.name(), tag_or_digest);
        let identity = repository.identity().await?;
        let auth = match identity.credential() {
            None => RegistryAuth::Anonymous,
            Some(credential) => registry_auth(credential).ok_or_else(|| {
                Error::new(ErrorKind::InvalidInput, "oci-client does not support identity tokens")
                    .with_hint("use a user name and a password or access token")
            })?,
        };
        self.0.store_auth_if_needed(reference.resolve_registry(), &auth).await;
        Ok(reference)
    }
}

impl fmt::Debug for ClientPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientPush")
    }
}

#[async_trait]
impl Push for ClientPush {
    async fn blob(&self, repository: &Repository, bytes: Bytes, call: &Call) -> Result<BlobPush, Error> {
        let digest = Digest::of(&bytes);
        let reference = self.reference(repository, digest.as_str()).await?;
        let work = async {
            if self.0.blob_exists(&reference, digest.as_str()).await? {
                return Ok(BlobPush::AlreadyThere);
            }
            self.0.push_blob(&reference, bytes, digest.as_str()).await?;
            Ok(BlobPush::Sent)
        };
        call.within(work).await?.map_err(|error| error_of(&error, repository))
    }

    async fn manifest(
        &self,
        repository: &Repository,
        tag: &str,
        manifest: &NewManifest,
        call: &Call,
    ) -> Result<Digest, Error> {
        let reference = self.reference(repository, tag).await?;
        let media_type = HeaderValue::try_from(&manifest.media_type).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the media type of the manifest is not a valid header value")
                .with_cause(cause)
        })?;
        let work = self.0.push_manifest_raw(&reference, manifest.bytes.clone(), media_type);
        call.within(work).await?.map_err(|error| error_of(&error, repository))?;
        Ok(manifest.digest())
    }
}

/// The error, without the texts of the server.
fn error_of(error: &OciDistributionError, repository: &Repository) -> Error {
    let name = repository.name();
    let (kind, status) = match error {
        OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
            (ErrorKind::Unauthorized, None)
        }
        OciDistributionError::ServerError { code, .. } => {
            let kind = match code {
                401 => ErrorKind::Unauthorized,
                403 => ErrorKind::Forbidden,
                404 => ErrorKind::NotFound,
                429 => ErrorKind::RateLimited,
                500.. => ErrorKind::Server,
                _ => ErrorKind::BadAnswer,
            };
            (kind, Some(*code))
        }
        OciDistributionError::RequestError(_) | OciDistributionError::IoError(_) => {
            (ErrorKind::Unreachable, None)
        }
        _ => (ErrorKind::BadAnswer, None),
    };
    let error = Error::new(kind, format!("oci-client could not push to {name}"));
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use artifact_http::HttpClient;
    use artifact_source::ErrorKind;

    use super::*;
    use crate::RegistryClient;

    const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[track_caller]
    fn check(text: &str, whole: &str) {
        let name: ImageName = text.parse().unwrap();
        for tag_or_digest in ["1.2.3", DIGEST] {
            let reference = reference(&name, tag_or_digest);
            let separator = if tag_or_digest == DIGEST { '@' } else { ':' };
            assert_eq!(reference.whole(), format!("{whole}{separator}{tag_or_digest}"));
            assert_eq!(image_name(&reference).unwrap(), name, "{text}");
        }
    }

    #[test]
    fn names_become_references_and_back() {
        check("nginx", "docker.io/library/nginx");
        check("ghcr.io/a/b/c", "ghcr.io/a/b/c");
        check("localhost:5000/a", "localhost:5000/a");
        check("oci://registry/team/web", "registry/team/web");
        check("oci://docker.io/web", "docker.io/web");
    }

    #[test]
    fn references_as_people_write_them() {
        for text in ["nginx:1.27", "nginx", "docker.io/library/nginx@sha256:DIGEST", "index.docker.io/nginx"]
        {
            let text = text.replace("DIGEST", &"0a".repeat(32));
            let reference: Reference = text.parse().unwrap();
            let name = image_name(&reference).unwrap();
            assert_eq!(name.to_string(), "docker.io/library/nginx", "{text}");
        }
    }

    #[test]
    fn invalid_references() {
        for (registry, repository) in
            [("ghcr.io", "a b"), ("", "a"), ("me:SECRET@ghcr.io", "a"), ("ghcr.io", "")]
        {
            let reference = Reference::with_tag(registry.to_owned(), repository.to_owned(), "1".to_owned());
            let error = image_name(&reference).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{reference:?}");
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        }
    }

    #[test]
    fn a_repository_is_a_reference() {
        let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
        let repository = client.repository("ghcr.io/org/app").unwrap();
        assert_eq!(Reference::from(&repository).whole(), "ghcr.io/org/app:latest");
    }

    #[test]
    fn credentials() {
        for known in [Credential::password("me", "SECRET"), Credential::bearer("SECRET")] {
            let auth = registry_auth(&known).unwrap();
            assert_eq!(credential(&auth), Some(known));
        }
        assert_eq!(registry_auth(&Credential::identity_token("SECRET")), None);
        assert_eq!(credential(&RegistryAuth::Anonymous), None);
    }
}
