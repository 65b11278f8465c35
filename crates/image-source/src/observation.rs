//! The recorded state of a discovery, and the question that it answers.

use std::collections::BTreeMap;

use artifact_source::{Image, Observation};
use oci_registry::Digest;
use selection_strategies::{NameKind, Strictness, TagRule, TagStrategy};
use serde::{Deserialize, Serialize};

/// The version of the layout of [`State`] and [`Question`]. Observations of another version lead to a full discovery.
const SCHEMA: u32 = 3;

/// The state of an [`Observation`]:
///
/// ```json
/// {"kind": "images", "digests": {"1.0.0": "sha256:...", "1.1.0": "sha256:..."}, "found": ["1.1.0", "1.0.0"]}
/// ```
///
/// - `digests`: the digest of every tag that was read.
/// - `found`: the tags that were found, best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "images", rename_all = "camelCase")]
pub(crate) struct State {
    pub(crate) digests: BTreeMap<String, Digest>,
    found: Vec<String>,
}

impl State {
    pub(crate) fn new(digests: BTreeMap<String, Digest>, found: &[Image]) -> Self {
        Self { digests, found: found.iter().map(|image| image.tag.clone()).collect() }
    }

    /// The state that was recorded for this question.
    pub(crate) fn recorded(previous: Option<&Observation>, question: Option<&str>) -> Option<Self> {
        previous?.state(SCHEMA, question?)
    }

    /// The observation of this state as the answer to this question.
    pub(crate) fn observation(&self, question: Option<&str>) -> Option<Observation> {
        Observation::new(SCHEMA, question?, self)
    }

    /// Whether the same images were found. Everything else about an image follows from its digest and the question.
    pub(crate) fn has_same_images(&self, other: &Self) -> bool {
        let is_same = |tag: &String| {
            let digest = self.digests.get(tag);
            digest.is_some() && digest == other.digests.get(tag)
        };
        self.found == other.found && self.found.iter().all(is_same)
    }
}

/// The fingerprint of an [`Observation`]: everything that the answer depends on besides the content of the registry, as JSON.
///
/// ```json
/// {"kind": "images", "repository": "ghcr.io/org/web",
///  "rule": {"strategy": "semVer", "constraint": "^1.0", "strictness": "strict"},
///  "names": "plain", "allow": [], "ignore": ["-debug$"], "ignoreTags": [],
///  "platform": "linux/arm64", "limit": 20, "timeOfBest": false}
/// ```
///
/// The name of a repository has no user, and the other fields are those of the subscription, so it has no secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question<'q> {
    kind: &'static str,
    repository: String,
    rule: RuleFields<'q>,
    names: &'static str,
    /// The patterns of `allowTagsRegexes`.
    allow: Vec<&'q str>,
    /// The patterns of `ignoreTagsRegexes`.
    ignore: Vec<&'q str>,
    ignore_tags: Vec<&'q str>,
    platform: Option<String>,
    limit: usize,
    time_of_best: bool,
}

#[derive(Serialize)]
#[serde(tag = "strategy", rename_all = "camelCase")]
enum RuleFields<'q> {
    SemVer { constraint: Option<&'q str>, strictness: &'static str },
    Lexical,
    Digest { tag: &'q str },
    Newest,
}

impl<'q> Question<'q> {
    /// The question for images of this repository. `None` for a strategy or a kind of names of a later version, which has no layout here.
    pub(crate) fn new(
        repository: String,
        rule: &'q TagRule,
        platform: Option<String>,
        limit: usize,
        time_of_best: bool,
    ) -> Option<Self> {
        let filter = rule.filter();
        Some(Self {
            kind: "images",
            repository,
            rule: match rule.strategy() {
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
                TagStrategy::Newest => RuleFields::Newest,
                _ => return None,
            },
            names: match rule.kind() {
                NameKind::Plain => "plain",
                NameKind::GitTag => "gitTag",
                NameKind::OciChart => "ociChart",
                _ => return None,
            },
            allow: filter.allow_patterns().collect(),
            ignore: filter.ignore_patterns().collect(),
            ignore_tags: filter.ignored_names().collect(),
            platform,
            limit,
            time_of_best,
        })
    }

