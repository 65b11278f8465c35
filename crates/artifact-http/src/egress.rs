//! Which connections may be made at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use artifact_source::{Error, ErrorKind, Remedy, redact_url};
use url::{Host, Url};

use crate::address::{Cidr, Place, is_metadata_name, is_private_address};
use crate::inside_name::is_inside_name;
use crate::origin::{Origin, is_localhost, literal};

/// Which connections may be made: to which addresses, by which protocols.
///
/// A client asks it before every connection: for the URL of a request, and for each URL that an answer leads to (a redirect, a token service, the next page
/// of a list, an upload session). Of a name, each address is checked when the connection is made, and the connection goes only to an address that was
/// permitted: a name that resolves elsewhere a moment later changes nothing. Clones are cheap.
///
/// - [`cluster`](Self::cluster) is for a program that reads what others write, such as a controller. It is the default of `warehouse-discovery`.
/// - [`workstation`](Self::workstation) is for a program whose user writes the URLs. It is the default of [`HttpClient`](crate::HttpClient) and of the command.
///
/// What is not permitted is [`Refused`](ErrorKind::Refused) before a connection is made, with an error that names the URL and the setting that permits it. So
/// it is the same whether the port is open, closed or not HTTP, and whether a folder exists.
///
/// ```
/// use artifact_http::{Call, EgressPolicy, HttpClient, Request};
/// use artifact_source::ErrorKind;
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let egress = EgressPolicy::cluster().allow_network("10.96.0.0/12")?.allow_host("registry.internal:5000")?;
/// let client = HttpClient::builder().egress(egress).build()?;
///
/// for url in ["http://127.0.0.1:8080", "http://169.254.169.254/latest/meta-data/", "http://2130706433", "https://10.0.0.1"] {
///     let error = client.fetch(Request::get(url), &Call::new()).await.unwrap_err();
///     assert_eq!(error.kind(), ErrorKind::Refused);
/// }
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressPolicy(Arc<Rules>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rules {
    /// Whether every address is permitted. If not, the public ones are, and those of `networks` and `hosts`.
    any_address: bool,
    networks: Vec<Cidr>,
    hosts: Vec<AllowedHost>,
    /// Hosts with a private address that may be the token service of a registry on another host.
    realms: Vec<AllowedHost>,
    /// Networks that count as public.
    public: Vec<Cidr>,
    switches: Switches,
}

/// What is permitted beside http and https with checked certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one switch")]
struct Switches {
    ssh: bool,
    ssh_identity: bool,
    git_daemon: bool,
    file: bool,
    insecure_skip_tls_verify: bool,
    private_failures: bool,
}

impl Switches {
    fn all(on: bool) -> Self {
        Self {
            ssh: on,
            ssh_identity: on,
            git_daemon: on,
            file: on,
            insecure_skip_tls_verify: on,
            private_failures: on,
        }
    }
}

/// Where the token service of a registry may be. The registry gets the answer, so that it must not be that of another server of a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// At every address that the policy permits: the realm is [permitted](EgressPolicy::allow_realm), or has the registry's own host, which is
    /// [permitted by name](EgressPolicy::allow_host).
    Anywhere,
    /// At a public address, or at the private address of the registry itself: the realm has the origin of the registry.
    SameServer,
    /// At a public address.
    Public,
}

/// A host, and the one port of it that is permitted, if not any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AllowedHost {
    host: String,
    port: Option<u16>,
}

impl EgressPolicy {
    /// For a program that holds the credentials of several owners and reads what they write:
    ///
    /// - http and https only;
    /// - public addresses only: no loopback, link-local or private ones, and never those of the metadata services of clouds;
    /// - a registry at a private address that is [permitted](Self::allow_network) has its token service at its own origin and address, or at a public one;
    /// - certificates are checked.
    pub fn cluster() -> Self {
        Self::of(false)
    }

    /// For a program whose user writes the URLs: every address and every protocol is permitted. A public server still cannot lead to a
    /// private address: see the [crate](crate).
    pub fn workstation() -> Self {
        Self::of(true)
    }

