//! The headers of a response that direct the next request, with the server that sent them.

mod challenge;
mod link;

use std::fmt;
use std::net::IpAddr;

use artifact_source::{Error, ErrorKind, redact_url};
use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::Origin;
use crate::credential::strip_user_info;
use link::Malformed;

pub use challenge::Challenge;

/// The longest URL that is followed, in bytes.
const LONGEST_URL: usize = 16 << 10;
/// The headers that direct the next request. [`Response::headers`](crate::Response::headers) does not hold them.
const INSTRUCTING: [http::HeaderName; 4] =
    [header::WWW_AUTHENTICATE, header::LINK, header::LOCATION, header::REFRESH];

/// The part of a response that a client acts on: challenges, links and a location, together with the server that sent them.
///
/// The server is the requested one, or one that it redirected to. Only this type exposes these headers, together
/// with their [origin](Self::origin): a challenge is answered with the credential of the origin that sent it,
/// and of no other.
#[derive(Clone)]
pub struct Instructions {
    url: Url,
    /// Whether the server that was asked led to this URL.
    is_redirected: bool,
    private: bool,
    peer: Option<IpAddr>,
    challenges: Vec<Challenge>,
    links: Vec<HeaderValue>,
    location: Option<HeaderValue>,
}

impl Instructions {
    /// The instructions in these headers, which the server at this URL sent. `private` says whether it is at a private address.
    pub fn new(url: &Url, private: bool, headers: &HeaderMap) -> Self {
        let challenges = Challenge::parse_all(headers.get_all(header::WWW_AUTHENTICATE));
        let links = headers.get_all(header::LINK).into_iter().cloned().collect();
        let location = headers.get(header::LOCATION).cloned();
        Self { url: url.clone(), is_redirected: false, private, peer: None, challenges, links, location }
    }

    /// The same, taken out of the headers.
    pub(crate) fn take(headers: &mut HeaderMap, url: &Url, private: bool, peer: Option<IpAddr>) -> Self {
        let instructions = Self { peer, ..Self::new(url, private, headers) };
        for name in INSTRUCTING {
            headers.remove(name);
        }
        instructions
    }

    /// The same in the answer to a request for this URL.
    pub(crate) fn in_answer_to(self, requested: Option<&Url>) -> Self {
        let is_redirected = requested.is_some_and(|requested| *requested != self.url);
        Self { is_redirected, ..self }
    }

    /// The URL that answered, as a message shows it: without credentials and the values of its query, and where a redirect led to it without its path, because
    /// the server may have put a secret there.
    pub fn shown_url(&self) -> String {
        match self.is_redirected {
            true => format!("{}/...", self.origin()),
            false => redact_url(self.url.as_str()),
        }
    }

    /// The origin of the server that sent the response, after any redirects.
    pub fn origin(&self) -> Origin {
        Origin::of(&self.url)
    }

    /// Whether the server is out on the internet, so that what it names must be there too: pass it on to
    /// [`Request::public_only`](crate::Request::public_only).
    pub fn public_only(&self) -> bool {
        !self.private
    }

    /// The address of the server if it is private, and known: see [`Request::private_answers_from`](crate::Request::private_answers_from).
    pub fn private_peer(&self) -> Option<IpAddr> {
        self.peer.filter(|_| self.private)
    }

    /// The challenges of `WWW-Authenticate`, in their order.
    pub fn challenges(&self) -> &[Challenge] {
        &self.challenges
    }

    /// The URL of the link whose relation is `next`, relative to the URL that answered, without user and fragment. It may be at any origin.
    ///
    /// Where no link has this relation, a link without any counts, and one with an unknown relation, such as `rel="next,"`, whose target has
    /// the last segment of the path that answered or is in the same folder: a list never ends because its server misspells.
    ///
    /// # Errors
    ///
    /// [`BadAnswer`](ErrorKind::BadAnswer) for a `Link` header that cannot be read, for several next links, and for a target that is not
    /// a URL of at most 16 KiB.
    pub fn next_link(&self) -> Result<Option<Url>, Error> {
        let bad = |what: &str| {
            Error::new(ErrorKind::BadAnswer, what).with_url(self.shown_url()).with_hint(
                "the server, or a proxy before it, writes the header Link (RFC 8288), and must name one next page in it: \
                 what cannot be followed to its end is not used in part",
            )
        };
        let targets = link::next(&self.links, |target| self.may_be_page(target))
            .map_err(|Malformed| bad("the Link header of the answer cannot be read"))?;
        let mut next = None;
        for target in targets {
            if target.len() > LONGEST_URL {
                return Err(bad(&format!("the next page's URL has more than {LONGEST_URL} bytes")));
            }
            let mut url = self.url.join(&target).map_err(|_| bad("the next page's URL is not valid"))?;
            strip_user_info(&mut url);
            url.set_fragment(None);
            // Some servers give one page in several spellings.
            if next.replace(url.clone()).is_some_and(|known| known != url) {
                return Err(bad("the Link header of the answer names several next pages"));
            }
        }
        Ok(next)
    }

    /// Whether this target of a link may be a page of what answered, by its path. A proxy may have changed the first part of the path.
    fn may_be_page(&self, target: &str) -> bool {
        // What is not a URL is not known to be anything else.
        let Ok(url) = self.url.join(target) else { return true };
        let split =
            |path: &str| path.rsplit_once('/').map(|(folder, name)| (folder.to_owned(), name.to_owned()));
        match (split(url.path()), split(self.url.path())) {
            (Some((folder, name)), Some((own_folder, own_name))) => name == own_name || folder == own_folder,
            _ => true,
        }
    }

