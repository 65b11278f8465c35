//! Listing tags.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use artifact_http::{Call, Origin, Request, Response, Url, Visitor};
use artifact_source::{Error, ErrorKind};

use crate::tag_list::{News, TagList};
use crate::{Repository, link};

/// As much as every registry gives; some refuse to be asked for more.
const PAGE: &str = "1000";
const PAGE_BYTES: u64 = 16 << 20;
const MAX_PAGES: usize = 10_000;
/// How many pages may bring nothing new, one after the other. Some registries have empty pages.
const MAX_IDLE: usize = 100;
const LONGEST_LINK: usize = 16 << 10;

impl Repository {
    /// Reads the list page by page.
    pub(crate) async fn list_tags(&self, visitor: &Visitor, call: &Call) -> Result<Vec<String>, Error> {
        let first = self.url("tags/list")?;
        let mut url = first.clone();
        url.set_query(Some(&format!("n={PAGE}")));
        let mut tags = TagList::default();
        let (mut asked, mut idle) = (HashSet::new(), 0);
        for page in 0..MAX_PAGES {
            let mut response = self.page(&url, visitor, call).await?;
            // Quay answers 413 to a page size it finds too large; others say 400.
            if page == 0 && matches!(response.status.as_u16(), 400 | 413) {
                url.clone_from(&first);
                response = self.page(&url, visitor, call).await?;
            }
            self.check(&response, visitor, || format!("there is no repository {}", self.name()))?;
            let news = tags.add(&response.body).map_err(|error| error.with_url(&url))?;
            let is_known = !asked.insert(fingerprint(&url));
            idle = if news == News::Tags { 0 } else { idle + 1 };
            match link::next(&response.headers) {
                None => return Ok(tags.into_sorted()),
                // Old registries ignore the place to go on from, and give the whole list again for ever.
                Some(_) if news == News::AllAgain => return Ok(tags.into_sorted()),
                Some(_) if news == News::None && (is_known || idle > MAX_IDLE) => {
                    let what = "the list of tags goes round in a circle";
                    return Err(Error::new(ErrorKind::BadAnswer, what).with_url(&first));
                }
                Some(next) => url = follow(&url, &next)?,
            }
        }
        let message = format!("the list of tags is longer than {MAX_PAGES} pages");
        Err(Error::new(ErrorKind::TooLarge, message).with_url(&first))
    }

    async fn page(&self, url: &Url, visitor: &Visitor, call: &Call) -> Result<Response, Error> {
        let request =
            Request::get(url).header("accept", "application/json").accept_gzip(true).max_bytes(PAGE_BYTES);
        self.fetch(request, visitor, call).await
    }
}

/// A page's number: two pages of one number are taken for one, which they are but for an accident.
fn fingerprint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    hasher.finish()
}

/// The next page, which is at the same origin.
fn follow(url: &Url, next: &str) -> Result<Url, Error> {
    if next.len() > LONGEST_LINK {
        let message = format!("the list of tags goes on at a URL of more than {LONGEST_LINK} bytes");
        return Err(Error::new(ErrorKind::BadAnswer, message).with_url(url));
    }
    let mut next = url.join(next).map_err(|cause| {
        Error::new(ErrorKind::BadAnswer, "the list of tags goes on at what is no URL")
            .with_url(url)
            .with_cause(cause)
    })?;
    // A registry behind something that speaks https for it may not know that it does. The page is asked for
    // where the first one was.
    if (url.scheme(), next.scheme()) == ("https", "http")
        && next.host() == url.host()
        && next.port().is_none()
    {
        let _ = next.set_scheme("https");
        let _ = next.set_port(url.port());
    }
    if Origin::of(&next) != Origin::of(url) {
        let message = format!("the list of tags goes on at another host, {}", Origin::of(&next));
        return Err(Error::new(ErrorKind::Refused, message).with_url(url));
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, next: &str, expected: Result<&str, ErrorKind>) {
        let next = follow(&Url::parse(url).unwrap(), next);
        assert_eq!(next.as_ref().map(Url::as_str).map_err(Error::kind), expected);
    }

    #[test]
    fn where_lists_go_on() {
        let here = "https://ghcr.io/v2/a/tags/list?n=1";
        let there = "https://ghcr.io/v2/a/tags/list?last=x";
        check(here, "/v2/a/tags/list?last=x", Ok(there));
        check(here, "list?last=x", Ok(there));
        check(here, "?last=x", Ok(there));
        check(here, there, Ok(there));
        check(here, "https://GHCR.io:443/v2/a/tags/list?last=x", Ok(there));
        check(here, "http://ghcr.io/v2/a/tags/list?last=x", Ok(there));
        check("https://r.test:5443/v2/a/tags/list", "http://r.test/x", Ok("https://r.test:5443/x"));
        check(here, "http://ghcr.io:8080/v2/a/tags/list", Err(ErrorKind::Refused));
        check(here, "https://ghcr.io.example.com/v2/a/tags/list", Err(ErrorKind::Refused));
        check(here, "//example.com/v2/a/tags/list", Err(ErrorKind::Refused));
        check("http://ghcr.io/", "https://ghcr.io/", Err(ErrorKind::Refused));
        check(here, "http://[", Err(ErrorKind::BadAnswer));
        check(here, &"x".repeat(LONGEST_LINK + 1), Err(ErrorKind::BadAnswer));
    }
}