    fn of(everything: bool) -> Self {
        Self(Arc::new(Rules {
            any_address: everything,
            networks: Vec::new(),
            hosts: Vec::new(),
            realms: Vec::new(),
            public: Vec::new(),
            switches: Switches::all(everything),
        }))
    }

    fn rules(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.0)
    }

    /// Permits the addresses of this network, such as `10.96.0.0/12`, `fd00::/8` or `10.0.0.7`. Defaults to no network.
    ///
    /// It permits loopback or link-local addresses only where it has no others: `127.0.0.0/8` does, `0.0.0.0/0` does not. The addresses of metadata services stay
    /// refused. Where a proxy makes the connection, names that no public server has need [`allow_host`](Self::allow_host), since the proxy resolves them.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what is not an IP address with a number of bits.
    pub fn allow_network(mut self, network: &str) -> Result<Self, Error> {
        let parsed = network.parse().map_err(|why| {
            Error::new(ErrorKind::InvalidInput, format!("{network:?} is not a network: {why}"))
                .with_hint("write 10.96.0.0/12, fd00::/8, or one address")
        })?;
        self.rules().networks.push(parsed);
        Ok(self)
    }

    /// Permits this host, such as `registry.internal`, at any of its addresses but those of metadata services. With a port, such as
    /// `registry.internal:5000`, the host is permitted at that port only. Its subdomains are not meant. Defaults to no host.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what is not a host, with a port or without.
    pub fn allow_host(mut self, host: &str) -> Result<Self, Error> {
        let parsed = AllowedHost::parse(host)?;
        self.rules().hosts.push(parsed);
        Ok(self)
    }

    /// Permits this host to be the token service (the realm) of a registry at another private address. Defaults to the registry's own origin
    /// and address only: a registry would get what an internal service answers to a request for a token. A registry whose host is
    /// [permitted by name](Self::allow_host) has its token service also at the other permitted ports and addresses of that name. The host itself is permitted by
    /// [`allow_host`](Self::allow_host) or [`allow_network`](Self::allow_network).
    ///
    /// # Errors
    ///
    /// As [`allow_host`](Self::allow_host).
    pub fn allow_realm(mut self, host: &str) -> Result<Self, Error> {
        let parsed = AllowedHost::parse(host)?;
        self.rules().realms.push(parsed);
        Ok(self)
    }

    /// Whether Git is read over ssh, by the program `ssh`. Off in [`cluster`](Self::cluster). The connection goes to an address that the policy permits.
    #[must_use]
    pub fn allow_ssh(mut self, allow: bool) -> Self {
        self.rules().switches.ssh = allow;
        self
    }

    /// Whether `ssh` runs with what belongs to the process and its user: the environment, the agent, the keys in the home folder and the configuration. Off
    /// in [`cluster`](Self::cluster), where it uses only the arguments that the program gives it, such as `-i` and a key file, and the known hosts of the user.
    #[must_use]
    pub fn allow_ssh_identity(mut self, allow: bool) -> Self {
        self.rules().switches.ssh_identity = allow;
        self
    }

    /// Whether Git is read over `git://`, which is neither encrypted nor authenticated. Off in [`cluster`](Self::cluster).
    #[must_use]
    pub fn allow_git_daemon(mut self, allow: bool) -> Self {
        self.rules().switches.git_daemon = allow;
        self
    }

    /// Whether repositories on this machine are read by `file://`. Off in [`cluster`](Self::cluster): everyone could read all of them.
    #[must_use]
    pub fn allow_file(mut self, allow: bool) -> Self {
        self.rules().switches.file = allow;
        self
    }

    /// Whether subscriptions may say `insecureSkipTLSVerify`. Off in [`cluster`](Self::cluster).
    #[must_use]
    pub fn allow_insecure_skip_tls_verify(mut self, allow: bool) -> Self {
        self.rules().switches.insecure_skip_tls_verify = allow;
        self
    }

    /// Whether errors tell why no answer came from a private address that is permitted: whether the connection was refused or timed out, or the answer was not HTTP.
    /// Off in [`cluster`](Self::cluster), where all of them are one error: else the author of a URL learns which ports are open. Certificates are always
    /// explained.
    #[must_use]
    pub fn explain_private_failures(mut self, explain: bool) -> Self {
        self.rules().switches.private_failures = explain;
        self
    }

    /// The same where these networks count as public.
    pub(crate) fn with_public(mut self, public: &[Cidr]) -> Self {
        if !public.is_empty() {
            self.rules().public = public.to_vec();
        }
        self
    }
}

