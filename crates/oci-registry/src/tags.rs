//! The list of tags, page by page.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use artifact_http::{Call, Instructions, Origin, Request, Response, Url};
use artifact_source::{Error, ErrorKind};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::endpoint::with_scheme_of;
use crate::reader::Reader;

/// The page size that all registries accept; some refuse a larger one.
const PAGE_SIZE: &str = "1000";
const MAX_PAGE_BYTES: u64 = 16 << 20;
const MAX_PAGES: usize = 10_000;
/// The number of consecutive pages without a new tag. Some registries have empty pages.
const MAX_IDLE_PAGES: usize = 100;

/// A page of the list, and whether it is requested only at a public address.
#[derive(Debug, PartialEq)]
struct Page {
    url: Url,
    public_only: bool,
}

/// Reads the list page by page. The list ends at a page without a next link; any failure to read the next page is an error
/// ([rule 3.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) async fn list(reader: &Reader, call: &Call) -> Result<Vec<String>, Error> {
    let list = reader.url("tags/list")?;
    let mut page = Page { url: list.clone(), public_only: false };
    page.url.set_query(Some(&format!("n={PAGE_SIZE}")));
    let mut tags = TagList::default();
    let (mut requested, mut idle) = (HashSet::new(), 0);
    for number in 0..MAX_PAGES {
        let mut response = read_page(reader, &page, call).await?;
        // Quay answers 413 to a page size it finds too large; others say 400.
        if number == 0 && matches!(response.status.as_u16(), 400 | 413) {
            page.url.clone_from(&list);
            response = read_page(reader, &page, call).await?;
        }
        // A partial response, and a missing page that the page before links to, do not end the list.
        if response.status.as_u16() == 206 || number > 0 && matches!(response.status.as_u16(), 404 | 410) {
            return Err(response.error("a page of the list of tags could not be read").with_transient(false));
        }
        reader.check(&response, || format!("there is no repository {}", reader.endpoint.name))?;
        let content = tags.add(&response.body).map_err(|error| error.with_url(&page.url))?;
        let is_known = !requested.insert(fingerprint(&page.url));
        idle = if content == PageContent::New { 0 } else { idle + 1 };
        let Some(next) = next_page(&list, response.instructions())? else {
            return Ok(tags.into_sorted());
        };
        match content {
            // Old registries ignore the start of a page and return the whole list each time. A page as long as its link says
            // proves nothing: a proxy may have removed the query.
            PageContent::Repeated if size_of(&next.url).is_some_and(|size| tags.on_last_page() < size) => {
                return Ok(tags.into_sorted());
            }
            PageContent::Repeated | PageContent::Nothing if is_known || idle > MAX_IDLE_PAGES => {
                return Err(Error::new(ErrorKind::BadAnswer, "the pages of the list of tags repeat")
                    .with_url(&list)
                    .with_hint(
                        "a proxy between this machine and the registry may remove the query of a request",
                    ));
            }
            _ => page = next,
        }
    }
    let message = format!("the list of tags is longer than {MAX_PAGES} pages");
    Err(Error::new(ErrorKind::TooLarge, message).with_url(&list))
}

async fn read_page(reader: &Reader, page: &Page, call: &Call) -> Result<Response, Error> {
    let request = Request::get(&page.url)
        .header("accept", "application/json")
        .accept_gzip(true)
        .max_bytes(MAX_PAGE_BYTES)
        .public_only(page.public_only);
    reader.fetch(request, call).await
}

/// The hash of a page's URL.
fn fingerprint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    hasher.finish()
}

