//! What the errors of gitoxide, of `git` and of `ssh` mean to somebody who subscribed to a repository.

use std::io;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix_transport::packetline::read::Error as RemoteError;

use crate::watch::Watch;

/// The error behind a failed exchange with the server: what the transport knows, or else what
/// gitoxide says.
pub(crate) fn from_exchange(what: &str, error: gix::Error, watch: &Watch) -> Error {
    if let Some(known) = watch.take_failure() {
        return known;
    }
    if watch.is_stopped() {
        return watch.stopped_error();
    }
    if let Some(remote) = error.downcast_any_ref::<RemoteError>() {
        return from_server(what, &remote.message.to_string());
    }
    let broke = error.iter_errors().filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
        )
    });
    if broke {
        return Error::new(ErrorKind::Unreachable, format!("the connection broke while {what}"))
            .with_cause(Cause::of(&error));
    }
    Error::new(ErrorKind::BadAnswer, format!("the server's answer makes no sense, while {what}"))
        .with_cause(Cause::of(&error))
}

/// What the server itself says, in a line of the protocol that is there for that.
fn from_server(what: &str, message: &str) -> Error {
    let said = one_line(message);
    let lower = said.to_ascii_lowercase();
    if ["not exported", "no such repository", "not found", "does not appear to be"]
        .iter()
        .any(|text| lower.contains(text))
    {
        return Error::new(ErrorKind::NotFound, format!("the server has no such repository: {said:?}"));
    }
    if lower.contains("access denied") || lower.contains("permission") {
        return Error::new(ErrorKind::Forbidden, format!("the server says no: {said:?}"));
    }
    Error::new(ErrorKind::Server, format!("the server gave up while {what}: {said:?}"))
}

/// What a program said on its standard error before it ended.
pub(crate) fn from_complaint(complaint: &str, status: Option<i32>) -> Error {
    let has = |texts: &[&str]| texts.iter().any(|text| complaint.contains(text));
    // `ssh` says last what is decisive, and before that whatever the server's banner says.
    let is_advice =
        |line: &str| line.starts_with("Please make sure") || line.starts_with("and the repository exists");
    let last = complaint.lines().map(str::trim).rfind(|line| !line.is_empty() && !is_advice(line));
    let said = last.map(one_line).unwrap_or_default();

    let (kind, what, hint) = if has(&[
        "does not appear to be a git repository",
        "not a git repository",
        "epository not found",
        "No such file or directory",
    ]) {
        (ErrorKind::NotFound, "there is no such repository", "")
    } else if has(&["dubious ownership"]) {
        (ErrorKind::Forbidden, "the repository belongs to another user", "git names it under safe.directory")
    } else if has(&["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
        (
            ErrorKind::Tls,
            "the host's key is not known",
            "add it to known_hosts, after checking that it is the right one",
        )
    } else if has(&["Permission denied", "Too many authentication failures"]) {
        (
            ErrorKind::Unauthorized,
            "the server accepted no key",
            "is the right key loaded, and does the account have access?",
        )
    } else if has(&[
        "Could not resolve hostname",
        "Name or service not known",
        "Connection refused",
        "Connection timed out",
        "No route to host",
        "Network is unreachable",
        "Operation timed out",
    ]) {
        (ErrorKind::Unreachable, "the host cannot be reached", "")
    } else if has(&["Connection closed", "Connection reset", "Broken pipe"]) || status == Some(255) {
        (ErrorKind::Unreachable, "the connection ended", "")
    } else {
        (ErrorKind::BadAnswer, "the program that serves the repository ended", "")
    };
    let mut message = what.to_owned();
    if !said.is_empty() {
        message = format!("{message}: {said:?}");
    } else if let Some(status) = status {
        message = format!("{message} with status {status}");
    }
    let error = Error::new(kind, message);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

/// An object that the cache cannot give back.
pub(crate) fn corrupt(id: ObjectId) -> impl Fn(gix::Error) -> Error {
    move |error| {
        Error::new(ErrorKind::Cache, format!("object {id} cannot be read from the cache"))
            .with_cause(Cause::of(&error))
    }
}

/// An object that is whole and makes no sense.
pub(crate) fn malformed(id: ObjectId) -> impl Fn(gix::Error) -> Error {
    move |error| {
        Error::new(ErrorKind::BadAnswer, format!("object {id} is malformed")).with_cause(Cause::of(&error))
    }
}

/// The first line of foreign text, without control characters and not too long.
fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// A cause from gitoxide as one line of plain text. Its own errors hold places in its source code,
/// and cannot be trusted to hold no URL.
#[derive(Debug)]
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn of(error: &gix::Error) -> Self {
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

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn complaint(text: &str, status: i32, kind: ErrorKind, shown: &str) {
        let error = from_complaint(text, Some(status));
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, shown), "{text}");
    }

    #[test]
    fn what_ssh_and_git_say() {
        complaint(
            "fatal: '/x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.\n\n\
             Please make sure you have the correct access rights\nand the repository exists.\n",
            128,
            ErrorKind::NotFound,
            "there is no such repository: \"fatal: Could not read from remote repository.\"",
        );
        complaint(
            "git@example.com: Permission denied (publickey).\r\n",
            255,
            ErrorKind::Unauthorized,
            "the server accepted no key: \"git@example.com: Permission denied (publickey).\"",
        );
        complaint(
            "ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n",
            255,
            ErrorKind::Unreachable,
            "the host cannot be reached: \"ssh: Could not resolve hostname nowhere.invalid: Name or service not known\"",
        );
        complaint(
            "No ED25519 host key is known for example.com and you have requested strict checking.\r\nHost key verification failed.\r\n",
            255,
            ErrorKind::Tls,
            "the host's key is not known: \"Host key verification failed.\"",
        );
        complaint("", 255, ErrorKind::Unreachable, "the connection ended with status 255");
        complaint("", 3, ErrorKind::BadAnswer, "the program that serves the repository ended with status 3");
        complaint(
            "\u{1b}[31mboom\u{7}",
            3,
            ErrorKind::BadAnswer,
            "the program that serves the repository ended: \"[31mboom\"",
        );
    }

    #[test]
    fn what_a_server_says() {
        let error = from_server("listing", "access denied or repository not exported: /x\n");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = from_server("fetching commits", "upload-pack: not our ref 1234");
        assert_eq!(
            error.to_string(),
            "the server gave up while fetching commits: \"upload-pack: not our ref 1234\""
        );
    }
}
