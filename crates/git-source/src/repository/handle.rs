//! One repository as one source reads it, and one discovery in it.

use std::sync::{Arc, Mutex};

use artifact_source::{Error, ErrorKind, Warning, lock};
use tokio::runtime::Handle;

use crate::repository::cache::Cache;
use crate::repository::fetch::{Contents, FetchCapabilities, PackFilter};
use crate::repository::remote::Remote;
use crate::repository::store::Store;
use crate::transport::{self, Address, Authentication, ExchangeError, Interrupt, TransportOptions};

/// One repository as one source reads it.
pub(crate) struct RepositoryHandle {
    pub(crate) address: Address,
    pub(crate) options: TransportOptions,
    pub(crate) cache: Cache,
}

/// One discovery in a repository.
pub(crate) struct Session {
    pub(crate) repository: Arc<RepositoryHandle>,
    pub(crate) authentication: Authentication,
    pub(crate) runtime: Handle,
    pub(crate) interrupt: Arc<Interrupt>,
    /// What the caller is told at the end of the discovery, each once.
    pub(crate) warnings: Arc<Mutex<Vec<Warning>>>,
}

impl Session {
    /// Opens a connection to the server.
    pub(crate) fn connect(&self) -> Result<Remote, Error> {
        let RepositoryHandle { address, options, .. } = &*self.repository;
        let transport =
            transport::open(address, options, &self.authentication, &self.runtime, &self.interrupt)?;
        Remote::connect(transport, &self.interrupt)
    }

    /// Runs this with a store for these contents. Runs it again
    ///
    /// - with an empty store, where the content of the store may be why it failed;
    /// - with less left out of packs, where the server refuses the filter;
    /// - with whole histories, where the server refuses to send part of one.
    pub(crate) fn with_store<T>(
        &self,
        contents: Contents,
        remote: &mut Remote,
        mut run: impl FnMut(&mut Remote, &Store, FetchCapabilities) -> Result<T, ExchangeError>,
    ) -> Result<T, ExchangeError> {
        let cache = &self.repository.cache;
        let owner = format!("{}\n{}", self.repository.address, self.authentication.identity.scope());
        let mut capabilities = cache.capabilities(&owner);
        capabilities.filter = capabilities.filter.max(contents.filter());
        if !remote.knows_tree_filter() {
            capabilities.filter = capabilities.filter.max(PackFilter::Blobs);
        }
        capabilities.shallow &= remote.can_be_shallow();
        loop {
            let (store, warning) = cache.open(&owner, contents, capabilities, &self.interrupt)?;
            warning.into_iter().for_each(|warning| self.warn(warning));
            let is_warm = !store.is_empty();
            let mut done = run(remote, &store, capabilities);
            if let Err(ExchangeError::Other(error)) = &done
                && is_warm
                && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer)
            {
                let error = error.clone();
                store.clear().map_err(|_| error)?;
                *remote = self.connect()?;
                done = run(remote, &store, capabilities);
            }
            if store.has_grown() {
                cache.evict(&store);
            }
            match done {
                Err(ExchangeError::FilterRefused(error)) => {
                    capabilities.filter = capabilities.filter.weaker().ok_or(error)?;
                }
                Err(ExchangeError::ShallowRefused(_)) if capabilities.shallow => capabilities.shallow = false,
                done => return done,
            }
            cache.remember(&owner, capabilities);
        }
    }

    /// Tells the caller this once, at the end of the discovery.
    pub(crate) fn warn(&self, warning: Warning) {
        let mut warnings = lock(&self.warnings);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}