/// The next page: at the registry, or at the server that it redirected this page to, and at the path of the list. Only the query of
/// the link is used if its path is another one, since a proxy may have removed a prefix of it.
///
/// # Errors
///
/// `BadAnswer` for an invalid link and for one to another path without a query; `Refused` for one to another host.
fn next_page(list: &Url, instructions: &Instructions) -> Result<Option<Page>, Error> {
    let Some(mut next) = instructions.next_link()? else { return Ok(None) };
    let answered = instructions.url();
    let origins = [(list, false), (answered, instructions.public_only())];
    // The next page is requested with the scheme of the first one.
    for (known, _) in origins {
        with_scheme_of(known, &mut next);
    }
    let origin = Origin::of(&next);
    let Some((known, public_only)) = origins.into_iter().find(|(known, _)| Origin::of(known) == origin)
    else {
        let message = format!("the next page of the list of tags is at another host, {origin}");
        return Err(Error::new(ErrorKind::Refused, message).with_url(answered));
    };
    let is_below = || next.path().strip_prefix(known.path()).is_some_and(|rest| rest.starts_with('/'));
    if next.path() != known.path() && !is_below() {
        if next.query().is_none_or(str::is_empty) {
            let message = format!("the next page of the list of tags is at another path, {}", next.path());
            return Err(Error::new(ErrorKind::BadAnswer, message).with_url(answered));
        }
        next.set_path(known.path());
    }
    // The caller has named the registry, so that its own address may be private.
    let public_only = public_only && origin != Origin::of(list);
    Ok(Some(Page { url: next, public_only }))
}

/// The page size in a link.
fn size_of(url: &Url) -> Option<usize> {
    let (_, size) = url.query_pairs().find(|(name, _)| name == "n")?;
    size.parse().ok()
}

const MAX_TAGS: usize = 1_000_000;
const MAX_TAG_BYTES: usize = 64 << 20;
const MAX_BODY_BYTES: usize = 256 << 20;

/// All tags so far, each once, in the order of their bytes.
///
/// Pages are parsed directly into it: a page of many short tags takes no more memory than its bytes.
#[derive(Debug, Default)]
struct TagList {
    tags: BTreeSet<String>,
    tag_bytes: usize,
    body_bytes: usize,
    /// The number of tags on the current page.
    on_page: usize,
    /// The limit that the list exceeds.
    exceeded: Option<&'static str>,
}

/// The content of a page, compared with the pages before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageContent {
    /// New tags.
    New,
    /// All known tags again.
    Repeated,
    /// No tags, or some of the known ones.
    Nothing,
}

impl TagList {
    /// Adds a page.
    ///
    /// # Errors
    ///
    /// `BadAnswer` if the page is not a list of tags, `TooLarge` beyond one of the limits.
    fn add(&mut self, page: &[u8]) -> Result<PageContent, Error> {
        let known = self.tags.len();
        self.on_page = 0;
        self.body_bytes = self.body_bytes.saturating_add(page.len());
        if self.body_bytes > MAX_BODY_BYTES {
            return Err(too_large("256 MiB"));
        }
        let mut reader = serde_json::Deserializer::from_slice(page);
        let read = PageSeed(self).deserialize(&mut reader).and_then(|()| reader.end());
        match (self.exceeded, read) {
            (Some(limit), _) => Err(too_large(limit)),
            (None, Ok(())) if self.tags.len() > known => Ok(PageContent::New),
            (None, Ok(())) if known > 0 && self.on_page >= known && distinct(page) == known => {
                Ok(PageContent::Repeated)
            }
            (None, Ok(())) => Ok(PageContent::Nothing),
            (None, Err(cause)) => Err(Error::new(ErrorKind::BadAnswer, "the answer is not a list of tags")
                // A response without a length may have been truncated.
                .with_transient(cause.is_eof())
                .with_hint("check that this is a registry, and not the login page of a proxy")
                .with_cause(cause)),
        }
    }

    /// The number of tags on the last page.
    fn on_last_page(&self) -> usize {
        self.on_page
    }

    fn into_sorted(self) -> Vec<String> {
        self.tags.into_iter().collect()
    }

    /// Adds the tag; returns whether the list is within its limits.
    fn insert(&mut self, tag: String) -> bool {
        let length = tag.len();
        self.on_page = self.on_page.saturating_add(1);
        if self.tags.insert(tag) {
            self.tag_bytes = self.tag_bytes.saturating_add(length);
        }
        if self.tags.len() > MAX_TAGS {
            self.exceeded = Some("a million tags");
        } else if self.tag_bytes > MAX_TAG_BYTES {
            self.exceeded = Some("64 MiB of tags");
        }
        self.exceeded.is_none()
    }
}

