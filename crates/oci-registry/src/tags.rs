//! The list of tags, page by page.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use artifact_http::{Call, Instructions, Origin, Request, Reservation, Response, Url};
use artifact_source::{Error, ErrorKind};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::endpoint::with_scheme_of;
use crate::json;
use crate::reader::Reader;
use crate::tag_names::{TagSet, Tags};

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
    /// The tag after which the page begins, if this client named it and not the registry's link.
    after: Option<String>,
}

/// Reads the list page by page. The list ends at a page without a next link; any failure to read the next page is an error
/// ([rule 3.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///
/// A link to a page that was requested before says that there is more, and not where: some registries return a smaller page than was
/// requested and repeat the request in the link. Then the next page is the one after the last tag, until there is none and its link
/// leads to nothing else.
pub(crate) async fn list(reader: &Reader, call: &Call) -> Result<Tags, Error> {
    let list = reader.url("tags/list")?;
    let memory = reader.http.memory_of_list(call, MOST_MEMORY);
    let lease = memory.lease();
    let read = lease.guard(read_pages(reader, &list, memory, call)).await;
    read.map_err(|error| if error.url().is_none() { error.with_url(&list) } else { error })
}

async fn read_pages(
    reader: &Reader,
    list: &Url,
    mut memory: Reservation,
    call: &Call,
) -> Result<Tags, Error> {
    let mut page = Page { url: list.clone(), public_only: false, after: None };
    let mut size = Some(PAGE_SIZE);
    page.url.query_pairs_mut().extend_pairs(size.map(|size| ("n", size)));
    let mut tags = TagList::default();
    let (mut requested, mut idle) = (HashSet::new(), 0);
    // The tag after which the registry has nothing, since this client asked for the page there.
    let mut end = None;
    for number in 0..MAX_PAGES {
        let mut response = read_page(reader, &page, call).await?;
        // Quay answers 413 to a page size it finds too large; others say 400.
        if number == 0 && matches!(response.status.as_u16(), 400 | 413) {
            size = None;
            page.url.clone_from(list);
            response = read_page(reader, &page, call).await?;
        }
        // A missing page that the page before links to does not end the list.
        if number > 0 && matches!(response.status.as_u16(), 404 | 410) {
            return Err(response.error("a page of the list of tags could not be read").with_transient(false));
        }
        reader.check(&response, || format!("there is no repository {}", reader.endpoint.name))?;
        memory.lease().arrived(response.body.len());
        let needed = tags.memory_with(&response.body);
        if !memory.try_hold(needed)? {
            // The page is not kept while this waits, as others may wait for its memory.
            drop(response);
            memory.hold(needed).await?;
            response = read_page(reader, &page, call).await?;
            reader.check(&response, || format!("there is no repository {}", reader.endpoint.name))?;
            memory.hold(tags.memory_with(&response.body)).await?;
        }
        let is_new = tags.add(&response.body).map_err(|error| error.with_url(&page.url))?;
        if page.after.as_deref().is_some_and(|after| !is_new && !tags.ends_at(after)) {
            return Err(pages_repeat(list));
        }
        end = page.after.take().or(end).filter(|after| !is_new && tags.ends_at(after));
        requested.insert(fingerprint(&page.url));
        idle = if is_new { 0 } else { idle + 1 };
        let Some(next) = next_page(list, response.instructions())? else {
            return Ok(Tags::new(tags.tags, memory));
        };
        if idle > MAX_IDLE_PAGES {
            return Err(pages_repeat(list));
        }
        page = match requested.contains(&fingerprint(&next.url)) {
            false => next,
            // Nothing comes after the last tag, and the links lead to nothing else.
            true if end.is_some() => return Ok(Tags::new(tags.tags, memory)),
            true => page_after(list, size, tags.last_on_page()).ok_or_else(|| pages_repeat(list))?,
        };
    }
    let message = format!("the list of tags is longer than {MAX_PAGES} pages");
    Err(Error::new(ErrorKind::TooLarge, message).with_url(list))
}

/// The page of this size that begins after a tag (distribution spec, "Listing Tags"). `None` if there is no tag.
fn page_after(list: &Url, size: Option<&str>, tag: &str) -> Option<Page> {
    if tag.is_empty() {
        return None;
    }
    let mut url = list.clone();
    url.query_pairs_mut().extend_pairs(size.map(|size| ("n", size))).append_pair("last", tag);
    Some(Page { url, public_only: false, after: Some(tag.to_owned()) })
}

fn pages_repeat(list: &Url) -> Error {
    Error::new(ErrorKind::BadAnswer, "the pages of the list of tags repeat").with_url(list).with_hint(
        "the registry says that there are more tags, and returns those that it has returned before, so that the list may be \
         incomplete: a proxy between this machine and the registry may remove the query of a request",
    )
}

async fn read_page(reader: &Reader, page: &Page, call: &Call) -> Result<Response, Error> {
    let request = Request::get(&page.url)
        .header("accept", "application/json")
        .accept_gzip(true)
        .max_bytes(MAX_PAGE_BYTES)
        .cut_off_if(|response| json::is_truncated(&response.body))
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
        let hint = format!(
            "the registry, or a proxy before it, writes links with a name of its own: let it write them with {}, or as paths alone; \
             if {origin} is the registry's name, use it in the repoURL",
            Origin::of(list)
        );
        return Err(Error::new(ErrorKind::Refused, message).with_url(answered).with_hint(hint));
    };
    let is_below = || next.path().strip_prefix(known.path()).is_some_and(|rest| rest.starts_with('/'));
    if next.path() != known.path() && !is_below() {
        if next.query().is_none_or(str::is_empty) {
            let message = format!("the next page of the list of tags is at another path, {}", next.path());
            return Err(Error::new(ErrorKind::BadAnswer, message).with_url(answered).with_hint(
                "the registry, or a proxy before it, writes the header Link: its query must say where the list goes on",
            ));
        }
        next.set_path(known.path());
    }
    // The caller has named the registry, so that its own address may be private.
    let public_only = public_only && origin != Origin::of(list);
    Ok(Some(Page { url: next, public_only, after: None }))
}

