//! The commit that `HEAD` is compared with.

use crate::Error;
use crate::changed::base_error::{BaseError, BaseErrorKind};
use crate::git::{Ancestry, CommitId, GitErrorKind, GitRepository, MergeBase, one_line};

/// The remedies that a shallow clone has, and those of others.
fn remedy(repository: &GitRepository) -> &'static str {
    match repository.is_shallow().unwrap_or(false) {
        true => {
            "the clone is shallow: run `git fetch --unshallow`, or set `fetch-depth: 0` for actions/checkout; or take all charts (--all-if-unknown)"
        }
        false => {
            "fetch it, name another commit or branch (--since REF), or take all charts (--all-if-unknown)"
        }
    }
}

/// The newest common ancestor of a revision and `HEAD`.
pub(crate) fn since(repository: &GitRepository, revision: &str, head: CommitId) -> Result<CommitId, Error> {
    let commit = repository.resolve(revision).map_err(|error| match error.kind() {
        GitErrorKind::UnknownRevision => Error::from(
            BaseError::new(BaseErrorKind::Unknown, error.to_string()).with_hint(remedy(repository)),
        ),
        _ => error.into(),
    })?;
    common(repository, commit, head, &format!("{:?}", one_line(revision)))
}

/// The newest common ancestor of a pull request's target and `HEAD`.
pub(crate) fn pull_request(
    repository: &GitRepository,
    base: CommitId,
    head: CommitId,
) -> Result<CommitId, Error> {
    let shown = format!("the commit {base} that the pull request is based on");
    if !repository.has_commit(base) {
        let message = format!("{shown} is not in this clone");
        return Err(BaseError::new(BaseErrorKind::Unknown, message).with_hint(remedy(repository)).into());
    }
    common(repository, base, head, &shown)
}

fn common(
    repository: &GitRepository,
    commit: CommitId,
    head: CommitId,
    shown: &str,
) -> Result<CommitId, Error> {
    let (kind, message) = match repository.merge_base(commit, head)? {
        MergeBase::Found(base) => return Ok(base),
        MergeBase::None => (BaseErrorKind::Unrelated, format!("{shown} and HEAD have no common history")),
        MergeBase::Unknown => {
            (BaseErrorKind::Shallow, format!("the common history of {shown} and HEAD is not in this clone"))
        }
    };
    Err(BaseError::new(kind, message).with_hint(remedy(repository)).into())
}

/// The commit that a branch was at before a push. It must be in the history of `HEAD`: `before` is `None` if the push created the branch, and
/// `is_forced` says that it took commits away.
pub(crate) fn before_push(
    repository: &GitRepository,
    before: Option<CommitId>,
    is_forced: bool,
    head: CommitId,
) -> Result<CommitId, Error> {
    let fails = |kind, message: String, hint: &str| Err(BaseError::new(kind, message).with_hint(hint).into());
    let other =
        "name a commit or branch to compare with (--since REF), or take all charts (--all-if-unknown)";
    let Some(before) = before else {
        let message = "the push created the branch, so there is no commit before it to compare with";
        return fails(BaseErrorKind::Created, message.to_owned(), other);
    };
    let rewritten = format!(
        "the branch was force-pushed: {before}, which it was at before, is not in its history any more"
    );
    if is_forced {
        return fails(BaseErrorKind::Rewritten, rewritten, other);
    }
    if !repository.has_commit(before) {
        let message =
            format!("the commit {before}, which the branch was at before the push, is not in this clone");
        return fails(BaseErrorKind::Unknown, message, remedy(repository));
    }
    match repository.is_ancestor(before, head)? {
        Ancestry::Yes => Ok(before),
        Ancestry::No => fails(BaseErrorKind::Rewritten, rewritten, other),
        Ancestry::Unknown => {
            let message = format!(
                "the history between {before}, which the branch was at before the push, and HEAD is not in this clone"
            );
            fails(BaseErrorKind::Shallow, message, remedy(repository))
        }
    }
}
