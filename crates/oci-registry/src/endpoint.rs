//! A repository and the URL of its registry.

use artifact_http::{Origin, Url, is_loopback};
use artifact_source::{Error, ErrorKind};

use crate::ImageName;

/// The hosts that are configured to use http or https.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    pub(crate) plain: Vec<String>,
    pub(crate) encrypted: Vec<String>,
}

impl Hosts {
    /// Whether the host is configured to use plain http.
    fn is_plain(&self, host: &str) -> bool {
        contains(&self.plain, host)
    }

    /// Whether the host is configured to use https.
    fn is_encrypted(&self, host: &str) -> bool {
        contains(&self.encrypted, host)
    }
}

fn contains(list: &[String], host: &str) -> bool {
    let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
    list.iter().any(|name| name == host || name == without_port)
}

/// A repository and the URL of its registry.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: ImageName,
    /// `https://host/`.
    pub(crate) base: Url,
    /// Whether a credential may be sent over plain http, as the host is configured to use it.
    pub(crate) plain_credential: bool,
    hosts: Hosts,
}

impl Endpoint {
    pub(crate) fn new(name: ImageName, hosts: &Hosts) -> Result<Self, Error> {
        let parse = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}/", name.host())).map_err(|cause| {
                Error::new(ErrorKind::InvalidInput, format!("the host of the image {name} is invalid"))
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

    /// Whether a credential may be sent to this URL although it is not https.
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

/// Gives a URL the scheme and the port of one that is known, if both have one host and the known one uses https: a registry behind a TLS
/// proxy may write its own URLs with http.
pub(crate) fn with_scheme_of(known: &Url, url: &mut Url) {
    let is_downgrade = (known.scheme(), url.scheme()) == ("https", "http");
    // With the port of the known one, plain http would be no answer to anyone.
    let is_own_port = url.port().is_none() || url.port() == known.port_or_known_default();
    if is_downgrade && url.host() == known.host() && is_own_port {
        // A URL with a host takes both.
        let _ = url.set_scheme("https");
        let _ = url.set_port(known.port());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_behind_tls_that_writes_http() {
        for (known, written, expected) in [
            ("https://r.test/a", "http://r.test/b", "https://r.test/b"),
            ("https://r.test:5000/a", "http://r.test/b", "https://r.test:5000/b"),
            ("https://r.test:5000/a", "http://r.test:5000/b", "https://r.test:5000/b"),
            ("https://r.test/a", "http://r.test:443/b", "https://r.test/b"),
            ("https://r.test/a", "http://r.test:5000/b", "http://r.test:5000/b"),
            ("https://r.test/a", "http://other.test/b", "http://other.test/b"),
            ("http://r.test:5000/a", "http://r.test:5000/b", "http://r.test:5000/b"),
        ] {
            let mut url = Url::parse(written).unwrap();
            with_scheme_of(&Url::parse(known).unwrap(), &mut url);
            assert_eq!(url.as_str(), expected, "{known} {written}");
        }
    }
}
