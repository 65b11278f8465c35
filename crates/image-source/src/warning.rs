//! What is said where the order of builds is not what it seems (semantics rule 3.5).

use std::collections::BTreeSet;

use artifact_source::{Image, Warning};
use jiff::{SignedDuration, Timestamp};

/// The start of 2013: there were no container images before it. Builds that are to be reproducible state such a time, mostly that
/// of 1970 or 1980.
const BEFORE_ALL: Timestamp = Timestamp::constant(1_356_998_400, 0);
/// Clocks may be that wrong.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// How many tags a warning names.
const NAMED: usize = 3;
const HINT: &str = "have the build state its time in the annotation `org.opencontainers.image.created`, leave these tags out with \
    `ignoreTagsRegexes`, or choose another `imageSelectionStrategy`";

/// What deserves attention about these images, newest first, of which the newest are chosen.
pub(crate) fn of_order(images: &[Image], now: Option<Timestamp>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let all = images.len();
    let first = images.first().and_then(|image| image.created_at);
    // Several tags of one image have one time, as they should.
    let different = images.iter().map(|image| image.digest.as_str()).collect::<BTreeSet<_>>().len();
    if different > 1 && images.iter().all(|image| image.created_at == first) {
        let message = match first {
            None => format!(
                "none of {different} different images says when it was built: their tags decide which is the newest"
            ),
            Some(time) => {
                format!(
                    "{different} different images state the same build time, {time}: their tags decide which is the newest"
                )
            }
        };
        warnings.push(Warning::new(message).with_hint(HINT));
    } else if different > 1 {
        let undated = images.iter().filter(|image| image.created_at.is_none());
        warnings.extend(some(undated, all, "do not say when they were built, and count as the oldest"));
        let early = images.iter().filter(|image| image.created_at.is_some_and(|time| time < BEFORE_ALL));
        let what = "state a time before 2013, when there were no container images, and count as that old";
        warnings.extend(some(early, all, what));
    }
    if let Some(limit) = now.and_then(|now| now.checked_add(AHEAD).ok()) {
        let ahead = images.iter().filter(|image| image.created_at.is_some_and(|time| time > limit));
        warnings.extend(some(ahead, all, "state a time in the future, and count as the newest until then"));
    }
    warnings
}

/// That some of all images are so; `None` if there are none of them.
fn some<'a>(which: impl Iterator<Item = &'a Image>, all: usize, what: &str) -> Option<Warning> {
    let tags: Vec<&str> = which.map(|image| image.tag.as_str()).collect();
    if tags.is_empty() {
        return None;
    }
    let mut named = tags.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if tags.len() > NAMED {
        named += ", ...";
    }
    Some(Warning::new(format!("{} of {all} images {what}: {named}", tags.len())).with_hint(HINT))
}
