//! The state of a source between two calls.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use selection_strategies::{NameKind, Strictness, TagRule, TagStrategy};

use crate::SourceKind;

/// What a source saw, to be handed back on the next call so that it may do less.
///
/// It is plain data: it can be written to disk, put into a Kubernetes object and read back by a
/// later version of the program. A program that keeps it need not understand it, and an observation that
/// does not fit (of another subscription, another schema, or damaged) leads to a full discovery,
/// never to an error.
///
/// ```
/// use artifact_source::Observation;
///
/// let seen = Observation::new(1, "main of example.com/a", &["abc"]).unwrap();
/// assert_eq!(seen.state(1, "main of example.com/a"), Some(vec!["abc".to_owned()]));
/// assert_eq!(seen.state::<Vec<String>>(2, "main of example.com/a"), None); // another schema
/// assert_eq!(seen.state::<Vec<String>>(1, "dev of example.com/a"), None); // another subscription
/// assert_eq!(seen.state::<u64>(1, "main of example.com/a"), None); // not what was written
/// ```
///
/// The sources of images, commits and charts write one layout: see [`Fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    schema: u32,
    fingerprint: String,
    state: serde_json::Value,
}

impl Observation {
    /// An observation of this state.
    ///
    /// `schema` is the number of the state's layout, to be raised whenever that changes.
    /// `fingerprint` names everything about the subscription that the state depends on; it must
    /// not hold a credential, since observations are stored. `None` where the state has no JSON
    /// form (a map whose keys are not strings).
    pub fn new(schema: u32, fingerprint: impl Into<String>, state: &impl Serialize) -> Option<Self> {
        Some(Self { schema, fingerprint: fingerprint.into(), state: serde_json::to_value(state).ok()? })
    }

    /// The state, if it was recorded under this schema for this subscription and reads as `S`.
    pub fn state<S: DeserializeOwned>(&self, schema: u32, fingerprint: &str) -> Option<S> {
        if self.schema != schema || self.fingerprint != fingerprint {
            return None;
        }
        S::deserialize(&self.state).ok()
    }

    /// The state, if a source of this kind has recorded it under its [`Fingerprint`], with any question, and it deserializes as `S`.
    pub fn state_of<S: DeserializeOwned>(&self, kind: &SourceKind) -> Option<S> {
        #[derive(Deserialize)]
        struct Kind {
            kind: SourceKind,
        }
        if self.schema != Fingerprint::SCHEMA {
            return None;
        }
        let recorded: Kind = serde_json::from_str(&self.fingerprint).ok()?;
        if recorded.kind != *kind {
            return None;
        }
        S::deserialize(&self.state).ok()
    }
}