    pub(crate) fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

#[cfg(test)]
mod tests {
    use selection_strategies::TagFilter;

    use super::*;

    const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn question(rule: &TagRule, platform: Option<&str>) -> String {
        let repository = "ghcr.io/org/web".to_owned();
        Question::new(repository, rule, platform.map(str::to_owned), 5, true).unwrap().to_json().unwrap()
    }

    fn state(tags: &[&str]) -> State {
        let digests = tags.iter().map(|tag| ((*tag).to_owned(), DIGEST.parse().unwrap())).collect();
        State::new(digests, &tags.iter().map(|tag| Image::new(*tag, DIGEST)).collect::<Vec<_>>())
    }

    /// Observations are stored for months: a change of this text needs another [`SCHEMA`].
    #[test]
    fn the_layout_is_stable() {
        let filter =
            TagFilter::builder().allow("^v").ignore("-debug$").ignore("-rc").ignore_literal("v1.0.0");
        let rule = TagRule::semver(Some("^1.0".parse().unwrap())).with_filter(filter.build().unwrap());
        let question = question(&rule, Some("linux/arm64"));
        assert_eq!(
            question,
            r#"{"kind":"images","repository":"ghcr.io/org/web","rule":{"strategy":"semVer","constraint":"^1.0","strictness":"strict"},"names":"plain","allow":["^v"],"ignore":["-debug$","-rc"],"ignoreTags":["v1.0.0"],"platform":"linux/arm64","limit":5,"timeOfBest":true}"#
        );
        let observation = state(&["v1.1.0"]).observation(Some(&question)).unwrap();
        // As values, since the order of keys depends on the features of serde_json. The fingerprint is compared as text.
        let expected = serde_json::json!({
            "schema": 3,
            "fingerprint": question,
            "state": {"kind": "images", "digests": {"v1.1.0": DIGEST}, "found": ["v1.1.0"]},
        });
        assert_eq!(serde_json::to_value(&observation).unwrap(), expected);
        assert_eq!(State::recorded(Some(&observation), Some(&question)), Some(state(&["v1.1.0"])));
    }

    #[test]
    fn other_rules() {
        for (rule, fields) in [
            (TagRule::lexical(), r#"{"strategy":"lexical"},"names":"plain""#),
            (TagRule::newest().with_kind(NameKind::GitTag), r#"{"strategy":"newest"},"names":"gitTag""#),
            (TagRule::digest("latest"), r#"{"strategy":"digest","tag":"latest"},"names":"plain""#),
            (
                TagRule::chart(None),
                r#"{"strategy":"semVer","constraint":null,"strictness":"loose"},"names":"plain""#,
            ),
            (
                TagRule::oci_chart(None),
                r#"{"strategy":"semVer","constraint":null,"strictness":"bare"},"names":"ociChart""#,
            ),
        ] {
            assert_eq!(
                question(&rule, None),
                format!(
                    r#"{{"kind":"images","repository":"ghcr.io/org/web","rule":{fields},"allow":[],"ignore":[],"ignoreTags":[],"platform":null,"limit":5,"timeOfBest":true}}"#
                )
            );
        }
    }

    #[test]
    fn the_same_images_have_the_same_tags_and_digests_in_the_same_order() {
        assert!(state(&["a", "b"]).has_same_images(&state(&["a", "b"])));
        assert!(!state(&["a", "b"]).has_same_images(&state(&["b", "a"])));
        assert!(!state(&["a"]).has_same_images(&state(&["a", "b"])));
        let mut moved = state(&["a"]);
        moved.digests.insert("a".to_owned(), Digest::of(b"another"));
        assert!(!state(&["a"]).has_same_images(&moved));
        moved.digests.clear();
        assert!(!moved.has_same_images(&moved.clone()), "no digest is not the same digest");
        assert!(State::recorded(None, Some("")).is_none());
    }
}
