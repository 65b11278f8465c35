//! The tags of a repository while its pages come in.

use std::collections::BTreeSet;
use std::fmt;

use artifact_source::{Error, ErrorKind};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub(crate) const MAX_TAGS: usize = 1_000_000;
pub(crate) const MAX_TAG_BYTES: usize = 64 << 20;
pub(crate) const MAX_BODY_BYTES: usize = 256 << 20;

/// All tags so far, each once, in the order of their bytes.
///
/// A page goes straight into it: a page of nothing but commas takes no more memory than its bytes, however many tags
/// that may be.
#[derive(Debug, Default)]
pub(crate) struct TagList {
    tags: BTreeSet<String>,
    tag_bytes: usize,
    body_bytes: usize,
    /// How many tags the page has that is being read.
    on_page: usize,
    beyond: Option<&'static str>,
}

/// What a page brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Tags that were not known.
    Tags,
    /// Everything that was known, once more.
    AllAgain,
    /// Nothing, or part of what was known.
    None,
}

impl TagList {
    /// Adds a page, and says what it brought.
    ///
    /// # Errors
    ///
    /// `BadAnswer` for what is no list of tags, `TooLarge` beyond one of the limits.
    pub(crate) fn add(&mut self, page: &[u8]) -> Result<News, Error> {
        let known = self.tags.len();
        self.on_page = 0;
        self.body_bytes = self.body_bytes.saturating_add(page.len());
        if self.body_bytes > MAX_BODY_BYTES {
            return Err(too_large("256 MiB"));
        }
        let mut reader = serde_json::Deserializer::from_slice(page);
        let read = Page(self).deserialize(&mut reader).and_then(|()| reader.end());
        match (self.beyond, read) {
            (Some(limit), _) => Err(too_large(limit)),
            (None, Ok(())) if self.tags.len() > known => Ok(News::Tags),
            (None, Ok(())) if known > 0 && self.on_page >= known && distinct(page) == known => {
                Ok(News::AllAgain)
            }
            (None, Ok(())) => Ok(News::None),
            (None, Err(cause)) => Err(Error::new(ErrorKind::BadAnswer, "the answer is no list of tags")
                // An answer without a length may have been cut short.
                .with_transient(cause.is_eof())
                .with_hint("is this a registry, and not the login page of something in front of it?")
                .with_cause(cause)),
        }
    }

    /// How many tags the last page had.
    pub(crate) fn on_last_page(&self) -> usize {
        self.on_page
    }

    pub(crate) fn into_sorted(self) -> Vec<String> {
        self.tags.into_iter().collect()
    }

    /// Whether there is room for the tag, which is then in.
    fn take(&mut self, tag: String) -> bool {
        let length = tag.len();
        self.on_page = self.on_page.saturating_add(1);
        if self.tags.insert(tag) {
            self.tag_bytes = self.tag_bytes.saturating_add(length);
        }
        if self.tags.len() > MAX_TAGS {
            self.beyond = Some("a million tags");
        } else if self.tag_bytes > MAX_TAG_BYTES {
            self.beyond = Some("64 MiB of tags");
        }
        self.beyond.is_none()
    }
}

/// How many different tags a page has that was read already.
fn distinct(page: &[u8]) -> usize {
    let mut alone = TagList::default();
    // It was read without an error a moment ago.
    let _ = Page(&mut alone).deserialize(&mut serde_json::Deserializer::from_slice(page));
    alone.tags.len()
}

fn too_large(limit: &str) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the list of tags is longer than {limit}"))
}

/// `{"name": ..., "tags": [...]}`, of which only the tags count.
struct Page<'a>(&'a mut TagList);

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut seen, mut is_named) = (false, false);
        while let Some(key) = map.next_key::<String>()? {
            // Go reads the names of fields in any case.
            match &*key.to_ascii_lowercase() {
                "tags" if std::mem::replace(&mut seen, true) => {
                    return Err(serde::de::Error::duplicate_field("tags"));
                }
                "tags" => map.next_value_seed(Tags(self.0))?,
                "errors"
                    if map
                        .next_value::<serde_json::Value>()?
                        .as_array()
                        .is_some_and(|list| !list.is_empty()) =>
                {
                    return Err(serde::de::Error::custom("it holds errors"));
                }
                "errors" => {}
                key => {
                    is_named |= key == "name";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // Some registries leave an empty list out, but not the name of the repository.
        if !seen && !is_named {
            return Err(serde::de::Error::custom("it holds neither tags nor the name of a repository"));
        }
        Ok(())
    }
}

/// A list of strings, or `null` for an empty one.
struct Tags<'a>(&'a mut TagList);

impl<'de> DeserializeSeed<'de> for Tags<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tags<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tags")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(tag) = list.next_element::<String>()? {
            if !self.0.take(tag) {
                return Err(serde::de::Error::custom("too many tags"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: Result<&[&str], ErrorKind>) {
        let mut list = TagList::default();
        let read = list.add(page.as_bytes()).map_err(|error| error.kind());
        assert_eq!(
            read.map(|_| list.into_sorted()),
            expected.map(|tags| tags.iter().map(|&tag| tag.to_owned()).collect())
        );
    }

    #[test]
    fn pages() {
        check(r#"{"name": "a", "tags": ["b", "a", "b"]}"#, Ok(&["a", "b"]));
        check(r#"{"tags": null}"#, Ok(&[]));
        check(r#"{"tags": [], "more": [[{}]]}"#, Ok(&[]));
        check(r#"{"name": "a"}"#, Ok(&[]));
        check(r#"{"Name": "a", "Tags": ["a"]}"#, Ok(&["a"]));
        check(r#"{"name": "a", "tags": ["a"], "errors": []}"#, Ok(&["a"]));
        check(r#"{"tags": ["\u0000\n", ""]}"#, Ok(&["", "\0\n"]));
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
            check(bad, Err(ErrorKind::BadAnswer));
        }
        let deep = format!(r#"{{"x": {}{}, "tags": ["a"]}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
        check(&deep, Ok(&["a"]));
        check(&format!(r#"{{"tags": {}"#, "[".repeat(1 << 20)), Err(ErrorKind::BadAnswer));
    }

    #[test]
    fn what_is_new() {
        let mut list = TagList::default();
        let mut add = |page: &str| list.add(page.as_bytes()).unwrap();
        assert_eq!(add(r#"{"tags": []}"#), News::None);
        assert_eq!(add(r#"{"tags": ["a"]}"#), News::Tags);
        assert_eq!(add(r#"{"tags": ["a"]}"#), News::AllAgain);
        assert_eq!(add(r#"{"tags": ["a", "b"]}"#), News::Tags);
        assert_eq!(add(r#"{"tags": ["b"]}"#), News::None);
        assert_eq!(add(r#"{"tags": ["b", "b"]}"#), News::None, "one tag twice is not the whole list");
        assert_eq!(add(r#"{"tags": ["b", "a", "a"]}"#), News::AllAgain);
        assert_eq!(add(r#"{"tags": null}"#), News::None);
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
        fn what_a_registry_writes_is_read(tags in proptest::collection::btree_set(".{0,12}", 0..20)) {
            let page = serde_json::json!({ "name": "a", "tags": tags }).to_string();
            let mut list = TagList::default();
            list.add(page.as_bytes()).unwrap();
            proptest::prop_assert_eq!(list.into_sorted(), tags.into_iter().collect::<Vec<_>>());
        }
    }
}
