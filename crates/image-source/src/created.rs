//! When an image was built (semantics rule 3.5).

use std::collections::BTreeMap;

use jiff::Timestamp;

pub(crate) const OCI_KEY: &str = "org.opencontainers.image.created";
pub(crate) const LABEL_SCHEMA_KEY: &str = "org.label-schema.build-date";

/// The time that annotations state; `None` where they state none that can be read.
pub(crate) fn stated(annotations: &BTreeMap<String, String>) -> Option<Timestamp> {
    [OCI_KEY, LABEL_SCHEMA_KEY].into_iter().find_map(|key| parse(annotations.get(key)?))
}

pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_can_be_read() {
        let stated = |pairs: &[(&str, &str)]| {
            let annotations = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            stated(&annotations).map(|time| time.to_string())
        };
        let (early, late) = ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
        assert_eq!(stated(&[(OCI_KEY, early), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(early));
        assert_eq!(stated(&[(OCI_KEY, "never"), (LABEL_SCHEMA_KEY, late)]).as_deref(), Some(late));
        assert_eq!(stated(&[(OCI_KEY, "2024-01-01")]), None, "a date is no time");
        assert_eq!(stated(&[("created", early)]), None);
    }
}
