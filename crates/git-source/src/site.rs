//! One repository as one source sees it, and one visit to it.

use std::sync::Arc;

use artifact_http::{Authorization, Credential};
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
    /// A name that tells apart who may see different things; nothing secret.
    pub(crate) identity: String,
}

impl Access {
    /// As whoever has this credential.
    pub(crate) fn of(credential: &Credential) -> Result<Self, Error> {
        let identity = match credential {
            Credential::Password { username, .. } => username.clone(),
            _ => "token".to_owned(),
        };
        let authorization = credential.authorization().ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "an identity token is of no use with a Git server")
                .with_hint("give a user name and a password or an access token")
        })?;
        Ok(Self { authorization: Some(authorization), identity })
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
            &format!("{}\n{}", self.site.address, self.access.identity),
            contents,
            &self.watch,
        )
    }
}