/// The question that an [`Observation`] answers: everything that the answer depends on besides the content of the repository.
///
/// Observations are stored for months, so their layout is fixed and has a version, and is the same for images, commits and charts:
///
/// ```json
/// {
///   "schema": 4,
///   "fingerprint": "{\"kind\":\"image\",\"repository\":\"ghcr.io/org/web\",\"rule\":{\"strategy\":\"semVer\",\"constraint\":\"^1.0\",\"strictness\":\"strict\",\"names\":\"plain\"},\"limit\":20}",
///   "state": {"digests": {"1.1.0": "sha256:..."}, "found": ["1.1.0"]}
/// }
/// ```
///
/// - `schema` is [`SCHEMA`](Self::SCHEMA). An observation with another schema is ignored.
/// - `fingerprint` is JSON as text, since its fields have an order: `kind`, `repository`, `rule`, `limit`, then the fields that only this kind of source has. A field
///   without a value is left out.
/// - `rule` has `strategy` (`semVer` with `constraint` and `strictness`: `strict`, `loose`, `bare`; `lexical`; `newest`; `digest` with `tag`; or a word of
///   the source's own), `names` (`plain`, `gitTag`, `ociChart`), and the filter's `allow`, `ignore` and `ignoreNames`.
/// - `state` is the source's own.
///
/// ```
/// use artifact_source::{Fingerprint, RecordedRule, SourceKind};
/// use selection_strategies::TagRule;
///
/// #[derive(serde::Serialize)]
/// struct Fields<'f> {
///     platform: &'f str,
/// }
///
/// let rule = TagRule::lexical();
/// let fields = Fields { platform: "linux/arm64" };
/// let fingerprint =
///     Fingerprint::new(&SourceKind::Image, "ghcr.io/org/web", RecordedRule::Names(&rule), 20, &fields).unwrap();
/// assert_eq!(
///     fingerprint.as_str(),
///     r#"{"kind":"image","repository":"ghcr.io/org/web","rule":{"strategy":"lexical","names":"plain"},"limit":20,"platform":"linux/arm64"}"#
/// );
/// let observation = fingerprint.observation(&["1.1.0"]).unwrap();
/// assert_eq!(fingerprint.recorded(Some(&observation)), Some(vec!["1.1.0".to_owned()]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// The rule of a [`Fingerprint`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RecordedRule<'r> {
    /// A rule about names.
    Names(&'r TagRule),
    /// A strategy of the source's own, which is not a rule about names: `newestFromBranch`.
    Other(&'r str),
}

impl Fingerprint {
    /// The version of the layout of fingerprints and of the states of our sources. It is raised whenever one of them changes.
    pub const SCHEMA: u32 = 4;

    /// The fingerprint of a question. `repository` is its normal form without a credential, and `fields` a struct of what else the answer depends on.
    ///
    /// `None` for a strategy or a kind of names of a later version, which has no layout here, and for fields that have no JSON form: then nothing
    /// is recorded.
    pub fn new(
        kind: &SourceKind,
        repository: &str,
        rule: RecordedRule<'_>,
        limit: usize,
        fields: &impl Serialize,
    ) -> Option<Self> {
        let rule = rule.fields()?;
        serde_json::to_string(&Question { kind, repository, rule, limit, fields }).ok().map(Self)
    }

    /// The fingerprint as the JSON that it is stored as.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The observation of this state as the answer to this question.
    pub fn observation(&self, state: &impl Serialize) -> Option<Observation> {
        Observation::new(Self::SCHEMA, self.as_str(), state)
    }

    /// The state that was recorded for this very question.
    pub fn recorded<S: DeserializeOwned>(&self, previous: Option<&Observation>) -> Option<S> {
        previous?.state(Self::SCHEMA, self.as_str())
    }
}

#[derive(Serialize)]
struct Question<'q, F> {
    kind: &'q SourceKind,
    repository: &'q str,
    rule: RuleFields<'q>,
    limit: usize,
    #[serde(flatten)]
    fields: &'q F,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleFields<'r> {
    strategy: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strictness: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow: Vec<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore: Vec<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore_names: Vec<&'r str>,
}

impl<'r> RecordedRule<'r> {
    fn fields(self) -> Option<RuleFields<'r>> {
        let mut fields = RuleFields {
            strategy: "",
            constraint: None,
            strictness: None,
            tag: None,
            names: None,
            allow: Vec::new(),
            ignore: Vec::new(),
            ignore_names: Vec::new(),
        };
        let rule = match self {
            Self::Names(rule) => rule,
            Self::Other(strategy) => {
                fields.strategy = strategy;
                return Some(fields);
            }
        };
        fields.strategy = match rule.strategy() {
            TagStrategy::SemVer { constraint, strictness } => {
                fields.constraint = constraint.as_ref().map(|constraint| constraint.original());
                fields.strictness = Some(match strictness {
                    Strictness::Loose => "loose",
                    Strictness::Strict => "strict",
                    Strictness::Bare => "bare",
                });
                "semVer"
            }
            TagStrategy::Lexical => "lexical",
            TagStrategy::Newest => "newest",
            TagStrategy::Digest { tag } => {
                fields.tag = Some(tag);
                "digest"
            }
            _ => return None,
        };
        fields.names = Some(match rule.kind() {
            NameKind::Plain => "plain",
            NameKind::GitTag => "gitTag",
            NameKind::OciChart => "ociChart",
            _ => return None,
        });
        let filter = rule.filter();
        fields.allow = filter.allow_patterns().collect();
        fields.ignore = filter.ignore_patterns().collect();
        fields.ignore_names = filter.ignored_names().collect();
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use selection_strategies::TagFilter;

    use super::*;

    #[derive(Serialize)]
    struct Fields {
        own: bool,
    }

    fn fingerprint(rule: RecordedRule<'_>) -> Fingerprint {
        Fingerprint::new(&SourceKind::Chart, "example.com/a", rule, 5, &Fields { own: true }).unwrap()
    }

    /// Observations are stored for months: a change of these texts needs another [`Fingerprint::SCHEMA`].
    #[test]
    fn the_layout_is_stable() {
        let filter =
            TagFilter::builder().allow("^v").ignore("-debug$").ignore("-rc").ignore_literal("v1.0.0");
        let filter = filter.build().unwrap();
        let constrained = TagRule::semver(Some("^1.0".parse().unwrap())).with_filter(filter);
        for (rule, expected) in [
            (
                RecordedRule::Names(&constrained),
                r#""strategy":"semVer","constraint":"^1.0","strictness":"strict","names":"plain","allow":["^v"],"ignore":["-debug$","-rc"],"ignoreNames":["v1.0.0"]"#,
            ),
            (
                RecordedRule::Names(&TagRule::chart(None)),
                r#""strategy":"semVer","strictness":"loose","names":"plain""#,
            ),
            (
                RecordedRule::Names(&TagRule::oci_chart(None)),
                r#""strategy":"semVer","strictness":"bare","names":"ociChart""#,
            ),
            (RecordedRule::Names(&TagRule::lexical()), r#""strategy":"lexical","names":"plain""#),
            (
                RecordedRule::Names(&TagRule::newest().with_kind(NameKind::GitTag)),
                r#""strategy":"newest","names":"gitTag""#,
            ),
            (
                RecordedRule::Names(&TagRule::digest("latest")),
                r#""strategy":"digest","tag":"latest","names":"plain""#,
            ),
            (RecordedRule::Other("newestFromBranch"), r#""strategy":"newestFromBranch""#),
        ] {
            let fingerprint = fingerprint(rule);
            let text = format!(
                r#"{{"kind":"chart","repository":"example.com/a","rule":{{{expected}}},"limit":5,"own":true}}"#
            );
            assert_eq!(fingerprint.as_str(), text);
            let observation = fingerprint.observation(&["a"]).unwrap();
            let quoted = serde_json::to_string(&text).unwrap();
            assert_eq!(
                serde_json::to_string(&observation).unwrap(),
                format!(r#"{{"schema":4,"fingerprint":{quoted},"state":["a"]}}"#)
            );
            assert_eq!(fingerprint.recorded(Some(&observation)), Some(["a".to_owned()]));
        }
    }

    #[test]
    fn what_does_not_fit_is_absent() {
        let fingerprint = fingerprint(RecordedRule::Other("a"));
        let read = |observation: Option<&Observation>| fingerprint.recorded::<Vec<String>>(observation);
        assert_eq!(read(None), None);
        for schema in [0, 1, 2, 3, 5] {
            // The layouts before this one had a number for each source: 2 and 3.
            let other = Observation::new(schema, fingerprint.as_str(), &["a"]).unwrap();
            assert_eq!(read(Some(&other)), None);
            assert_eq!(other.state_of::<Vec<String>>(&SourceKind::Chart), None);
        }
        let own = fingerprint.observation(&["a"]).unwrap();
        assert_eq!(own.state_of(&SourceKind::Chart), Some(vec!["a".to_owned()]));
        assert_eq!(own.state_of::<Vec<String>>(&SourceKind::Image), None);
        assert_eq!(own.state_of::<u64>(&SourceKind::Chart), None);
        let foreign = Observation::new(Fingerprint::SCHEMA, "no JSON", &["a"]).unwrap();
        assert_eq!(foreign.state_of::<Vec<String>>(&SourceKind::Chart), None);
    }
}
