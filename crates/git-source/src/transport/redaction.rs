//! What errors do not tell whoever writes a URL: about this machine, and about networks that are not everyone's.

use std::net::{IpAddr, SocketAddr};

use artifact_http::{EgressPolicy, HttpClient};
use artifact_source::{Error, ErrorKind, Remedy};

use super::address::Address;

/// What the errors of one connection may not tell. Over HTTP the client takes care of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Redaction(Option<Topic>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    /// Which folders exist, and which of them are repositories.
    Files,
    /// Which ports of a private address are open.
    Host,
    /// The same, where a server that closes the connection may be one of Git that has no such repository.
    Daemon,
}

impl Redaction {
    /// Errors tell everything.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn of_files(egress: &EgressPolicy) -> Self {
        Self((!egress.explains_private_failures()).then_some(Topic::Files))
    }

    pub(crate) fn of_host(egress: &EgressPolicy, address: Option<IpAddr>) -> Self {
        let is_private = address.is_some_and(|address| egress.is_private_address(address));
        Self((is_private && !egress.explains_private_failures()).then_some(Topic::Host))
    }

    pub(crate) fn of_daemon(egress: &EgressPolicy, addresses: &[SocketAddr]) -> Self {
        let is_private = addresses.iter().any(|address| egress.is_private_address(address.ip()));
        Self((is_private && !egress.explains_private_failures()).then_some(Topic::Daemon))
    }

    /// The error of a whole discovery, which does not tell whether a port of a private address is silent, by the deadline that passed or by the request that was
    /// the last one.
    pub(crate) fn of_discovery(error: Error, address: &Address, http: &HttpClient) -> Error {
        let egress = http.egress();
        match address {
            _ if egress.explains_private_failures()
                || error.is_own_wait()
                || !matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Unreachable) =>
            {
                error
            }
            Address::Http { url } => http.conceal(error, url),
            // Of a failed connection, its own redaction knows whether the address is private.
            _ if error.kind() == ErrorKind::Unreachable => error,
            Address::Ssh { .. } => Self(Some(Topic::Host)).apply(error),
            Address::Daemon { .. } => Self(Some(Topic::Daemon)).apply(error),
            Address::File { .. } => error,
        }
    }

    /// The error, or the one that stands for all that may not be told apart.
    pub(crate) fn apply(self, error: Error) -> Error {
        use ErrorKind::{BadAnswer, Forbidden, NotFound, Server, TimedOut, Unauthorized, Unreachable};

        let told = |message: &str, kind| {
            Error::new(kind, message)
                .with_hint(
                    "is the URL right, and may it be read? More is not told; `EgressPolicy::explain_private_failures(true)` tells it",
                )
                .with_remedy(Remedy::TellPrivateFailures)
        };
        match (self.0, error.kind()) {
            (Some(Topic::Files), NotFound | Forbidden | Unauthorized | BadAnswer | Unreachable | Server) => {
                told("no repository at this path can be read", NotFound)
            }
            (Some(Topic::Host), Unreachable | TimedOut | BadAnswer) => {
                told("no answer of a Git server came from this host", Unreachable)
            }
            (Some(Topic::Daemon), Unreachable | TimedOut | BadAnswer | NotFound) => told(
                "no answer of a Git server came from this host, or it has no such repository",
                Unreachable,
            ),
            _ => error,
        }
    }
}
