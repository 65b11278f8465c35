//! The facts about the configuration of an image: its build time and its platform, read as Go's decoder does.

use std::collections::BTreeMap;
use std::fmt;

use go_compat::time::rfc3339_timestamp;
use jiff::Timestamp;
use oci_registry::Platform;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The facts about the configuration of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigFacts {
    /// The build time: the later of `created` and of the first label with a valid time ([rule 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). `None` if there is neither, and
    /// for the first second of the year 1, which is Go's zero time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The platform; missing fields are empty.
    #[serde(default)]
    pub platform: Platform,
}

impl ConfigFacts {
    /// Reads a configuration. Fields of another type count as missing, and bytes that are not JSON have no fields, as
    /// other artifacts than images have configurations too. As in Go's decoder, names of fields are compared without case, and the
    /// last one of duplicate fields counts. Keys of labels are compared exactly.
    pub fn of(bytes: &[u8]) -> Self {
        let config: Json = serde_json::from_slice(bytes).unwrap_or(Json::Other);
        let created = config.text("created").and_then(rfc3339_timestamp).unwrap_or(ZERO_TIME);
        let labels = config.labels();
        let label = [OCI_KEY, LABEL_SCHEMA_KEY].into_iter().find_map(|key| {
            let (_, value) = labels.iter().rev().find(|(name, _)| *name == key)?;
            rfc3339_timestamp(value)
        });
        let created = label.map_or(created, |label| label.max(created));
        let part = |name: &'static str| config.text(name).unwrap_or_default();
        let variant = Some(part("variant")).filter(|variant| !variant.is_empty());
        Self { created: nonzero(created), platform: Platform::new(part("os"), part("architecture"), variant) }
    }
}

/// JSON with its strings and objects. Objects keep the order of their fields, and duplicates.
enum Json {
    Text(String),
    Object(Vec<(String, Self)>),
    Other,
}

impl Json {
    /// All values of this field, whose name is compared without case.
    fn all(&self, field: &'static str) -> impl DoubleEndedIterator<Item = &Self> {
        let fields = if let Self::Object(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().filter(move |(name, _)| is_named(name, field)).map(|(_, value)| value)
    }

    /// The string in this field. Other values count as missing.
    fn text(&self, name: &'static str) -> Option<&str> {
        self.all(name).rev().find_map(|value| match value {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The labels of all fields, in their order.
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

/// Whether Go's decoder matches this name with a field, whose name is in lower case: it folds the case, and two letters beyond ASCII.
fn is_named(name: &str, field: &str) -> bool {
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

pub(crate) const OCI_KEY: &str = "org.opencontainers.image.created";
pub(crate) const LABEL_SCHEMA_KEY: &str = "org.label-schema.build-date";
/// Go's zero time, the first second of the year 1: an unknown build time.
pub(crate) const ZERO_TIME: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The time; `None` for the zero time.
pub(crate) fn nonzero(time: Timestamp) -> Option<Timestamp> {
    Some(time).filter(|time| *time != ZERO_TIME)
}

/// The build time in annotations; `None` if there is no valid one.
pub(crate) fn annotated_time(annotations: &BTreeMap<String, String>) -> Option<Timestamp> {
    [OCI_KEY, LABEL_SCHEMA_KEY].into_iter().find_map(|key| rfc3339_timestamp(annotations.get(key)?))
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
    fn configurations() {
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
    fn the_later_of_created_and_of_the_first_label_with_a_time() {
        let [one, two, three] = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"];
        time(one, "-", "-", Some(one));
        time(one, two, "-", Some(two));
        time(two, one, "-", Some(two));
        // The first valid label counts, not the later one.
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
    fn the_zero_time_is_no_time() {
        let (zero, before) = ("0001-01-01T00:00:00Z", "0000-06-01T00:00:00Z");
        time(zero, "-", "-", None);
        time(zero, zero, zero, None);
        time(zero, "-", "2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z"));
        time("2024-01-01T00:00:00Z", zero, "-", Some("2024-01-01T00:00:00Z"));
        // Labels are compared with the zero time too.
        time("-", before, "-", None);
        time(zero, before, "-", None);
        time(before, "-", "-", Some(before));
        time("0001-01-01T00:00:01Z", "-", "-", Some("0001-01-01T00:00:01Z"));
        // The largest times.
        time("9999-12-31T23:59:59Z", "-", "-", Some("9999-12-30T22:00:00.999999999Z"));
    }

    /// Go's decoder takes the name of a field in any case, and the last of several.
    #[test]
    fn names_of_fields_in_any_case() {
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
        // Keys of labels are not names of fields.
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

    #[test]
    fn the_first_valid_annotation_counts() {
        let time_of = |pairs: &[(&str, &str)]| {
            let annotations = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            annotated_time(&annotations).map(|time| time.to_string())
        };
        let (early, late) = ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
        assert_eq!(time_of(&[(OCI_KEY, early), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(early));
        assert_eq!(time_of(&[(OCI_KEY, "never"), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(late));
        assert_eq!(time_of(&[(OCI_KEY, "2024-01-01")]), None, "a date is not a time");
        assert_eq!(time_of(&[("created", early)]), None);
    }
}
