//! One repository as one source sees it, and one visit to it.

use std::sync::Arc;

use artifact_http::{Authorization, Visitor};
use artifact_source::{Error, ErrorKind};

use crate::address::Address;
use crate::cache::Cache;
use crate::negotiate::Contents;
use crate::remote::Remote;
use crate::store::Store;
use crate::transport::{self, Means};
use crate::watch::Watch;

/// One repository, as one source sees it.
#[derive(Debug)]
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
}

/// As whom a repository is visited.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) authorization: Option<Authorization>,
    pub(crate) visitor: Visitor,
}

impl Access {
    /// As this visitor.
    pub(crate) fn of(visitor: Visitor) -> Result<Self, Error> {
        let authorization = visitor.credential().map(|credential| {
            credential.authorization().ok_or_else(|| {
                Error::new(ErrorKind::InvalidInput, "an identity token is of no use with a Git server")
                    .with_hint("give a user name and a password or an access token")
            })
        });
        Ok(Self { authorization: authorization.transpose()?, visitor })
    }
}

impl Visit {
    /// Opens a session with the server.
    pub(crate) fn greet(&self) -> Result<Remote, Error> {
        Remote::greet(transport::open(self)?, &self.watch)
    }

    /// Opens the store of this kind.
    pub(crate) fn store(&self, contents: Contents) -> Result<Store, Error> {
        self.site.cache.store(
            &format!("{}\n{}", self.site.address, self.access.visitor.scope()),
            contents,
            &self.watch,
        )
    }
}
