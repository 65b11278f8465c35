//! The recorded state of a discovery, and the question that it answers, in the layout of [`Fingerprint`].

use std::collections::BTreeMap;

use artifact_source::{Fingerprint, Image, RecordedRule, SourceKind};
use oci_registry::Digest;
use selection_strategies::TagRule;
use serde::{Deserialize, Serialize};

/// The state of an observation:
///
/// ```json
/// {"digests": {"1.0.0": "sha256:...", "1.1.0": "sha256:..."}, "found": ["1.1.0", "1.0.0"]}
/// ```
///
/// - `digests`: the digest of every tag that was read.
/// - `found`: the tags that were found, best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    pub(crate) digests: BTreeMap<String, Digest>,
    found: Vec<String>,
}

impl State {
    pub(crate) fn new(digests: BTreeMap<String, Digest>, found: &[Image]) -> Self {
        Self { digests, found: found.iter().map(|image| image.tag.clone()).collect() }
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

/// The fields that a fingerprint has for images alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    time_of_best: bool,
}

/// The question for images of this repository, whose name has no user. `None` for a rule that has no layout: then nothing is recorded.
pub(crate) fn fingerprint(
    repository: &str,
    rule: &TagRule,
    platform: Option<String>,
    limit: usize,
    time_of_best: bool,
) -> Option<Fingerprint> {
    let fields = Fields { platform, time_of_best };
    Fingerprint::new(&SourceKind::Image, repository, RecordedRule::Names(rule), limit, &fields)
}

#[cfg(test)]
mod tests {
    use artifact_source::Observation;

    use super::*;

    const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn state(tags: &[&str]) -> State {
        let digests = tags.iter().map(|tag| ((*tag).to_owned(), DIGEST.parse().unwrap())).collect();
        State::new(digests, &tags.iter().map(|tag| Image::new(*tag, DIGEST)).collect::<Vec<_>>())
    }

    /// Observations are stored for months: a change of these texts needs another [`Fingerprint::SCHEMA`].
    #[test]
    fn the_layout_is_stable() {
        for (platform, time_of_best, fields) in
            [(Some("linux/arm64"), true, r#","platform":"linux/arm64","timeOfBest":true"#), (None, false, "")]
        {
            let platform = platform.map(str::to_owned);
            let fingerprint =
                fingerprint("ghcr.io/org/web", &TagRule::lexical(), platform, 5, time_of_best).unwrap();
            let question = format!(
                r#"{{"kind":"image","repository":"ghcr.io/org/web","rule":{{"strategy":"lexical","names":"plain"}},"limit":5{fields}}}"#
            );
            let observation = fingerprint.observation(&state(&["v1.1.0"])).unwrap();
            // As values, since the order of keys in the state depends on the features of serde_json.
            let expected = serde_json::json!({
                "schema": 4,
                "fingerprint": question,
                "state": {"digests": {"v1.1.0": DIGEST}, "found": ["v1.1.0"]},
            });
            assert_eq!(serde_json::to_value(&observation).unwrap(), expected);
            assert_eq!(fingerprint.recorded(Some(&observation)), Some(state(&["v1.1.0"])));
        }
    }

    /// The layout until version 3, which had a `kind` in the state and every field in the fingerprint.
    #[test]
    fn the_layout_before_is_absent() {
        let old = serde_json::json!({
            "schema": 3,
            "fingerprint": r#"{"kind":"images","repository":"ghcr.io/org/web","rule":{"strategy":"lexical"},"names":"plain","allow":[],"ignore":[],"ignoreTags":[],"platform":null,"limit":5,"timeOfBest":false}"#,
            "state": {"kind": "images", "digests": {"v1.1.0": DIGEST}, "found": ["v1.1.0"]},
        });
        let old: Observation = serde_json::from_value(old).unwrap();
        let fingerprint = fingerprint("ghcr.io/org/web", &TagRule::lexical(), None, 5, false).unwrap();
        assert_eq!(fingerprint.recorded::<State>(Some(&old)), None);
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
    }
}
