//! What to do about an error, for programs that have words of their own for it.

/// A setting after which the same call may succeed. The [hint](crate::Error::hint) of the error names it in the words of the library; a program whose users do not
/// write Rust has other words for it, such as the options of a command.
///
/// ```
/// use artifact_source::{Error, ErrorKind, Remedy};
///
/// let error = Error::new(ErrorKind::Refused, "the egress policy does not permit ssh").with_remedy(Remedy::PermitProtocol("ssh"));
/// let words = error.remedy().map(|remedy| match remedy {
///     Remedy::PermitProtocol(name) => format!("`--allow {name}` permits it"),
///     _ => String::new(),
/// });
/// assert_eq!(words.as_deref(), Some("`--allow ssh` permits it"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Permit the host or the network in the policy of connections.
    PermitAddress,
    /// Permit this protocol, or the field of a manifest of this name, in the policy of connections.
    PermitProtocol(&'static str),
    /// Permit this `HOST:PORT` as the token service of registries at private addresses, in the policy of connections.
    PermitTokenService(String),
    /// Let errors tell what became of a connection to a private address.
    TellPrivateFailures,
    /// Use http instead of https with this host, which is `HOST` or `HOST:PORT`.
    PlainHttp(String),
}