const MAX_TAGS: usize = 1_000_000;
const MAX_TAG_BYTES: usize = 64 << 20;
const MAX_BODY_BYTES: usize = 256 << 20;
/// The names, their places, and what a page adds while it is parsed.
const MOST_MEMORY: u64 = 96 << 20;

/// All tags so far, each once, in the order of their bytes.
///
/// Pages are parsed directly into it: a page of many short tags takes no more memory than its bytes.
#[derive(Debug, Default)]
struct TagList {
    tags: TagSet,
    tag_bytes: usize,
    body_bytes: usize,
    /// The number of tags on the current page.
    on_page: usize,
    /// The last tag of the current page; empty if there is none.
    last_on_page: String,
    /// The limit that the list exceeds.
    exceeded: Option<&'static str>,
}

impl TagList {
    /// Adds a page; returns whether it has a tag that no page before has.
    ///
    /// # Errors
    ///
    /// `BadAnswer` if the page is not a list of tags, `TooLarge` beyond one of the limits.
    fn add(&mut self, page: &[u8]) -> Result<bool, Error> {
        let known = self.tags.len();
        self.on_page = 0;
        self.last_on_page.clear();
        self.body_bytes = self.body_bytes.saturating_add(page.len());
        if self.body_bytes > MAX_BODY_BYTES {
            return Err(too_large("256 MiB"));
        }
        let mut reader = serde_json::Deserializer::from_slice(json::without_mark(page));
        let read = PageSeed(self).deserialize(&mut reader).and_then(|()| reader.end());
        match (self.exceeded, read) {
            (Some(limit), _) => Err(too_large(limit)),
            (None, Ok(())) => Ok(self.tags.len() > known),
            (None, Err(cause)) => Err(Error::new(ErrorKind::BadAnswer, "the answer is not a list of tags")
                .with_hint("check that this is a registry, and not the login page of a proxy")
                .with_cause(cause)),
        }
    }

    /// The last tag of the current page, in the order of the registry; empty if there is none.
    fn last_on_page(&self) -> &str {
        &self.last_on_page
    }

    /// Whether the current page, which was to begin after this tag, says that the list ends there: it is empty, or it is this tag alone
    /// and not the whole list.
    fn ends_at(&self, tag: &str) -> bool {
        self.on_page == 0 || self.on_page == 1 && self.last_on_page == tag && self.tags.len() > 1
    }

    /// The memory that the tags take when this page has been added, at most, in bytes: most names are not new for long.
    fn memory_with(&self, page: &[u8]) -> u64 {
        (self.tags.memory() + 2 * page.len()) as u64
    }

    /// Adds the tag; returns whether the list is within its limits.
    fn insert(&mut self, tag: String) -> bool {
        let length = tag.len();
        self.on_page = self.on_page.saturating_add(1);
        self.last_on_page.clone_from(&tag);
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

    fn sorted(list: TagList) -> Vec<String> {
        Tags::new(list.tags, artifact_http::Reservation::unlimited()).iter().map(str::to_owned).collect()
    }

    #[track_caller]
    fn check_page(page: &str, expected: Result<&[&str], ErrorKind>) {
        let mut list = TagList::default();
        let read = list.add(page.as_bytes()).map_err(|error| error.kind());
        assert_eq!(
            read.map(|_| sorted(list)),
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
    fn what_is_new_and_where_a_list_ends() {
        let mut list = TagList::default();
        let mut check = |page: &str, is_new: bool, last: &str, ends_at_a: bool| {
            assert_eq!(list.add(page.as_bytes()).unwrap(), is_new, "{page}");
            assert_eq!((list.last_on_page(), list.ends_at("a")), (last, ends_at_a), "{page}");
        };
        check(r#"{"tags": []}"#, false, "", true);
        check(r#"{"tags": ["a"]}"#, true, "a", false);
        // The whole list again, which says nothing.
        check(r#"{"tags": ["a"]}"#, false, "a", false);
        check(r#"{"tags": ["b", "a"]}"#, true, "a", false);
        check(r#"{"tags": ["a"]}"#, false, "a", true);
        check(r#"{"tags": ["b"]}"#, false, "b", false);
        check(r#"{"tags": ["a", "a"]}"#, false, "a", false);
        check(r#"{"tags": null}"#, false, "", true);
    }

    #[test]
    fn the_page_after_a_tag() {
        let list = Url::parse("https://r.test/v2/a/tags/list").unwrap();
        let url = |size, tag| page_after(&list, size, tag).map(|page| page.url.to_string());
        let there = "https://r.test/v2/a/tags/list";
        assert_eq!(url(Some("1000"), "1.0_x"), Some(format!("{there}?n=1000&last=1.0_x")));
        assert_eq!(url(None, "a&b"), Some(format!("{there}?last=a%26b")));
        assert_eq!(url(Some("1000"), ""), None);
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
            proptest::prop_assert_eq!(sorted(list), tags.into_iter().collect::<Vec<_>>());
        }
    }
}
