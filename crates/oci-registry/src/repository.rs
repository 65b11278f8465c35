//! A repository, and how it is read.

use std::fmt;
use std::sync::Arc;

use artifact_http::{Call, Identity, Request, Response, Url};
use artifact_source::{Error, ErrorKind};
use bytes::Bytes;

use crate::auth::Access;
use crate::endpoint::Endpoint;
use crate::failure::refusal;
use crate::manifest::ACCEPT;
use crate::{Digest, ImageName, Manifest, RegistryClient, lenient};

const MANIFEST_BYTES: u64 = 4 << 20;
/// A type and a subtype of 127 characters each (RFC 6838).
const LONGEST_MEDIA_TYPE: usize = 255;
const CONTENT_DIGEST: &str = "docker-content-digest";

/// One repository of one registry. Clones are cheap.
#[derive(Clone)]
pub struct Repository {
    pub(crate) client: RegistryClient,
    pub(crate) endpoint: Arc<Endpoint>,
    given: Arc<str>,
    /// `None`: it is resolved at each read.
    identity: Option<Arc<Identity>>,
}

/// What a tag points at, without the thing itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The digest; `None` where the registry does not say it.
    pub digest: Option<Digest>,
    /// The media type; empty where the registry does not say it, or says what can be none.
    pub media_type: String,
}

/// A manifest that was fetched and found to have its digest. One that
/// [is signed](crate::OtherManifest::is_signed) was not held against its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The digest.
    pub digest: Digest,
    /// The media type; empty where the registry does not say it.
    pub media_type: String,
    /// The manifest as it travelled.
    pub bytes: Bytes,
    /// What it says.
    pub manifest: Manifest,
}

impl Repository {
    pub(crate) fn new(client: RegistryClient, given: String, endpoint: Endpoint) -> Self {
        Self { client, endpoint: Arc::new(endpoint), given: given.into(), identity: None }
    }

    /// The repository's full name.
    pub fn name(&self) -> &ImageName {
        &self.endpoint.name
    }

    pub(crate) async fn read_head(
        &self,
        reference: &str,
        identity: &Identity,
        call: &Call,
    ) -> Result<Head, Error> {
        let url = self.manifest_url(reference)?;
        let registry = self.client.heads.at(self.endpoint.origin());
        let Some(turn) = registry.turn(call).await? else { return Ok(Head::default()) };
        let request = Request::head(&url).header("accept", ACCEPT).retry_rate_limits_only();
        let read = async {
            let response = self.fetch(request, identity, call).await?;
            // Registries without HEAD are left with GET.
            if !matches!(response.status.as_u16(), 405 | 501) {
                self.check(&response, identity, || self.missing(reference))?;
            }
            Ok(Head { digest: said_digest(&response), media_type: media_type(&response) })
        };
        let head: Result<Head, Error> = read.await;
        match &head {
            Ok(head) => turn.answered(head.digest.is_some()),
            Err(error) => turn.failed(error),
        }
        head
    }

    pub(crate) async fn read_manifest(
        &self,
        reference: &str,
        identity: &Identity,
        call: &Call,
    ) -> Result<Fetched, Error> {
        let url = self.manifest_url(reference)?;
        let request = Request::get(&url).header("accept", ACCEPT).accept_gzip(true).max_bytes(MANIFEST_BYTES);
        let response = self.fetch(request, identity, call).await?;
        self.check(&response, identity, || self.missing(reference))?;
        let asked = reference.parse::<Digest>().ok();
        let digest = asked.or_else(|| said_digest(&response)).unwrap_or_else(|| Digest::of(&response.body));
        let media_type = media_type(&response);
        let manifest = Manifest::parse_as(&response.body, &media_type);
        // The digest of a signed manifest of the first schema is that of its payload.
        let is_signed = matches!(&manifest, Ok(Manifest::Other(other)) if other.is_signed);
        if !is_signed && !digest.is_of(&response.body) {
            // An answer without a length may have been cut short.
            let error = wrong_digest("the manifest", &digest).with_transient(lenient::is_cut(&response.body));
            return Err(error.with_url(&url));
        }
        let manifest = manifest.map_err(|error| error.with_url(&url))?;
        Ok(Fetched { digest, media_type, bytes: response.body, manifest })
    }

