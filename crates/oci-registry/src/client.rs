//! The client and how it is built.

use std::fmt;
use std::sync::Arc;

use artifact_http::{CredentialSource, HttpClient, Pace};
use artifact_source::{Error, SourceKind};

use crate::auth::AuthCache;
use crate::endpoint::{Endpoint, Hosts};
use crate::head_support::HeadSupport;
use crate::reads::SharedReads;
use crate::repository::Repository;

/// Reads from registries; see the [crate](crate) for what it promises. Clones share tokens, pace and
/// connections.
#[derive(Clone)]
pub struct RegistryClient {
    pub(crate) http: HttpClient,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) auth: Arc<AuthCache>,
    pub(crate) heads: Arc<HeadSupport>,
    pub(crate) shared: Arc<SharedReads>,
    pub(crate) kind: SourceKind,
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
    /// Where credentials are looked up, for every read anew: nobody's, if it is not said. A
    /// [`Credential`](artifact_http::Credential) goes to every registry that this client is used for.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// As what kind of source credentials are looked up: images, if it is not said. Charts live in
    /// registries too.
    pub fn kind(mut self, kind: SourceKind) -> Self {
        self.kind = kind;
        self
    }

    /// Speaks plain http to this host (`registry.internal` or `registry.internal:5000`), credentials
    /// included.
    pub fn plain_http(mut self, host: impl Into<String>) -> Self {
        self.hosts.plain.push(host.into().to_ascii_lowercase());
        self
    }

    /// Speaks https to this host although it is this very machine, where plain http is the rule.
    pub fn https(mut self, host: impl Into<String>) -> Self {
        self.hosts.encrypted.push(host.into().to_ascii_lowercase());
        self
    }

    /// Holds the requests to each host to a pace: 20 per second after a burst of 20, and no limit for
    /// this very machine, if it is not said. Pass a clone of one `Pace` to several clients and they
    /// keep it together.
    pub fn pace(mut self, pace: impl Into<Option<Pace>>) -> Self {
        self.pace = pace.into();
        self
    }

    /// The client.
    pub fn build(self) -> RegistryClient {
        RegistryClient {
            http: self.http.with_pace(self.pace),
            credentials: self.credentials,
            auth: Arc::default(),
            heads: Arc::default(),
            shared: Arc::default(),
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
            pace: Some(Pace::per_second(20.0, 20)),
        }
    }

    /// The same client, with its tokens, pace and connections, that looks credentials up elsewhere.
    #[must_use]
    pub fn with_credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// A repository by its name, such as `nginx` or `ghcr.io/a/b` (or `oci://ghcr.io/charts/a`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) as [`ImageName`](crate::ImageName) says.
    pub fn repository(&self, image: &str) -> Result<Repository, Error> {
        let endpoint = Endpoint::new(image.parse()?, &self.hosts)?;
        Ok(Repository::new(self.clone(), image.to_owned(), endpoint))
    }
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
