//! What the errors of gitoxide, of `git` and of `ssh` mean to somebody who subscribed to a repository.

use std::io;

use artifact_http::Secret;
use artifact_source::{Error, ErrorKind, redact_url};
use gix::ObjectId;

use crate::watch::Watch;

/// Why an exchange with the server failed, by what can be done about it at once.
#[derive(Debug)]
pub(crate) enum Setback {
    /// The server refuses the filter.
    Filter(Error),
    /// The server refuses to send part of a history.
    Shallow(Error),
    /// The server does not have what it has just listed: a reference moved in between.
    Moved(Error),
    /// Nothing but to report it.
    Lasting(Error),
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        Self::Lasting(error)
    }
}

impl From<Setback> for Error {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Filter(error)
            | Setback::Shallow(error)
            | Setback::Moved(error)
            | Setback::Lasting(error) => error,
        }
    }
}

impl Setback {
    /// Why gitoxide failed while `what`.
    pub(crate) fn of_exchange(what: &str, error: &gix::Error, watch: &Watch) -> Self {
        Self::of(what, watch, || {
            if has_broken(error) {
                return Error::new(ErrorKind::Unreachable, format!("the connection broke while {what}"))
                    .with_cause(Cause::of(error));
            }
            Error::new(ErrorKind::BadAnswer, format!("the server's answer makes no sense, while {what}"))
                .with_cause(Cause::of(error))
        })
    }

    /// Why an exchange failed while `what`: what the server said, what the transport knows, or else this.
    pub(crate) fn of(what: &str, watch: &Watch, otherwise: impl FnOnce() -> Error) -> Self {
        let (known, heard) = (watch.take_failure(), watch.take_heard());
        if watch.is_stopped() {
            return Self::Lasting(known.unwrap_or_else(|| watch.stopped_error()));
        }
        match (known, heard) {
            (Some(known), _) if !may_be_due_to_a_refusal(&known) => Self::Lasting(known),
            (_, Some(said)) => Self::of_refusal(what, &said),
            (Some(known), None) => Self::Lasting(known),
            (None, None) => Self::Lasting(otherwise()),
        }
    }

    /// What the server itself says, as [`quoted`].
    fn of_refusal(what: &str, said: &str) -> Self {
        let lower = said.to_ascii_lowercase();
        let has = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        let server = || Error::new(ErrorKind::Server, format!("the server gave up while {what}: {said:?}"));
        if has(&["not our ref", "unadvertised object"]) {
            return Self::Moved(server());
        }
        if has(&["filter"]) {
            return Self::Filter(server());
        }
        // A server that is a shallow clone itself may fail for a moment, while its own history grows.
        if has(&["shallow", "deepen"]) && !has(&["has changed"]) {
            return Self::Shallow(server());
        }
        if has(&["not exported", "no such repository", "not found", "does not appear to be"]) {
            let message = format!("the server has no such repository: {said:?}");
            return Self::Lasting(Error::new(ErrorKind::NotFound, message));
        }
        if has(&["access denied", "permission"]) {
            return Self::Lasting(Error::new(ErrorKind::Forbidden, format!("the server says no: {said:?}")));
        }
        Self::Lasting(server())
    }
}

/// Whether the transport may have failed since the server hung up after a refusal.
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

/// How much of a server's own words is shown.
const LONGEST_QUOTE: usize = 300;

/// What a server says as it may be shown: one line, not too long, without these secrets and without those in URLs.
pub(crate) fn quoted(text: &str, secrets: &[Secret]) -> String {
    let mut said: String =
        text.chars().map(|character| if character.is_whitespace() { ' ' } else { character }).collect();
    for secret in secrets.iter().map(Secret::expose).filter(|secret| !secret.is_empty()) {
        said = said.replace(secret, "[redacted]");
    }
    let words = said
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| if word.contains("://") { redact_url(word) } else { word.to_owned() });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|character| !character.is_control()).take(LONGEST_QUOTE).collect()
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

/// The text with every list of bytes (`[97, 98]`), as Rust shows them, written as the text that the bytes are.
fn without_byte_lists(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, list) = rest.split_at(start);
        written.push_str(before);
        let bytes = list[1..].find(']').and_then(|end| {
            let bytes: Option<Vec<u8>> = list[1..=end].split(", ").map(|byte| byte.parse().ok()).collect();
            Some((bytes?, end))
        });
        rest = match bytes {
            Some((bytes, end)) => {
                written.push_str(&format!("{:?}", String::from_utf8_lossy(&bytes)));
                &list[end + 2..]
            }
            None => {
                written.push('[');
                &list[1..]
            }
        };
    }
    written + rest
}

/// A cause from gitoxide as one line of plain text. Its own errors hold places in its source code,
/// and cannot be trusted to hold no URL.
#[derive(Debug)]
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn of(error: &gix::Error) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for error in error.iter_errors() {
            let line = one_line(&without_byte_lists(&error.to_string()));
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
    fn no_list_of_bytes_is_shown() {
        for (text, shown) in [
            ("[97, 32, 98] could not be parsed", "\"a b\" could not be parsed"),
            ("a [7] b [255]", "a \"\\u{7}\" b \"\u{fffd}\""),
            ("[256]", "[256]"),
            ("[97, 98", "[97, 98"),
            ("[]", "[]"),
            ("a[b[97]]", "a[b\"a\"]"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_byte_lists(text), shown);
        }
    }

    #[test]
    fn what_a_server_says() {
        #[track_caller]
        fn check(said: &str, kind: ErrorKind, message: &str) {
            let said = quoted(said, &[Secret::new("hunter2"), Secret::new("")]);
            let error = Error::from(Setback::of_refusal("fetching", &said));
            assert_eq!((error.kind(), error.message()), (kind, message));
        }
        check(
            "access denied or repository not exported: /x\n",
            ErrorKind::NotFound,
            "the server has no such repository: \"access denied or repository not exported: /x\"",
        );
        check("access denied", ErrorKind::Forbidden, "the server says no: \"access denied\"");
        check(
            "upload-pack: not our ref 1234",
            ErrorKind::Server,
            "the server gave up while fetching: \"upload-pack: not our ref 1234\"",
        );
        check(
            "a\u{1b}[31m\nb\u{202e} hunter2 (see https://me:hunter3@example.com/x?token=hunter4)",
            ErrorKind::Server,
            "the server gave up while fetching: \"a[31m b\\u{202e} [redacted] (see https://example.com/x?token=...\"",
        );
        check(
            &"x".repeat(5000),
            ErrorKind::Server,
            &format!("the server gave up while fetching: \"{}\"", "x".repeat(LONGEST_QUOTE)),
        );
        assert!(matches!(Setback::of_refusal("", "filter 'tree' not supported"), Setback::Filter(_)));
        assert!(matches!(Setback::of_refusal("", "upload-pack: not our ref 12"), Setback::Moved(_)));
        for said in ["Server does not support shallow requests", "unexpected line: 'deepen 20'"] {
            assert!(matches!(Setback::of_refusal("", said), Setback::Shallow(_)), "{said}");
        }
        let passing = "shallow file has changed since we read it";
        assert!(matches!(Setback::of_refusal("", passing), Setback::Lasting(_)));
    }
}
