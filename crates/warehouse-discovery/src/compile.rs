//! From subscriptions to sources.

use std::sync::Arc;

use artifact_http::SourceContext;
use artifact_source::{AnySource, Error, SourceId};
use freight::NeededCreated;
use warehouse_spec::Warehouse;

use crate::transport::Transport;
use crate::{Discoverer, kinds, snapshot};

/// A subscription, and the source that was made of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The subscription's place in the manifest, from 0.
    pub index: usize,
    /// Which source it is.
    pub id: SourceId,
    /// The source, or why none can be made: a rule that the manifest's validation would have refused, or a
    /// generic subscription whose type is not registered.
    pub source: Result<AnySource, Error>,
    pub(crate) key: String,
}

pub(crate) fn compile(discoverer: &Discoverer, warehouse: &Warehouse) -> Vec<Compiled> {
    let needed = NeededCreated::of_warehouse(warehouse);
    let compiler = Compiler { discoverer, warehouse, needed };
    let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
    subscriptions
        .map(|(index, subscription)| {
            let id = kinds::id(subscription);
            let source = kinds::source(&compiler, subscription, &id).map_err(|error| error.with_id(&id));
            // A source that an embedder makes may have an id of its own, which says more.
            let id = source.as_ref().map_or(id, |source| source.id().clone());
            Compiled { index, source, key: snapshot::key(subscription), id }
        })
        .collect()
}

/// Makes the sources of one Warehouse.
pub(crate) struct Compiler<'a> {
    pub(crate) discoverer: &'a Discoverer,
    pub(crate) warehouse: &'a Warehouse,
    /// The images of which Freight's criteria may read the build time.
    #[cfg_attr(not(feature = "image"), allow(dead_code, reason = "only images have a build time"))]
    pub(crate) needed: NeededCreated,
}

impl Compiler<'_> {
    /// The clients for a server whose certificate is checked, or not checked where the subscription says so.
    #[cfg_attr(
        not(any(feature = "image", feature = "git", feature = "chart")),
        allow(dead_code, reason = "only the kinds that are built in need it")
    )]
    pub(crate) fn transport(&self, skip_tls_verify: bool) -> &Transport {
        let shared = &self.discoverer.shared;
        if skip_tls_verify { &shared.unverified } else { &shared.verified }
    }

    pub(crate) fn context(&self, transport: &Transport) -> SourceContext {
        SourceContext::new(transport.http.clone())
            .with_credentials(Arc::clone(&self.discoverer.credentials))
            .with_clock(Arc::clone(&self.discoverer.shared.clock))
            .with_cache_dir(self.discoverer.shared.cache_dir.clone())
    }
}
