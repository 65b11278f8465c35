//! Conversions from and to the types of the crate `oci-client`.

use artifact_http::Credential;
use artifact_source::Error;
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;

use crate::ImageName;

/// The repository with the tag `latest`, as `oci-client` parses a name without a tag. For another tag, use
/// `Reference::with_tag(name.registry().into(), name.repository().into(), tag)`.
impl From<&ImageName> for Reference {
    fn from(name: &ImageName) -> Self {
        Self::with_tag(name.registry().to_owned(), name.repository().to_owned(), "latest".to_owned())
    }
}

/// See `From<&ImageName>`.
impl From<ImageName> for Reference {
    fn from(name: ImageName) -> Self {
        Self::from(&name)
    }
}

/// The repository of a reference. Its tag and its digest are dropped.
impl TryFrom<&Reference> for ImageName {
    type Error = Error;

    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) if the reference has a host or a name that is invalid.
    fn try_from(reference: &Reference) -> Result<Self, Error> {
        // After `oci://` the first part is always the registry, whatever it looks like.
        format!("oci://{}/{}", reference.registry(), reference.repository()).parse()
    }
}

/// See `TryFrom<&Reference>`.
impl TryFrom<Reference> for ImageName {
    type Error = Error;

    fn try_from(reference: Reference) -> Result<Self, Error> {
        Self::try_from(&reference)
    }
}

/// The credential as `oci-client` takes it. `None` for an [identity token](Credential::IdentityToken), which `oci-client` does not
/// support.
///
/// ```
/// use artifact_http::Credential;
/// use oci_client::secrets::RegistryAuth;
/// use oci_registry::registry_auth;
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
/// use oci_registry::registry_credential;
///
/// assert_eq!(registry_credential(&RegistryAuth::Bearer("token".into())), Some(Credential::bearer("token")));
/// ```
pub fn registry_credential(auth: &RegistryAuth) -> Option<Credential> {
    match auth {
        RegistryAuth::Anonymous => None,
        RegistryAuth::Basic(username, password) => {
            Some(Credential::password(username.as_str(), password.as_str()))
        }
        RegistryAuth::Bearer(token) => Some(Credential::bearer(token.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use artifact_source::ErrorKind;

    use super::*;

    #[track_caller]
    fn check(text: &str, whole: &str) {
        let name: ImageName = text.parse().unwrap();
        let reference = Reference::from(&name);
        assert_eq!(reference.whole(), whole);
        assert_eq!(ImageName::try_from(&reference).unwrap(), name, "{text}");
        assert_eq!(ImageName::try_from(Reference::from(name.clone())).unwrap(), name, "{text}");
    }

    #[test]
    fn names_become_references_and_back() {
        check("nginx", "docker.io/library/nginx:latest");
        check("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest");
        check("localhost:5000/a", "localhost:5000/a:latest");
        check("oci://registry/team/web", "registry/team/web:latest");
        check("oci://docker.io/web", "docker.io/web:latest");
    }

    #[test]
    fn references_as_people_write_them() {
        for text in ["nginx:1.27", "nginx", "docker.io/library/nginx@sha256:DIGEST", "index.docker.io/nginx"]
        {
            let text = text.replace("DIGEST", &"0a".repeat(32));
            let reference: Reference = text.parse().unwrap();
            let name = ImageName::try_from(reference).unwrap();
            assert_eq!(name.to_string(), "docker.io/library/nginx", "{text}");
        }
    }

    #[test]
    fn invalid_references() {
        for (registry, repository) in
            [("ghcr.io", "a b"), ("", "a"), ("me:SECRET@ghcr.io", "a"), ("ghcr.io", "")]
        {
            let reference = Reference::with_tag(registry.to_owned(), repository.to_owned(), "1".to_owned());
            let error = ImageName::try_from(&reference).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{reference:?}");
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        }
    }

    #[test]
    fn credentials() {
        for credential in [Credential::password("me", "SECRET"), Credential::bearer("SECRET")] {
            let auth = registry_auth(&credential).unwrap();
            assert_eq!(registry_credential(&auth), Some(credential));
        }
        assert_eq!(registry_auth(&Credential::identity_token("SECRET")), None);
        assert_eq!(registry_credential(&RegistryAuth::Anonymous), None);
    }
}
