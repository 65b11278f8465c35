//! The recorded state of a discovery, and the question that it answers.

use std::time::{Duration, SystemTime};

use artifact_http::{HeaderMap, Request, Url, header};
use artifact_source::{Chart, Observation};
use oci_registry::Digest;
use repository_url::without_credential;
use selection_strategies::{Strictness, TagRule, TagStrategy};
use serde::{Deserialize, Serialize};

/// The version of the layout of [`State`] and [`Question`]. Observations of another version lead to a full discovery.
pub(crate) const SCHEMA: u32 = 2;

/// The state of an [`Observation`], in two layouts that `kind` tells apart:
///
/// ```json
/// {"kind": "chartIndex", "etag": "\"5f3c\"", "lastModified": "Sun, 06 Nov 1994 08:49:37 GMT", "url": "sha256:..."}
/// {"kind": "chartTags", "versions": "sha256:..."}
/// ```
///
/// - `chartIndex`: the validators of the index. At least one of `etag` and `lastModified` is there.
/// - `chartTags`: the digest of the charts that were found, as a JSON list of texts, best first: `1.0.0`, or where digests are followed
///   `1.0.0@sha256:...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum State {
    ChartIndex(Validators),
    ChartTags { versions: Digest },
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
        Some(Self::ChartTags { versions: Digest::of(&serde_json::to_vec(&versions).ok()?) })
    }

    /// The state that was recorded for this question.
    pub(crate) fn recorded(previous: Option<&Observation>, question: Option<&str>) -> Option<Self> {
        previous?.state(SCHEMA, question?)
    }

    /// The observation of this state as the answer to this question.
    pub(crate) fn observation(&self, question: Option<&str>) -> Option<Observation> {
        Observation::new(SCHEMA, question?, self)
    }
}

/// The fingerprint of an [`Observation`]: everything that the answer depends on besides the content of the repository, as JSON.
///
/// ```json
/// {"kind": "chartIndex", "repository": "sha256:...", "chart": "web",
///  "rule": {"strategy": "semVer", "constraint": "^1.0", "strictness": "loose"}, "limit": 20}
/// ```
///
/// `"digests": true` is there only if digests are followed.
#[derive(Serialize)]
pub(crate) struct Question<'q> {
    kind: &'static str,
    /// The name of the repository in a registry; the digest of the URL of an index, which may hold a secret.
    repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<&'q str>,
    rule: RuleFields<'q>,
    limit: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    digests: bool,
}

#[derive(Serialize)]
#[serde(tag = "strategy", rename_all = "camelCase")]
enum RuleFields<'q> {
    SemVer { constraint: Option<&'q str>, strictness: &'static str },
    Lexical,
    Digest { tag: &'q str },
}

impl<'q> Question<'q> {
    /// The fingerprint for a chart in the index at this URL. `None` for a rule with a filter, whose patterns are not recorded.
    pub(crate) fn of_index(
        url: &Url,
        chart: &str,
        rule: &TagRule,
        limit: usize,
        digests: bool,
    ) -> Option<String> {
        let repository = Digest::of(without_credential(url.as_str()).as_bytes()).to_string();
        Question { kind: "chartIndex", repository, chart: Some(chart), rule: fields(rule)?, limit, digests }
            .to_json()
    }

    /// The fingerprint for the chart in this repository of a registry. `None` for a rule with a filter.
    pub(crate) fn of_tags(repository: String, rule: &TagRule, limit: usize, digests: bool) -> Option<String> {
        Question { kind: "chartTags", repository, chart: None, rule: fields(rule)?, limit, digests }.to_json()
    }

    fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

fn fields(rule: &TagRule) -> Option<RuleFields<'_>> {
    if !rule.filter().is_empty() {
        return None;
    }
    Some(match rule.strategy() {
        TagStrategy::SemVer { constraint, strictness } => RuleFields::SemVer {
            constraint: constraint.as_ref().map(|constraint| constraint.original()),
            strictness: match strictness {
                Strictness::Loose => "loose",
                Strictness::Strict => "strict",
                Strictness::Bare => "bare",
            },
        },
        TagStrategy::Lexical => RuleFields::Lexical,
        TagStrategy::Digest { tag } => RuleFields::Digest { tag },
        _ => return None,
    })
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
}

impl Validators {
    /// The validators of a response; `None` if it has none that is reliable.
    pub(crate) fn of(headers: &HeaderMap, url: &Url) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let etag = text(header::ETAG).filter(|etag| !etag.is_empty());
        let last_modified = text(header::LAST_MODIFIED).filter(|modified| {
            let date = text(header::DATE).as_deref().and_then(time);
            let age =
                date.zip(time(modified)).and_then(|(date, modified)| date.duration_since(modified).ok());
            age.is_some_and(|age| age >= SETTLED)
        });
        if etag.is_none() && last_modified.is_none() {
            return None;
        }
        Some(Self { etag, last_modified, url: digest(url) })
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
        check(&[("last-modified", old)], None);
        check(&[("last-modified", old), ("date", old)], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:36 GMT")], None);
        check(&[("last-modified", old), ("date", "Sun, 06 Nov 1994 08:50:37 GMT")], Some((None, Some(old))));
        check(&[("last-modified", "yesterday"), ("date", old)], None);
        check(&[("last-modified", old), ("date", old), ("etag", "W/\"a\"")], Some((Some("W/\"a\""), None)));
    }