/// The number of different tags on a page that was parsed before.
fn distinct(page: &[u8]) -> usize {
    let mut alone = TagList::default();
    // It was parsed without an error before.
    let _ = PageSeed(&mut alone).deserialize(&mut serde_json::Deserializer::from_slice(page));
    alone.tags.len()
}

fn too_large(limit: &str) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the list of tags is longer than {limit}"))
}

/// Parses `{"name": ..., "tags": [...]}` into the list.
struct PageSeed<'a>(&'a mut TagList);

impl<'de> DeserializeSeed<'de> for PageSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PageSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut seen, mut is_named) = (false, false);
        while let Some(key) = map.next_key::<String>()? {
            // As Go does, names of fields are compared without case.
            match &*key.to_ascii_lowercase() {
                "tags" if std::mem::replace(&mut seen, true) => {
                    return Err(serde::de::Error::duplicate_field("tags"));
                }
                "tags" => map.next_value_seed(TagsSeed(self.0))?,
                "errors"
                    if map
                        .next_value::<serde_json::Value>()?
                        .as_array()
                        .is_some_and(|list| !list.is_empty()) =>
                {
                    return Err(serde::de::Error::custom("the object has errors"));
                }
                "errors" => {}
                key => {
                    is_named |= key == "name";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // Some registries leave out an empty list, but not the name of the repository.
        if !seen && !is_named {
            return Err(serde::de::Error::custom("the object has neither tags nor the name of a repository"));
        }
        Ok(())
    }
}

/// Parses a list of strings, or `null` for an empty one, into the list.
struct TagsSeed<'a>(&'a mut TagList);

