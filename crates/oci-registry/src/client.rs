//! The client, its builder, and the repositories that it reads.

use std::fmt;
use std::sync::Arc;

use artifact_http::{
    Call, CredentialRequest, CredentialSource, HttpClient, Identity, Origin, Pace, Reservation, SingleFlight,
    Tenant,
};
use artifact_source::{Error, SourceKind};
use bytes::Bytes;

use crate::auth::{AuthCache, Purpose};
use crate::endpoint::{Endpoint, Hosts};
use crate::reader::{HeadSupport, Reader};
use crate::{Digest, Fetched, Head, ImageName, Tags};

/// Reads from registries; see the [crate documentation](crate). Clones share tokens, rate limits and connections.
#[derive(Clone)]
pub struct RegistryClient {
    http: HttpClient,
    credentials: Arc<dyn CredentialSource>,
    tenant: Tenant,
    auth: Arc<AuthCache>,
    heads: Arc<HeadSupport>,
    in_flight: Arc<InFlight>,
    kind: SourceKind,
    hosts: Arc<Hosts>,
}

/// Builds a [`RegistryClient`].
#[derive(Clone)]
#[must_use]
pub struct RegistryClientBuilder {
    http: HttpClient,
    credentials: Arc<dyn CredentialSource>,
    kind: SourceKind,
    hosts: Hosts,
    pace: Option<Pace>,
}

impl RegistryClientBuilder {
    /// The source of credentials, queried at each read. Defaults to no credentials. A
    /// [`Credential`](artifact_http::Credential) is used for every registry that this client reads.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// The kind of source for which credentials are looked up. Defaults to images. Charts are stored in registries too.
    pub fn kind(mut self, kind: SourceKind) -> Self {
        self.kind = kind;
        self
    }

    /// Uses plain http for this host (`registry.internal` or `registry.internal:5000`), also for requests with a credential.
    pub fn plain_http(mut self, host: impl Into<String>) -> Self {
        self.hosts.plain.push(host.into().to_ascii_lowercase());
        self
    }

    /// Uses https for this loopback host. Loopback hosts default to plain http.
    pub fn https(mut self, host: impl Into<String>) -> Self {
        self.hosts.encrypted.push(host.into().to_ascii_lowercase());
        self
    }

    /// The rate of requests to each host. Defaults to 20 per second after a burst of 20; loopback hosts have no limit. Clients that are
    /// given clones of one `Pace` share it. [`registry_pace`](crate::registry_pace) makes one with other rates for some registries. `None` means no limit.
    pub fn pace(mut self, pace: impl Into<Option<Pace>>) -> Self {
        self.pace = pace.into();
        self
    }

    /// The client.
    pub fn build(self) -> RegistryClient {
        RegistryClient {
            http: self.http.with_pace(self.pace),
            credentials: self.credentials,
            tenant: Tenant::default(),
            auth: Arc::default(),
            heads: Arc::default(),
            in_flight: Arc::default(),
            kind: self.kind,
            hosts: Arc::new(self.hosts),
        }
    }
}

impl RegistryClient {
    /// A builder of a client that sends its requests through this one.
    pub fn builder(http: HttpClient) -> RegistryClientBuilder {
        RegistryClientBuilder {
            http,
            credentials: Arc::new(()),
            kind: SourceKind::Image,
            hosts: Hosts::default(),
            pace: Some(crate::pace::standard()),
        }
    }

    /// The same client, with its tokens, rate limits and connections, and another source of credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// The same client, with its tokens, rate limits and connections, for another tenant: whose credentials are looked up. Tokens
    /// are shared within one tenant only, unless they were got without a credential. Defaults to no tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// A repository by its name, such as `nginx` or `ghcr.io/a/b` (or `oci://ghcr.io/charts/a`). This sends no request.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) if it does not parse as an [`ImageName`].
    pub fn repository(&self, image: &str) -> Result<Repository, Error> {
        let endpoint = Endpoint::new(image.parse()?, &self.hosts)?;
        Ok(Repository {
            client: self.clone(),
            endpoint: Arc::new(endpoint),
            repo_url: image.into(),
            identity: None,
            purpose: Purpose::Pull,
        })
    }
}

