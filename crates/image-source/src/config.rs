//! What an image's configuration says, as Go's decoder reads it.

use std::fmt;

use jiff::Timestamp;
use oci_registry::Platform;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::created;

/// What is known of an image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigFacts {
    /// When the image was built: the later of `created` and the first of its labels that states a time (semantics rule 3.5).
    /// `None` where neither says so, and where what they say is the first second of the year 1, which is how Go writes that
    /// nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// What the image runs on; with empty parts where it does not say so.
    #[serde(default)]
    pub platform: Platform,
}

impl ConfigFacts {
    /// What this configuration says. Fields that are missing or of another type count as not said, and what is no JSON
    /// says nothing: artifacts that are no images have configurations too. Names of fields count in any case, and of a field
    /// that comes twice the last one counts, both as Go's decoder does it. Labels are the image's own, and count as they are
    /// written.
    pub fn of(bytes: &[u8]) -> Self {
        let config: Json = serde_json::from_slice(bytes).unwrap_or(Json::Other);
        let time = |text: &str| created::parse(text);
        let created = config.text("created").and_then(time).unwrap_or(created::UNSAID);
        let labels = config.labels();
        let label = [created::OCI_KEY, created::LABEL_SCHEMA_KEY].into_iter().find_map(|key| {
            let (_, value) = labels.iter().rev().find(|(name, _)| *name == key)?;
            time(value)
        });
        let created = label.map_or(created, |label| label.max(created));
        let part = |name: &'static str| config.text(name).unwrap_or_default();
        let variant = Some(part("variant")).filter(|variant| !variant.is_empty());
        Self {
            created: created::told(created),
            platform: Platform::new(part("os"), part("architecture"), variant),
        }
    }
}

/// JSON of which texts and objects count, with the names of objects in their order and as often as they come.
enum Json {
    Text(String),
    Object(Vec<(String, Self)>),
    Other,
}

