//! Errors of the transport and their messages.

use std::error::Error as StdError;
use std::{fmt, io};

use artifact_source::{Error, ErrorKind, Remedy};
use url::Url;

use crate::egress::{no_answer, refused_host};
use crate::network::{NotPermitted, OnlyPrivate};
use crate::proxy::Proxy;
use crate::{Origin, tls};

/// What reqwest could not do. Its own text is the cause; it names the URL with whatever secret may
/// be in there, so that is taken out first.
pub(crate) fn of_transport(fault: reqwest::Error, url: &Url, during: During<'_>) -> Error {
    let fault = fault.without_url();
    let host = url.host_str().unwrap_or_default();
    let is_told = |cause: &(dyn StdError + 'static)| {
        let is_told =
            cause.is::<NotPermitted>() || cause.is::<OnlyPrivate>() || tls::is_about_certificate(cause);
        is_told.then_some(())
    };
    if let During::Exchange { is_redacted: true, .. } = during
        && find(&fault, is_told).is_none()
    {
        return no_answer(url.as_str());
    }
    if let Some((message, hint)) = find(&fault, |cause| tls::explain(cause, host)) {
        // The causes are not kept: rustls shows them as Rust values.
        let error = Error::new(ErrorKind::Tls, message).with_url(url).with_hint(hint);
        return match find(&fault, tls::speaks_no_tls) {
            Some(()) => error.with_remedy(Remedy::PlainHttp(authority(url))),
            None => error,
        };
    }
    if find(&fault, ends_handshake).is_some() {
        return Error::new(ErrorKind::Tls, "the server closed the connection during the TLS handshake")
            .with_url(url)
            .with_hint("does it serve plain http on this port?")
            .with_remedy(Remedy::PlainHttp(authority(url)))
            .with_transient(true);
    }
    if fault.is_builder() {
        return Error::new(ErrorKind::InvalidInput, "the request cannot be sent")
            .with_url(url)
            .with_cause(RootCause::of(&fault));
    }
    if find(&fault, |cause| cause.is::<OnlyPrivate>().then_some(())).is_some() {
        return leads_inside(url);
    }
    if find(&fault, |cause| cause.is::<NotPermitted>().then_some(())).is_some() {
        return refused_host(host).with_url(url);
    }
    let proxy = match during {
        During::Exchange { proxy, .. } => proxy,
        During::Body => None,
    };
    if fault.is_dns() {
        let message = match proxy {
            Some(proxy) => format!("the host name of the proxy {proxy} could not be resolved"),
            None => format!("the host name {host} could not be resolved"),
        };
        // A resolver does not say reliably whether a name does not exist or cannot be looked up at the moment.
        return Error::new(ErrorKind::Unreachable, message)
            .with_url(url)
            .with_hint("check the spelling of the host, and that this machine can resolve it")
            .with_cause(RootCause::of(&fault));
    }
    if let (Some(proxy), Some(())) = (proxy, find(&fault, wants_credential)) {
        return not_let_through(proxy).with_url(url).with_cause(RootCause::of(&fault));
    }
    if fault.is_connect() {
        return no_connection(fault, proxy).with_url(url);
    }
    if let (During::Exchange { .. }, Some(error)) = (during, no_http(&fault)) {
        return error.with_url(url).with_cause(RootCause::of(&fault));
    }
    let error = match during {
        During::Body => {
            Error::new(ErrorKind::BadAnswer, "the answer broke off before its end").with_transient(true)
        }
        During::Exchange { .. } => {
            Error::new(ErrorKind::Unreachable, "the connection broke before an answer came")
        }
    };
    error.with_url(url).with_cause(RootCause::of(&fault))
}

/// The host, and the port if the URL names one.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The server closed the connection in place of a part of the handshake. The TLS stream has no type for it, so its words have to do.
fn ends_handshake(cause: &(dyn StdError + 'static)) -> Option<()> {
    let error = cause.downcast_ref::<io::Error>()?;
    (error.kind() == io::ErrorKind::UnexpectedEof && error.to_string().contains("handshake")).then_some(())
}

/// Where it was that the transport failed.
#[derive(Clone, Copy)]
pub(crate) enum During<'a> {
    /// Before the answer's head was here.
    Exchange {
        /// The way went through this proxy.
        proxy: Option<&'a Proxy>,
        /// Whether the error must not tell what became of the connection.
        is_redacted: bool,
    },
    /// While the body was read.
    Body,
}

