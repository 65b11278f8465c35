//! A report in the shape of Kargo's `status.discoveredArtifacts`.

#![allow(
    clippy::field_reassign_with_default,
    reason = "the types are #[non_exhaustive]: no literal makes one"
)]

use artifact_source::{AnyArtifact, Chart, Commit, Generic, Image, Observation};
use git_source::ObservedRefs;
use warehouse_spec::{
    ArtifactReference, ChartDiscoveryResult, DiscoveredArtifacts, DiscoveredCommit, DiscoveredImageReference,
    DiscoveredRef, DiscoveryResult, GenericDiscoveryResult, GitDiscoveryRefs, GitDiscoveryResult,
    ImageDiscoveryResult, Subscription, SubscriptionKind, Warehouse, without_credential,
};

use crate::{Report, SubscriptionReport};

impl Report {
    /// The artifacts in the shape of Kargo's `status.discoveredArtifacts`. A `repoURL` with a password in it is given without.
    ///
    /// A subscription that failed with nothing left over from an earlier run has no entry, which is
    /// not the same as an entry without artifacts: that one was asked and nothing fits.
    pub fn discovered_artifacts(&self, warehouse: &Warehouse) -> DiscoveredArtifacts {
        let mut discovered: DiscoveredArtifacts = self
            .subscriptions
            .iter()
            .filter(|report| report.error.is_none() || !report.artifacts.is_empty())
            .filter_map(|report| Some(result(warehouse.spec.subscriptions.get(report.index)?, report)))
            .collect();
        discovered.discovered_at = Some(self.discovered_at);
        discovered
    }
}

impl SubscriptionReport {
    /// The artifacts in the shape of Kargo's entry for one subscription.
    pub fn discovery_result(&self, subscription: &Subscription) -> DiscoveryResult {
        result(subscription, self)
    }
}

fn result(subscription: &Subscription, report: &SubscriptionReport) -> DiscoveryResult {
    let subscription_name = subscription.name.clone().unwrap_or_default();
    let artifacts = &report.artifacts;
    match &subscription.kind {
        SubscriptionKind::Git(git) => {
            let mut result = GitDiscoveryResult::default();
            result.repo_url = without_credential(&git.repo_url).into_owned();
            result.subscription_name = subscription_name;
            result.commits = pick(artifacts, commit);
            result.observed_refs = report.observation.as_ref().and_then(observed_refs);
            DiscoveryResult::Git(result)
        }
        SubscriptionKind::Chart(chart) => {
            let mut result = ChartDiscoveryResult::default();
            result.repo_url = without_credential(&chart.repo_url).into_owned();
            result.name = chart.name.clone().unwrap_or_default();
            result.semver_constraint = chart.semver_constraint.clone().unwrap_or_default();
            result.subscription_name = subscription_name;
            result.versions = pick(artifacts, version);
            DiscoveryResult::Chart(result)
        }
        SubscriptionKind::Image(image) => {
            let mut result = ImageDiscoveryResult::default();
            result.repo_url = without_credential(&image.repo_url).into_owned();
            result.platform = image.platform.as_ref().map(ToString::to_string).unwrap_or_default();
            result.subscription_name = subscription_name;
            let git_repo_url = image.git_repo_url.clone().unwrap_or_default();
            result.references = pick(artifacts, |artifact| reference(artifact, &git_repo_url));
            DiscoveryResult::Image(result)
        }
        _ => {
            let mut result = GenericDiscoveryResult::default();
            result.artifact_references = pick(artifacts, |artifact| generic(artifact, &subscription_name));
            result.subscription_name = subscription_name;
            DiscoveryResult::Generic(result)
        }
    }
}

fn pick<T>(artifacts: &[AnyArtifact], convert: impl Fn(&AnyArtifact) -> Option<T>) -> Vec<T> {
    artifacts.iter().filter_map(convert).collect()
}

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

fn version(artifact: &AnyArtifact) -> Option<String> {
    match artifact {
        AnyArtifact::Chart(Chart { version, .. }) => Some(version.clone()),
        _ => None,
    }
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