impl Json {
    /// All values of this field, whatever the case of its name.
    fn all(&self, wanted: &'static str) -> impl DoubleEndedIterator<Item = &Self> {
        let fields = if let Self::Object(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().filter(move |(name, _)| is_called(name, wanted)).map(|(_, value)| value)
    }

    /// The text of this field. What is no text counts as not there.
    fn text(&self, name: &'static str) -> Option<&str> {
        self.all(name).rev().find_map(|value| match value {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The labels, in their order: those of several fields add up.
    fn labels(&self) -> Vec<(&str, &str)> {
        let maps = self.all("config").flat_map(|config| config.all("labels"));
        let labels =
            maps.flat_map(|labels| if let Self::Object(labels) = labels { labels.as_slice() } else { &[] });
        labels
            .filter_map(|(name, value)| match value {
                Self::Text(text) => Some((name.as_str(), text.as_str())),
                _ => None,
            })
            .collect()
    }
}

/// Whether Go's decoder takes this name for that of a field, which is given in lower case: letters of any case, and the two
/// that stand for one of ASCII.
fn is_called(name: &str, field: &str) -> bool {
    let folded = name.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    folded.eq(field.chars())
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &str, created: Option<&str>, platform: &str) {
        let facts = ConfigFacts::of(config.as_bytes());
        assert_eq!(facts.created.map(|time| time.to_string()).as_deref(), created, "{config}");
        assert_eq!(facts.platform.to_string(), platform, "{config}");
    }

    #[test]
    fn configurations_as_they_are_found() {
        check(
            r#"{"created": "2024-05-01T12:00:00.5+02:00", "os": "linux", "architecture": "arm64", "variant": "v8"}"#,
            Some("2024-05-01T10:00:00.5Z"),
            "linux/arm64/v8",
        );
        check(r#"{"created": "", "os": "linux", "architecture": "amd64"}"#, None, "linux/amd64");
        check(r#"{"created": null, "os": null, "rootfs": {"diff_ids": null}, "config": null}"#, None, "/");
        check(r#"{"created": 5, "config": {"Labels": null}}"#, None, "/");
        check(r#"{"created": "yesterday", "a": [1, -1, 1.5, true, {}]}"#, None, "/");
        for nothing in ["", "[]", "null", "{}", "<html>", "7", r#"{"created": "2024-01-01T00:00:00Z""#] {
            check(nothing, None, "/");
        }
        check(&"[".repeat(100_000), None, "/");
        check(&r#"{"config":"#.repeat(100_000), None, "/");
    }

    /// The time of a configuration with this `created` and these two labels.
    #[track_caller]
    fn time(created: &str, oci: &str, label_schema: &str, expected: Option<&str>) {
        let text = |text: &str| if text == "-" { "null".to_owned() } else { format!("{text:?}") };
        let (created, oci, label_schema) = (text(created), text(oci), text(label_schema));
        let labels = format!(
            r#"{{"org.opencontainers.image.created": {oci}, "org.label-schema.build-date": {label_schema}}}"#
        );
        check(&format!(r#"{{"created": {created}, "config": {{"Labels": {labels}}}}}"#), expected, "/");
    }

    #[test]
    fn the_later_of_created_and_of_the_first_label_that_states_a_time() {
        let [one, two, three] = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"];
        time(one, "-", "-", Some(one));
        time(one, two, "-", Some(two));
        time(two, one, "-", Some(two));
        // The first label that can be read counts, not the latest of the two.
        time(one, two, three, Some(two));
        time(three, two, one, Some(three));
        time("1970-01-01T00:00:00Z", two, three, Some(two));
        time(one, "soon", three, Some(three));
        time(one, "", three, Some(three));
        time("soon", one, three, Some(one));
        time("-", "-", three, Some(three));
        time("-", "soon", "soon", None);
    }

    #[test]
    fn the_year_1_says_nothing() {
        let (zero, before) = ("0001-01-01T00:00:00Z", "0000-06-01T00:00:00Z");
        time(zero, "-", "-", None);
        time(zero, zero, zero, None);
        time(zero, "-", "2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z"));
        time("2024-01-01T00:00:00Z", zero, "-", Some("2024-01-01T00:00:00Z"));
        // It is a time that labels are compared with all the same.
        time("-", before, "-", None);
        time(zero, before, "-", None);
        time(before, "-", "-", Some(before));
        time("0001-01-01T00:00:01Z", "-", "-", Some("0001-01-01T00:00:01Z"));
        // The last there are.
        time("9999-12-31T23:59:59Z", "-", "-", Some("9999-12-30T22:00:00.999999999Z"));
    }

    /// Go's decoder takes the name of a field in any case, and the last of several.
    #[test]
    fn names_in_any_case() {
        let [one, two] = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"];
        for created in ["created", "Created", "CREATED", "cReAtEd"] {
            check(&format!(r#"{{"{created}": "{one}"}}"#), Some(one), "/");
        }
        for config in ["config", "Config", "CONFIG"] {
            for labels in ["Labels", "labels", "LABELS", "label\u{17f}"] {
                let labels = format!(r#"{{"{labels}": {{"org.opencontainers.image.created": "{one}"}}}}"#);
                check(&format!(r#"{{"{config}": {labels}}}"#), Some(one), "/");
            }
        }
        check(r#"{"OS": "linux", "Architecture": "arm", "VARIANT": "v7"}"#, None, "linux/arm/v7");
        check(&format!(r#"{{"created": "{one}", "Created": "{two}"}}"#), Some(two), "/");
        check(&format!(r#"{{"Created": "{two}", "created": "{one}"}}"#), Some(one), "/");
        check(&format!(r#"{{"created": "{one}", "Created": null}}"#), Some(one), "/");
        // Labels are nobody's fields.
        check(
            &format!(r#"{{"config": {{"Labels": {{"Org.Opencontainers.Image.Created": "{one}"}}}}}}"#),
            None,
            "/",
        );
        let labels = |time| format!(r#"{{"org.opencontainers.image.created": "{time}"}}"#);
        let twice = format!(r#"{{"config": {{"labels": {}, "Labels": {}}}}}"#, labels(one), labels(two));
        check(&twice, Some(two), "/");
        check(
            &format!(r#"{{"config": {{"labels": {}}}, "Config": {{"x": 1}}}}"#, labels(one)),
            Some(one),
            "/",
        );
        check(&format!(r#"{{"created ": "{one}", "creat\u0435d": "{one}"}}"#), None, "/");
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(text in r#"\{("(created|config|Labels|os|org.opencontainers.image.created)":|[\[\]{}",:a-z0-9\\ ]|null){0,40}\}?"#) {
            let _ = ConfigFacts::of(text.as_bytes());
        }
    }
}
