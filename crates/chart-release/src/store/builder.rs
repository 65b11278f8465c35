//! Settings of a store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact_source::Error;

use super::{ObjectStorage, Store, StoreUrl, file, rclone};

/// How long operations on a store may take, and how often they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreLimits {
    /// The longest time of one operation, with its tries. Defaults to 2 minutes.
    pub operation: Duration,
    /// How long a server may be silent. Defaults to 30 s.
    pub stall: Duration,
    /// How often a request is sent at most. Defaults to 4.
    pub attempts: usize,
    /// The longest wait between two tries. Defaults to 4 s.
    pub longest_backoff: Duration,
    /// How long other writers are waited for where a lock decides who writes. Defaults to 5 minutes.
    pub lock_wait: Duration,
    /// The age from which a lock object counts as left behind. Defaults to 15 minutes.
    pub lock_lease: Duration,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            operation: Duration::from_secs(120),
            stall: Duration::from_secs(30),
            attempts: 4,
            longest_backoff: Duration::from_secs(4),
            lock_wait: Duration::from_secs(300),
            lock_lease: Duration::from_secs(900),
        }
    }
}

/// Settings of a [`Store`]. `Debug` shows no variable of the environment.
#[derive(Clone)]
#[must_use]
pub struct StoreBuilder {
    url: String,
    limits: StoreLimits,
    environment: Option<Vec<(String, String)>>,
    rclone: Option<PathBuf>,
}

impl StoreBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), limits: StoreLimits::default(), environment: None, rclone: None }
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
                Arc::new(super::cloud::CloudStorage::open(&url, &variables, limits)?)
            }
            #[cfg(not(any(feature = "s3", feature = "gs", feature = "az")))]
            StoreUrl::Cloud { scheme, .. } => return Err(super::url::not_built(*scheme)),
        };
        Ok(Store::from_parts(url.to_string(), objects, limits))
    }
}

impl fmt::Debug for StoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
