//! `tags/list` and its pages.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::error::{name_unknown, refuse};
use super::read::set;
use super::service::RegistryService;
use crate::loopback::{Body, full};

impl RegistryService {
    /// Distribution spec, "Listing Tags". `n=0` is an empty list; an `n` that is no number is a 400.
    pub(super) fn list_tags(&self, repository: &str, query: &str) -> Response<Body> {
        let asked = Asked::of(query);
        let limit = match self.limit(&asked) {
            Ok(limit) => limit,
            Err(refused) => return *refused,
        };
        let last = asked.last.as_deref().filter(|_| !self.habits.ignore_paging);
        let Some((mut tags, more)) = self.store.tag_page(repository, last, limit) else {
            return name_unknown();
        };
        let complete = self.habits.link_after_full_page && tags.len() == limit;
        let next = tags.last().filter(|_| more || complete).map(|last| self.next(repository, last, limit));
        if self.habits.reverse_tags {
            tags.reverse();
        }
        let mut response = Response::new(full(json!({ "name": repository, "tags": tags }).to_string()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(next) = next {
            set(&mut response, LINK, &next);
        }
        response
    }

    fn limit(&self, asked: &Asked<'_>) -> Result<usize, Box<Response<Body>>> {
        if self.habits.ignore_paging {
            return Ok(usize::MAX);
        }
        let largest = self.habits.page_size.unwrap_or(usize::MAX);
        let Some(asked) = asked.n.as_deref() else { return Ok(largest) };
        match asked.parse::<usize>() {
            Err(_) => Err(Box::new(refuse(
                StatusCode::BAD_REQUEST,
                "PAGINATION_NUMBER_INVALID",
                "invalid number of results requested",
            ))),
            Ok(asked) if asked > largest && self.habits.refuse_larger_pages => Err(Box::new(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SIZE_INVALID",
                "the page size is too large",
            ))),
            Ok(asked) => Ok(asked.min(largest)),
        }
    }

    fn next(&self, repository: &str, last: &str, limit: usize) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .append_pair("n", &limit.to_string())
            .finish();
        let origin = if self.habits.absolute_links { self.url.as_str() } else { "" };
        format!("<{origin}/v2/{repository}/tags/list?{query}>; rel=\"next\"")
    }
}

struct Asked<'a> {
    n: Option<Cow<'a, str>>,
    last: Option<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    fn of(query: &'a str) -> Self {
        let mut asked = Self { n: None, last: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "n" if !value.is_empty() => asked.n = Some(value),
                "last" if !value.is_empty() => asked.last = Some(value),
                _ => {}
            }
        }
        asked
    }
}
