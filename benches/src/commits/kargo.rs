//! The commands that Kargo starts for each poll of each subscription (commit 1c76476): the pattern alone, none of its code.
//!
//! 1. `git ls-remote URL REFERENCE`. Where the answer is that of the last poll, that is all.
//! 2. A clone into a temporary folder, with a work tree, by `--no-tags --single-branch`, and `--filter blob:none` where the controller is
//!    configured so.
//! 3. Of a branch `git log`, 20 commits at first, then 40 and so on. Of tags `git fetch origin --tags` and `git for-each-ref`.
//! 4. With a path filter one `git show` for each commit that is looked at.
//!
//! Subscriptions are polled one after the other here; Kargo reconciles four Warehouses at once by default. Not part of it are the seven or more `git config`
//! around each clone.

use std::cmp::Reverse;
use std::fs;
use std::path::Path;

use super::Failure;
use super::program::{changed, git};
use super::subscription::{Subscription, What};

/// Polls the subscription that remembers its last answer in this folder. Returns ids of commits.
pub(super) fn poll(
    url: &str,
    subscription: &Subscription,
    is_blobless: bool,
    memory: &Path,
) -> Result<Vec<String>, Failure> {
    fs::create_dir_all(memory)?;
    let reference = match &subscription.what {
        What::Branch(branch) => format!("refs/heads/{branch}"),
        What::Versions(_) => "refs/tags/*".to_owned(),
    };
    let home = tempfile::tempdir()?;
    let observed = git(home.path(), home.path(), &["ls-remote", url, &reference])?;
    let (seen, answer) = (memory.join("observed"), memory.join("answer"));
    if fs::read_to_string(&seen).is_ok_and(|seen| seen == observed) {
        return Ok(fs::read_to_string(answer)?.lines().map(str::to_owned).collect());
    }
    let found = select(url, subscription, is_blobless)?;
    fs::write(seen, observed)?;
    fs::write(answer, found.join("\n"))?;
    Ok(found)
}

fn select(url: &str, subscription: &Subscription, is_blobless: bool) -> Result<Vec<String>, Failure> {
    let home = tempfile::tempdir()?;
    let folder = home.path().join("repo");
    let path = folder.to_str().ok_or("a temporary folder is not UTF-8")?;
    let mut clone = vec!["clone", "--no-tags"];
    if let What::Branch(branch) = &subscription.what {
        clone.extend(["--branch", branch]);
    }
    clone.push("--single-branch");
    if is_blobless {
        clone.extend(["--filter", "blob:none"]);
    }
    clone.extend([url, path]);
    git(home.path(), home.path(), &clone)?;
    let git = |arguments: &[&str]| git(&folder, home.path(), arguments);
    let has_path = |id: &str| -> Result<bool, Failure> {
        if subscription.path.is_none() {
            return Ok(true);
        }
        let show = ["show", "--pretty=", "--name-status", "--no-renames", "--first-parent", id];
        Ok(subscription.has_path(changed(&git(&show)?)))
    };
    let mut found = Vec::new();
    match &subscription.what {
        What::Branch(_) => {
            let (mut skip, mut batch) = (0, subscription.limit);
            loop {
                let (count, from) = (format!("--max-count={batch}"), format!("--skip={skip}"));
                let format = "--pretty=format:%H%x09%ci%x09%an <%ae>%x09%cn <%ce>%x09%s";
                let log = git(&["log", "--first-parent", format, &count, &from])?;
                let ids: Vec<&str> = log.lines().filter_map(|line| line.get(..40)).collect();
                for id in &ids {
                    if has_path(id)? {
                        found.push((*id).to_owned());
                        if found.len() == subscription.limit {
                            return Ok(found);
                        }
                    }
                }
                if ids.is_empty() {
                    return Ok(found);
                }
                (skip, batch) = (skip + batch, (batch * 2).min(1000));
            }
        }
        What::Versions(major) => {
            git(&["fetch", "origin", "--tags"])?;
            let format = "--format=%(refname:short) %(if)%(*objectname)%(then)%(*objectname)%(else)\
                          %(objectname)%(end) %(contents:subject) %(creatordate:iso8601)";
            let tags = git(&["for-each-ref", "--sort=-creatordate", format, "refs/tags"])?;
            let mut tags = versions(&tags, *major);
            tags.retain(|(_, id)| has_path(id).unwrap_or_default());
            tags.truncate(subscription.limit);
            Ok(tags.into_iter().map(|(_, id)| id).collect())
        }
    }
}

/// The minor version and the commit of each tag `vMAJOR.MINOR.0` of this major version, the largest first.
pub(super) fn versions(tags: &str, major: u64) -> Vec<(u64, String)> {
    let prefix = format!("v{major}.");
    let mut found: Vec<(u64, String)> = tags
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(' ')?;
            let minor = name.strip_prefix(&prefix)?.split('.').next()?.parse().ok()?;
            Some((minor, rest.get(..40)?.to_owned()))
        })
        .collect();
    found.sort_by_key(|(minor, _)| Reverse(*minor));
    found
}
