//! Settings of a store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_source::Error;

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