fn no_connection(fault: reqwest::Error, proxy: Option<&Proxy>) -> Error {
    let refused = find(&fault, |cause| {
        let kind = cause.downcast_ref::<io::Error>()?.kind();
        (kind == io::ErrorKind::ConnectionRefused).then_some(())
    });
    let kind = if fault.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unreachable };
    let (message, hint) = match (proxy, refused) {
        (Some(proxy), Some(())) => (
            format!("the proxy {proxy} refused the connection"),
            "does the proxy run, and is its port right?",
        ),
        (Some(proxy), None) => (
            format!("no connection could be made through the proxy {proxy}"),
            "does the proxy let this host through? NO_PROXY names those that are asked without it",
        ),
        (None, _) if fault.is_timeout() => (
            "no connection could be made in time".to_owned(),
            "is the host up, and does a firewall let it through?",
        ),
        (None, Some(())) => {
            ("the connection was refused".to_owned(), "does the server run, and is the port right?")
        }
        (None, None) => {
            ("no connection could be made".to_owned(), "is the host up, and does a firewall let it through?")
        }
    };
    Error::new(kind, message).with_hint(hint).with_cause(RootCause::of(&fault))
}

/// The proxy answers 407: the proxy, not the server, wants a credential, and asking again changes nothing.
pub(crate) fn not_let_through(proxy: &Proxy) -> Error {
    let (message, hint) = if proxy.is_signed_in_to() {
        (
            format!("the proxy {proxy} does not accept the credential in its URL (HTTP 407)"),
            "correct user name and password in the proxy's URL; characters other than letters and digits are percent-encoded there",
        )
    } else {
        (
            format!("the proxy {proxy} wants a credential (HTTP 407)"),
            "put user name and password into the proxy's URL: http://user:password@...",
        )
    };
    Error::new(ErrorKind::Unreachable, message).with_transient(false).with_hint(hint)
}

/// hyper's error for a proxy that answers 407 has a type without a name, so its words have to do.
fn wants_credential(cause: &(dyn StdError + 'static)) -> Option<()> {
    cause.to_string().contains("proxy authorization required").then_some(())
}

/// The answer is not HTTP, or its head is too large to be read.
fn no_http(fault: &reqwest::Error) -> Option<Error> {
    find(fault, |cause| {
        let fault = cause.downcast_ref::<hyper::Error>()?;
        if fault.is_parse_too_large() {
            return Some(Error::new(ErrorKind::TooLarge, "the head of the answer is too large"));
        }
        fault.is_parse().then(|| {
            Error::new(ErrorKind::BadAnswer, "the answer is not HTTP")
                .with_hint("does the server use http instead of https, or another protocol?")
        })
    })
}

/// A public server names a place that is not.
/// Of a server at another private address than the one for which the request is made.
pub(crate) fn other_private_server(url: &Url) -> Error {
    Error::new(ErrorKind::Refused, "the name of the server leads to another private address than before")
        .with_url(url)
        .with_hint("a name in a private network must have one address, or be permitted by name: `EgressPolicy::allow_host`")
        .with_remedy(Remedy::PermitAddress)
}

pub(crate) fn leads_inside(url: &Url) -> Error {
    let message = format!("a public server refers to a private address, {}", Origin::of(url));
    Error::new(ErrorKind::Refused, message)
        .with_url(url)
        .with_hint("only a server that is itself at a private address, or has a name that no public server has, may refer to another one")
}

/// What is at the root of a failure, in words. The errors above it name values of the HTTP library, which say nothing to a person.
#[derive(Debug)]
struct RootCause(String);

impl RootCause {
    fn of(fault: &(dyn StdError + 'static)) -> Self {
        let mut root = fault.to_string();
        // The last one is the root.
        find(fault, |cause| {
            root = cause.to_string();
            None::<()>
        });
        Self(root)
    }
}

impl fmt::Display for RootCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for RootCause {}

/// The first answer of `ask` along the chain of causes, those that an `io::Error` hides included.
fn find<T>(
    error: &(dyn StdError + 'static),
    mut ask: impl FnMut(&(dyn StdError + 'static)) -> Option<T>,
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
