//! What can go wrong with a Git repository and its remote.

use std::fmt;

use repository_url::{printable, redact};

use crate::git::commit_id::CommitId;

/// What went wrong, by what one can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GitErrorKind {
    /// The folder is in no Git repository.
    NotARepository,
    /// The repository belongs to another user, so its configuration is not trusted.
    Untrusted,
    /// The repository is bare, and a work tree is needed.
    NoWorkTree,
    /// `HEAD` refers to a branch without a commit.
    NoCommit,
    /// A revision names no commit of this clone.
    UnknownRevision,
    /// The clone lacks the history or the objects that the answer needs.
    Incomplete,
    /// There is no such remote, or none at all, or several and none is named `origin`.
    NoRemote,
    /// The remote names no default branch, or one that it does not have.
    NoDefaultBranch,
    /// Git forbids this name.
    InvalidName,
    /// The tag is on another commit.
    TagElsewhere,
    /// The remote refuses the tags: a hook, a protected tag, a rule.
    Rejected,
    /// The remote wants a credential, or does not accept the one it got.
    Unauthorized,
    /// The remote denies access.
    Forbidden,
    /// There is no such repository at the remote.
    NotFound,
    /// No connection could be made, or it broke.
    Unreachable,
    /// The remote's certificate or host key is not trusted.
    Identity,
    /// The time limit passed.
    TimedOut,
    /// The `git` program is not installed, or could not be started.
    ProgramMissing,
    /// The `git` program or the remote gave an answer that cannot be read.
    BadAnswer,
    /// A reference is locked by another process, or by one that was killed.
    Locked,
    /// The repository on disk cannot be read or written.
    Broken,
}

/// Why Git gave no answer, and what to do about it.
///
/// `Display` is one line without control characters and without a credential. [`hint`](Self::hint) is the remedy.
#[derive(Debug)]
pub struct GitError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: GitErrorKind,
    message: String,
    hint: Option<String>,
    refused: Vec<RefusedTag>,
    cause: Option<Cause>,
}

/// One tag that the remote did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedTag {
    /// The name of the tag.
    pub name: String,
    /// The commit that it is on at the remote, if it is there on another one.
    pub stands_on: Option<CommitId>,
    /// Why it was refused, in the remote's words.
    pub reason: String,
}

impl GitError {
    /// An error with this message, which starts in lower case, has no full stop, and holds no credential.
    pub(crate) fn new(kind: GitErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), hint: None, refused: Vec::new(), cause: None }))
    }

    /// What to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_refused(mut self, refused: Vec<RefusedTag>) -> Self {
        self.0.refused = refused;
        self
    }

    /// gitoxide's error as the cause.
    pub(crate) fn caused_by(mut self, error: &gix::Error) -> Self {
        self.0.cause = Some(Cause::new(error));
        self
    }

    /// Any error as the cause.
    pub(crate) fn with_cause(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        self.0.cause = Some(Cause(one_line(&error.to_string())));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> GitErrorKind {
        self.0.kind
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The tags that the remote did not take, for [`Rejected`](GitErrorKind::Rejected) and
    /// [`TagElsewhere`](GitErrorKind::TagElsewhere) from a push.
    pub fn refused(&self) -> &[RefusedTag] {
        &self.0.refused
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.message))
    }
}

impl std::error::Error for GitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

/// An error for a repository on disk that cannot be read, with gitoxide's error as the cause.
pub(crate) fn broken(message: impl Into<String>) -> impl FnOnce(gix::Error) -> GitError {
    let message = message.into();
    move |error| GitError::new(GitErrorKind::Broken, message).caused_by(&error)
}

/// An error of gitoxide as one line: its own errors show places in its source code.
#[derive(Debug)]
struct Cause(String);

impl Cause {
    fn new(error: &gix::Error) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for error in error.iter_errors() {
            let line = one_line(&error.to_string());
            if !line.is_empty() && lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        Self(lines.join(": "))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// The longest line of a program, a server or gitoxide that is shown, in characters.
const LONGEST_LINE: usize = 300;

/// The first line of a text: bounded, without control characters, and without the secrets of the URLs in it.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    printable(&redact(line)).chars().take(LONGEST_LINE).collect()
}

/// An argument as it can be typed into a shell, for remedies.
pub(crate) fn argument(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-._/+:@=".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", printable(text).replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_remedies() {
        for (text, expected) in [
            ("main", "main"),
            ("/home/me/a+b", "/home/me/a+b"),
            ("/home/my charts", "'/home/my charts'"),
            ("$(id);x", "'$(id);x'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(argument(text), expected);
        }
    }

    #[test]
    fn lines_are_bounded_and_without_secrets() {
        assert_eq!(
            one_line("fatal: no https://me:hunter2@example.com/a\nmore"),
            "fatal: no https://***@example.com/a"
        );
        assert_eq!(one_line(&"x".repeat(5000)).len(), LONGEST_LINE);
        assert_eq!(one_line("a\u{1b}[31m"), "a\\u{1b}[31m");
    }
}
