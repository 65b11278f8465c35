//! Objects in memory, behind the part of S3's protocol that clients need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG, LAST_MODIFIED};
use http::{Method, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;

use crate::digest::digest_of;
use crate::lock::lock;

#[derive(Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Stored>>);

struct Stored {
    body: Bytes,
    tag: String,
    modified: SystemTime,
}

impl Memory {
    /// The names and contents, `BUCKET/KEY` each.
    pub(super) fn objects(&self) -> BTreeMap<String, Bytes> {
        lock(&self.0).iter().map(|(name, stored)| (name.clone(), stored.body.clone())).collect()
    }

    pub(super) fn answer(&self, method: &Method, uri: &Uri, body: Bytes) -> Response<Bytes> {
        let name = percent_decode_str(uri.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
        let query = uri.query().unwrap_or_default();
        let mut objects = lock(&self.0);
        match *method {
            Method::GET if query.contains("list-type=2") => {
                let xml = list(&objects, name.trim_end_matches('/'), query);
                respond(StatusCode::OK, None, xml.into())
            }
            Method::GET | Method::HEAD => match objects.get(&name) {
                Some(stored) => respond(StatusCode::OK, Some(stored), stored.body.clone()),
                None => {
                    let page =
                        "<Error><Code>NoSuchKey</Code><Message>The key does not exist</Message></Error>";
                    respond(StatusCode::NOT_FOUND, None, Bytes::from_static(page.as_bytes()))
                }
            },
            Method::PUT => {
                let stored =
                    Stored { tag: format!("\"{}\"", digest_of(&body)), body, modified: SystemTime::now() };
                let answer = respond(StatusCode::OK, Some(&stored), Bytes::new());
                objects.insert(name, stored);
                answer
            }
            Method::DELETE => {
                objects.remove(&name);
                respond(StatusCode::NO_CONTENT, None, Bytes::new())
            }
            _ => respond(StatusCode::METHOD_NOT_ALLOWED, None, Bytes::new()),
        }
    }
}

fn respond(status: StatusCode, stored: Option<&Stored>, body: Bytes) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    if status != StatusCode::NO_CONTENT {
        response = response.header(CONTENT_LENGTH, body.len());
    }
    if let Some(stored) = stored {
        response = response
            .header(ETAG, &stored.tag)
            .header(LAST_MODIFIED, httpdate::fmt_http_date(stored.modified));
    }
    response.body(body).unwrap_or_default()
}

/// One page with everything: names below the prefix, and the folders where a delimiter is asked for.
fn list(objects: &BTreeMap<String, Stored>, bucket: &str, query: &str) -> String {
    let pairs: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let prefix = pairs.get("prefix").map(AsRef::as_ref).unwrap_or_default();
    let has_delimiter = pairs.contains_key("delimiter");
    let (mut contents, mut folders) = (String::new(), BTreeSet::new());
    for (name, stored) in objects {
        let Some(key) = name.strip_prefix(bucket).and_then(|key| key.strip_prefix('/')) else { continue };
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        if let (true, Some((folder, _))) = (has_delimiter, rest.split_once('/')) {
            folders.insert(format!("{prefix}{folder}/"));
            continue;
        }
        let age = stored.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        contents.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            rfc3339(age.as_secs(), age.subsec_millis()),
            stored.tag.replace('"', "&quot;"),
            stored.body.len()
        ));
    }
    let folders: String = folders
        .iter()
        .map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix>\
         <IsTruncated>false</IsTruncated>{contents}{folders}</ListBucketResult>"
    )
}

/// Seconds since 1970 as a date and time.
fn rfc3339(seconds: u64, millis: u32) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // From days to a date, by eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        assert_eq!(super::rfc3339(0, 7), "1970-01-01T00:00:00.007Z");
        assert_eq!(super::rfc3339(951_782_400, 0), "2000-02-29T00:00:00.000Z");
        assert_eq!(super::rfc3339(1_795_953_599, 999), "2026-11-29T11:59:59.999Z");
    }
}