/// The reads of all repositories of a client that other callers can join.
#[derive(Debug, Default)]
struct InFlight {
    tags: SingleFlight<RepositoryKey, Tags>,
    heads: SingleFlight<(RepositoryKey, String), Head>,
    manifests: SingleFlight<(RepositoryKey, String), Fetched>,
    blobs: SingleFlight<(RepositoryKey, Digest, u64), Bytes>,
}

/// A repository as one identity may read it.
type RepositoryKey = (Origin, String, Identity);

/// What a tag takes while it is put in order, with its version, about, in bytes.
const PER_RANKED_TAG: u64 = 64;

/// One repository of one registry. Clones are cheap.
///
/// Equal reads that are requested before the first of them is sent share one request. Its cost counts on the first caller's
/// [`Call`]. A response is never older than the read that returns it.
#[derive(Clone)]
pub struct Repository {
    client: RegistryClient,
    endpoint: Arc<Endpoint>,
    repo_url: Arc<str>,
    /// `None`: it is resolved at each read.
    identity: Option<Arc<Identity>>,
    purpose: Purpose,
}

impl Repository {
    /// The full name of the repository.
    pub fn name(&self) -> &ImageName {
        &self.endpoint.name
    }

    /// The identity that the repository is read as: the [fixed](Self::with_identity) one, or the current answer of the client's source
    /// of credentials.
    ///
    /// # Errors
    ///
    /// As [`CredentialSource::credential`](artifact_http::CredentialSource::credential).
    pub async fn identity(&self) -> Result<Identity, Error> {
        match &self.identity {
            Some(identity) => Ok(Identity::clone(identity)),
            None => {
                let RegistryClient { credentials, tenant, kind, http, .. } = &self.client;
                let request = CredentialRequest::new(kind, &self.repo_url)
                    .for_tenant(tenant)
                    .with_skipped_tls_verify(http.skips_tls_verify());
                Identity::resolve(&**credentials, &request).await
            }
        }
    }

    /// Whether its client checks no certificates: see [`HttpClient::skips_tls_verify`].
    pub fn skips_tls_verify(&self) -> bool {
        self.client.http.skips_tls_verify()
    }

