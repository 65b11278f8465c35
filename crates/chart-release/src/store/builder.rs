//! Settings of a store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_http::HttpClient;
use artifact_source::{Clock, Error, SystemClock};

use super::limits::StoreLimits;
use super::object::ObjectStorage;
use super::url::StoreUrl;
use super::{Store, file, rclone};

/// Settings of a [`Store`]. `Debug` shows no variable of the environment.
#[derive(Clone)]
#[must_use]
pub struct StoreBuilder {
    url: String,
    limits: StoreLimits,
    environment: Option<Vec<(String, String)>>,
    rclone: Option<PathBuf>,
    http: Option<HttpClient>,
    clock: Arc<dyn Clock>,
}

impl StoreBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            limits: StoreLimits::default(),
            environment: None,
            rclone: None,
            http: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// The limits of time. Defaults to [`StoreLimits::default`].
    pub fn limits(mut self, limits: StoreLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the settings and credentials of clouds from these variables instead of the environment of the process. The program `rclone`
    /// gets them besides the environment of the process.
    pub fn environment<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.environment =
            Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Sends the requests to clouds through the [service](HttpClient::service) of this client: with its connections, certificates and proxies, or
    /// through the program's own. Limits of time and of tries are those of [`limits`](Self::limits), and redirects are not followed. Defaults to a
    /// client that takes its proxies from the environment. Folders and the program `rclone` do not use it.
    ///
    /// ```
    /// use artifact_http::HttpClient;
    /// use chart_release::store::Store;
    ///
    /// # #[cfg(feature = "s3")] {
    /// let http = HttpClient::builder().user_agent("my-tool/1.0").build()?;
    /// let store = Store::builder("s3://charts").http(http).environment([("AWS_REGION", "eu-west-1")]).open()?;
    /// # }
    /// # Ok::<(), artifact_source::Error>(())
    /// ```
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// The time that is in lock objects. Defaults to the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The program `rclone`. Defaults to the one on `PATH`.
    pub fn rclone_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.rclone = Some(program.into());
        self
    }

    /// The store. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open(self) -> Result<Store, Error> {
        let url: StoreUrl = self.url.parse()?;
        let limits = self.limits;
        let objects: Arc<dyn ObjectStorage> = match &url {
            StoreUrl::File { path } => Arc::new(file::FileStorage::open(path, limits)?),
            StoreUrl::Rclone { remote } => {
                let variables = self.environment.unwrap_or_default();
                Arc::new(rclone::RcloneStorage::open(remote, self.rclone, variables, limits)?)
            }
            #[cfg(any(feature = "s3", feature = "gs", feature = "az"))]
            StoreUrl::Cloud { .. } => {
                let variables = self.environment.unwrap_or_else(|| {
                    // A variable that is not UTF-8 is none that a store knows.
                    let variables = std::env::vars_os();
                    variables
                        .filter_map(|(name, value)| {
                            Some((name.into_string().ok()?, value.into_string().ok()?))
                        })
                        .collect()
                });
                let http = match self.http {
                    Some(client) => client,
                    None => HttpClient::builder().proxy_from_environment(true).build()?,
                };
                Arc::new(super::cloud::CloudStorage::open(&url, &variables, http.service(), limits)?)
            }
            #[cfg(not(any(feature = "s3", feature = "gs", feature = "az")))]
            StoreUrl::Cloud { scheme, .. } => return Err(super::url::not_built(*scheme)),
        };
        Ok(Store::from_parts(url.to_string(), objects, limits).with_clock(self.clock))
    }
}

impl fmt::Debug for StoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
