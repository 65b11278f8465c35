//! What a broken transport means, in words.

use std::error::Error as StdError;
use std::io;

use artifact_source::{Error, ErrorKind};
use url::Url;

use crate::tls;

/// An exchange that gave no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether it may be gone a moment later.
    pub(crate) passing: bool,
}

impl Failure {
    pub(crate) fn passing(error: Error) -> Self {
        Self { error, passing: true }
    }

    pub(crate) fn lasting(error: Error) -> Self {
        Self { error, passing: false }
    }

    /// What reqwest could not do. Its own text is the cause; it names the URL with whatever secret may
    /// be in there, so that is taken out first.
    pub(crate) fn of_transport(fault: reqwest::Error, url: &Url, while_reading: bool) -> Self {
        let fault = fault.without_url();
        let host = url.host_str().unwrap_or_default();
        if let Some((message, hint)) = find(&fault, |cause| tls::explain(cause, host)) {
            let error = Error::new(ErrorKind::Tls, message).with_url(url).with_hint(hint).with_cause(fault);
            return Self::lasting(error);
        }
        if fault.is_builder() {
            return Self::lasting(
                Error::new(ErrorKind::InvalidInput, "the request cannot be sent")
                    .with_url(url)
                    .with_cause(fault),
            );
        }
        if fault.is_dns() {
            let message = format!("the host name {host} could not be resolved");
            return Self::lasting(
                Error::new(ErrorKind::Unreachable, message)
                    .with_url(url)
                    .with_hint("check the spelling of the host, and that this machine can resolve it")
                    .with_cause(fault),
            );
        }
        if fault.is_connect() {
            let refused = find(&fault, |cause| {
                let kind = cause.downcast_ref::<io::Error>()?.kind();
                (kind == io::ErrorKind::ConnectionRefused).then_some(())
            });
            let (message, hint) = match refused {
                _ if fault.is_timeout() => (
                    "no connection could be made in time",
                    "is the host up, and does a firewall let it through?",
                ),
                Some(()) => ("the connection was refused", "does the server run, and is the port right?"),
                None => {
                    ("no connection could be made", "is the host up, and does a firewall let it through?")
                }
            };
            let kind = if fault.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unreachable };
            return Self::passing(Error::new(kind, message).with_url(url).with_hint(hint).with_cause(fault));
        }
        let not_http = find(&fault, |cause| cause.downcast_ref::<hyper::Error>()?.is_parse().then_some(()));
        if not_http.is_some() && !while_reading {
            return Self::lasting(
                Error::new(ErrorKind::BadAnswer, "the answer is not HTTP")
                    .with_url(url)
                    .with_hint("is it http where https was meant, or another kind of server?")
                    .with_cause(fault),
            );
        }
        let (kind, message) = if while_reading {
            (ErrorKind::BadAnswer, "the answer broke off before its end")
        } else {
            (ErrorKind::Unreachable, "the connection broke before an answer came")
        };
        Self::passing(Error::new(kind, message).with_url(url).with_cause(fault))
    }
}

/// The first answer of `ask` along the chain of causes, those that an `io::Error` hides included.
fn find<T>(
    error: &(dyn StdError + 'static),
    ask: impl Fn(&(dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(answer) = ask(cause) {
            return Some(answer);
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as _),
            None => cause.source(),
        };
    }
    None
}