/// Whether something is permitted.
impl EgressPolicy {
    /// Whether not every address is permitted.
    pub fn is_limited(&self) -> bool {
        !self.0.any_address
    }

    /// Whether a connection for a request to this host may go to this address. A service of one's own that resolves names asks this for each address before it
    /// connects.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        if self.0.any_address {
            return true;
        }
        let place = Place::of(address);
        match place {
            Place::Metadata => false,
            Place::Public => true,
            _ if self.0.public.iter().any(|network| network.contains(address)) => true,
            _ if AllowedHost::all_of(&self.0.hosts, &plain_host(host)).next().is_some() => true,
            Place::Private => self.0.networks.iter().any(|network| network.contains(address)),
            Place::Loopback | Place::LinkLocal => {
                let mut networks = self.0.networks.iter();
                networks.any(|network| network.is_within(place) && network.contains(address))
            }
        }
    }

    /// Whether this is the address of a private network, of this machine, or of nothing on the internet: see
    /// [`is_private`](crate::is_private). What [counts as public](crate::HttpClientBuilder::count_as_public) is not.
    pub fn is_private_address(&self, address: IpAddr) -> bool {
        is_private_address(address) && !self.0.public.iter().any(|network| network.contains(address))
    }

    /// Whether a request to this URL is permitted, as far as the URL tells: the address of its host, or a name that cannot be permitted. Of
    /// other names, the addresses must [be permitted](Self::permits) too.
    ///
    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused), with the setting that permits it.
    pub fn check_url(&self, url: &Url) -> Result<(), Error> {
        self.check(url, false)
    }

    /// As [`check_url`](Self::check_url), where another name server than ours may resolve the name, such as that of a proxy: a name that no public server has must
    /// be [allowed](Self::allow_host).
    pub(crate) fn check_unresolved(&self, url: &Url) -> Result<(), Error> {
        self.check_url(url)?;
        match url.domain().map(plain_host) {
            Some(name)
                if self.is_limited()
                    && (is_inside_name(&name) || is_localhost(&name))
                    && AllowedHost::all_of(&self.0.hosts, &name).next().is_none() =>
            {
                Err(refused_host(&name).with_url(url))
            }
            _ => Ok(()),
        }
    }

    /// `is_known`: whether the addresses of the name are known, whatever the name looks like.
    pub(crate) fn check(&self, url: &Url, is_known: bool) -> Result<(), Error> {
        if self.0.any_address {
            return Ok(());
        }
        let Some(host) = url.host_str() else {
            return Err(refused("the egress policy permits no URL without a host").with_url(url));
        };
        let host = plain_host(host);
        let port = url.port_or_known_default();
        self.check_host(&host, literal(url), port, is_known).map_err(|error| error.with_url(url))
    }

    fn check_host(
        &self,
        host: &str,
        literal: Option<IpAddr>,
        port: Option<u16>,
        is_known: bool,
    ) -> Result<(), Error> {
        let mut allowed = AllowedHost::all_of(&self.0.hosts, host).peekable();
        let is_allowed = allowed.peek().is_some();
        if is_allowed && !allowed.any(|entry| entry.port.is_none() || entry.port == port) {
            let port = port.map_or_else(|| "this port".to_owned(), |port| format!("port {port}"));
            return Err(refused(&format!("the egress policy does not permit {port} of {host}"))
                .with_hint("`EgressPolicy::allow_host` permits another port")
                .with_remedy(Remedy::PermitAddress));
        }
        if let Some(address) = literal {
            return if self.permits(host, address) { Ok(()) } else { Err(refused_address(address)) };
        }
        if is_metadata_name(host) {
            return Err(refused_metadata(host));
        }
        if is_allowed || is_known {
            return Ok(());
        }
        let is_refused = if is_localhost(host) {
            let this_machine: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            !this_machine.into_iter().any(|address| self.permits(host, address))
        } else {
            // Its addresses would be private, and none is permitted.
            is_inside_name(host) && self.0.networks.is_empty() && self.0.public.is_empty()
        };
        if is_refused { Err(refused_host(host)) } else { Ok(()) }
    }

    /// The addresses that a connection to this host and port may go to, of those that it has: for a protocol other than http. Blocks while a name
    /// is resolved.
    ///
    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if none is permitted; [`Unreachable`](ErrorKind::Unreachable) if the name cannot be resolved.
    pub fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        use std::net::ToSocketAddrs as _;

        let bare = plain_host(host);
        let literal = as_address(&bare);
        if self.is_limited() {
            self.check_host(&bare, literal, Some(port), false)?;
        }
        let found = match literal {
            Some(address) => Ok(vec![SocketAddr::new(address, port)]),
            None => (bare.as_str(), port).to_socket_addrs().map(Iterator::collect),
        };
        let mut addresses: Vec<SocketAddr> = match found {
            Ok(addresses) => addresses,
            // Whether the network has such a name is told no more than which address it has.
            Err(_) if self.is_limited() && is_inside_name(&bare) => return Err(refused_host(&bare)),
            Err(error) => {
                return Err(
                    Error::new(ErrorKind::Unreachable, format!("there is no host {host}")).with_cause(error)
                );
            }
        };
        addresses.retain(|address| self.permits(&bare, address.ip()));
        if addresses.is_empty() { Err(refused_host(&bare)) } else { Ok(addresses) }
    }

    /// Where the token service at this URL may be, if a registry of this origin names it.
    pub fn realm(&self, realm: &Url, registry: &Origin) -> Realm {
        let Some(host) = realm.host_str().map(plain_host) else { return Realm::Public };
        let port = realm.port_or_known_default();
        let is_named = |entries: &[AllowedHost]| {
            AllowedHost::all_of(entries, &host).any(|entry| entry.port.is_none() || entry.port == port)
        };
        let is_own_host = host == plain_host(registry.host());
        if self.0.any_address || is_named(&self.0.realms) || is_own_host && is_named(&self.0.hosts) {
            Realm::Anywhere
        } else if Origin::of(realm) == *registry {
            Realm::SameServer
        } else {
            Realm::Public
        }
    }

    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if ssh is [not permitted](Self::allow_ssh).
    pub fn check_ssh(&self) -> Result<(), Error> {
        check_switch(self.0.switches.ssh, "Git over ssh", "allow_ssh(true)", "ssh://")
    }

    /// Whether `ssh` runs with the environment, agent, keys and configuration [of the process](Self::allow_ssh_identity).
    pub fn permits_ssh_identity(&self) -> bool {
        self.0.switches.ssh_identity
    }

    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if `git://` is [not permitted](Self::allow_git_daemon).
    pub fn check_git_daemon(&self) -> Result<(), Error> {
        check_switch(self.0.switches.git_daemon, "git://", "allow_git_daemon(true)", "git://")
    }

    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if `file://` is [not permitted](Self::allow_file).
    pub fn check_file(&self) -> Result<(), Error> {
        check_switch(self.0.switches.file, "file://", "allow_file(true)", "file://")
    }

    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if `insecureSkipTLSVerify` is [not permitted](Self::allow_insecure_skip_tls_verify).
    pub fn check_insecure_skip_tls_verify(&self) -> Result<(), Error> {
        let (field, knob) = ("insecureSkipTLSVerify", "allow_insecure_skip_tls_verify(true)");
        check_switch(self.0.switches.insecure_skip_tls_verify, field, knob, field)
            .map_err(|error| error.with_field(field))
    }

    /// Whether errors tell what became of a connection to a [private address](Self::explain_private_failures).
    pub fn explains_private_failures(&self) -> bool {
        self.0.switches.private_failures
    }
}

