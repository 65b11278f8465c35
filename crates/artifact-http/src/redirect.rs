//! Where a redirect may lead.

use artifact_source::{Error, ErrorKind};
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::Origin;
use crate::request::strip_user_info;

/// Signed URLs are long, but not as long as this.
const LONGEST: usize = 16 << 10;

/// Whether a status of this kind sends a request of this method on, unchanged.
pub(crate) fn leads_on(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301..=303 => *method == Method::GET || *method == Method::HEAD,
        307 | 308 => true,
        _ => false,
    }
}

/// Where a redirect leads. `leads_inside` says whether it is to a private address and must not.
///
/// # Errors
///
/// `BadAnswer` for a place that is no http or https URL; `Refused` for one that the request must not
/// be sent to.
pub(crate) fn target(
    from: &Url,
    headers: &HeaderMap,
    with_credential: bool,
    leads_inside: impl FnOnce(&Url) -> bool,
) -> Result<Url, Error> {
    let bad = |what: &str| Error::new(ErrorKind::BadAnswer, what).with_url(from);
    let location = headers.get(header::LOCATION).ok_or_else(|| bad("a redirect that leads nowhere"))?;
    let location =
        std::str::from_utf8(location.as_bytes()).map_err(|_| bad("a redirect to what is no URL"))?;
    if location.len() > LONGEST {
        return Err(bad(&format!("a redirect to a URL of more than {LONGEST} bytes")));
    }
    let mut to = from.join(location).map_err(|_| bad("a redirect to what is no URL"))?;
    if !matches!(to.scheme(), "http" | "https") || to.host_str().is_none_or(str::is_empty) {
        return Err(bad("a redirect to what is no http or https URL"));
    }
    strip_user_info(&mut to);
    let refused = |why: String| Error::new(ErrorKind::Refused, why).with_url(from);
    if with_credential && from.scheme() == "https" && to.scheme() == "http" {
        return Err(refused(format!(
            "a redirect from https to {}, while a credential is in use",
            Origin::of(&to)
        ))
        .with_hint("a correct server redirects to https"));
    }
    if Origin::of(from) != Origin::of(&to) && leads_inside(&to) {
        return Err(refused(format!(
            "a redirect from a public host to a private address, {}",
            Origin::of(&to)
        )));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_private;

    #[track_caller]
    fn check(from: &str, location: &str, with_credential: bool, expected: Result<&str, ErrorKind>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        let from_url = Url::parse(from).unwrap();
        let to = target(&from_url, &headers, with_credential, |to| is_private(to) && !is_private(&from_url));
        assert_eq!(
            to.as_ref().map(Url::as_str).map_err(Error::kind),
            expected,
            "{from} -> {location}, credential: {with_credential}"
        );
    }

    #[test]
    fn table() {
        let registry = "https://registry.example.com/v2/a/blobs/x";
        check(registry, "/other?a=b", true, Ok("https://registry.example.com/other?a=b"));
        check(registry, "//cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "https://cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "https://u:p@cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "http://cdn.example.com/x", true, Err(ErrorKind::Refused));
        check(registry, "http://cdn.example.com/x", false, Ok("http://cdn.example.com/x"));
        check(registry, "https://127.0.0.1/x", false, Err(ErrorKind::Refused));
        check(registry, "http://169.254.169.254/latest", false, Err(ErrorKind::Refused));
        check(registry, "https://localhost/x", false, Err(ErrorKind::Refused));
        check("http://127.0.0.1:5000/x", "http://127.0.0.1:9000/x", true, Ok("http://127.0.0.1:9000/x"));
        check(registry, "ftp://example.com/x", false, Err(ErrorKind::BadAnswer));
        check(registry, "file:///etc/passwd", false, Err(ErrorKind::BadAnswer));
        check(registry, "http://[", false, Err(ErrorKind::BadAnswer));
        check(registry, &"x".repeat(LONGEST + 1), false, Err(ErrorKind::BadAnswer));
        assert_eq!(
            target(&Url::parse(registry).unwrap(), &HeaderMap::new(), false, is_private).unwrap_err().kind(),
            ErrorKind::BadAnswer
        );
    }

    #[test]
    fn methods() {
        for (status, get, post) in
            [(301, true, false), (302, true, false), (303, true, false), (307, true, true), (308, true, true)]
        {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                (leads_on(status, &Method::GET), leads_on(status, &Method::POST)),
                (get, post),
                "{status}"
            );
        }
        assert!(!leads_on(StatusCode::NOT_MODIFIED, &Method::GET));
        assert!(!leads_on(StatusCode::OK, &Method::GET));
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_says_it_leads_to_http_and_names_nobody(
            location in r"((https?|ftp|file)?:?/{0,3}([a-z]{1,3}(:[a-z]{1,3})?@)?[a-z0-9.\[\]:]{0,12}/?[ -~]{0,20})"
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, location.parse().unwrap());
            let from = Url::parse("https://registry.example.com/v2/").unwrap();
            if let Ok(to) = target(&from, &headers, true, is_private) {
                proptest::prop_assert_eq!(to.scheme(), "https");
                proptest::prop_assert!(to.username().is_empty() && to.password().is_none() && !is_private(&to));
            }
        }
    }
}
