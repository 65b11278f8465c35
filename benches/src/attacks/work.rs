//! Work that a Warehouse or a server makes: patterns that are large, many or slow.

use warehouse_testkit::Registry;

use super::stage::{Stage, warehouse};
use super::{Attack, Expected, Failure};

pub(super) fn attacks() -> Vec<Attack> {
    let patterns = |count: usize| {
        move || {
            let patterns = (0..count).map(|number| format!("'\\pL{{100}}{number}'"));
            with_tags(1000, patterns, "allowTagsRegexes")
        }
    };
    vec![
        Attack::new("work/200 patterns of \\pL{100}", Expected::Bounded, patterns(200)).within_seconds(30),
        Attack::new(
            "work/1,000 patterns of \\pL{100}",
            Expected::Error(&["invalid input", "invalid manifest"]),
            patterns(1000),
        )
        .within_seconds(30),
        Attack::new("work/40 slow patterns over 115,000 tags, and another tenant", Expected::Bounded, || {
            let stage = with_tags(115_000, slow(), "ignoreTagsRegexes")?.deadline(6);
            let registry = Registry::start()?;
            registry.image("demo/app").tag("1.0.0").push();
            let other = warehouse([format!("image: {{repoURL: {}/demo/app}}", registry.host())]);
            Ok(stage.beside(other.replace("team-a", "team-b")).keeping(registry).checking(|outcome| {
                let other = outcome.other_tenant.as_ref().ok_or("the other tenant was not run")?;
                match other.errors.is_empty() && other.found == [["1.0.0"]] {
                    true => Ok(()),
                    false => Err(format!("the other tenant found {:?} and {:?}", other.found, other.errors)),
                }
            }))
        })
        .within_seconds(20),
    ]
}

/// Patterns that touch some dozens of states for each byte.
fn slow() -> impl Iterator<Item = String> {
    (0..40).map(|number| format!("'[aB][aB9]{{{}}}[x-z]'", 20 + number))
}

/// A registry with this many long tags, and these patterns.
fn with_tags(count: usize, patterns: impl Iterator<Item = String>, field: &str) -> Result<Stage, Failure> {
    let registry = Registry::builder().start()?;
    let digest = registry.image("demo/app").tag("1.0.0").push().digest;
    for number in 0..count {
        // Without a period, so that no state of the search comes twice.
        let mut state = number as u64 * 2 + 1;
        let letters = (0..100).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 33 & 1 == 0 { 'a' } else { 'B' }
        });
        registry.tag("demo/app", &digest, &format!("{number:06}{}", letters.collect::<String>()))?;
    }
    let patterns = patterns.collect::<Vec<_>>().join(", ");
    let subscription = format!(
        "image: {{repoURL: {}/demo/app, imageSelectionStrategy: Lexical, {field}: [{patterns}]}}",
        registry.host()
    );
    Ok(Stage::of(warehouse([subscription])).keeping(registry).deadline(20))
}
