//! How many requests of one tenant are with one server at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use artifact_source::{Error, ErrorKind, lock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::{Call, Origin, Tenant};

/// With this many servers, those of which nothing is asked are forgotten.
const MANY: usize = 4096;

/// Bounds the requests of one tenant to one origin that are under way at once. Clones share their state.
///
/// Requests wait here before they take a turn of the [pace](crate::Pace) of the host, so that of a crowd of one tenant no more requests than
/// these come before one of another tenant.
#[derive(Clone)]
pub(crate) struct InFlight {
    most: usize,
    by_server: Arc<Mutex<HashMap<Server, Weak<Semaphore>>>>,
}

/// A tenant, and the server that it asks.
type Server = (Tenant, Origin);

/// The right to have a request under way, until it is dropped.
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl InFlight {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.clamp(1, Semaphore::MAX_PERMITS), by_server: Arc::default() }
    }

    /// Waits until a request of this call may be sent to the origin of the URL.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline passes first.
    pub(crate) async fn enter(&self, url: &Url, call: &Call) -> Result<Permit, Error> {
        let permits = self.permits((call.tenant.clone(), Origin::of(url)));
        let permit = call
            .within(permits.acquire_owned())
            .await
            .map_err(|_| Error::waited_for("other requests to the server").with_url(url))?;
        let permit = permit.map_err(|cause| {
            Error::new(ErrorKind::Internal, "the queue of requests is closed").with_cause(cause)
        })?;
        Ok(Permit { _permit: permit })
    }

    fn permits(&self, server: Server) -> Arc<Semaphore> {
        let mut by_server = lock(&self.by_server);
        if let Some(permits) = by_server.get(&server).and_then(Weak::upgrade) {
            return permits;
        }
        if by_server.len() >= MANY {
            by_server.retain(|_, permits| permits.strong_count() > 0);
        }
        let permits = Arc::new(Semaphore::new(self.most));
        by_server.insert(server, Arc::downgrade(&permits));
        permits
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_tenant_has_its_own_number_at_each_origin() {
        let (all, url) = (InFlight::new(2), |url: &str| Url::parse(url).unwrap());
        let (a, b) = (url("https://a.test/x"), url("https://b.test"));
        let (one, other) = (Call::new().for_tenant("one"), Call::new().for_tenant("other"));
        let held = (all.enter(&a, &one).await.unwrap(), all.enter(&a, &one).await.unwrap());
        let mut third = Box::pin(all.enter(&a, &one));
        assert!(futures::poll!(&mut third).is_pending());
        let _others = (all.enter(&a, &other).await.unwrap(), all.enter(&b, &one).await.unwrap());
        drop(held.0);
        assert!(third.await.is_ok());
        drop(held.1);
        let soon = one.clone().with_deadline(std::time::Instant::now());
        let _both = (all.enter(&a, &one).await.unwrap(), all.enter(&a, &one).await.unwrap());
        assert_eq!(all.enter(&a, &soon).await.map(|_| ()).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
