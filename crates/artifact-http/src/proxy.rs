//! The proxy of a URL.

use std::ffi::OsString;
use std::fmt;

use artifact_source::{Error, ErrorKind};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::{Position, Url};

use crate::{Origin, is_loopback};

/// The rules that choose the proxy of a URL, if any.
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

    /// The proxy of this URL.
    ///
    /// Never one for this machine itself: it would be another machine's loopback that is reached, and what may travel in
    /// plain text to this machine, a credential, would travel there.
    pub(crate) fn of(&self, url: &Url) -> Option<Proxy> {
        if is_loopback(url) {
            return None;
        }
        let found = self.rules.intercept(&Origin::of(url).to_string().parse().ok()?)?;
        Some(Proxy { address: intercepted(&found)? })
    }
}

/// The URL of the proxy, with whatever signs in to it.
fn intercepted(found: &Intercept) -> Option<Url> {
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
        let message = format!("the proxy {self} does not speak HTTP");
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

/// Where the value of a variable is found by its name.
pub(crate) type Variables<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// What the environment says about proxies.
pub(crate) enum ProxyEnvironment {
    /// That there is to be none.
    ShutOff,
    /// Nothing.
    Silent,
    /// The proxies for http and https, and the hosts without one.
    Says { http: Option<Url>, https: Option<Url>, without: String },
}

impl ProxyEnvironment {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` (for what the first two do not say) and `NO_PROXY`, each in small
    /// letters too where there is none in capitals. What is empty counts as not set.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a variable that is used does not name a proxy: ignoring it would request
    /// directly what should go through a proxy.
    pub(crate) fn read(variables: &Variables<'_>) -> Result<Self, Error> {
        // In a CGI program HTTP_PROXY is what the request's header `Proxy` says.
        if variables("REQUEST_METHOD").is_some() {
            return Ok(Self::ShutOff);
        }
        let without = first(variables, ["NO_PROXY", "no_proxy"])?.map(|(_, hosts)| hosts).unwrap_or_default();
        // Addresses by number too, which the rules leave out.
        if without.split(',').any(|host| host.trim() == "*") {
            return Ok(Self::ShutOff);
        }
        let all = first(variables, ["ALL_PROXY", "all_proxy"]);
        let one = |names| match first(variables, names)? {
            Some((name, value)) => address(name, &value).map(Some),
            None => match &all {
                Ok(Some((name, value))) => address(name, value).map(Some),
                Ok(None) => Ok(None),
                Err(damaged) => Err(damaged.clone()),
            },
        };
        let (http, https) = (one(["HTTP_PROXY", "http_proxy"])?, one(["HTTPS_PROXY", "https_proxy"])?);
        if http.is_none() && https.is_none() {
            return Ok(Self::Silent);
        }
        Ok(Self::Says { http, https, without })
    }
}

/// The first of these variables that says anything, and what it says.
fn first(
    variables: &Variables<'_>,
    names: [&'static str; 2],
) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        let Some(value) = variables(name) else { continue };
        let value = value.into_string().map_err(|_| damaged(name, "it is not text"))?;
        if !value.trim().is_empty() {
            return Ok(Some((name, value.trim().to_owned())));
        }
    }
    Ok(None)
}

/// The URL of the proxy that the variable names, by its URL or by `host:port`.
fn address(name: &str, value: &str) -> Result<Url, Error> {
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    // What it says is always about the form: no reason names any part of the URL.
    let url =
        Url::parse(&with_scheme).map_err(|reason| damaged(name, &format!("it is not a URL ({reason})")))?;
    if !matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") {
        return Err(damaged(name, "it is spoken to in a way that is not supported"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(damaged(name, "it has no host"));
    }
    if url[Position::AfterPort..].contains('@') {
        return Err(damaged(
            name,
            "a character before its @ ends the host, and must be written as %2F, %3F or %23",
        ));
    }
    let mut url = url;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    // The rules pass over in silence what they cannot read.
    let example = http::Uri::from_static("http://example.com");
    if Matcher::builder().all(url.as_str()).build().intercept(&example).is_none() {
        return Err(damaged(name, "it is not a URL"));
    }
    Ok(url)
}

fn damaged(name: &str, what: &str) -> Error {
    let message = format!("the proxy in the variable {name} cannot be used: {what}");
    Error::new(ErrorKind::InvalidInput, message)
        .with_hint("http and https are supported: http://proxy.example.com:3128, or http://user:password@... with the user name and password percent-encoded")
}

#[cfg(test)]
mod proxy_tests {
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

#[cfg(test)]
mod proxy_environment_tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<ProxyEnvironment, Error> {
        ProxyEnvironment::read(&|name| {
            environment.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).into())
        })
    }

    #[track_caller]
    fn refused(value: &str, what: &str) {
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let error = read(&[(name, value)]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{value}");
            let expected = format!("the proxy in the variable {name} cannot be used: {what}");
            assert_eq!(error.to_string(), expected, "{value}");
            assert!(error.hint().unwrap().starts_with("http and https are supported"), "{value}");
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_a_proxy_is_refused_by_the_name_of_its_variable() {
        let other_way = "it is spoken to in a way that is not supported";
        refused("http://pu:SECRET@:::bad", "it is not a URL (empty host)");
        refused("http://pu:SECRET@proxy.test:port", "it is not a URL (invalid port number)");
        refused("proxy.test:99999", "it is not a URL (invalid port number)");
        refused("http://", "it is not a URL (empty host)");
        refused("http://SECRET proxy.test/", "it is not a URL (invalid international domain name)");
        refused("socks9://u:SECRET@proxy.test", other_way);
        refused("socks://proxy.test", other_way);
        refused("ftp://proxy.test", other_way);
        refused("file:///SECRET", other_way);
        refused("socks5://", "it has no host");
        let ends = "a character before its @ ends the host, and must be written as %2F, %3F or %23";
        refused("http://user/SECRET@proxy.test:3128", ends);
        refused("http://user:12/SECRET@proxy.test:3128", ends);
        refused("http://user:12#SECRET@proxy.test:3128", ends);
        refused("http://user:12?SECRET@proxy.test:3128", ends);
        refused("http://user:SECRET#SECRET@proxy.test:3128", "it is not a URL (invalid port number)");
    }

    #[test]
    fn only_variables_that_count_are_looked_at() {
        let bad = "socks9://u:SECRET@proxy.test";
        let (http, https) = (("HTTP_PROXY", "http://a.test"), ("HTTPS_PROXY", "http://a.test"));
        for fine in [
            [http, https, ("ALL_PROXY", bad)],
            [http, https, ("http_proxy", bad)],
            [("HTTP_PROXY", bad), https, ("NO_PROXY", "*")],
            [("HTTP_PROXY", bad), https, ("REQUEST_METHOD", "GET")],
            [("HTTP_PROXY", ""), ("HTTPS_PROXY", " "), ("ALL_PROXY", "")],
        ] {
            assert!(read(&fine).is_ok(), "{fine:?}");
        }
        assert!(read(&[http, ("ALL_PROXY", bad)]).is_err(), "it is what https would be asked through");
        assert!(read(&[("HTTP_PROXY", ""), ("http_proxy", bad)]).is_err());
        assert!(matches!(read(&[("NO_PROXY", "a.test")]), Ok(ProxyEnvironment::Silent)));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_text() {
        use std::os::unix::ffi::OsStringExt as _;
        for name in ["HTTPS_PROXY", "all_proxy", "NO_PROXY"] {
            let variables =
                |asked: &str| (asked == name).then(|| OsString::from_vec(b"http://\xff".to_vec()));
            let error = ProxyEnvironment::read(&variables).err().unwrap();
            assert_eq!(
                error.to_string(),
                format!("the proxy in the variable {name} cannot be used: it is not text")
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_refused_or_followed(value in r"([a-z0-9]{0,6}:?/{0,2})?[ -~é]{0,12}@?[a-z0-9.:\[\]%]{0,12}[ -~]{0,4}") {
            match read(&[("ALL_PROXY", &value)]) {
                Ok(ProxyEnvironment::Says { http, https, .. }) => {
                    proptest::prop_assert!(http.is_some() && https.is_some());
                }
                Ok(_) => proptest::prop_assert!(value.trim().is_empty()),
                Err(error) => proptest::prop_assert_eq!(error.kind(), ErrorKind::InvalidInput),
            }
        }
    }
}
