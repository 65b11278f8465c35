//! Which proxy a URL is asked through.

use std::fmt;

use artifact_source::{Error, ErrorKind};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::proxy_environment::{ProxyEnvironment, Variables};
use crate::{Origin, is_loopback};

/// The rules that say which proxy a URL is asked through, if any.
pub(crate) struct Proxies {
    rules: Matcher,
}

impl Proxies {
    /// What the environment says; where that names no proxy at all, what the settings of the system say.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a variable that names what cannot be a proxy.
    pub(crate) fn from_environment(variables: &Variables<'_>) -> Result<Option<Self>, Error> {
        Ok(match ProxyEnvironment::read(variables)? {
            ProxyEnvironment::ShutOff => None,
            ProxyEnvironment::Silent => Some(Self { rules: Matcher::from_system() }),
            ProxyEnvironment::Says { http, https, without } => {
                let text = |proxy: Option<Url>| proxy.map_or_else(String::new, String::from);
                let rules = Matcher::builder().http(text(http)).https(text(https)).no(without).build();
                Some(Self { rules })
            }
        })
    }

    /// The proxy that this URL is asked through.
    ///
    /// Never one for this machine itself: it would be another machine's loopback that is reached, and what may travel in
    /// plain text to this machine, a credential, would travel there.
    pub(crate) fn of(&self, url: &Url) -> Option<Proxy> {
        if is_loopback(url) {
            return None;
        }
        let found = self.rules.intercept(&Origin::of(url).to_string().parse().ok()?)?;
        Some(Proxy { address: address(&found)? })
    }
}

/// The URL of the proxy, with whatever signs in to it.
fn address(found: &Intercept) -> Option<Url> {
    let mut address = Url::parse(&found.uri().to_string()).ok()?;
    let basic = found.basic_auth().and_then(|header| header.to_str().ok()?.strip_prefix("Basic "));
    if let Some(basic) = basic {
        let pair = String::from_utf8(BASE64_STANDARD.decode(basic).ok()?).ok()?;
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        // A `%` is the one character that is taken to be encoded already.
        address.set_username(&user.replace('%', "%25")).ok()?;
        address.set_password(Some(&password.replace('%', "%25"))).ok()?;
    }
    Some(address)
}

/// A proxy. What is shown of it is without whatever signs in to it.
pub(crate) struct Proxy {
    address: Url,
}

impl Proxy {
    /// Its URL, with whatever signs in to it.
    pub(crate) fn into_address(self) -> Url {
        self.address
    }

    /// Whether user name or password are sent to it.
    pub(crate) fn is_signed_in_to(&self) -> bool {
        !self.address.username().is_empty() || self.address.password().is_some_and(|word| !word.is_empty())
    }

    /// # Errors
    ///
    /// `InvalidInput` for one that is spoken to in another way than HTTP.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Error> {
        if matches!(self.address.scheme(), "http" | "https") {
            return Ok(());
        }
        let message = format!("the proxy {self} is none for HTTP");
        Err(Error::new(ErrorKind::InvalidInput, message)
            .with_url(url)
            .with_hint("set HTTP_PROXY and HTTPS_PROXY to http:// or https:// URLs"))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Origin::of(&self.address).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxy of the URL, as it is shown and with what signs in to it, where the environment is this.
    #[track_caller]
    fn check(environment: &[(&str, &str)], url: &str, expected: Option<(&str, &str)>) {
        let variable = |name: &str| {
            environment.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).into())
        };
        let proxies = Proxies::from_environment(&variable).unwrap();
        let found = proxies.and_then(|proxies| proxies.of(&Url::parse(url).unwrap()));
        let found = found.map(|proxy| (proxy.to_string(), proxy.into_address().to_string()));
        let found = found.as_ref().map(|(shown, address)| (shown.as_str(), address.as_str()));
        assert_eq!(found, expected, "{environment:?} {url}");
    }

    const ANY: [(&str, &str); 1] = [("ALL_PROXY", "http://proxy.test:3128")];
    const PROXY: Option<(&str, &str)> = Some(("http://proxy.test:3128", "http://proxy.test:3128/"));

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        for host in [
            "127.0.0.1",
            "127.1.2.3:5000",
            "127.1",
            "0x7f000001",
            "[::1]:5000",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST:5000",
            "localhost.",
            "registry.localhost",
        ] {
            for scheme in ["http", "https"] {
                check(&ANY, &format!("{scheme}://{host}/v2/"), None);
            }
        }
        for host in
            ["128.0.0.1", "10.0.0.1", "[::2]", "[64:ff9b::127.0.0.1]", "localhost.test", "notlocalhost"]
        {
            for scheme in ["http", "https"] {
                check(&ANY, &format!("{scheme}://{host}/v2/"), PROXY);
            }
        }
    }

    #[test]
    fn no_proxy() {
        for without in ["10.0.0.1", "example.com, 10.0.0.0/8", "*", "a.test,*"] {
            for name in ["NO_PROXY", "no_proxy"] {
                check(&[ANY[0], (name, without)], "http://10.0.0.1:5000/", None);
            }
        }
        for without in ["10.0.0.2", "", "11.0.0.0/8", "0.0.1"] {
            check(&[ANY[0], ("NO_PROXY", without)], "http://10.0.0.1:5000/", PROXY);
        }
        for without in ["inside.test", ".inside.test", "INSIDE.test"] {
            check(&[ANY[0], ("NO_PROXY", without)], "https://inside.test/", None);
            check(&[ANY[0], ("NO_PROXY", without)], "https://a.inside.test:5000/", None);
            check(&[ANY[0], ("NO_PROXY", without)], "https://notinside.test/", PROXY);
        }
        check(&[ANY[0], ("NO_PROXY", ""), ("no_proxy", "a.test")], "https://a.test/", None);
        check(&[ANY[0], ("REQUEST_METHOD", "GET")], "https://a.test/", None);
    }

    #[test]
    fn which_variable_is_for_which_scheme() {
        let both = [("HTTP_PROXY", "http://a.test"), ("HTTPS_PROXY", "https://b.test:1"), ANY[0]];
        check(&both, "http://x.test/", Some(("http://a.test", "http://a.test/")));
        check(&both, "https://x.test/", Some(("https://b.test:1", "https://b.test:1/")));
        check(&both[..1], "https://x.test/", None);
        check(&[both[0], ANY[0]], "https://x.test/", PROXY);
        check(&[("HTTP_PROXY", " "), ("http_proxy", "proxy.test:3128")], "http://x.test/", PROXY);
        check(&[("HTTP_PROXY", ""), ANY[0]], "http://x.test/", PROXY);
        check(&[("HTTP_PROXY", "proxy.test:3128"), ("http_proxy", ":::")], "http://x.test/", PROXY);
    }

    #[test]
    fn who_signs_in_is_sent_as_it_is_and_never_shown() {
        for (pair, sent) in [
            ("me:word", "me:word"),
            ("me", "me"),
            ("me:p%2Fw%25%3A%40", "me:p%2Fw%25%3A%40"),
            ("me:p@w:x", "me:p%40w%3Ax"),
            ("d%5Cme:%2541", "d%5Cme:%2541"),
        ] {
            let value = format!("http://{pair}@proxy.test:3128/");
            let sent = format!("http://{sent}@proxy.test:3128/");
            check(&[("ALL_PROXY", &value)], "https://x.test/", Some(("http://proxy.test:3128", &sent)));
        }
    }
}
