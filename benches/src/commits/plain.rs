//! A clone for each branch that is kept, and `git fetch` from then on: what a careful script does.

use std::path::{Path, PathBuf};

use super::Failure;
use super::kargo::versions;
use super::program::{changed, git};
use super::subscription::{Subscription, What};

/// The folder of the clone that answers this subscription.
pub(super) fn clone_of(subscription: &Subscription, folder: &Path) -> PathBuf {
    folder.join(branch(subscription).replace('/', "-"))
}

/// Clones, or fetches.
pub(super) fn bring(
    url: &str,
    subscription: &Subscription,
    is_partial: bool,
    folder: &Path,
) -> Result<(), Failure> {
    let (branch, clone) = (branch(subscription), clone_of(subscription, folder));
    if clone.is_dir() {
        return git(&clone, folder, &["fetch", "--quiet"]).map(drop);
    }
    std::fs::create_dir_all(folder)?;
    let path = clone.to_str().ok_or("the folder is not UTF-8")?;
    let mut arguments = vec!["clone", "--quiet", "--single-branch", "--branch", branch];
    if is_partial {
        arguments.extend(["--filter=blob:none", "--no-checkout"]);
    }
    arguments.extend([url, path]);
    git(folder, folder, &arguments).map(drop)
}

fn branch(subscription: &Subscription) -> &str {
    match &subscription.what {
        What::Branch(branch) => branch,
        What::Versions(_) => "main",
    }
}

/// The ids of commits: one `git log`, and with a path filter one `git show` for each commit that is looked at.
pub(super) fn select(subscription: &Subscription, folder: &Path) -> Result<Vec<String>, Failure> {
    let (branch, clone) = (branch(subscription), clone_of(subscription, folder));
    if let What::Versions(major) = &subscription.what {
        let format =
            "--format=%(refname:short) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";
        let tags = git(&clone, folder, &["for-each-ref", format, "refs/tags"])?;
        let found = versions(&tags, *major).into_iter().map(|(_, id)| id);
        return Ok(found.take(subscription.limit).collect());
    }
    let (tip, limit) = (format!("origin/{branch}"), format!("-n{}", subscription.limit));
    let log = match &subscription.path {
        None => git(&clone, folder, &["log", "--first-parent", "--format=%H %an %s", &limit, &tip])?,
        Some(_) => git(&clone, folder, &["log", "--first-parent", "--format=%H %an %s", &tip])?,
    };
    let mut found = Vec::new();
    for id in log.lines().filter_map(|line| line.get(..40)) {
        let is_found = subscription.path.is_none() || {
            let show = ["show", "--pretty=", "--name-status", "--no-renames", "--first-parent", id];
            subscription.has_path(changed(&git(&clone, folder, &show)?))
        };
        if is_found {
            found.push(id.to_owned());
        }
        if found.len() == subscription.limit {
            break;
        }
    }
    Ok(found)
}
