//! The cause where candidates are ignored.

use artifact_source::Rejection;
use selection_strategies::IgnoreRule;
use warehouse_spec::Subscription;

use super::counts::{Counts, Group, Left, every, grouped, noun};
use super::near::shown_patterns;

/// A message, and a hint.
type Said = (String, Option<&'static str>);

/// The cause where everything is ignored, or the rest is not allowed: each rule with its number.
pub(super) fn ignored(counts: &Counts, noun: &str) -> Said {
    let listed: u64 = counts.groups.iter().map(|group| group.count).sum::<u64>() + counts.others;
    by_ignore_rules(&counts.groups, |total| {
        every(total, noun, if total == listed { Left::All } else { Left::Some })
    })
}

/// The cause where everything that the patterns allow is ignored.
pub(super) fn allowed_but_ignored(subscription: &Subscription, counts: &Counts) -> Said {
    let noun = noun(subscription);
    let patterns = shown_patterns(subscription);
    let (message, hint) = by_ignore_rules(&counts.allowed_but_ignored, |total| {
        format!("{} that `allowTagsRegexes` ({patterns}) matches", every(total, noun, Left::All))
    });
    let hint = hint.unwrap_or(
        "what is ignored is not taken, although `allowTagsRegexes` matches it: remove the rule that ignores it, or narrow it",
    );
    (message, Some(hint))
}

/// By which rules candidates are ignored, each with its number. `all` says which candidates, from their number.
fn by_ignore_rules(groups: &[Group], all: impl Fn(u64) -> String) -> Said {
    let mut rules = Vec::new();
    let (mut total, mut unanchored) = (0, false);
    for group in groups {
        let Rejection::IgnoredBy { rule } = &group.why else { continue };
        total += group.count;
        unanchored |= matches!(rule, IgnoreRule::Regex(pattern) if !pattern.starts_with('^'));
        rules.push((group, format!("the {rule} ({})", group.examples())));
    }
    let verb = if total == 1 { "is" } else { "are" };
    let by = match rules.as_slice() {
        [(_, rule)] => format!("by {rule}"),
        rules => {
            let each = rules.iter().map(|(group, rule)| format!("{} by {rule}", grouped(group.count)));
            let mut each: Vec<_> = each.collect();
            each.sort();
            format!("({})", each.join(", "))
        }
    };
    let hint = unanchored.then_some(
        "a pattern matches anywhere in a tag; one that starts with `^` matches at its start, one that ends with `$` at its end",
    );
    (format!("{} {verb} ignored {by}", all(total)), hint)
}
