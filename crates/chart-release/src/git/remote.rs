//! What a remote has: its default branch, its branches and its tags.

use std::collections::BTreeMap;

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, argument, one_line};
use crate::git::program::failed;
use crate::git::repository::GitRepository;
use crate::git::tag::{TagName, TagStanding};

/// The references of a remote at one moment, from one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteListing {
    /// The name of the remote.
    pub remote: String,
    /// The branch that the remote's `HEAD` refers to. `None` if the remote is empty, if its `HEAD` is detached, or if it does not say.
    pub default_branch: Option<String>,
    /// The branches by name, each with its newest commit.
    pub branches: BTreeMap<String, CommitId>,
    /// The tags by name, each with the commit that it is on: annotated tags are followed.
    pub tags: BTreeMap<String, CommitId>,
}

impl RemoteListing {
    /// The commit that the tag with exactly this name is on at the remote.
    pub fn tag(&self, name: &TagName) -> Option<CommitId> {
        self.tags.get(name.as_str()).copied()
    }
}

/// A remote that is in no configuration: the place that tags are pushed to.
const PUSHED_TO: &str = "chart-release-pushes-to";

impl GitRepository {
    /// Lists the references of a remote (see [`remote_name`](Self::remote_name)) by `git ls-remote`: one request.
    ///
    /// # Errors
    ///
    /// [`ProgramMissing`](GitErrorKind::ProgramMissing), [`Unauthorized`](GitErrorKind::Unauthorized),
    /// [`Forbidden`](GitErrorKind::Forbidden), [`NotFound`](GitErrorKind::NotFound), [`Unreachable`](GitErrorKind::Unreachable),
    /// [`Identity`](GitErrorKind::Identity), [`TimedOut`](GitErrorKind::TimedOut), [`BadAnswer`](GitErrorKind::BadAnswer).
    pub async fn list_remote(&self, remote: &str) -> Result<RemoteListing, GitError> {
        let what = format!("the remote {:?} cannot be listed", one_line(remote));
        let mut listing = self.list(&what, remote, &[]).await?;
        let push_urls = self.push_urls(remote)?;
        if push_urls.is_empty() {
            return Ok(listing);
        }
        // Tags are pushed elsewhere: they are where they are pushed, at each place.
        let mut tags: Option<BTreeMap<String, CommitId>> = None;
        for url in push_urls {
            let what = format!(
                "the place to which tags of {:?} are pushed (`remote.pushurl`) cannot be listed",
                one_line(remote)
            );
            let settings = [(format!("remote.{PUSHED_TO}.url"), url)];
            let found = self.list(&what, PUSHED_TO, &settings).await?.tags;
            tags = Some(match tags {
                None => found,
                // One that is missing at one of the places is to be pushed; one that differs at one of them is told.
                Some(tags) => {
                    let both = tags.into_iter().filter_map(|(tag, id)| {
                        let other = *found.get(&tag)?;
                        Some((tag, if other == id { id } else { other }))
                    });
                    both.collect()
                }
            });
        }
        listing.tags = tags.unwrap_or_default();
        Ok(listing)
    }

    /// The URLs of `remote.NAME.pushurl`, if there are any.
    fn push_urls(&self, remote: &str) -> Result<Vec<String>, GitError> {
        let local = self.local();
        let config = local.config_snapshot();
        let values =
            config.plumbing().strings_by("remote", Some(remote.into()), "pushurl").unwrap_or_default();
        Ok(values.into_iter().map(|value| value.to_string()).collect())
    }

    async fn list(
        &self,
        what: &str,
        remote: &str,
        settings: &[(String, String)],
    ) -> Result<RemoteListing, GitError> {
        let output = self.run_with(what, &["ls-remote", "--symref", "--", remote], settings).await?;
        if !output.status.success() {
            return Err(failed(what, &output));
        }
        let mut listing = RemoteListing { remote: remote.to_owned(), ..RemoteListing::default() };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            read_line(line, &mut listing).ok_or_else(|| {
                GitError::new(
                    GitErrorKind::BadAnswer,
                    format!("{what}: {:?} is not a reference", one_line(line)),
                )
            })?;
        }
        Ok(listing)
    }

    /// The default branch: what the remote says, or else what this clone recorded.
    ///
    /// # Errors
    ///
    /// [`NoDefaultBranch`](GitErrorKind::NoDefaultBranch) if neither is known, [`Broken`](GitErrorKind::Broken).
    pub fn default_branch(&self, listing: &RemoteListing) -> Result<String, GitError> {
        if let Some(branch) = &listing.default_branch {
            return Ok(branch.clone());
        }
        self.recorded_default_branch(&listing.remote)?.ok_or_else(|| {
            let message = format!("the remote {:?} does not say which branch is its default", listing.remote);
            GitError::new(GitErrorKind::NoDefaultBranch, message)
                .with_hint(format!("record it: git remote set-head {} BRANCH", argument(&listing.remote)))
        })
    }

    /// Where the tag of this name is, here and at the remote, seen from the commit that it is meant for. Without a listing the remote
    /// counts as empty.
    ///
    /// # Errors
    ///
    /// As [`tag`](Self::tag).
    pub fn tag_standing(
        &self,
        name: &TagName,
        commit: CommitId,
        listing: Option<&RemoteListing>,
    ) -> Result<TagStanding, GitError> {
        let remote = listing.and_then(|listing| listing.tag(name));
        Ok(TagStanding::of(commit, self.tag(name)?, remote))
    }
}

/// Reads `ref: refs/heads/main<tab>HEAD` or `ID<tab>NAME`. The commit of an annotated tag follows it as `NAME^{}`.
fn read_line(line: &str, listing: &mut RemoteListing) -> Option<()> {
    let (value, name) = line.split_once('\t')?;
    if let Some(target) = value.strip_prefix("ref: ") {
        if name == "HEAD" {
            listing.default_branch = target.strip_prefix("refs/heads/").map(str::to_owned);
        }
        return Some(());
    }
    let id: CommitId = value.parse().ok()?;
    if let Some(tag) = name.strip_prefix("refs/tags/") {
        listing.tags.insert(tag.strip_suffix("^{}").unwrap_or(tag).to_owned(), id);
    } else if let Some(branch) = name.strip_prefix("refs/heads/") {
        listing.branches.insert(branch.to_owned(), id);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ls_remote() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let mut listing = RemoteListing::default();
        for line in [
            "ref: refs/heads/main\tHEAD".to_owned(),
            format!("{one}\tHEAD"),
            format!("{one}\trefs/heads/main"),
            format!("{one}\trefs/pull/1/head"),
            format!("{one}\trefs/tags/a-1.0.0"),
            format!("{two}\trefs/tags/a-1.0.0^{{}}"),
            format!("{two}\trefs/tags/x/a-1.0.0"),
        ] {
            assert_eq!(read_line(&line, &mut listing), Some(()), "{line}");
        }
        assert_eq!(listing.default_branch.as_deref(), Some("main"));
        let of = |map: &BTreeMap<String, CommitId>| -> Vec<(String, String)> {
            map.iter().map(|(name, id)| (name.clone(), id.to_string())).collect()
        };
        assert_eq!(of(&listing.branches), [("main".to_owned(), one)]);
        assert_eq!(of(&listing.tags), [("a-1.0.0".to_owned(), two.clone()), ("x/a-1.0.0".to_owned(), two)]);
        for line in ["", "nothing", "1234\trefs/heads/main"] {
            assert_eq!(read_line(line, &mut listing), None, "{line}");
        }
    }
}