    /// The same repository, always read as this identity: for the reads of one discovery, which belong together. Defaults to asking the
    /// source of credentials at each read.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(Arc::new(identity));
        self
    }

    /// The same repository, whose tokens are requested for reading and pushing at once: for the requests of a push, which begins with
    /// reads, so that it needs one token and not two. If the token service refuses that, a token for reading is requested.
    #[must_use]
    pub fn for_push(mut self) -> Self {
        self.purpose = Purpose::Push;
        self
    }

    /// All tags, each once, in the order of their bytes, shared by those who ask at the same moment: one GET request per thousand tags, or per page if the registry
    /// returns smaller ones.
    ///
    /// # Errors
    ///
    /// [`NotFound`](artifact_source::ErrorKind::NotFound) if there is no such repository;
    /// [`Refused`](artifact_source::ErrorKind::Refused) if the next page is at another host;
    /// [`TooLarge`](artifact_source::ErrorKind::TooLarge) beyond 10,000 pages, a million tags, 64 MiB of tags, or 256 MiB of
    /// pages; [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) if a page is not a list of tags or the pages repeat; and as [`manifest`](Self::manifest).
    /// A part of the list is never returned as the whole.
    pub async fn tags(&self, call: &Call) -> Result<Tags, Error> {
        let (reader, identity) = self.shared_reader().await?;
        let read = || {
            let (reader, call) = (reader.clone(), call.clone());
            async move { crate::tags::list(&reader, &call).await }
        };
        let tags = self.client.in_flight.tags.share(key(&reader), call, read).await;
        tags.map_err(|error| identity.explain(error))
    }

    /// The [tenant](RegistryClient::for_tenant) whose credentials are looked up.
    pub fn tenant(&self) -> &Tenant {
        &self.client.tenant
    }

    /// Memory for an order of these tags, to be held as long as the order is. One that is larger than the share of a tenant waits until it is
    /// the only one.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](artifact_source::ErrorKind::TimedOut) if the deadline passes first.
    pub async fn memory_of_judgement(&self, tags: &Tags, call: &Call) -> Result<Reservation, Error> {
        let bytes = (tags.len() as u64).saturating_mul(PER_RANKED_TAG);
        let mut memory = self.client.http.memory_of_judgement(call, bytes);
        memory.hold_at_most_a_share(bytes).await?;
        Ok(memory)
    }

    /// The digest of a tag: one HEAD request, or none if the registry does not support HEAD.
    ///
    /// HEAD saves the transfer of the manifest, and some registries fail at it. So a failed request is retried only if the registry
    /// limits the rate of requests; [`manifest`](Self::manifest) is the fallback. The first request to a registry is sent alone. If its
    /// response has no digest, this registry gets no further HEAD requests; if it fails for another reason than the tag, it gets none for
    /// ten minutes. Then the result has no digest.
    ///
    /// # Errors
    ///
    /// As [`manifest`](Self::manifest).
    pub async fn head_manifest(&self, reference: &str, call: &Call) -> Result<Head, Error> {
        let (reader, identity) = self.shared_reader().await?;
        let read = || {
            let (reader, reference, call) = (reader.clone(), reference.to_owned(), call.clone());
            async move { reader.head_manifest(&reference, &call).await }
        };
        let key = (key(&reader), reference.to_owned());
        self.client.in_flight.heads.share(key, call, read).await.map_err(|error| identity.explain(error))
    }

    /// The manifest of a tag or a digest: one GET request.
    ///
    /// # Errors
    ///
    /// [`NotFound`](artifact_source::ErrorKind::NotFound) if there is none;
    /// [`Unauthorized`](artifact_source::ErrorKind::Unauthorized) and [`Forbidden`](artifact_source::ErrorKind::Forbidden);
    /// [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) for a wrong digest and for a body that is not a JSON object;
    /// [`TooLarge`](artifact_source::ErrorKind::TooLarge) beyond 4 MiB;
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) if `reference` is neither a tag nor a digest; and all
    /// [errors of a request](artifact_http::HttpClient::fetch).
    pub async fn manifest(&self, reference: &str, call: &Call) -> Result<Fetched, Error> {
        let (reader, identity) = self.shared_reader().await?;
        let read = || {
            let (reader, reference, call) = (reader.clone(), reference.to_owned(), call.clone());
            async move { reader.manifest(&reference, &call).await }
        };
        let key = (key(&reader), reference.to_owned());
        self.client.in_flight.manifests.share(key, call, read).await.map_err(|error| identity.explain(error))
    }

    /// A blob of at most `max_bytes` bytes: one GET request, and one more if the registry redirects it.
    ///
    /// # Errors
    ///
    /// As [`manifest`](Self::manifest).
    pub async fn blob(&self, digest: &Digest, max_bytes: u64, call: &Call) -> Result<Bytes, Error> {
        let (reader, identity) = self.shared_reader().await?;
        let read = || {
            let (reader, digest, call) = (reader.clone(), digest.clone(), call.clone());
            async move { reader.blob(&digest, max_bytes, &call).await }
        };
        let key = (key(&reader), digest.clone(), max_bytes);
        self.client.in_flight.blobs.share(key, call, read).await.map_err(|error| identity.explain(error))
    }

    /// A reader whose answers other tenants may get, and the identity that errors are explained to.
    async fn shared_reader(&self) -> Result<(Reader, Identity), Error> {
        let reader = self.reader().await?;
        let identity = reader.identity.without_reason();
        Ok((Reader { identity, ..reader.clone() }, reader.identity))
    }

    pub(crate) async fn reader(&self) -> Result<Reader, Error> {
        Ok(Reader {
            http: self.client.http.clone(),
            auth: Arc::clone(&self.client.auth),
            heads: Arc::clone(&self.client.heads),
            endpoint: Arc::clone(&self.endpoint),
            identity: self.identity().await?,
            purpose: self.purpose,
        })
    }
}

fn key(reader: &Reader) -> RepositoryKey {
    let repository = reader.endpoint.name.repository().to_owned();
    (reader.endpoint.origin(), repository, reader.identity.clone())
}

impl fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryClient")
            .field("http", &self.http)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RegistryClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryClientBuilder")
            .field("http", &self.http)
            .field("hosts", &self.hosts)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