    pub(crate) async fn read_blob(
        &self,
        digest: &Digest,
        max_bytes: u64,
        identity: &Identity,
        call: &Call,
    ) -> Result<Bytes, Error> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.fetch(Request::get(&url).max_bytes(max_bytes), identity, call).await?;
        self.check(&response, identity, || format!("there is no blob {digest} in {}", self.endpoint.name))?;
        if !digest.is_of(&response.body) {
            let error = wrong_digest("the blob", digest).with_transient(lenient::is_cut(&response.body));
            return Err(error.with_url(&url));
        }
        Ok(response.body)
    }

    /// The identity that the repository is asked as: the [fixed](Self::with_identity) one, or what the client's source of credentials says now.
    ///
    /// # Errors
    ///
    /// As [`CredentialSource::credential`](artifact_http::CredentialSource::credential).
    pub async fn identity(&self) -> Result<Identity, Error> {
        match &self.identity {
            Some(identity) => Ok(Identity::clone(identity)),
            None => Identity::resolve(&*self.client.credentials, &self.client.kind, &self.given).await,
        }
    }

    /// The same repository, always asked as this identity: for the reads of one discovery, which belong together. Without it, the source of
    /// credentials is asked at each read.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(Arc::new(identity));
        self
    }

    /// Sends a request as this identity.
    pub(crate) async fn fetch(
        &self,
        request: Request,
        identity: &Identity,
        call: &Call,
    ) -> Result<Response, Error> {
        let session = self.client.auth.session(&self.endpoint, identity.credential().cloned());
        let access = Access { http: &self.client.http, endpoint: &self.endpoint, identity, call };
        session.fetch(access, request).await
    }

    /// An error for whatever is no success; `missing` says what there is not.
    pub(crate) fn check(
        &self,
        response: &Response,
        identity: &Identity,
        missing: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        let name = &self.endpoint.name;
        let what = match response.status.as_u16() {
            200..=299 => return Ok(()),
            401 | 403 if response.origin() != self.endpoint.origin() => {
                format!("{}, to which the registry of {name} redirects, denies access", response.origin())
            }
            401 => format!("the registry does not let us into {name}"),
            403 => format!("the registry denies access to {name}"),
            404 | 410 => missing(),
            429 => format!("the registry of {name} wants fewer requests"),
            _ => format!("the registry of {name} failed"),
        };
        Err(refusal(response, &self.endpoint, identity, &what))
    }

    /// `https://host/v2/name/rest`.
    pub(crate) fn url(&self, rest: &str) -> Result<Url, Error> {
        let path = format!("/v2/{}/{rest}", self.endpoint.name.repository());
        self.endpoint.base.join(&path).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the repository has no URL")
                .with_url(&self.endpoint.base)
                .with_cause(cause)
        })
    }

    fn missing(&self, reference: &str) -> String {
        format!("there is no {reference} in {}", self.endpoint.name)
    }

    fn manifest_url(&self, reference: &str) -> Result<Url, Error> {
        if !is_tag(reference) && reference.parse::<Digest>().is_err() {
            let message = format!("{:?} is neither a tag nor a digest", shortened(reference));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        self.url(&format!("manifests/{reference}"))
    }
}

/// Whether a text can be a tag: at most 128 of `A-Z a-z 0-9 . _ -`, neither `.` nor `-` first
/// (distribution spec, "Pulling manifests").
///
/// ```
/// use oci_registry::is_tag;
///
/// assert!(is_tag("v1.2.3_build-4"));
/// assert!(!is_tag("../../secrets") && !is_tag("a b") && !is_tag(""));
/// ```
pub fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}

fn said_digest(response: &Response) -> Option<Digest> {
    response.headers.get(CONTENT_DIGEST)?.to_str().ok()?.trim().parse().ok()
}

fn media_type(response: &Response) -> String {
    let value =
        response.headers.get(artifact_http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media_type.len() <= LONGEST_MEDIA_TYPE { media_type.to_owned() } else { String::new() }
}

fn wrong_digest(what: &str, digest: &Digest) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("{what} is not what its digest {digest} says"))
        .with_hint("something between here and the registry may have changed it")
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
