//! Listing tags.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use artifact_http::{Call, Identity, Instructions, Origin, Request, Response, Url};
use artifact_source::{Error, ErrorKind};

use crate::Repository;
use crate::tag_list::{News, TagList};

/// As much as every registry gives; some refuse to be asked for more.
const PAGE: &str = "1000";
const PAGE_BYTES: u64 = 16 << 20;
const MAX_PAGES: usize = 10_000;
/// How many pages may bring nothing new, one after the other. Some registries have empty pages.
const MAX_IDLE: usize = 100;

/// A page of the list, and whether only a public address may answer for it.
#[derive(Debug, PartialEq)]
struct Page {
    url: Url,
    public_only: bool,
}

impl Repository {
    /// Reads the list page by page. A list ends where a page has no next link; anything else that keeps the next page from being read
    /// is an error (semantics, rule 3.11).
    pub(crate) async fn list_tags(&self, identity: &Identity, call: &Call) -> Result<Vec<String>, Error> {
        let list = self.url("tags/list")?;
        let mut page = Page { url: list.clone(), public_only: false };
        page.url.set_query(Some(&format!("n={PAGE}")));
        let mut tags = TagList::default();
        let (mut asked, mut idle) = (HashSet::new(), 0);
        for number in 0..MAX_PAGES {
            let mut response = self.page(&page, identity, call).await?;
            // Quay answers 413 to a page size it finds too large; others say 400.
            if number == 0 && matches!(response.status.as_u16(), 400 | 413) {
                page.url.clone_from(&list);
                response = self.page(&page, identity, call).await?;
            }
            // A part of an answer, and a page that the one before led to and that is not there, are no end of a list.
            if response.status.as_u16() == 206 || number > 0 && matches!(response.status.as_u16(), 404 | 410)
            {
                return Err(response
                    .error("a page of the list of tags could not be read")
                    .with_transient(false));
            }
            self.check(&response, identity, || format!("there is no repository {}", self.name()))?;
            let news = tags.add(&response.body).map_err(|error| error.with_url(&page.url))?;
            let is_known = !asked.insert(fingerprint(&page.url));
            idle = if news == News::Tags { 0 } else { idle + 1 };
            let Some(next) = next_page(&list, response.instructions())? else {
                return Ok(tags.into_sorted());
            };
            match news {
                // Old registries ignore where to go on from, and give the whole list again for ever. A page that is full by its own
                // link's measure proves nothing: something may have dropped the query.
                News::AllAgain if size_of(&next.url).is_some_and(|size| tags.on_last_page() < size) => {
                    return Ok(tags.into_sorted());
                }
                News::AllAgain | News::None if is_known || idle > MAX_IDLE => {
                    return Err(Error::new(ErrorKind::BadAnswer, "the list of tags goes round in a circle")
                        .with_url(&list)
                        .with_hint(
                            "something between here and the registry may drop the query of a request",
                        ));
                }
                _ => page = next,
            }
        }
        let message = format!("the list of tags is longer than {MAX_PAGES} pages");
        Err(Error::new(ErrorKind::TooLarge, message).with_url(&list))
    }

    async fn page(&self, page: &Page, identity: &Identity, call: &Call) -> Result<Response, Error> {
        let request = Request::get(&page.url)
            .header("accept", "application/json")
            .accept_gzip(true)
            .max_bytes(PAGE_BYTES)
            .public_only(page.public_only);
        self.fetch(request, identity, call).await
    }
}

/// A page's number: two pages of one number are taken for one, which they are but for an accident.
fn fingerprint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    hasher.finish()
}

/// The page that this one leads to: at the registry, or at the server that it redirected this page to, and at the path of the list.
/// Where a proxy has taken a part of the path away that the registry does not know of, the query of the link counts alone.
///
/// # Errors
///
/// `BadAnswer` for a link that cannot be read or leads to another path without a query; `Refused` for one to another host.
fn next_page(list: &Url, instructions: &Instructions) -> Result<Option<Page>, Error> {
    let Some(mut next) = instructions.next_link()? else { return Ok(None) };
    let answered = instructions.url();
    let origins = [(list, false), (answered, instructions.public_only())];
    // A registry behind something that speaks https for it may not know that it does. The page is asked for
    // where the first one was.
    for (known, _) in origins {
        if (known.scheme(), next.scheme()) == ("https", "http")
            && next.host() == known.host()
            && next.port().is_none()
        {
            let _ = next.set_scheme("https");
            let _ = next.set_port(known.port());
        }
    }
    let origin = Origin::of(&next);
    let Some((known, public_only)) = origins.into_iter().find(|(known, _)| Origin::of(known) == origin)
    else {
        let message = format!("the list of tags goes on at another host, {origin}");
        return Err(Error::new(ErrorKind::Refused, message).with_url(answered));
    };
    let is_below = || next.path().strip_prefix(known.path()).is_some_and(|rest| rest.starts_with('/'));
    if next.path() != known.path() && !is_below() {
        if next.query().is_none_or(str::is_empty) {
            let message = format!("the list of tags goes on at another path, {}", next.path());
            return Err(Error::new(ErrorKind::BadAnswer, message).with_url(answered));
        }
        next.set_path(known.path());
    }
    // What is asked of the registry by its own name is where the caller wants to go.
    let public_only = public_only && origin != Origin::of(list);
    Ok(Some(Page { url: next, public_only }))
}

