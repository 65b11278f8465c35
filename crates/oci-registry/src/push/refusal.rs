//! The errors of refused pushes, with their remedies.

use std::time::Instant;

use artifact_http::{Call, Response};
use artifact_source::{Error, ErrorKind};

use crate::reader::{Reader, digest_header};
use crate::refusal::described;
use crate::{Digest, refusal};

/// Why a registry refused content, as far as status, code and message show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The credential is missing, not valid, or may not push.
    Denied,
    /// The repository has to be created first.
    NoRepository,
    /// The tag exists, and the registry does not let tags be moved.
    ImmutableTag,
    /// A disk or a quota is full.
    NoSpace,
    /// The registry, or a proxy before it, takes no body of this size.
    TooLarge,
    Other,
}

impl Cause {
    fn of(status: u16, code: &str, message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        // Amazon's registry answers TAG_INVALID, Harbor 412, others 400, 403 or 409.
        if says(&["immutab"]) || code == "TAG_INVALID" {
            return Self::ImmutableTag;
        }
        if status == 507 || says(&["no space left", "quota", "insufficient storage", "disk is full"]) {
            return Self::NoSpace;
        }
        match (status, code) {
            (_, "NAME_UNKNOWN") | (404 | 410, _) => Self::NoRepository,
            (401 | 403, _) => Self::Denied,
            (413, _) => Self::TooLarge,
            _ => Self::Other,
        }
    }
}

/// The error for an answer to a push that is not a success. `what` names what was pushed.
pub(super) fn refusal(reader: &Reader, response: &Response, what: &str) -> Error {
    let (name, status) = (&reader.endpoint.name, response.status.as_u16());
    let of_registry = response.origin() == reader.endpoint.origin();
    let plain = described(response, &reader.identity, "");
    let cause =
        Cause::of(status, plain.code().unwrap_or_default(), plain.server_message().unwrap_or_default());
    let message = match cause {
        Cause::Denied | Cause::Other if !of_registry => {
            format!(
                "{}, which the registry of {name} names for the upload, refused {what}",
                response.origin()
            )
        }
        Cause::Denied if status == 401 => {
            format!("the registry requires authentication to push {what} to {name}")
        }
        Cause::Denied => format!("the registry does not let {what} be pushed to {name}"),
        Cause::NoRepository => format!("there is no repository {name} to push {what} to"),
        Cause::ImmutableTag => format!("the registry does not let {what} replace what {name} has"),
        Cause::NoSpace => format!("the registry of {name} has no space for {what}"),
        Cause::TooLarge => format!("{what} is larger than the registry of {name} takes"),
        Cause::Other if status == 429 => format!("the registry of {name} limits the rate of requests"),
        Cause::Other => format!("the registry of {name} did not take {what}"),
    };
    let repository = name.repository();
    match cause {
        Cause::Denied if of_registry && response.was_authorized() => {
            let error = described(response, &reader.identity, &message);
            match reader.identity.hint_to("push to", error.kind(), name) {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        }
        Cause::Denied | Cause::Other => {
            refusal::refusal(response, &reader.endpoint, &reader.identity, &message)
        }
        Cause::NoRepository => described(response, &reader.identity, &message).with_hint(format!(
            "this registry does not create repositories when something is pushed: create {repository} first (Amazon ECR: \
             aws ecr create-repository --repository-name {repository}; Harbor and Google: the project that the name begins with), and check \
             its spelling and that the credential may push to it"
        )),
        Cause::ImmutableTag => of_kind(ErrorKind::Refused, response, reader, &message)
            .with_hint("its tags are immutable: publish under a new version"),
        Cause::NoSpace if status >= 500 => described(response, &reader.identity, &message)
            .with_hint("free space at the registry, or raise the quota, and push again"),
        Cause::NoSpace => of_kind(ErrorKind::Refused, response, reader, &message)
            .with_hint("free space at the registry, or raise the quota, and push again"),
        Cause::TooLarge => of_kind(ErrorKind::Refused, response, reader, &message).with_hint(
            "the registry, or a proxy before it, limits the size of a request (nginx: client_max_body_size): raise the limit",
        ),
    }
}

/// The same error of another kind than its status has.
fn of_kind(kind: ErrorKind, response: &Response, reader: &Reader, message: &str) -> Error {
    let described = described(response, &reader.identity, message);
    let mut error = Error::new(kind, message)
        .with_url(response.shown_url())
        .with_status(response.status.as_u16())
        .with_server_message(described.server_message().unwrap_or_default());
    if let Some(code) = described.code() {
        error = error.with_code(code);
    }
    error
}

/// Checks the digest that the registry states, if it states one.
///
/// # Errors
///
/// `BadAnswer` if it is another one.
pub(super) fn checked_digest(response: &Response, digest: &Digest, what: &str) -> Result<(), Error> {
    match digest_header(response) {
        Some(stated) if stated != *digest => {
            let message = format!("the registry stored {what} as {stated}, and not as {digest}");
            Err(Error::new(ErrorKind::BadAnswer, message)
                .with_url(response.shown_url())
                .with_hint("a proxy between this machine and the registry may have changed it"))
        }
        _ => Ok(()),
    }
}

/// Waits before the next try after so many failures; `None`, at once, if there is to be none.
pub(super) async fn pause(reader: &Reader, failures: u32, call: &Call) -> Option<()> {
    let pause = reader.http.pause_after(failures)?;
    let until = Instant::now().checked_add(pause)?;
    if call.deadline.is_some_and(|deadline| until >= deadline) {
        return None;
    }
    tokio::time::sleep_until(until.into()).await;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes() {
        for (status, code, message, expected) in [
            (401, "UNAUTHORIZED", "authentication required", Cause::Denied),
            (403, "DENIED", "installation not allowed to Write organization package", Cause::Denied),
            (404, "NAME_UNKNOWN", "The repository with name 'a' does not exist", Cause::NoRepository),
            (404, "", "", Cause::NoRepository),
            (400, "NAME_UNKNOWN", "", Cause::NoRepository),
            (400, "TAG_INVALID", "The image tag '1' already exists", Cause::ImmutableTag),
            (412, "PRECONDITION", "configured as Immutable", Cause::ImmutableTag),
            (403, "DENIED", "the repository has enabled tag immutability", Cause::ImmutableTag),
            (507, "", "", Cause::NoSpace),
            (500, "UNKNOWN", "write /data: no space left on device", Cause::NoSpace),
            (403, "DENIED", "the storage quota is exceeded", Cause::NoSpace),
            (413, "", "", Cause::TooLarge),
            (400, "MANIFEST_INVALID", "", Cause::Other),
            (429, "TOOMANYREQUESTS", "", Cause::Other),
            (500, "", "", Cause::Other),
        ] {
            assert_eq!(Cause::of(status, code, message), expected, "{status} {code} {message}");
        }
    }
}
