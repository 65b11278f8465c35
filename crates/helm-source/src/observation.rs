//! The recorded state of a discovery, and the question that it answers, in the layout of [`Fingerprint`].

use std::time::{Duration, SystemTime};

use artifact_http::{HeaderMap, Request, Url, header};
use artifact_source::{Chart, Fingerprint, RecordedRule, SourceKind};
use oci_registry::Digest;
use repository_url::without_credential;
use selection_strategies::TagRule;
use serde::{Deserialize, Serialize};

use crate::selection::TagReads;

/// The state of an observation: one of
///
/// ```json
/// {"index": {"etag": "\"5f3c\"", "lastModified": "Sun, 06 Nov 1994 08:49:37 GMT", "url": "sha256:...",
///            "length": 30900000, "content": "sha256:..."}}
/// {"charts": "sha256:..."}
/// ```
///
/// - `index`: the validators of the index. At least one of `etag` and `lastModified` is there. `length` and
///   `content` are there only if they are known.
/// - `charts`: for a registry, the digest of the charts that were found, as a JSON list of texts, best first: `1.0.0`, or where digests are followed
///   `1.0.0@sha256:...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    Index(Validators),
    Charts(Digest),
}

impl State {
    /// The state of tags of which these charts were found. Without digests a chart is its version, so the same versions are the same
    /// charts, whichever manifests the tags point at.
    pub(crate) fn of_charts(charts: &[Chart]) -> Option<Self> {
        let text = |chart: &Chart| match &chart.digest {
            Some(digest) => format!("{}@{digest}", chart.version),
            None => chart.version.clone(),
        };
        let versions: Vec<_> = charts.iter().map(text).collect();
        Some(Self::Charts(Digest::of(&serde_json::to_vec(&versions).ok()?)))
    }
}

/// The fields that a fingerprint has for charts alone.
#[derive(Serialize)]
struct Fields<'q> {
    /// The name of the chart in an index; a repository of a registry holds one chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<&'q str>,
    /// Whether digests are followed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    digests: bool,
    /// Whether the configurations are checked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    config: bool,
}

/// The question for a chart in the index at this URL. The URL may hold a secret, so its digest names the repository.
pub(crate) fn of_index(
    url: &Url,
    chart: &str,
    rule: &TagRule,
    limit: usize,
    digests: bool,
) -> Option<Fingerprint> {
    let repository = Digest::of(without_credential(url.as_str()).as_bytes()).to_string();
    let fields = Fields { chart: Some(chart), digests, config: false };
    Fingerprint::new(&SourceKind::Chart, &repository, RecordedRule::Names(rule), limit, &fields)
}

/// The question for the chart in this repository of a registry.
pub(crate) fn of_tags(
    repository: &str,
    rule: &TagRule,
    limit: usize,
    reads: TagReads,
) -> Option<Fingerprint> {
    let TagReads { digests, config } = reads;
    let fields = Fields { chart: None, digests, config };
    Fingerprint::new(&SourceKind::Chart, repository, RecordedRule::Names(rule), limit, &fields)
}

/// The smallest age of a response for its `Last-Modified` to be a strong validator. Its resolution is a second, and two clocks may differ
/// (RFC 9110, section 8.8.2.2).
const SETTLED: Duration = Duration::from_secs(60);

/// The validators of a response (RFC 9110, section 8.8), from which the server recognizes the state of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    /// The digest of the URL that responded, after redirects, without user, query and fragment: another server may use the same
    /// validators for another file.
    url: Digest,
    /// The `Content-Length` of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    /// The digest of the charts, versions and digests that were read: a server may use the same validators for another index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Digest>,
}