/// What a switch permits, by its words in messages: the subject, the setting, and the argument of the command.
fn check_switch(is_on: bool, what: &str, knob: &str, argument: &'static str) -> Result<(), Error> {
    if is_on {
        return Ok(());
    }
    let error = refused(&format!("the egress policy does not permit {what}"));
    Err(error
        .with_hint(format!("`EgressPolicy::{knob}` permits it"))
        .with_remedy(Remedy::PermitProtocol(argument)))
}

impl AllowedHost {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::new(ErrorKind::InvalidInput, format!("{text:?} is not a host"))
                .with_hint("write registry.internal, registry.internal:5000, 10.0.0.7 or [fd00::7]:5000")
        };
        // An IPv6 address may do without its brackets where there is no port.
        let text = if text.parse::<Ipv6Addr>().is_ok() { format!("[{text}]") } else { text.to_owned() };
        if text.is_empty()
            || text.contains(['/', '?', '#', '@', '\\'])
            || text.chars().any(char::is_whitespace)
        {
            return Err(wrong());
        }
        let url = Url::parse(&format!("http://{text}/")).map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).map(plain_host).ok_or_else(wrong)?;
        // The parser leaves out the port of the scheme.
        let port = match text.rsplit_once(':') {
            Some((_, "")) => return Err(wrong()),
            Some((_, port)) if !port.ends_with(']') => Some(port.parse().map_err(|_| wrong())?),
            _ => None,
        };
        Ok(Self { host, port })
    }

    fn all_of<'a>(entries: &'a [Self], host: &'a str) -> impl Iterator<Item = &'a Self> {
        entries.iter().filter(move |entry| entry.host == host)
    }
}

