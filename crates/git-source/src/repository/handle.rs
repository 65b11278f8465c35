//! One repository as one source reads it, and one exchange with its server.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use artifact_source::{Error, Warning, lock};
use tokio::runtime::Handle;

use crate::repository::cache::Cache;
use crate::repository::remote::Remote;
use crate::transport::{self, Address, Authentication, Greeting, Interrupt, TransportOptions};

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
    has_greeted: AtomicBool,
}

impl Session {
    /// An exchange that has not begun.
    pub(crate) fn new(
        repository: Arc<RepositoryHandle>,
        authentication: Authentication,
        runtime: Handle,
        interrupt: Arc<Interrupt>,
    ) -> Self {
        let (warnings, has_greeted) = (Mutex::default(), AtomicBool::default());
        Self { repository, authentication, runtime, interrupt, warnings, has_greeted }
    }

    /// Whether the server was greeted in this exchange.
    pub(crate) fn has_greeted(&self) -> bool {
        self.has_greeted.load(Ordering::Relaxed)
    }

    /// Opens a connection to the server, and greets it.
    pub(crate) fn connect(&self) -> Result<Remote, Error> {
        let greeting = Rc::new(Greeting::unknown());
        let remote = self.open(&greeting)?;
        self.has_greeted.store(true, Ordering::Relaxed);
        if remote.is_protocol_2()
            && let Some(text) = greeting.heard_text()
        {
            self.repository.cache.remember_greeting(&self.owner(), &text);
        }
        Ok(remote)
    }

    /// A connection to a server that was greeted not long ago, and need not be greeted again; `None` if it was not.
    pub(crate) fn connect_to_known(&self) -> Option<Remote> {
        let Address::Http { .. } = self.repository.address else { return None };
        let text = self.repository.cache.greeting(&self.owner())?;
        // Protocol 0 would list references in its greeting, of that time.
        let mut remote = self.open(&Rc::new(Greeting::known(text))).ok()?;
        remote.is_known = true;
        remote.is_protocol_2().then_some(remote)
    }

    /// Forgets what the server said when it was greeted, and greets it.
    pub(crate) fn greet_again(&self) -> Result<Remote, Error> {
        self.repository.cache.forget_greeting(&self.owner());
        self.connect()
    }

    fn open(&self, greeting: &Rc<Greeting>) -> Result<Remote, Error> {
        let RepositoryHandle { address, options, .. } = &*self.repository;
        let (transport, redaction) = transport::open(
            address,
            options,
            &self.authentication,
            &self.runtime,
            &self.interrupt,
            greeting,
        )?;
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
