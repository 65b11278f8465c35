//! One repository as one source reads it, and one exchange with its server.

use std::sync::{Arc, Mutex};

use artifact_source::{Error, Warning, lock};
use tokio::runtime::Handle;

use crate::repository::cache::Cache;
use crate::repository::remote::Remote;
use crate::transport::{self, Address, Authentication, Interrupt, TransportOptions};

/// One repository as one source reads it.
pub(crate) struct RepositoryHandle {
    pub(crate) address: Address,
    pub(crate) options: TransportOptions,
    pub(crate) cache: Cache,
}

/// One exchange with the server of a repository, for one discovery or for several.
pub(crate) struct Session {
    pub(crate) repository: Arc<RepositoryHandle>,
    pub(crate) authentication: Authentication,
    pub(crate) runtime: Handle,
    pub(crate) interrupt: Arc<Interrupt>,
    /// What every caller is told at the end, each once.
    pub(crate) warnings: Mutex<Vec<Warning>>,
}

impl Session {
    /// Opens a connection to the server.
    pub(crate) fn connect(&self) -> Result<Remote, Error> {
        let RepositoryHandle { address, options, .. } = &*self.repository;
        let (transport, redaction) =
            transport::open(address, options, &self.authentication, &self.runtime, &self.interrupt)?;
        Remote::connect(transport, &self.interrupt).map_err(|error| redaction.apply(error))
    }

    /// Names the repository, the tenant and the user, without a secret.
    pub(crate) fn owner(&self) -> String {
        format!("{}\n{}", self.repository.address, self.authentication.scope())
    }

    /// Tells every caller this once, at the end.
    pub(crate) fn warn(&self, warning: Warning) {
        let mut warnings = lock(&self.warnings);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}