/// A host in the form that is compared: small letters, no dot at the end, no brackets.
fn plain_host(host: &str) -> String {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// The address that a host is, in any of the spellings that resolvers accept: `127.1`, `0x7f000001`, `2130706433`.
fn as_address(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    match Url::parse(&format!("http://{host}/")).ok()?.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Refused, message)
}

const HOW: &str = "`EgressPolicy::allow_network` permits a network, `EgressPolicy::allow_host` a host";
const NEVER: &str = "no setting permits it, as it gives the credentials of the machine";

fn refused_address(address: IpAddr) -> Error {
    let place = Place::of(address);
    let error = refused(&format!("the egress policy does not permit {address}, {place}"));
    match place {
        Place::Metadata => error.with_hint(NEVER),
        _ => error.with_hint(HOW).with_remedy(Remedy::PermitAddress),
    }
}

fn refused_metadata(host: &str) -> Error {
    refused(&format!("the egress policy does not permit {host}, the name of a cloud's metadata service"))
        .with_hint(NEVER)
}

/// The error for a name of which no address is permitted, or which has none.
pub(crate) fn refused_host(host: &str) -> Error {
    refused(&format!("the egress policy permits no address of {host}"))
        .with_hint(HOW)
        .with_remedy(Remedy::PermitAddress)
}

const NO_ANSWER: &str = "no answer came from this address, or none that could be used";

/// Whether this is [that error](no_answer): how long it took would tell what it does not.
pub(crate) fn is_no_answer(error: &Error) -> bool {
    error.kind() == ErrorKind::Unreachable && error.message() == NO_ANSWER
}

/// The error in place of one that tells what became of a connection to a private address.
pub(crate) fn no_answer(url: &str) -> Error {
    Error::new(ErrorKind::Unreachable, NO_ANSWER)
        .with_url(redact_url(url))
        .with_hint(
            "is the URL right, and is the server up? What became of a connection to a private address is not told; \
             `EgressPolicy::explain_private_failures(true)` tells it",
        )
        .with_remedy(Remedy::TellPrivateFailures)
}
