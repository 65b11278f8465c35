//! Subscriptions to container image repositories.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, Image};
use warehouse_spec::{
    DiscoveredImageReference, DiscoveryResult, ImageDiscoveryResult, ImageSubscription, without_credential,
};

use crate::kinds::context::pick;
#[cfg(feature = "image")]
use {
    crate::kinds::context::{KindContext, invalid_rule, limit},
    artifact_source::{AnySource, ArtifactSourceExt, Error, SourceId},
    image_source::ImageSource,
    std::sync::Arc,
};

/// The source of a subscription; it reports the build time of the best image, if Freight's criteria read that.
#[cfg(feature = "image")]
pub(crate) fn source(
    context: &KindContext<'_>,
    image: &ImageSubscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    let shared = &context.discoverer.shared;
    let transport = context.transport(image.insecure_skip_tls_verify)?;
    let source = ImageSource::builder(&image.repo_url)
        .id(id.clone())
        .context(&context.source_context(transport))
        .registry(transport.images.clone())
        .rule(image.rule().map_err(invalid_rule)?)
        .platform(image.platform.clone())
        .limit(limit(image.discovery_limit))
        .cache_by_tag(image.cache_by_tag)
        .cache_by_tag_policy(shared.cache_by_tag)
        .cache(Arc::clone(&shared.facts))
        .time_of_best(context.needed.of_image(&image.repo_url))
        // Facts of an unchecked server must not count for other subscriptions.
        .scope(if image.insecure_skip_tls_verify { "unverified" } else { "" })
        .build()?;
    Ok(source.erase())
}

/// The entry of `status.discoveredArtifacts`.
pub(crate) fn result(image: &ImageSubscription, name: String, artifacts: &[AnyArtifact]) -> DiscoveryResult {
    let mut result = ImageDiscoveryResult::default();
    result.repo_url = without_credential(&image.repo_url).into_owned();
    result.platform = image.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    result.subscription_name = name;
    let git_repo_url = image.git_repo_url.clone().unwrap_or_default();
    result.references = pick(artifacts, |artifact| reference(artifact, &git_repo_url));
    DiscoveryResult::Image(result)
}

fn reference(artifact: &AnyArtifact, git_repo_url: &str) -> Option<DiscoveredImageReference> {
    let AnyArtifact::Image(Image { tag, digest, annotations, created_at, .. }) = artifact else {
        return None;
    };
    let mut reference = DiscoveredImageReference::default();
    reference.tag.clone_from(tag);
    reference.digest.clone_from(digest);
    reference.annotations.clone_from(annotations);
    reference.created_at = *created_at;
    reference.git_repo_url = git_repo_url.to_owned();
    Some(reference)
}
