//! Why a release is refused, before anything is published.

use std::fmt;

use serde::Serialize;

use crate::overwrite::Conflict;

/// Why a release is refused. `Display` is the reason, [`remedy`](Self::remedy) what to do.
///
/// A refusal is found before anything is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "refusal", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such chart.
    NoSuchChart {
        /// The name that was given.
        chart: String,
        /// The folder of charts that was searched.
        folder: String,
        /// Charts with a similar name.
        similar: Vec<String>,
    },
    /// The folder of charts has none, and no chart was named.
    NoCharts {
        /// The folder of charts that was searched.
        folder: String,
    },
    /// A chart that is a submodule: the commit has only the id of another commit.
    Submodule {
        /// Its folder.
        folder: String,
    },
    /// A chart that the folder names otherwise than its `Chart.yaml`.
    NameDiffers {
        /// The name of the folder.
        folder: String,
        /// The name in `Chart.yaml`.
        chart: String,
    },
    /// The work tree differs from its commit.
    DirtyWorkTree {
        /// The first paths that differ.
        paths: Vec<String>,
        /// How many paths differ.
        count: usize,
    },
    /// The commit is not on the remote's default branch.
    NotOnDefaultBranch {
        /// The commit.
        commit: String,
        /// The default branch, such as `origin/main`.
        branch: String,
        /// Whether the commit follows the newest one of the branch: then it is not pushed.
        is_ahead: bool,
    },
    /// This clone cannot tell whether the commit is on the remote's default branch.
    UnknownHistory {
        /// The commit.
        commit: String,
        /// The default branch, such as `origin/main`.
        branch: String,
        /// What is missing.
        reason: String,
        /// The command that fetches it.
        command: String,
        /// The command, and the setting of the workflow that made the clone.
        remedy: String,
    },
    /// The tag of the release is on another commit.
    TagElsewhere {
        /// The name of the tag.
        tag: String,
        /// The commit that it is on.
        stands_on: String,
        /// The commit to release.
        commit: String,
        /// Where it is: `here`, or the name of the remote.
        place: String,
    },
    /// The version may not be deployed.
    BelowOne {
        /// The chart.
        chart: String,
        /// Its version.
        version: String,
    },
    /// A release must not depend on a version that moves.
    DevDependency {
        /// The chart.
        chart: String,
        /// The dependency.
        dependency: String,
        /// Its version or constraint.
        version: String,
    },
    /// The version of a release is that of a dev release.
    DevVersion {
        /// The chart.
        chart: String,
        /// Its version.
        version: String,
    },
    /// The image of the application does not exist.
    NoImage {
        /// The chart.
        chart: String,
        /// The image, with its tag.
        image: String,
        /// What the registry answered.
        reason: String,
    },
    /// The chart does not name the image of its application.
    UnknownImage {
        /// The chart.
        chart: String,
        /// What is missing.
        reason: String,
    },
    /// The version is published with other content.
    OtherContent(Box<Conflict>),
    /// A dated dev version is that of a commit, and the work tree differs from its commit.
    DatedWorkTree {
        /// The first paths that differ from the commit.
        paths: Vec<String>,
    },
    /// The same chart is named twice, or two charts would have the same file.
    Twice {
        /// The chart.
        chart: String,
    },
    /// There is nowhere to publish to.
    NoDestination,
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoSuchChart { similar, folder, .. } => match similar.as_slice() {
                [] => format!("`ls {folder}` lists the charts; --charts names another folder"),
                similar => format!("did you mean {}?", similar.join(" or ")),
            },
            Self::NameDiffers { folder, chart } => {
                let name = folder.rsplit('/').next().unwrap_or(folder);
                format!("rename the folder to {chart}, or write `name: {name}` into its Chart.yaml")
            }
            Self::NoCharts { .. } => {
                "a chart is a folder in it with a Chart.yaml; --charts names another folder".to_owned()
            }
            Self::Submodule { folder } => format!(
                "release it from its own repository, or put a copy of its files in the place of the submodule (`git rm {folder}`)"
            ),
            Self::DirtyWorkTree { .. } => {
                "commit the changes, or put them aside with `git stash --include-untracked`; `release-dev` takes a work tree as it is".to_owned()
            }
            Self::NotOnDefaultBranch { branch, is_ahead: true, .. } => {
                format!("push it to {branch} first")
            }
            Self::NotOnDefaultBranch { branch, .. } => {
                format!("merge the commit into {branch} and push it, then release from there")
            }
            Self::TagElsewhere { tag, stands_on, .. } => format!(
                "raise `version` in the Chart.yaml; to finish an interrupted release, `git checkout {}` and release from there; a tag that is wrong \
                 is deleted with `git tag -d {tag}` and `git push origin :refs/tags/{tag}`",
                short(stands_on)
            ),
            Self::UnknownHistory { remedy, .. } => remedy.clone(),
            Self::BelowOne { .. } => "write `version: 1.0.0` or higher into the Chart.yaml, or leave --deployed out".to_owned(),
            Self::DevDependency { dependency, .. } => {
                format!("release {dependency} first, and depend on the released version")
            }
            Self::DevVersion { .. } => {
                "write a version without the pre-release `dev` into the Chart.yaml, or use `release-dev`".to_owned()
            }
            Self::NoImage { .. } => {
                "push the image first, or correct `appVersion` in the Chart.yaml".to_owned()
            }
            Self::UnknownImage { .. } => {
                "write `image.repository` into values.yaml and `appVersion` into Chart.yaml, or name the image with --verify-image REPOSITORY".to_owned()
            }
            Self::OtherContent(conflict) => conflict.hint().to_owned(),
            Self::DatedWorkTree { .. } => {
                "commit the changes, or use --dev-version fixed".to_owned()
            }
            Self::Twice { .. } => "name each chart once".to_owned(),
            Self::NoDestination => "name a registry (--registry oci://HOST/PATH), a store (--backup s3://BUCKET/PATH), or both".to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchChart { chart, folder, .. } => write!(f, "there is no chart {chart:?} in {folder}"),
            Self::NoCharts { folder } => write!(f, "there are no charts in {}", shown_folder(folder)),
            Self::Submodule { folder } => {
                write!(f, "{folder} is a submodule: its files are not part of the commit to release")
            }
            Self::NameDiffers { folder, chart } => {
                write!(f, "the folder {folder} holds a chart of another name: {chart}")
            }
            Self::DirtyWorkTree { paths, count } => {
                write!(f, "the work tree differs from its commit: {}", listed(paths, *count))
            }
            Self::NotOnDefaultBranch { commit, branch, .. } => {
                write!(f, "the commit {} is not on {branch}", short(commit))
            }
            Self::UnknownHistory { commit, branch, reason, .. } => {
                write!(f, "whether the commit {} is on {branch} is not known: {reason}", short(commit))
            }
            Self::TagElsewhere { tag, stands_on, commit, place } => write!(
                f,
                "the tag {tag} stands on another commit ({place}: {}; to release: {})",
                short(stands_on),
                short(commit)
            ),
            Self::BelowOne { chart, version } => {
                write!(
                    f,
                    "{chart} {version} is below 1.0.0, and --deployed releases charts that are deployed"
                )
            }
            Self::DevDependency { chart, dependency, version } => {
                write!(f, "{chart} depends on a dev version: {dependency} {version}")
            }
            Self::DevVersion { chart, version } => {
                write!(f, "the version of {chart} is that of a dev release: {version}")
            }
            Self::NoImage { chart, image, reason } => {
                write!(f, "the image of {chart} does not exist: {image}: {reason}")
            }
            Self::UnknownImage { chart, reason } => write!(f, "the image of {chart} is not known: {reason}"),
            Self::OtherContent(conflict) => conflict.fmt(f),
            Self::DatedWorkTree { paths } => write!(
                f,
                "a dated dev version is that of a commit, and the work tree differs from it: {}",
                listed(paths, paths.len())
            ),
            Self::Twice { chart } => write!(f, "the chart {chart} is named twice"),
            Self::NoDestination => f.write_str("there is nowhere to publish to"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A folder; the empty one is the top of the repository.
fn shown_folder(folder: &str) -> &str {
    if folder.is_empty() { "the top folder" } else { folder }
}

/// The beginning of a commit's id.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn listed(paths: &[String], count: usize) -> String {
    let shown = paths.iter().take(5).map(String::as_str).collect::<Vec<_>>();
    match count.saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
