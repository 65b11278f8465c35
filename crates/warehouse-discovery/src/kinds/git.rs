//! Subscriptions to Git repositories.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, Commit, Observation};
use warehouse_spec::{
    DiscoveredCommit, DiscoveryResult, GitDiscoveryRefs, GitDiscoveryResult, GitSubscription,
    without_credential,
};

use crate::kinds::context::pick;
#[cfg(feature = "git")]
use {
    crate::kinds::context::{KindContext, invalid_rule, limit},
    artifact_source::{AnySource, ArtifactSourceExt, Error, SourceId},
    git_source::{GitSource, ObservedRefs},
    warehouse_spec::{DiscoveredRef, Freight},
};

/// The source of a subscription.
#[cfg(feature = "git")]
pub(crate) fn source(
    context: &KindContext<'_>,
    git: &GitSubscription,
    id: &SourceId,
) -> Result<AnySource, Error> {
    let transport = context.transport(git.insecure_skip_tls_verify)?;
    let mut builder = GitSource::builder(&git.repo_url)
        .id(id.clone())
        .context(&context.source_context(transport))
        .repositories(&transport.repositories)
        .rule(git.rule().map_err(invalid_rule)?)
        .changes_since_tag(last_tag(context.last_freight, git, id))
        .limit(limit(git.discovery_limit));
    if let Some((program, arguments)) = &context.discoverer.shared.ssh_command {
        builder = builder.ssh_command(program, arguments);
    }
    let limits = context.discoverer.shared.git;
    if let Some(bytes) = limits.max_bytes {
        builder = builder.max_bytes(bytes);
    }
    if let Some(bytes) = limits.max_cache_bytes {
        builder = builder.max_cache_bytes(bytes);
    }
    if let Some(limit) = limits.stall {
        builder = builder.stall_timeout(limit);
    }
    if let Some(least) = limits.least_progress {
        builder = builder.least_progress(least);
    }
    Ok(builder.build()?.erase())
}

/// The tag that the Freight has of this subscription.
#[cfg(feature = "git")]
fn last_tag(freight: Option<&Freight>, git: &GitSubscription, id: &SourceId) -> Option<String> {
    let url = without_credential(&git.repo_url);
    let name = id.subscription().unwrap_or_default();
    let commits = freight?.commits.iter();
    let mut tags = commits
        .filter(|commit| commit.repo_url == url && commit.subscription_name == name)
        .map(|commit| commit.tag.clone());
    // Of two subscriptions without a name, none knows which one is its own.
    let tag = tags.next().filter(|tag| !tag.is_empty());
    tag.filter(|_| tags.next().is_none())
}

/// The entry of `status.discoveredArtifacts`.
pub(crate) fn result(
    git: &GitSubscription,
    name: String,
    artifacts: &[AnyArtifact],
    observation: Option<&Observation>,
) -> DiscoveryResult {
    let mut result = GitDiscoveryResult::default();
    result.repo_url = without_credential(&git.repo_url).into_owned();
    result.subscription_name = name;
    result.commits = pick(artifacts, commit);
    result.observed_refs = observation.and_then(observed_refs);
    DiscoveryResult::Git(result)
}

#[cfg(feature = "git")]
/// The references behind the answer, as Kargo compares them with what it sees itself.
fn observed_refs(observation: &Observation) -> Option<GitDiscoveryRefs> {
    let mut refs = GitDiscoveryRefs::default();
    match ObservedRefs::of(observation)? {
        ObservedRefs::BranchHead(id) => refs.branch_head = id,
        ObservedRefs::Tags(tags) => {
            refs.tags = tags
                .into_iter()
                .map(|(name, id)| {
                    let mut found = DiscoveredRef::default();
                    (found.name, found.id) = (name, id);
                    found
                })
                .collect();
        }
        _ => return None,
    }
    Some(refs)
}

#[cfg(not(feature = "git"))]
fn observed_refs(_: &Observation) -> Option<GitDiscoveryRefs> {
    None
}

fn commit(artifact: &AnyArtifact) -> Option<DiscoveredCommit> {
    let AnyArtifact::Commit(Commit { id, branch, tag, subject, author, committer, creator_date, .. }) =
        artifact
    else {
        return None;
    };
    let mut commit = DiscoveredCommit::default();
    commit.id.clone_from(id);
    commit.branch = branch.clone().unwrap_or_default();
    commit.tag = tag.clone().unwrap_or_default();
    commit.subject.clone_from(subject);
    commit.author.clone_from(author);
    commit.committer.clone_from(committer);
    commit.creator_date = *creator_date;
    Some(commit)
}