impl<'de> DeserializeSeed<'de> for TagsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TagsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tags")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(tag) = list.next_element::<String>()? {
            if !self.0.insert(tag) {
                return Err(serde::de::Error::custom("too many tags"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the next page of a list at `list` whose page was received from `answered`.
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
    fn next_pages() {
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
    fn only_the_query_of_a_link_to_another_path_is_used() {
        let list = "https://r.test/v2/docker/a/tags/list";
        check(list, "/v2/a/tags/list?last=x&n=2", Ok("https://r.test/v2/docker/a/tags/list?last=x&n=2"));
        check(list, "/v2/other/secrets/list?last=x", Ok("https://r.test/v2/docker/a/tags/list?last=x"));
        check(list, "/v2/docker/a/tags/listing?last=x", Ok("https://r.test/v2/docker/a/tags/list?last=x"));
        check(list, "/v2/a/tags/list", Err(ErrorKind::BadAnswer));
        check(list, "/v2/a/tags/list?", Err(ErrorKind::BadAnswer));
    }

    #[test]
    fn after_a_redirect_the_next_page_is_there_or_at_the_registry() {
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
    fn page_sizes() {
        for (url, size) in [
            ("https://r.test/?n=5&last=x", Some(5)),
            ("https://r.test/?last=n%3D5", None),
            ("https://r.test/?n=", None),
            ("https://r.test/", None),
        ] {
            assert_eq!(size_of(&Url::parse(url).unwrap()), size, "{url}");
        }
    }

    #[track_caller]
    fn check_page(page: &str, expected: Result<&[&str], ErrorKind>) {
        let mut list = TagList::default();
        let read = list.add(page.as_bytes()).map_err(|error| error.kind());
        assert_eq!(
            read.map(|_| list.into_sorted()),
            expected.map(|tags| tags.iter().map(|&tag| tag.to_owned()).collect())
        );
    }

    #[test]
    fn pages() {
        check_page(r#"{"name": "a", "tags": ["b", "a", "b"]}"#, Ok(&["a", "b"]));
        check_page(r#"{"tags": null}"#, Ok(&[]));
        check_page(r#"{"tags": [], "more": [[{}]]}"#, Ok(&[]));
        check_page(r#"{"name": "a"}"#, Ok(&[]));
        check_page(r#"{"Name": "a", "Tags": ["a"]}"#, Ok(&["a"]));
        check_page(r#"{"name": "a", "tags": ["a"], "errors": []}"#, Ok(&["a"]));
        check_page(r#"{"tags": ["\u0000\n", ""]}"#, Ok(&["", "\0\n"]));
        for bad in [
            "",
            "{}",
            r#"{"repositories": ["a"]}"#,
            r#"{"errors": [{"code": "TOOMANYREQUESTS"}]}"#,
            r#"{"name": "a", "errors": [{"code": "UNAUTHORIZED"}]}"#,
            "[]",
            "null",
            r#"["a"]"#,
            r#"{"tags": "a"}"#,
            r#"{"tags": {"a": 1}}"#,
            r#"{"tags": [1]}"#,
            r#"{"tags": [null]}"#,
            r#"{"tags": ["a"]} x"#,
            r#"{"tags": ["a"]"#,
            r#"{"tags": ["a"], "tags": ["b"]}"#,
            "<html>",
        ] {
            check_page(bad, Err(ErrorKind::BadAnswer));
        }
        let deep = format!(r#"{{"x": {}{}, "tags": ["a"]}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
        check_page(&deep, Ok(&["a"]));
        check_page(&format!(r#"{{"tags": {}"#, "[".repeat(1 << 20)), Err(ErrorKind::BadAnswer));
    }

    #[test]
    fn the_content_of_pages() {
        let mut list = TagList::default();
        let mut add = |page: &str| list.add(page.as_bytes()).unwrap();
        assert_eq!(add(r#"{"tags": []}"#), PageContent::Nothing);
        assert_eq!(add(r#"{"tags": ["a"]}"#), PageContent::New);
        assert_eq!(add(r#"{"tags": ["a"]}"#), PageContent::Repeated);
        assert_eq!(add(r#"{"tags": ["a", "b"]}"#), PageContent::New);
        assert_eq!(add(r#"{"tags": ["b"]}"#), PageContent::Nothing);
        assert_eq!(
            add(r#"{"tags": ["b", "b"]}"#),
            PageContent::Nothing,
            "one tag twice is not the whole list"
        );
        assert_eq!(add(r#"{"tags": ["b", "a", "a"]}"#), PageContent::Repeated);
        assert_eq!(add(r#"{"tags": null}"#), PageContent::Nothing);
    }

    #[test]
    fn limits() {
        #[track_caller]
        fn check(page: impl Fn(usize) -> String, expected: &str) {
            let mut list = TagList::default();
            let error = (0..).find_map(|number| list.add(page(number).as_bytes()).err()).unwrap();
            assert_eq!((error.kind(), error.message()), (ErrorKind::TooLarge, expected));
        }
        let many = |page| {
            let tags: Vec<String> = (0..50_000).map(|tag| format!("\"{page}-{tag}\"")).collect();
            format!(r#"{{"tags": [{}]}}"#, tags.join(","))
        };
        check(many, "the list of tags is longer than a million tags");
        let long = |page| format!(r#"{{"tags": ["{page}{}"]}}"#, "x".repeat(8 << 20));
        check(long, "the list of tags is longer than 64 MiB of tags");
        let page = br#"{"tags": ["x"]}"#;
        let mut list = TagList { body_bytes: MAX_BODY_BYTES - page.len(), ..TagList::default() };
        list.add(page).unwrap();
        assert_eq!(list.add(page).unwrap_err().message(), "the list of tags is longer than 256 MiB");
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(page in r#"(\{"tags":)?[\[\]{}",:a-z0-9\\ ]{0,60}"#) {
            let _ = TagList::default().add(page.as_bytes());
        }

        #[test]
        fn valid_pages_are_parsed(tags in proptest::collection::btree_set(".{0,12}", 0..20)) {
            let page = serde_json::json!({ "name": "a", "tags": tags }).to_string();
            let mut list = TagList::default();
            list.add(page.as_bytes()).unwrap();
            proptest::prop_assert_eq!(list.into_sorted(), tags.into_iter().collect::<Vec<_>>());
        }
    }
}