    #[track_caller]
    fn is_written_as(observation: Option<Observation>, expected: &str) {
        let observation = observation.expect("an observation");
        // As values, since the order of keys depends on the features of serde_json. The fingerprint is compared as text.
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(serde_json::to_value(&observation).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Observation>(expected).unwrap(), observation);
    }

    /// Observations are stored for months: these texts change only together with `SCHEMA`.
    #[test]
    fn the_json_of_an_observation_of_an_index() {
        let url = Url::parse("https://me:SECRET@example.com/index.yaml?token=SECRET").unwrap();
        let rule = TagRule::chart(Some("^1.0".parse().unwrap()));
        let question = Question::of_index(&url, "web", &rule, 20, false);
        let date = "Sun, 06 Nov 1994 08:50:37 GMT";
        let headers =
            [("etag", "\"5f3c\""), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", date)];
        let state = State::ChartIndex(validators(&headers).unwrap());
        is_written_as(
            state.observation(question.as_deref()),
            concat!(
                r#"{"schema":2,"fingerprint":"{\"kind\":\"chartIndex\",\"repository\":\"sha256:"#,
                "d7f08afb527b01d7eb499e61e85c7951fb8c2813f0ca07c4d4f25830a5269959",
                r#"\",\"chart\":\"web\",\"rule\":{\"strategy\":\"semVer\",\"constraint\":\"^1.0\",\"strictness\":\"loose\"},\"limit\":20}","#,
                r#""state":{"etag":"\"5f3c\"","kind":"chartIndex","lastModified":"Sun, 06 Nov 1994 08:49:37 GMT","url":"sha256:"#,
                "ceea4b452a0919a43074bd5ef196716fada27b0dca00fa1eb31d2c1be928ba83",
                r#""}}"#,
            ),
        );
        assert_eq!(
            State::recorded(state.observation(question.as_deref()).as_ref(), question.as_deref()),
            Some(state)
        );
    }

    #[test]
    fn the_json_of_an_observation_of_tags() {
        let question = Question::of_tags("ghcr.io/org/web".to_owned(), &TagRule::oci_chart(None), 5, false);
        let state = State::of_charts(&[Chart::new("1.1.0+a"), Chart::new("1.0.0")]).unwrap();
        is_written_as(
            state.observation(question.as_deref()),
            concat!(
                r#"{"schema":2,"fingerprint":"{\"kind\":\"chartTags\",\"repository\":\"ghcr.io/org/web\","#,
                r#"\"rule\":{\"strategy\":\"semVer\",\"constraint\":null,\"strictness\":\"bare\"},\"limit\":5}","#,
                r#""state":{"kind":"chartTags","versions":"sha256:"#,
                "2f274e378d554ed231670de8487f98a39edab40f0f685f3eac1f0e06add7a173",
                r#""}}"#,
            ),
        );
    }

    #[test]
    fn the_json_of_an_observation_of_digests() {
        let question = Question::of_tags("ghcr.io/org/web".to_owned(), &TagRule::oci_chart(None), 5, true);
        let chart =
            |digest: &str| Chart::new("0.0.0-dev").with_digest(format!("sha256:{}", digest.repeat(32)));
        let state = State::of_charts(&[chart("0a")]).unwrap();
        assert_ne!(state, State::of_charts(&[chart("0b")]).unwrap());
        is_written_as(
            state.observation(question.as_deref()),
            &format!(
                concat!(
                    r#"{{"schema":2,"fingerprint":"{{\"kind\":\"chartTags\",\"repository\":\"ghcr.io/org/web\","#,
                    r#"\"rule\":{{\"strategy\":\"semVer\",\"constraint\":null,\"strictness\":\"bare\"}},\"limit\":5,\"digests\":true}}","#,
                    r#""state":{{"kind":"chartTags","versions":"{}"}}}}"#,
                ),
                Digest::of(format!("[\"0.0.0-dev@sha256:{}\"]", "0a".repeat(32)).as_bytes()),
            ),
        );
    }

    #[test]
    fn a_question_names_what_the_answer_depends_on() {
        let url = |url: &str| Url::parse(url).unwrap();
        let rule = TagRule::chart(None);
        let question =
            |url: &Url, chart, rule: &TagRule, limit| Question::of_index(url, chart, rule, limit, false);
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
            Question::of_index(&url("https://a.test/index.yaml"), "web", &rule, 20, true),
        ] {
            assert!(other.is_some() && other != one, "{other:?}");
        }
        let filter = selection_strategies::TagFilter::builder().ignore("-rc").build().unwrap();
        assert_eq!(question(&url("https://a.test/index.yaml"), "web", &rule.with_filter(filter), 20), None);
    }
}