    /// The URL of the `Location` of a response that is not a redirect, such as that of an upload that has begun: relative to the URL that
    /// answered, without user and fragment. It may be at any origin. `None` if there is no such header.
    ///
    /// # Errors
    ///
    /// [`BadAnswer`](ErrorKind::BadAnswer) for a location that is not an http or https URL of at most 16 KiB.
    pub fn location(&self) -> Result<Option<Url>, Error> {
        let bad = |what: &str| Error::new(ErrorKind::BadAnswer, what).with_url(self.shown_url());
        let Some(location) = &self.location else { return Ok(None) };
        if location.len() > LONGEST_URL {
            return Err(bad(&format!("the location in the answer is longer than {LONGEST_URL} bytes")));
        }
        let text = std::str::from_utf8(location.as_bytes()).ok();
        let url = text.and_then(|text| self.url.join(text).ok());
        let is_http = |url: &Url| {
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
        };
        let mut url = url
            .filter(is_http)
            .ok_or_else(|| bad("the location in the answer is not an http or https URL"))?;
        strip_user_info(&mut url);
        url.set_fragment(None);
        Ok(Some(url))
    }

    /// The URL that answered.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instructions")
            .field("origin", &self.origin())
            .field("private", &self.private)
            .field("challenges", &self.challenges.len())
            .field("links", &self.links.len())
            .field("location", &self.location.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(link: &str, expected: Result<Option<&str>, &str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::LINK, HeaderValue::from_str(link).unwrap());
        headers.insert(header::ETAG, HeaderValue::from_static("x"));
        let url = Url::parse("https://u.test/v2/a/tags/list?n=1#x").unwrap();
        let instructions = Instructions::take(&mut headers, &url, false, None);
        assert_eq!(headers.len(), 1, "only what is not an instruction stays");
        let next = instructions.next_link();
        let next = next.as_ref().map(|next| next.as_ref().map(Url::as_str)).map_err(Error::message);
        assert_eq!(next, expected);
    }

    #[test]
    fn next_links() {
        let there = Ok(Some("https://u.test/v2/a/tags/list?last=x"));
        check("</v2/a/tags/list?last=x>; rel=next", there);
        check("<list?last=x>; rel=next", there);
        check("<?last=x>; rel=next", there);
        check("<https://me:pw@U.test:443/v2/a/tags/list?last=x#y>; rel=next", there);
        check("<//other.test/x>; rel=next", Ok(Some("https://other.test/x")));
        check("<>; rel=next", Ok(Some("https://u.test/v2/a/tags/list?n=1")));
        check("</x>; rel=prev", Ok(None));
        check("<?last=x>; rel=\"next,\"", there);
        check("<page2>; rel=nextpage", Ok(Some("https://u.test/v2/a/tags/page2")));
        check("<//other.test/a/tags/list>; rel=nextpage", Ok(Some("https://other.test/a/tags/list")));
        check("</style.css>; rel=nextpage", Ok(None));
        check("<http://[>; rel=nextpage", Err("the next page's URL is not valid"));
        check("<http://[>; rel=next", Err("the next page's URL is not valid"));
        check("<x", Err("the Link header of the answer cannot be read"));
        check("<?last=x>; rel=next, <https://u.test/v2/a/tags/list?last=x#y>; rel=next", there);
        check(
            "<?last=x>; rel=next, <?last=y>; rel=next",
            Err("the Link header of the answer names several next pages"),
        );
        check("</x>, </y>", Err("the Link header of the answer names several next pages"));
        let long = format!("<{}>; rel=next", "x".repeat(LONGEST_URL + 1));
        check(&long, Err("the next page's URL has more than 16384 bytes"));
    }

    #[track_caller]
    fn check_location(location: &str, expected: Result<Option<&str>, &str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_bytes(location.as_bytes()).unwrap());
        let url = Url::parse("https://u.test/v2/a/blobs/uploads/?x=1#y").unwrap();
        let instructions = Instructions::take(&mut headers, &url, false, None);
        assert!(headers.is_empty());
        let found = instructions.location();
        let found = found.as_ref().map(|url| url.as_ref().map(Url::as_str)).map_err(Error::message);
        assert_eq!(found, expected, "{location}");
    }

    #[test]
    fn locations() {
        let session = Ok(Some("https://u.test/v2/a/blobs/uploads/7?_state=a%3D"));
        check_location("/v2/a/blobs/uploads/7?_state=a%3D", session);
        check_location("7?_state=a%3D", session);
        check_location("https://me:SECRET@u.test:443/v2/a/blobs/uploads/7?_state=a%3D#x", session);
        check_location("//other.test/x", Ok(Some("https://other.test/x")));
        check_location("http://u.test/x", Ok(Some("http://u.test/x")));
        let none = Err("the location in the answer is not an http or https URL");
        for bad in ["ftp://u.test/x", "file:///etc/passwd", "data:text/plain,x", "http://["] {
            check_location(bad, none);
        }
        let long = "x".repeat(LONGEST_URL + 1);
        check_location(&long, Err("the location in the answer is longer than 16384 bytes"));
        let url = Url::parse("https://u.test/").unwrap();
        assert_eq!(Instructions::new(&url, false, &HeaderMap::new()).location().unwrap(), None);
    }
}
