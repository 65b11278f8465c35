//! The HTTP clients of a discoverer, and the clients of registries and indexes on top of them.

#[cfg(feature = "git")]
use artifact_http::BlockingThreads;
#[cfg(any(feature = "image", feature = "chart"))]
use artifact_http::Pace;
use artifact_http::{EgressPolicy, HttpClient, HttpClientBuilder};
use artifact_source::{Error, ErrorKind};
#[cfg(feature = "git")]
use git_source::RepositoryCache;
#[cfg(feature = "chart")]
use helm_source::{DiskIndexCache, IndexCache};
#[cfg(any(feature = "image", feature = "chart"))]
use {
    artifact_source::SourceKind,
    oci_registry::{RegistryClient, RegistryClientBuilder, registry_pace},
};

/// What was configured about registries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registries {
    /// Hosts that are asked over plain http.
    pub(crate) plain_http: Vec<String>,
    /// Hosts that are asked over https although they are on loopback.
    pub(crate) https: Vec<String>,
    /// Hosts, each with its number of requests per second.
    pub(crate) rates: Vec<(String, f64)>,
}

#[cfg(any(feature = "image", feature = "chart"))]
impl Registries {
    /// The pace at which registries are asked.
    ///
    /// # Errors
    ///
    /// As [`registry_pace`].
    pub(crate) fn pace(&self) -> Result<Pace, Error> {
        registry_pace(self.rates.iter().map(|(host, per_second)| (host, *per_second)))
    }
}

/// One HTTP client and the clients on top of it.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pub(crate) http: HttpClient,
    /// Registries, as they are asked for images.
    #[cfg(feature = "image")]
    pub(crate) images: RegistryClient,
    /// The same registries, as they are asked for charts.
    #[cfg(feature = "chart")]
    pub(crate) charts: RegistryClient,
    #[cfg(feature = "chart")]
    pub(crate) indexes: IndexCache,
    /// Git repositories, so that subscriptions to one of them are answered together.
    #[cfg(feature = "git")]
    pub(crate) repositories: RepositoryCache,
}

impl Transport {
    /// The clients on top of this one. One pace for both kinds: a registry counts requests, whatever they are for.
    #[cfg(any(feature = "image", feature = "chart"))]
    pub(crate) fn new(http: HttpClient, registries: &Registries, pace: &Pace) -> Self {
        let registry = |kind| {
            let builder = RegistryClient::builder(http.clone()).kind(kind);
            let builder = registries.plain_http.iter().fold(builder, RegistryClientBuilder::plain_http);
            let builder = registries.https.iter().fold(builder, RegistryClientBuilder::https);
            builder.pace(pace.clone()).build()
        };
        Self {
            #[cfg(feature = "image")]
            images: registry(SourceKind::Image),
            #[cfg(feature = "chart")]
            charts: registry(SourceKind::Chart),
            #[cfg(feature = "chart")]
            indexes: IndexCache::new(http.clone()),
            #[cfg(feature = "git")]
            repositories: RepositoryCache::new(http.clone()),
            http,
        }
    }

    /// The same with threads of these for Git's exchanges.
    #[cfg(feature = "git")]
    pub(crate) fn with_git_threads(mut self, threads: &BlockingThreads) -> Self {
        self.repositories = RepositoryCache::with_threads(self.http.clone(), threads.clone());
        self
    }

    /// The same with indexes of charts that outlive the process.
    #[cfg(feature = "chart")]
    pub(crate) fn with_indexes_on_disk(mut self, disk: DiskIndexCache) -> Self {
        self.indexes = self.indexes.with_disk(disk);
        self
    }
}

/// Builds the transports of a discoverer.
#[cfg(any(feature = "image", feature = "chart"))]
pub(crate) fn transports(registries: &Registries) -> Result<impl Fn(HttpClient) -> Transport, Error> {
    let pace = registries.pace()?;
    Ok(move |http| Transport::new(http, registries, &pace))
}

#[cfg(not(any(feature = "image", feature = "chart")))]
pub(crate) fn transports(_: &Registries) -> Result<impl Fn(HttpClient) -> Transport, Error> {
    Ok(|http: HttpClient| Transport {
        #[cfg(feature = "git")]
        repositories: RepositoryCache::new(http.clone()),
        http,
    })
}

/// Where the HTTP clients of a discoverer come from.
#[derive(Clone)]
pub(crate) struct Http {
    /// Settings of the clients that are not given.
    pub(crate) settings: HttpClientBuilder,
    /// A client that checks certificates.
    pub(crate) verified: Option<HttpClient>,
    /// A client that checks none.
    pub(crate) unverified: Option<HttpClient>,
    /// The requests per second of each tenant, and how many at once after a rest.
    pub(crate) tenant_rate: (f64, u32),
    #[cfg(feature = "git")]
    pub(crate) git_threads: Option<BlockingThreads>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            settings: HttpClientBuilder::default(),
            verified: None,
            unverified: None,
            tenant_rate: (200.0, 2_000),
            #[cfg(feature = "git")]
            git_threads: None,
        }
    }
}

impl Http {
    /// The client that checks certificates, and the one that does not; `None` where only the first was given, or the policy does not permit it. Both are held to
    /// this policy; where it is `None`, to that of the first one, or the one for a cluster.
    ///
    /// # Errors
    ///
    /// As [`HttpClientBuilder::build`].
    pub(crate) fn build(
        self,
        egress: Option<EgressPolicy>,
    ) -> Result<(HttpClient, Option<HttpClient>), Error> {
        let settings = self.settings.tenant_rate(self.tenant_rate.0, self.tenant_rate.1);
        let has_own = self.verified.is_some();
        let verified = self.verified.map_or_else(|| settings.clone().build(), Ok)?;
        let egress = egress.or_else(|| verified.own_egress().cloned()).unwrap_or_else(EgressPolicy::cluster);
        let unverified = match (self.unverified, has_own) {
            _ if egress.check_insecure_skip_tls_verify().is_err() => None,
            (Some(client), _) => Some(client.with_egress(egress.clone())),
            (None, true) => None,
            (None, false) => Some(settings.egress(egress.clone()).skip_tls_verify(true).build()?),
        };
        Ok((verified.with_egress(egress), unverified))
    }
}

/// The error of a subscription with `insecureSkipTLSVerify` where no client skips the check.
#[cfg_attr(
    not(any(feature = "image", feature = "git", feature = "chart")),
    allow(dead_code, reason = "only the kinds that are built in have the field")
)]
pub(crate) fn no_unverified_client() -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "certificates are checked by the HTTP client of this program, so the field cannot be kept",
    )
    .with_field("insecureSkipTLSVerify")
    .with_hint(
        "give a second client that checks none, by `DiscovererBuilder::http_client_without_tls_verify`",
    )
}
