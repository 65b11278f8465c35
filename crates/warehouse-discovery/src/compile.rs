//! From subscriptions to sources.

use artifact_source::{AnySource, Error, SourceId};
use freight::NeededCreated;
use warehouse_spec::Warehouse;

use crate::kinds::KindContext;
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

impl Discoverer {
    /// The sources that a run over this Warehouse would ask, in the manifest's order, and for a subscription that
    /// no source can be made of, why. Nothing is fetched.
    pub fn compile(&self, warehouse: &Warehouse) -> Vec<Compiled> {
        let needed = NeededCreated::of_warehouse(warehouse);
        let context = KindContext { discoverer: self, warehouse, needed };
        let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
        subscriptions
            .map(|(index, subscription)| {
                let id = kinds::id(subscription);
                let source = kinds::source(&context, subscription, &id).map_err(|error| error.with_id(&id));
                // A source that an embedder makes may have an id of its own, which says more.
                let id = source.as_ref().map_or(id.clone(), |source| match source.id().subscription() {
                    Some(_) => source.id().clone(),
                    None => source.id().clone().with_subscription(id.subscription()),
                });
                Compiled { index, source, key: snapshot::key(subscription), id }
            })
            .collect()
    }
}