impl Validators {
    /// The validators of a response; `None` if it has none that is reliable.
    pub(crate) fn of(headers: &HeaderMap, url: &Url) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // `If-None-Match: *` would ask whether there is any index.
        let etag = text(header::ETAG).filter(|etag| !matches!(etag.trim(), "" | "*"));
        let last_modified = text(header::LAST_MODIFIED).filter(|modified| {
            let date = text(header::DATE).as_deref().and_then(time);
            let age =
                date.zip(time(modified)).and_then(|(date, modified)| date.duration_since(modified).ok());
            age.is_some_and(|age| age >= SETTLED)
        });
        if etag.is_none() && last_modified.is_none() {
            return None;
        }
        Some(Self { etag, last_modified, url: digest(url), length: length(headers), content: None })
    }

    /// The validators of a response with this content.
    pub(crate) fn with_content(self, content: Digest) -> Self {
        Self { content: Some(content), ..self }
    }

    /// Whether a response with these headers, which says that nothing has changed, says otherwise as well: by another `ETag`,
    /// `Last-Modified` or length. It is then not believed. A response without a body may leave out all of them.
    pub(crate) fn are_contradicted_by(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let strong = |etag: &str| etag.strip_prefix("W/").unwrap_or(etag).to_owned();
        let is_other_etag = match (&self.etag, text(header::ETAG)) {
            (Some(known), Some(now)) => strong(known) != strong(now),
            _ => false,
        };
        let is_other_date = match (
            self.last_modified.as_deref().and_then(time),
            text(header::LAST_MODIFIED).and_then(time),
        ) {
            (Some(known), Some(now)) => known != now,
            _ => false,
        };
        // Some servers write a length of 0, as there is no body.
        let is_other_length = match (self.length, length(headers)) {
            (Some(known), Some(now)) => now != 0 && known != now,
            _ => false,
        };
        is_other_etag || is_other_date || is_other_length
    }

    /// Whether the server gave the same validators for other content: they prove nothing.
    pub(crate) fn are_false_beside(&self, other: &Self) -> bool {
        self.url == other.url
            && self.etag == other.etag
            && self.last_modified == other.last_modified
            && self.content != other.content
    }

    /// The request with these validators as its conditions.
    pub(crate) fn apply(&self, request: Request) -> Request {
        let request = match &self.etag {
            Some(etag) => request.header(header::IF_NONE_MATCH, etag),
            None => request,
        };
        match &self.last_modified {
            Some(modified) => request.header(header::IF_MODIFIED_SINCE, modified),
            None => request,
        }
    }

    /// Whether these are validators of a response from this URL.
    pub(crate) fn are_of(&self, url: &Url) -> bool {
        self.url == digest(url)
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn digest(url: &Url) -> Digest {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    Digest::of(without_credential(url.as_str()).as_bytes())
}

fn time(date: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(date).ok()
}

#[cfg(test)]
mod tests {
    use artifact_source::Observation;
    use serde_json::{Value, json};

    use super::*;

    const URL: &str = "https://example.com/index.yaml?signature=SECRET";

    fn validators(headers: &[(&'static str, &str)]) -> Option<Validators> {
        let headers = headers.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), value.parse::<header::HeaderValue>().unwrap())
        });
        Validators::of(&headers.collect(), &Url::parse(URL).unwrap())
    }

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Option<(Option<&str>, Option<&str>)>) {
        let validators = validators(headers);
        let found = validators.as_ref();
        assert_eq!(
            found.map(|found| (found.etag.as_deref(), found.last_modified.as_deref())),
            expected,
            "{validators:?}"
        );
        assert!(!format!("{validators:?}").contains("SECRET"));
    }

    #[test]
    fn a_recent_last_modified_is_not_a_validator() {
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        check(&[], None);
        check(&[("etag", "\"a\"")], Some((Some("\"a\""), None)));
        check(&[("etag", "*")], None);
        check(&[("last-modified", old)], None);
        check(&[("last-modified", old), ("date", old)], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:36 GMT")], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:37 GMT")], Some((None, Some(old))));
        check(&[("last-modified", "yesterday"), ("date", old)], None);
        check(&[("last-modified", old), ("date", old), ("etag", "W/\"a\"")], Some((Some("W/\"a\""), None)));
    }

    /// The server of the tests writes no length without a body, so this is not tested over the wire.
    #[test]
    fn another_length_contradicts() {
        let known = validators(&[("etag", "\"a\""), ("content-length", "100")]).unwrap();
        for (length, expected) in [("100", false), ("0", false), ("7", true), ("many", false)] {
            let headers = [
                (header::ETAG, header::HeaderValue::from_static("\"a\"")),
                (header::CONTENT_LENGTH, header::HeaderValue::from_static(length)),
            ];
            assert_eq!(known.are_contradicted_by(&headers.into_iter().collect()), expected, "{length}");
        }
    }

    #[track_caller]
    fn is_written_as(fingerprint: Option<Fingerprint>, state: State, question: &str, expected: Value) {
        let fingerprint = fingerprint.expect("a fingerprint");
        let observation = fingerprint.observation(&state).expect("an observation");
        // As values, since the order of keys in the state depends on the features of serde_json.
        let expected = json!({"schema": 4, "fingerprint": question, "state": expected});
        assert_eq!(serde_json::to_value(&observation).unwrap(), expected);
        let observation: Observation = serde_json::from_value(expected).unwrap();
        assert_eq!(fingerprint.recorded(Some(&observation)), Some(state));
    }

    /// Observations are stored for months: these texts change only together with [`Fingerprint::SCHEMA`].
    #[test]
    fn the_layout_is_stable() {
        let url = Url::parse("https://me:SECRET@example.com/index.yaml?token=SECRET").unwrap();
        let date = "Sun, 06 Nov 1994 08:50:37 GMT";
        let headers =
            [("etag", "\"5f3c\""), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", date)];
        is_written_as(
            of_index(&url, "web", &TagRule::chart(Some("^1.0".parse().unwrap())), 20, false),
            State::Index(validators(&headers).unwrap()),
            concat!(
                r#"{"kind":"chart","repository":"sha256:"#,
                "d7f08afb527b01d7eb499e61e85c7951fb8c2813f0ca07c4d4f25830a5269959",
                r#"","rule":{"strategy":"semVer","constraint":"^1.0","strictness":"loose","names":"plain"},"limit":20,"chart":"web"}"#,
            ),
            json!({"index": {
                "etag": "\"5f3c\"",
                "lastModified": "Sun, 06 Nov 1994 08:49:37 GMT",
                "url": "sha256:ceea4b452a0919a43074bd5ef196716fada27b0dca00fa1eb31d2c1be928ba83",
            }}),
        );

        let tags = |digests| {
            let reads = TagReads { digests, config: false };
            of_tags("ghcr.io/org/web", &TagRule::oci_chart(None), 5, reads)
        };
        let question = |end: &str| {
            format!(
                r#"{{"kind":"chart","repository":"ghcr.io/org/web","rule":{{"strategy":"semVer","strictness":"bare","names":"ociChart"}},"limit":5{end}}}"#
            )
        };
        is_written_as(
            tags(false),
            State::of_charts(&[Chart::new("1.1.0+a"), Chart::new("1.0.0")]).unwrap(),
            &question(""),
            json!({"charts": "sha256:2f274e378d554ed231670de8487f98a39edab40f0f685f3eac1f0e06add7a173"}),
        );

        let chart =
            |digest: &str| Chart::new("0.0.0-dev").with_digest(format!("sha256:{}", digest.repeat(32)));
        let state = State::of_charts(&[chart("0a")]).unwrap();
        assert_ne!(state, State::of_charts(&[chart("0b")]).unwrap());
        let digest = Digest::of(format!("[\"0.0.0-dev@sha256:{}\"]", "0a".repeat(32)).as_bytes());
        is_written_as(
            tags(true),
            state,
            &question(r#","digests":true"#),
            json!({"charts": digest.to_string()}),
        );
    }

    /// The layout until version 2, which had a `kind` in the state.
    #[test]
    fn the_layout_before_is_absent() {
        let versions = Digest::of(b"[\"1.0.0\"]").to_string();
        let old = json!({
            "schema": 2,
            "fingerprint": r#"{"kind":"chartTags","repository":"ghcr.io/org/web","rule":{"strategy":"semVer","constraint":null,"strictness":"bare"},"limit":5}"#,
            "state": {"kind": "chartTags", "versions": versions},
        });
        let old: Observation = serde_json::from_value(old).unwrap();
        let fingerprint =
            of_tags("ghcr.io/org/web", &TagRule::oci_chart(None), 5, TagReads::default()).unwrap();
        assert_eq!(fingerprint.recorded::<State>(Some(&old)), None);
    }

    #[test]
    fn a_question_names_what_the_answer_depends_on() {
        let url = |url: &str| Url::parse(url).unwrap();
        let rule = TagRule::chart(None);
        let question = |url: &Url, chart, rule: &TagRule, limit| of_index(url, chart, rule, limit, false);
        let one = question(&url("https://a.test/index.yaml"), "web", &rule, 20);
        assert_eq!(one, question(&url("https://me:SECRET@a.test/index.yaml"), "web", &rule, 20));
        for other in [
            question(&url("https://a.test/index.yaml?a=b"), "web", &rule, 20),
            question(&url("https://a.test/index.yaml"), "api", &rule, 20),
            question(
                &url("https://a.test/index.yaml"),
                "web",
                &TagRule::chart(Some("^1".parse().unwrap())),
                20,
            ),
            question(&url("https://a.test/index.yaml"), "web", &TagRule::semver(None), 20),
            question(&url("https://a.test/index.yaml"), "web", &TagRule::lexical(), 20),
            question(&url("https://a.test/index.yaml"), "web", &TagRule::digest("1.0.0"), 20),
            question(&url("https://a.test/index.yaml"), "web", &rule, 21),
            of_index(&url("https://a.test/index.yaml"), "web", &rule, 20, true),
        ] {
            assert!(other.is_some() && other != one, "{other:?}");
        }
        let filter = selection_strategies::TagFilter::builder().ignore("-rc").build().unwrap();
        let filtered = question(&url("https://a.test/index.yaml"), "web", &rule.with_filter(filter), 20);
        assert!(filtered.is_some() && filtered != one, "{filtered:?}");
    }
}
