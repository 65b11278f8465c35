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
        Attack::new(
            "work/40 slow patterns over 115,000 tags, for six seconds",
            Expected::Error(&["timed out"]),
            || {
                let patterns = (0..40).map(|number| format!("'[a{number}B][aB9]{{80}}x'"));
                Ok(with_tags(115_000, patterns, "ignoreTagsRegexes")?.deadline(6))
            },
        )
        .within_seconds(20),
        Attack::new("work/40 slow patterns over 115,000 tags, and another tenant", Expected::Bounded, || {
            let patterns = (0..40).map(|number| format!("'[a{number}B][aB9]{{80}}x'"));
            let stage = with_tags(115_000, patterns, "ignoreTagsRegexes")?.deadline(6);
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

/// A registry with this many long tags, and these patterns.
fn with_tags(count: usize, patterns: impl Iterator<Item = String>, field: &str) -> Result<Stage, Failure> {
    let registry = Registry::builder().start()?;
    let digest = registry.image("demo/app").tag("1.0.0").push().digest;
    for number in 0..count {
        registry.tag("demo/app", &digest, &format!("{}{number:06}", "aB9".repeat(35)))?;
    }
    let patterns = patterns.collect::<Vec<_>>().join(", ");
    let subscription = format!(
        "image: {{repoURL: {}/demo/app, imageSelectionStrategy: Lexical, {field}: [{patterns}]}}",
        registry.host()
    );
    Ok(Stage::of(warehouse([subscription])).keeping(registry).deadline(20))
}
