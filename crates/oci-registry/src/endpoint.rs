//! Where a repository is, and how it is spoken to there.

use artifact_http::{Origin, Url, is_loopback};
use artifact_source::{Error, ErrorKind};

use crate::ImageName;

/// Which hosts are spoken to over plain http.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    pub(crate) plain: Vec<String>,
    pub(crate) encrypted: Vec<String>,
}

impl Hosts {
    /// Whether plain http was asked for by name.
    pub(crate) fn is_plain(&self, host: &str) -> bool {
        names(&self.plain, host)
    }

    /// Whether https was asked for by name.
    pub(crate) fn is_encrypted(&self, host: &str) -> bool {
        names(&self.encrypted, host)
    }
}

fn names(list: &[String], host: &str) -> bool {
    let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
    list.iter().any(|name| name == host || name == without_port)
}

/// Where a repository is.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: ImageName,
    /// `https://host/`.
    pub(crate) base: Url,
    /// Whether a credential may travel over plain http, as the host was named for that.
    pub(crate) plain_credential: bool,
    hosts: Hosts,
}

impl Endpoint {
    pub(crate) fn new(name: ImageName, hosts: &Hosts) -> Result<Self, Error> {
        let parse = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}/", name.host())).map_err(|cause| {
                Error::new(ErrorKind::InvalidInput, format!("the image {name} has no host that can be asked"))
                    .with_cause(cause)
            })
        };
        let base = parse("https")?;
        let plain_credential = hosts.is_plain(name.host());
        let plain = plain_credential || is_loopback(&base) && !hosts.is_encrypted(name.host());
        let base = if plain { parse("http")? } else { base };
        Ok(Self { name, base, plain_credential, hosts: hosts.clone() })
    }

    /// The origin of the registry.
    pub(crate) fn origin(&self) -> Origin {
        Origin::of(&self.base)
    }

    /// Whether a credential may travel to this URL although it is not https.
    pub(crate) fn may_be_plain(&self, url: &Url) -> bool {
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        is_loopback(url)
            || self.plain_credential && url.host() == self.base.host()
            || self.hosts.is_plain(&host)
    }
}
