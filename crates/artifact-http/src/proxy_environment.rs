//! What the environment says about proxies.

use std::ffi::OsString;

use artifact_source::{Error, ErrorKind};
use hyper_util::client::proxy::matcher::Matcher;
use url::{Position, Url};

/// Where the value of a variable is found by its name.
pub(crate) type Variables<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// What the environment says about proxies.
pub(crate) enum ProxyEnvironment {
    /// That there is to be none.
    ShutOff,
    /// Nothing.
    Silent,
    /// Which proxies there are, for http and https, and for whom there is none.
    Says { http: Option<Url>, https: Option<Url>, without: String },
}

impl ProxyEnvironment {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` (for what the first two do not say) and `NO_PROXY`, each in small
    /// letters too where there is none in capitals. What is empty counts as not set.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a variable that counts and names what cannot be a proxy: to go on without would be to ask
    /// directly what somebody meant to be asked through a proxy.
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
        let value = value.into_string().map_err(|_| damaged(name, "it is no text"))?;
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
        Url::parse(&with_scheme).map_err(|reason| damaged(name, &format!("it is no URL ({reason})")))?;
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
        return Err(damaged(name, "it is no URL"));
    }
    Ok(url)
}

fn damaged(name: &str, what: &str) -> Error {
    let message = format!("the proxy in the variable {name} cannot be used: {what}");
    Error::new(ErrorKind::InvalidInput, message)
        .with_hint("http and https are supported: http://proxy.example.com:3128, or http://user:password@... with the user name and password percent-encoded")
}

#[cfg(test)]
mod tests {
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
        refused("http://pu:SECRET@:::bad", "it is no URL (empty host)");
        refused("http://pu:SECRET@proxy.test:port", "it is no URL (invalid port number)");
        refused("proxy.test:99999", "it is no URL (invalid port number)");
        refused("http://", "it is no URL (empty host)");
        refused("http://SECRET proxy.test/", "it is no URL (invalid international domain name)");
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
        refused("http://user:SECRET#SECRET@proxy.test:3128", "it is no URL (invalid port number)");
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
    fn what_is_no_text() {
        use std::os::unix::ffi::OsStringExt as _;
        for name in ["HTTPS_PROXY", "all_proxy", "NO_PROXY"] {
            let variables =
                |asked: &str| (asked == name).then(|| OsString::from_vec(b"http://\xff".to_vec()));
            let error = ProxyEnvironment::read(&variables).err().unwrap();
            assert_eq!(
                error.to_string(),
                format!("the proxy in the variable {name} cannot be used: it is no text")
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_says_it_is_refused_or_followed(value in r"([a-z0-9]{0,6}:?/{0,2})?[ -~é]{0,12}@?[a-z0-9.:\[\]%]{0,12}[ -~]{0,4}") {
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
