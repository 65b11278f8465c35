//! The name of Freight: a digest of its content ([rule 6.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use go_compat::path::join;
use repository_url::{normalize_chart, normalize_git};
use sha1::{Digest, Sha1};
use warehouse_spec::{ArtifactReference, Chart, Freight, GitCommit, Image};

/// The deterministic name of a piece of Freight: forty hexadecimal digits.
///
/// It depends on the origin and on the artifacts, not on the order of the artifacts, and equals what Kargo computes once
/// the origin is set; the digest of a chart, which Kargo's Freight never has, counts where there is one. The alias, the messages, authors and branches of commits and the annotations of images do not count.
pub fn freight_name(freight: &Freight) -> String {
    let mut parts: Vec<String> = freight
        .commits
        .iter()
        .map(commit_part)
        .chain(freight.images.iter().map(image_part))
        .chain(freight.charts.iter().map(chart_part))
        .chain(freight.artifacts.iter().map(artifact_part))
        .collect();
    parts.sort_unstable();
    let text = format!("{}:{}", freight.origin, parts.join("|"));
    format!("{:x}", Sha1::digest(text.as_bytes()))
}

fn commit_part(commit: &GitCommit) -> String {
    let url = normalize_git(&commit.repo_url);
    let base = match commit.tag.as_str() {
        "" => format!("{url}:{}", commit.id),
        tag => format!("{url}:{tag}:{}", commit.id),
    };
    with_subscription(base, &commit.subscription_name)
}

fn image_part(image: &Image) -> String {
    let base = format!("{}:{}@{}", image.repo_url, image.tag, image.digest);
    with_subscription(base, &image.subscription_name)
}

fn chart_part(chart: &Chart) -> String {
    let repository = join(&normalize_chart(&chart.repo_url), &chart.name);
    let base = match chart.digest.as_str() {
        "" => format!("{repository}:{}", chart.version),
        digest => format!("{repository}:{}@{digest}", chart.version),
    };
    with_subscription(base, &chart.subscription_name)
}

fn artifact_part(artifact: &ArtifactReference) -> String {
    format!("{}:{}:{}", artifact.artifact_type, artifact.subscription_name, artifact.version)
}

fn with_subscription(base: String, name: &str) -> String {
    match name {
        "" => base,
        name => format!("{base}:{name}"),
    }
}