/// How many tags a page has, as the link to the next one says.
fn size_of(url: &Url) -> Option<usize> {
    let (_, size) = url.query_pairs().find(|(name, _)| name == "n")?;
    size.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a page at `answered` leads whose list is at `list`.
    #[track_caller]
    fn check_at(list: &str, answered: &str, link: &str, expected: Result<(&str, bool), ErrorKind>) {
        let answered = Url::parse(answered).unwrap();
        let mut headers = artifact_http::HeaderMap::new();
        headers.insert(artifact_http::header::LINK, format!("<{link}>; rel=next").parse().unwrap());
        let instructions = Instructions::new(&answered, false, &headers);
        let next = next_page(&Url::parse(list).unwrap(), &instructions);
        let next = next.map(Option::unwrap).map_err(|error| error.kind());
        let next = next.as_ref().map(|page| (page.url.as_str(), page.public_only)).map_err(|kind| *kind);
        assert_eq!(next, expected, "{link}");
    }

    #[track_caller]
    fn check(answered: &str, link: &str, expected: Result<&str, ErrorKind>) {
        check_at(answered, answered, link, expected.map(|url| (url, false)));
    }

    #[test]
    fn where_lists_go_on() {
        let here = "https://ghcr.io/v2/a/tags/list";
        let there = "https://ghcr.io/v2/a/tags/list?last=x";
        check(here, "/v2/a/tags/list?last=x", Ok(there));
        check(here, "list?last=x", Ok(there));
        check(here, "?last=x", Ok(there));
        check(here, there, Ok(there));
        check(here, "https://GHCR.io:443/v2/a/tags/list?last=x", Ok(there));
        check(here, "https://me:pw@ghcr.io/v2/a/tags/list?last=x", Ok(there));
        check(here, "http://ghcr.io/v2/a/tags/list?last=x", Ok(there));
        check(here, "/v2/a/tags/list/page2", Ok("https://ghcr.io/v2/a/tags/list/page2"));
        let with_port = "https://r.test:5443/v2/a/tags/list";
        check(with_port, "http://r.test/v2/a/tags/list?x", Ok("https://r.test:5443/v2/a/tags/list?x"));
        check(here, "http://ghcr.io:8080/v2/a/tags/list", Err(ErrorKind::Refused));
        check(here, "https://ghcr.io.example.com/v2/a/tags/list", Err(ErrorKind::Refused));
        check(here, "//example.com/v2/a/tags/list", Err(ErrorKind::Refused));
        check("http://ghcr.io/v2/a/tags/list", "https://ghcr.io/v2/a/tags/list", Err(ErrorKind::Refused));
        check(here, "http://[", Err(ErrorKind::BadAnswer));
    }

    #[test]
    fn a_link_to_another_path_gives_its_query_alone() {
        let list = "https://r.test/v2/docker/a/tags/list";
        check(list, "/v2/a/tags/list?last=x&n=2", Ok("https://r.test/v2/docker/a/tags/list?last=x&n=2"));
        check(list, "/v2/other/secrets/list?last=x", Ok("https://r.test/v2/docker/a/tags/list?last=x"));
        check(list, "/v2/docker/a/tags/listing?last=x", Ok("https://r.test/v2/docker/a/tags/list?last=x"));
        check(list, "/v2/a/tags/list", Err(ErrorKind::BadAnswer));
        check(list, "/v2/a/tags/list?", Err(ErrorKind::BadAnswer));
    }

    #[test]
    fn after_a_redirect_the_list_goes_on_there_or_at_the_registry() {
        let list = "https://front.test/v2/a/tags/list";
        let check = |link: &str, expected| {
            check_at(list, "https://back.test/v2/x/a/tags/list?n=1000", link, expected)
        };
        check("?last=x", Ok(("https://back.test/v2/x/a/tags/list?last=x", true)));
        check("/v2/a/tags/list?last=x", Ok(("https://back.test/v2/x/a/tags/list?last=x", true)));
        check(
            "https://front.test/v2/x/a/tags/list?last=x",
            Ok(("https://front.test/v2/a/tags/list?last=x", false)),
        );
        check("https://third.test/v2/a/tags/list?last=x", Err(ErrorKind::Refused));
        check("https://127.0.0.1/v2/a/tags/list?last=x", Err(ErrorKind::Refused));
    }

    #[test]
    fn sizes_of_pages() {
        for (url, size) in [
            ("https://r.test/?n=5&last=x", Some(5)),
            ("https://r.test/?last=n%3D5", None),
            ("https://r.test/?n=", None),
            ("https://r.test/", None),
        ] {
            assert_eq!(size_of(&Url::parse(url).unwrap()), size, "{url}");
        }
    }
}
