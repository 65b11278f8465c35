//! The HTTP clients of a discoverer, and the clients of registries and indexes on top of them.

use artifact_http::{HttpClient, HttpClientBuilder, Pace};
use artifact_source::{Error, ErrorKind};
#[cfg(feature = "git")]
use git_source::RepositoryCache;
#[cfg(feature = "chart")]
use helm_source::IndexCache;
#[cfg(any(feature = "image", feature = "chart"))]
use {
    artifact_source::SourceKind,
    oci_registry::{ImageName, RegistryClient, RegistryClientBuilder},
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

impl Registries {
    /// The pace at which registries are asked. Docker Hub's is that of the host that answers for it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a host that is none, or a rate that is not above zero.
    pub(crate) fn pace(&self) -> Result<Pace, Error> {
        self.rates.iter().try_fold(Pace::per_second(20.0, 20), |pace, (host, per_second)| {
            if !per_second.is_finite() || *per_second <= 0.0 {
                let message = format!("{host} cannot be asked {per_second} times a second");
                return Err(
                    Error::new(ErrorKind::InvalidInput, message).with_hint("the rate is a number above zero")
                );
            }
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "above zero, and a cast from float saturates"
            )]
            let burst = per_second.ceil() as u32;
            Ok(pace.with_host(&answering(host)?, *per_second, burst))
        })
    }
}

/// The host that answers for a registry.
#[cfg(any(feature = "image", feature = "chart"))]
fn answering(host: &str) -> Result<String, Error> {
    let name: ImageName = format!("oci://{host}/any").parse()?;
    Ok(name.host().to_owned())
}

#[cfg(not(any(feature = "image", feature = "chart")))]
fn answering(host: &str) -> Result<String, Error> {
    Ok(host.to_owned())
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
    /// # Errors
    ///
    /// As [`HttpClientBuilder::build`].
    #[cfg_attr(
        not(any(feature = "image", feature = "chart")),
        allow(unused_variables, reason = "without registries there is nothing to configure")
    )]
    pub(crate) fn build(
        http: HttpClientBuilder,
        registries: &Registries,
        pace: &Pace,
    ) -> Result<Self, Error> {
        let http = http.build()?;
        // One pace for both: a registry counts requests, whatever they are for.
        #[cfg(any(feature = "image", feature = "chart"))]
        let registry = |kind| {
            let builder = RegistryClient::builder(http.clone()).kind(kind);
            let builder = registries.plain_http.iter().fold(builder, RegistryClientBuilder::plain_http);
            let builder = registries.https.iter().fold(builder, RegistryClientBuilder::https);
            builder.pace(pace.clone()).build()
        };
        Ok(Self {
            #[cfg(feature = "image")]
            images: registry(SourceKind::Image),
            #[cfg(feature = "chart")]
            charts: registry(SourceKind::Chart),
            #[cfg(feature = "chart")]
            indexes: IndexCache::new(http.clone()),
            #[cfg(feature = "git")]
            repositories: RepositoryCache::new(http.clone()),
            http,
        })
    }
}
