//! What the failures of gitoxide, of `git` and of `ssh` mean for a discovery.

use std::fmt;
use std::io;

use artifact_source::{Error, ErrorKind};
use git_program::{GitFailure, decisive_line};
use gix::ObjectId;

use crate::transport::interrupt::Interrupt;
use crate::transport::quote::{Cause, one_line};
use crate::transport::server_message::ServerMessage;

/// Why an exchange with the server failed. All variants but the last name a reason for which the discovery falls back to another request.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// The server refuses the filter: ask for more.
    FilterRefused(Error),
    /// The server refuses to send part of a history: ask for all of it.
    ShallowRefused(Error),
    /// The server does not have what it has just listed, since a reference moved in between: list again.
    ReferenceMoved(Error),
    /// The pack builds on an object that is not here, though the server was told of a commit that leads to it: ask for less, or say less of what is
    /// here.
    MissingBase(Error),
    /// There is no fallback.
    Other(Error),
}

impl From<Error> for ExchangeError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<ExchangeError> for Error {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::FilterRefused(error)
            | ExchangeError::ShallowRefused(error)
            | ExchangeError::ReferenceMoved(error)
            | ExchangeError::MissingBase(error)
            | ExchangeError::Other(error) => error,
        }
    }
}

impl ExchangeError {
    /// Explains an error of gitoxide that occurred while `what`.
    pub(crate) fn from_gix(what: &str, error: &gix::Error, interrupt: &Interrupt) -> Self {
        Self::explain(what, interrupt, || {
            if has_broken(error) {
                return Error::new(ErrorKind::Unreachable, format!("the connection broke while {what}"))
                    .with_cause(Cause::new(error));
            }
            Error::new(
                ErrorKind::BadAnswer,
                format!("the server's answer is not valid Git protocol, while {what}"),
            )
            .with_cause(Cause::new(error))
        })
    }

    /// Explains a failure that occurred while `what`, from the first source that knows: the server's own message, the
    /// transport's error, or else `otherwise`.
    pub(crate) fn explain(what: &str, interrupt: &Interrupt, otherwise: impl FnOnce() -> Error) -> Self {
        let (failure, message) = (interrupt.take_failure(), interrupt.take_server_message());
        if interrupt.is_stopped() {
            return Self::Other(failure.unwrap_or_else(|| interrupt.stopped_error()));
        }
        match (failure, message) {
            (Some(failure), _) if !may_be_due_to_a_refusal(&failure) => Self::Other(failure),
            (_, Some(message)) => Self::from_server_message(what, &message),
            (Some(failure), None) => Self::Other(failure),
            (None, None) => Self::Other(otherwise()),
        }
    }

    /// Explains the message of a server, which is fit to be shown already.
    fn from_server_message(what: &str, said: &ServerMessage) -> Self {
        let message = &said.text;
        let lower = message.to_ascii_lowercase();
        let has = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        let server =
            || Error::new(ErrorKind::Server, format!("the server gave up while {what}: \"{message}\""));
        if has(&["not our ref", "unadvertised object"]) {
            return Self::ReferenceMoved(server());
        }
        if has(&["filter"]) {
            return Self::FilterRefused(server());
        }
        // A server that is a shallow clone itself may fail for a moment, while its own history grows.
        if has(&["shallow", "deepen"]) && !has(&["has changed"]) {
            return Self::ShallowRefused(server());
        }
        if has(&["not exported", "no such repository", "not found", "does not appear to be"]) {
            let message = format!("the server has no such repository: \"{message}\"");
            return Self::Other(Error::new(ErrorKind::NotFound, message));
        }
        if has(&["access denied", "permission"]) {
            let message = format!("the server denies access: \"{message}\"");
            return Self::Other(Error::new(ErrorKind::Forbidden, message));
        }
        Self::Other(server().with_transient(said.is_transient()))
    }
}

/// Whether the transport may have failed because the server closed the connection after a refusal.
fn may_be_due_to_a_refusal(error: &Error) -> bool {
    let kinds = [ErrorKind::Unreachable, ErrorKind::BadAnswer, ErrorKind::NotFound, ErrorKind::Server];
    error.status().is_none() && kinds.contains(&error.kind())
}

/// Whether a connection ended too early.
pub(crate) fn has_broken(error: &gix::Error) -> bool {
    error.iter_errors().filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
        )
    })
}

