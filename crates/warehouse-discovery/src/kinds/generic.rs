//! Generic subscriptions, whose sources an embedder makes.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, AnySource, Error, Generic, SourceId};
use warehouse_spec::{ArtifactReference, DiscoveryResult, GenericDiscoveryResult, GenericSubscription};

use crate::discoverer::GenericRequest;
use crate::kinds::context::{KindContext, limit, pick, unknown};

/// The source that the registered factory makes.
pub(crate) fn source(
    context: &KindContext<'_>,
    generic: &GenericSubscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    let Some(factory) = context.discoverer.shared.generic.get(&generic.subscription_type) else {
        return Err(unknown(&generic.subscription_type));
    };
    factory(GenericRequest {
        id,
        namespace: context.warehouse.namespace(),
        subscription: generic,
        limit: limit(generic.discovery_limit),
        context: context.source_context(&context.discoverer.shared.verified),
    })
}

/// The entry of `status.discoveredArtifacts`.
pub(crate) fn result(name: String, artifacts: &[AnyArtifact]) -> DiscoveryResult {
    let mut result = GenericDiscoveryResult::default();
    result.artifact_references = pick(artifacts, |artifact| generic(artifact, &name));
    result.subscription_name = name;
    DiscoveryResult::Generic(result)
}

fn generic(artifact: &AnyArtifact, subscription_name: &str) -> Option<ArtifactReference> {
    let AnyArtifact::Generic(Generic { artifact_type, version, metadata, .. }) = artifact else {
        return None;
    };
    let mut reference = ArtifactReference::default();
    reference.artifact_type.clone_from(artifact_type);
    reference.subscription_name = subscription_name.to_owned();
    reference.version.clone_from(version);
    reference.metadata.clone_from(metadata);
    Some(reference)
}
