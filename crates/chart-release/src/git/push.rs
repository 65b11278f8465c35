//! Pushes tags.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, RefusedTag, one_line};
use crate::git::program::{failed, remote_lines};
use crate::git::repository::GitRepository;
use crate::git::tag::TagName;

/// What a push of tags did. Every tag that was asked for is in one of the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushReport {
    /// The tags that are new at the remote.
    pub created: Vec<TagName>,
    /// The tags that were on the same commit there already.
    pub already_there: Vec<TagName>,
    /// Whether the remote took all new tags at once or none (`--atomic`).
    pub is_atomic: bool,
}

/// How often a push is tried: again without `--atomic`, without the tags that are there already, after another push.
const MOST_ROUNDS: usize = 8;

/// How long a push waits that met another one.
const PAUSE: Duration = Duration::from_millis(50);

/// What a remote says when two pushes meet.
const COLLISIONS: [&str; 4] =
    ["cannot lock ref", "reference already exists", "failed to update ref", "failed to lock"];

impl GitRepository {
    /// Pushes tags of this clone to a remote, by `git push --atomic`: all of them, or none. A tag that is there on the same commit is done already,
    /// light or annotated; none is ever moved or deleted. A remote that knows no atomic push gets the tags one by one
    /// ([`is_atomic`](PushReport::is_atomic) is false then), and a second call pushes what is missing.
    ///
    /// The `pre-push` hook of the repository runs, since it is the policy of its owner. Credentials, proxies and SSH keys are Git's own.
    ///
    /// # Errors
    ///
    /// [`TagElsewhere`](GitErrorKind::TagElsewhere) if a tag is on another commit at the remote;
    /// [`Rejected`](GitErrorKind::Rejected) if the remote refuses one, by a hook or a rule; for both, [`GitError::refused`] has each tag.
    /// [`UnknownRevision`](GitErrorKind::UnknownRevision) if a tag is not in this clone; else as [`list_remote`](Self::list_remote). If the
    /// connection broke or the time limit passed, some or all tags may have arrived; a second call finds out.
    pub async fn push_tags(&self, remote: &str, tags: &[TagName]) -> Result<PushReport, GitError> {
        let mut expected: BTreeMap<TagName, CommitId> = BTreeMap::new();
        for tag in tags {
            let commit = self.tag(tag)?.ok_or_else(|| {
                GitError::new(
                    GitErrorKind::UnknownRevision,
                    format!("there is no tag {:?} to push", tag.as_str()),
                )
            })?;
            expected.insert(tag.clone(), commit);
        }
        let mut report = PushReport { is_atomic: true, ..PushReport::default() };
        for _ in 0..MOST_ROUNDS {
            if expected.is_empty() {
                return Ok(report);
            }
            match self.push_once(remote, &expected, report.is_atomic).await? {
                Pushed::AtomicUnknown => report.is_atomic = false,
                Pushed::Answered { done, refused } => {
                    for (tag, is_new) in done {
                        expected.remove(&tag);
                        if is_new { report.created.push(tag) } else { report.already_there.push(tag) }
                    }
                    if !refused.is_empty() {
                        let known = self.judge(remote, &expected, refused).await?;
                        for tag in known {
                            expected.remove(&tag);
                            report.already_there.push(tag);
                        }
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
        if expected.is_empty() {
            return Ok(report);
        }
        let message =
            format!("the remote {:?} cannot create the tags: another push holds them", one_line(remote));
        Err(GitError::new(GitErrorKind::Rejected, message).with_hint(
            "run it again; if it stays so, a tag of the remote is named like a folder of this one",
        ))
    }

    async fn push_once(
        &self,
        remote: &str,
        tags: &BTreeMap<TagName, CommitId>,
        is_atomic: bool,
    ) -> Result<Pushed, GitError> {
        let what = format!("the tags cannot be pushed to {:?}", one_line(remote));
        let refspecs: Vec<String> = tags.keys().map(|tag| format!("{0}:{0}", tag.reference())).collect();
        let mut arguments =
            vec!["push", "--porcelain", "--no-progress", "--no-follow-tags", "--recurse-submodules=no"];
        arguments.push(if is_atomic { "--atomic" } else { "--no-atomic" });
        arguments.extend(["--", remote]);
        arguments.extend(refspecs.iter().map(String::as_str));
        let output = self.run(&what, &arguments).await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for line in text.lines().filter_map(porcelain_line) {
            let Some(tag) = tags.keys().find(|tag| tag.reference() == line.reference) else { continue };
            match line.flag {
                '*' => done.push((tag.clone(), true)),
                '=' => done.push((tag.clone(), false)),
                _ => refused.push((tag.clone(), line.reason.to_owned())),
            }
        }
        if is_atomic && output.stderr.contains("does not support --atomic push") {
            return Ok(Pushed::AtomicUnknown);
        }
        if !output.status.success() {
            let hooks = remote_lines(&output.stderr).join(" ");
            let has_collided = COLLISIONS
                .iter()
                .any(|text| output.stderr.contains(text) || text_of(&refused).contains(text));
            // In an atomic push that fails, the reasons of the others are not theirs. If no tag has a reason, another push was faster.
            let is_own = |reason: &str| !reason.starts_with("atomic ");
            if has_collided || refused.iter().any(|(_, reason)| is_own(reason)) {
                refused.retain(|(_, reason)| has_collided || is_own(reason));
            } else {
                let error = failed(&what, &output);
                let hint =
                    "if the `pre-push` hook of this clone forbids it, do what it says, then run it again";
                return Err(if error.hint().is_none() { error.with_hint(hint) } else { error });
            }
            let refused = refused
                .into_iter()
                .map(|(tag, reason)| Refusal { tag, reason, hooks: hooks.clone(), has_collided })
                .collect();
            return Ok(Pushed::Answered { done: if is_atomic { Vec::new() } else { done }, refused });
        }
        if done.len() != tags.len() {
            return Err(GitError::new(
                GitErrorKind::BadAnswer,
                format!("{what}: git did not say what became of each tag"),
            ));
        }
        Ok(Pushed::Answered { done, refused: Vec::new() })
    }

    /// Asks the remote where the refused tags are. Returns those that are on the right commit; is an error if there are others.
    async fn judge(
        &self,
        remote: &str,
        expected: &BTreeMap<TagName, CommitId>,
        refusals: Vec<Refusal>,
    ) -> Result<Vec<TagName>, GitError> {
        let listing = self.list_remote(remote).await?;
        let (mut known, mut refused) = (Vec::new(), Vec::new());
        for Refusal { tag, reason, hooks, has_collided } in refusals {
            let stands_on = listing.tag(&tag);
            if stands_on.is_some() && stands_on == expected.get(&tag).copied() {
                known.push(tag);
                continue;
            }
            if has_collided && stands_on.is_none() {
                continue;
            }
            let reason =
                if hooks.is_empty() || stands_on.is_some() { reason } else { format!("{reason}: {hooks}") };
            refused.push(RefusedTag { name: tag.as_str().to_owned(), stands_on, reason: one_line(&reason) });
        }
        if refused.is_empty() {
            return Ok(known);
        }
        let remote = one_line(remote);
        let elsewhere = refused.iter().find_map(|tag| Some((&tag.name, tag.stands_on?)));
        let error = match (elsewhere, refused.first()) {
            (Some((name, stands_on)), _) => {
                let wanted = expected
                    .iter()
                    .find(|(tag, _)| tag.as_str() == name)
                    .map(|(_, commit)| commit.to_string());
                let wanted = wanted.unwrap_or_default();
                let message = format!(
                    "the tag {name:?} stands on {stands_on} at the remote {remote:?}, not on {wanted}"
                );
                GitError::new(GitErrorKind::TagElsewhere, message)
                    .with_hint("a released version stays as it is: raise the version of the chart")
            }
            (None, first) => {
                let (name, reason) =
                    first.map(|tag| (tag.name.as_str(), tag.reason.as_str())).unwrap_or_default();
                let others = match refused.len() {
                    0 | 1 => String::new(),
                    number => format!(" and {} more", number - 1),
                };
                let message = format!("the remote {remote:?} refuses the tag {name:?}{others}: {reason}");
                GitError::new(GitErrorKind::Rejected, message).with_hint(
                    "a hook or a rule of the remote forbids it: let the account create such tags, then run it again",
                )
            }
        };
        Err(error.with_refused(refused))
    }
}

/// The reasons, to be searched.
fn text_of(refused: &[(TagName, String)]) -> String {
    refused.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>().join(" ")
}

enum Pushed {
    /// The remote knows no atomic push; nothing was pushed.
    AtomicUnknown,
    Answered {
        done: Vec<(TagName, bool)>,
        refused: Vec<Refusal>,
    },
}

struct Refusal {
    tag: TagName,
    reason: String,
    /// What hooks at the remote wrote.
    hooks: String,
    /// Whether another push may have been there at the same moment.
    has_collided: bool,
}

/// One line of [`git push --porcelain`](https://git-scm.com/docs/git-push#_output).
#[derive(Debug, PartialEq, Eq)]
struct PorcelainLine<'a> {
    flag: char,
    reference: &'a str,
    reason: &'a str,
}

/// Reads `FLAG<tab>FROM:TO<tab>[SUMMARY] (REASON)`.
fn porcelain_line(line: &str) -> Option<PorcelainLine<'_>> {
    let mut fields = line.splitn(3, '\t');
    let (flag, pair, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let mut flags = flag.chars();
    let (Some(flag), None) = (flags.next(), flags.next()) else { return None };
    let (_, reference) = pair.rsplit_once(':')?;
    let reason = summary.split_once('(').and_then(|(_, reason)| reason.strip_suffix(')')).unwrap_or(summary);
    Some(PorcelainLine { flag, reference, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_porcelain() {
        for (line, expected) in [
            ("*\trefs/tags/a:refs/tags/a\t[new tag]", Some(('*', "refs/tags/a", "[new tag]"))),
            ("=\trefs/tags/a:refs/tags/a\t[up to date]", Some(('=', "refs/tags/a", "[up to date]"))),
            (
                "!\trefs/tags/a:refs/tags/a\t[rejected] (already exists)",
                Some(('!', "refs/tags/a", "already exists")),
            ),
            (
                "!\trefs/tags/a:refs/tags/a\t[remote rejected] (declined (rule 3))",
                Some(('!', "refs/tags/a", "declined (rule 3)")),
            ),
            ("To http://127.0.0.1/a.git", None),
            ("Done", None),
            ("", None),
            ("**\ta:b\tc", None),
        ] {
            let expected =
                expected.map(|(flag, reference, reason)| PorcelainLine { flag, reference, reason });
            assert_eq!(porcelain_line(line), expected, "{line}");
        }
    }
}
