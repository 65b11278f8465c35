//! What the sources of one program share.

use std::path::PathBuf;
use std::sync::Arc;

use artifact_source::{Clock, SystemClock};

use crate::{CredentialSource, HttpClient, Tenant, WorkPool};

/// What the sources of one program share, for the builders of sources: `.context(&context)` says at once what `.http`, `.credentials`,
/// `.tenant`, `.clock` and `.cache_dir` say one by one. Clones are cheap and share connections.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceContext {
    /// Sends the requests.
    pub http: HttpClient,
    /// Knows the credentials.
    pub credentials: Arc<dyn CredentialSource>,
    /// Whose sources they are: the credentials are looked up for this tenant. Defaults to no tenant.
    pub tenant: Tenant,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Judges long lists, in turns with other tenants. Defaults to the pool of the process.
    pub work_pool: WorkPool,
    /// The folder for what the next process may reuse; each kind of source has a folder of its own in it. `None`: nothing is kept.
    pub cache_dir: Option<PathBuf>,
}

impl SourceContext {
    /// Requests through this client, anonymous, for no tenant, with the clock of the system, and nothing kept on disk.
    pub fn new(http: HttpClient) -> Self {
        Self {
            http,
            credentials: Arc::new(()),
            tenant: Tenant::default(),
            clock: Arc::new(SystemClock),
            work_pool: WorkPool::default(),
            cache_dir: None,
        }
    }

    /// The same for this tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The same with this source of credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// The same with this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The same with this pool.
    #[must_use]
    pub fn with_work_pool(mut self, pool: WorkPool) -> Self {
        self.work_pool = pool;
        self
    }

    /// The same with this folder.
    #[must_use]
    pub fn with_cache_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Self {
        self.cache_dir = folder.into();
        self
    }
}