/// The error of `git` or `ssh` that ended too early, from its standard error and its exit code.
pub(crate) fn program_failed(stderr: &str, code: Option<i32>) -> Error {
    let line = one_line(decisive_line(stderr));
    let (kind, what, hint) = match GitFailure::of(stderr) {
        GitFailure::NotFound => (ErrorKind::NotFound, "there is no such repository", ""),
        GitFailure::DubiousOwnership => (
            ErrorKind::Forbidden,
            "the repository belongs to another user",
            "add its path to `safe.directory` of Git's configuration",
        ),
        GitFailure::HostKey => (
            ErrorKind::Tls,
            "the host's key is not known",
            "add it to known_hosts, after checking that it is the right one",
        ),
        GitFailure::NoCredential | GitFailure::BadCredential => (
            ErrorKind::Unauthorized,
            "the server accepted no key",
            "check that the right key is loaded and that the account has access",
        ),
        GitFailure::Forbidden => (ErrorKind::Forbidden, "the server denies access", ""),
        GitFailure::Unreachable => (ErrorKind::Unreachable, "the host cannot be reached", ""),
        GitFailure::Disconnected => (ErrorKind::Unreachable, "the connection ended", ""),
        // `ssh` has this status for every failure of its own.
        _ if code == Some(255) => (ErrorKind::Unreachable, "the connection ended", ""),
        _ => (ErrorKind::BadAnswer, "the program that serves the repository ended", ""),
    };
    let mut message = what.to_owned();
    if !line.is_empty() {
        message = format!("{message}: \"{line}\"");
    } else if let Some(code) = code {
        message = format!("{message} with status {code}");
    }
    let error = Error::new(kind, message);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

/// The error for an object that cannot be read from the cache.
pub(crate) fn corrupt(id: ObjectId) -> impl Fn(gix::Error) -> Error {
    move |error| {
        Error::new(ErrorKind::Cache, format!("object {id} cannot be read from the cache"))
            .with_cause(Cause::new(&error))
    }
}

/// The error for an object that arrived whole and is not valid.
pub(crate) fn malformed(id: ObjectId, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("object {id} is malformed")).with_cause(why.to_string())
}

#[cfg(test)]
mod tests {
    use artifact_http::Secret;

    use super::*;
    use crate::transport::quote::quoted;

    #[track_caller]
    fn failed(stderr: &str, code: i32, kind: ErrorKind, shown: &str) {
        let error = program_failed(stderr, Some(code));
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, shown), "{stderr}");
    }

    #[test]
    fn messages_of_ssh_and_git() {
        failed(
            "fatal: '/x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\n\
             Please make sure you have the correct access rights\nand the repository exists.\n",
            128,
            ErrorKind::NotFound,
            "there is no such repository: \"fatal: '/x.git' does not appear to be a git repository\"",
        );
        failed(
            "git@example.com: Permission denied (publickey).\r\n",
            255,
            ErrorKind::Unauthorized,
            "the server accepted no key: \"git@example.com: Permission denied (publickey).\"",
        );
        failed(
            "ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n",
            255,
            ErrorKind::Unreachable,
            "the host cannot be reached: \"ssh: Could not resolve hostname nowhere.invalid: Name or service not known\"",
        );
        failed(
            "No ED25519 host key is known for example.com and you have requested strict checking.\r\nHost key verification failed.\r\n",
            255,
            ErrorKind::Tls,
            "the host's key is not known: \"Host key verification failed.\"",
        );
        failed(
            "fatal: unable to open /x.git/packed-refs: Permission denied\n",
            128,
            ErrorKind::Forbidden,
            "the server denies access: \"fatal: unable to open /x.git/packed-refs: Permission denied\"",
        );
        failed("", 255, ErrorKind::Unreachable, "the connection ended with status 255");
        failed("", 3, ErrorKind::BadAnswer, "the program that serves the repository ended with status 3");
        failed(
            "\u{1b}[31mboom\u{7}",
            3,
            ErrorKind::BadAnswer,
            "the program that serves the repository ended: \"\\u{1b}[31mboom\\u{7}\"",
        );
    }

    fn refusal(text: &str) -> ServerMessage {
        ServerMessage { text: text.to_owned(), is_refusal: true }
    }

    #[test]
    fn messages_of_servers() {
        #[track_caller]
        fn check(text: &str, kind: ErrorKind, message: &str) {
            let shown = quoted(text, &[Secret::new("hunter2"), Secret::new("")]);
            let error = Error::from(ExchangeError::from_server_message("fetching", &refusal(&shown)));
            assert_eq!((error.kind(), error.message()), (kind, message));
        }
        check(
            "access denied or repository not exported: /x\n",
            ErrorKind::NotFound,
            "the server has no such repository: \"access denied or repository not exported: /x\"",
        );
        check("access denied", ErrorKind::Forbidden, "the server denies access: \"access denied\"");
        check(
            "upload-pack: not our ref 1234",
            ErrorKind::Server,
            "the server gave up while fetching: \"upload-pack: not our ref 1234\"",
        );
        check(
            "a\u{1b}[31m\nb\u{202e} hunter2 (see https://me:hunter3@example.com/x?token=hunter4)",
            ErrorKind::Server,
            "the server gave up while fetching: \"a\\u{1b}[31m b\\u{202e} [redacted] (see https://example.com/x?token=...\"",
        );
        check(
            &"x".repeat(5000),
            ErrorKind::Server,
            &format!("the server gave up while fetching: \"{}\"", "x".repeat(300)),
        );
        let of = |message| ExchangeError::from_server_message("", &refusal(message));
        assert!(matches!(of("filter 'tree' not supported"), ExchangeError::FilterRefused(_)));
        assert!(matches!(of("upload-pack: not our ref 12"), ExchangeError::ReferenceMoved(_)));
        for message in ["Server does not support shallow requests", "unexpected line: 'deepen 20'"] {
            assert!(matches!(of(message), ExchangeError::ShallowRefused(_)), "{message}");
        }
        assert!(matches!(of("shallow file has changed since we read it"), ExchangeError::Other(_)));
    }
}
