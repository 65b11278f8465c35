//! One repository as one source sees it, and one visit to it.

use std::sync::{Arc, Mutex, PoisonError};

use artifact_http::{Authorization, Identity};
use artifact_source::{Error, ErrorKind, Warning};

use crate::address::Address;
use crate::allowed::Allowed;
use crate::cache::Cache;
use crate::fault::Setback;
use crate::filter::Filter;
use crate::negotiate::Contents;
use crate::remote::Remote;
use crate::store::Store;
use crate::transport::{self, Means};
use crate::watch::Watch;

/// One repository, as one source sees it.
pub(crate) struct Site {
    pub(crate) address: Address,
    pub(crate) means: Means,
    pub(crate) cache: Cache,
}

/// One discovery at a site.
pub(crate) struct Visit {
    pub(crate) site: Arc<Site>,
    pub(crate) access: Access,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) watch: Arc<Watch>,
    /// What is odd about a subscription that is answered all the same.
    pub(crate) warnings: Arc<Mutex<Vec<Warning>>>,
}

/// As whom a repository is visited.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) authorization: Option<Authorization>,
    pub(crate) identity: Identity,
}

impl Access {
    /// As this identity.
    pub(crate) fn of(identity: Identity) -> Result<Self, Error> {
        let authorization = identity.credential().map(|credential| {
            credential.authorization().ok_or_else(|| {
                Error::new(ErrorKind::InvalidInput, "an identity token is of no use with a Git server")
                    .with_hint("give a user name and a password or an access token")
            })
        });
        Ok(Self { authorization: authorization.transpose()?, identity })
    }
}

impl Visit {
    /// Opens a session with the server.
    pub(crate) fn greet(&self) -> Result<Remote, Error> {
        Remote::greet(transport::open(self)?, &self.watch)
    }

    /// Does work with a store of this kind, once more where what is in the store may be why it failed, with less left out of packs
    /// where the server refuses the filter, and with whole histories where it refuses to send a part.
    pub(crate) fn with_store<T>(
        &self,
        contents: Contents,
        remote: &mut Remote,
        mut work: impl FnMut(&mut Remote, &Store, Allowed) -> Result<T, Setback>,
    ) -> Result<T, Setback> {
        let (cache, owner) =
            (&self.site.cache, format!("{}\n{}", self.site.address, self.access.identity.scope()));
        let mut allowed = cache.allowed(&owner);
        allowed.filter = allowed.filter.max(contents.filter());
        if !remote.knows_trees() {
            allowed.filter = allowed.filter.max(Filter::Blobs);
        }
        allowed.shallow &= remote.can_be_shallow();
        loop {
            let store = cache.store(&owner, contents, allowed, &self.watch)?;
            let is_warm = !store.is_empty();
            let mut done = work(remote, &store, allowed);
            if let Err(Setback::Lasting(error)) = &done
                && is_warm
                && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer)
            {
                // Nothing is lost with the store.
                let error = error.clone();
                store.clear().map_err(|_| error)?;
                *remote = self.greet()?;
                done = work(remote, &store, allowed);
            }
            match done {
                Err(Setback::Filter(error)) => {
                    allowed.filter = allowed.filter.less().ok_or(error)?;
                }
                Err(Setback::Shallow(_)) if allowed.shallow => allowed.shallow = false,
                done => return done,
            }
            cache.remember(&owner, allowed);
        }
    }

    /// Warns whoever asked, at the end of the discovery.
    pub(crate) fn warn(&self, warning: Warning) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }
}
