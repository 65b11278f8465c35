//! What holds for every input, not only for those that someone thought of.

use std::cmp::Ordering;

use go_compat::GoRegex;
use proptest::prelude::*;
use proptest::sample::Index;
use selection_strategies::{Constraint, Strictness, TagFilter, TagRule, Version, VersionRef};

use crate::patterns::pattern;

const STRICTNESSES: [Strictness; 3] = [Strictness::Loose, Strictness::Strict, Strictness::Bare];

fn identifier() -> impl Strategy<Value = String> {
    prop_oneof!["0|[1-9][0-9]{0,22}", "[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,4}", "alpha|beta|rc|rc-?[0-9]"]
}

fn version() -> impl Strategy<Value = String> {
    let identifiers = || proptest::collection::vec(identifier(), 1..4).prop_map(|list| list.join("."));
    (
        "v?(0|[1-9][0-9]{0,2}|18446744073709551615)(\\.[0-9]{1,3}){0,2}",
        proptest::option::of(identifiers()),
        proptest::option::of(identifiers()),
    )
        .prop_map(|(numbers, prerelease, metadata)| {
            let prerelease = prerelease.map(|text| format!("-{text}")).unwrap_or_default();
            let metadata = metadata.map(|text| format!("+{text}")).unwrap_or_default();
            format!("{numbers}{prerelease}{metadata}")
        })
}

fn tag() -> impl Strategy<Value = String> {
    prop_oneof![4 => version(), 1 => "[ -~]{0,12}", 1 => "latest|main|sha-[0-9a-f]{7}|nightly-20240[1-9]"]
}

fn constraint() -> impl Strategy<Value = String> {
    let operator = "=|!=|>|<|>=|=>|<=|=<|~|~>|\\^| ?";
    let operand = prop_oneof![
        3 => "v?(0|[1-9]|[xX*])(\\.([0-3xX*])){0,2}",
        1 => "[0-3]\\.[0-3]\\.[0-3]-(0|rc|rc\\.1|alpha)(\\+b)?"
    ];
    let comparison = (operator, operand).prop_map(|(operator, operand)| format!("{operator}{operand}"));
    proptest::collection::vec((comparison, " |, ?|  ?\\|\\| ?"), 1..5).prop_map(|list| {
        let mut text: String = list.iter().flat_map(|(comparison, glue)| [&**comparison, glue]).collect();
        text.truncate(text.trim_end_matches(['|', ',', ' ']).len());
        text
    })
}

fn names(rule: &TagRule, tags: &[String], limit: Option<usize>) -> Vec<String> {
    let selection = match limit {
        Some(limit) => rule.select(tags).limit(limit),
        None => rule.select(tags),
    };
    assert_eq!(selection.chosen.len() + selection.rejected.len(), tags.len());
    selection.chosen.iter().map(|candidate| candidate.name.to_owned()).collect()
}

proptest! {
    /// Rule 2.5: the order of the input does not show in the output.
    #[test]
    fn an_order_is_stable_under_permutation(
        (tags, shuffled) in proptest::collection::vec(tag(), 0..16)
            .prop_flat_map(|tags| (Just(tags.clone()), Just(tags).prop_shuffle()))
    ) {
        let loose = TagRule::semver(None).with_strictness(Strictness::Loose);
        for rule in [loose, TagRule::semver(None), TagRule::oci_chart(None), TagRule::lexical(), TagRule::newest()] {
            prop_assert_eq!(names(&rule, &tags, None), names(&rule, &shuffled, None));
        }
    }

    /// The order of versions is total, and precedence is coarser than it.
    #[test]
    fn the_order_of_versions_is_total(texts in [version(), version(), version()]) {
        let parsed = texts.iter().map(|text| Version::parse(text)).collect::<Result<Vec<_>, _>>();
        prop_assume!(parsed.is_ok());
        let [a, b, c] = <[Version; 3]>::try_from(parsed.unwrap()).unwrap();
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.compare_precedence(&b), b.compare_precedence(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a.compare_precedence(&b).is_ne() {
            prop_assert_eq!(a.cmp(&b), a.compare_precedence(&b));
        }
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a.compare_precedence(&b).is_le() && b.compare_precedence(&c).is_le() {
            prop_assert!(a.compare_precedence(&c).is_le());
        }
    }

    #[test]
    fn what_a_version_shows_reads_back_as_the_same_version(text in version()) {
        let Ok(version) = Version::parse(&text) else { return Ok(()) };
        let shown = version.to_string();
        let Ok(again) = Version::parse(&shown) else {
            prop_assert!(shown.len() > 256);
            return Ok(());
        };
        prop_assert_eq!(again.to_string(), &*shown);
        prop_assert_eq!(again.original(), &*shown);
        prop_assert_eq!(again.compare_precedence(&version), Ordering::Equal);
        prop_assert_eq!(again.metadata(), version.metadata());
        prop_assert!(Version::parse_with(&shown, Strictness::Bare).is_ok());
    }

    /// Rule 2.3: bare versions are strict, strict ones are loose, and read alike.
    #[test]
    fn a_stricter_reading_is_a_subset(text in tag()) {
        let [loose, strict, bare] = STRICTNESSES.map(|strictness| Version::parse_with(&text, strictness).ok());
        prop_assert!(bare.is_none() || strict.is_some());
        prop_assert!(strict.is_none() || loose.is_some());
        if let (Some(loose), Some(strict)) = (&loose, &strict) {
            prop_assert_eq!(loose.to_string(), strict.to_string());
        }
        let unprefixed = text.strip_prefix('v').unwrap_or(&text);
        prop_assert_eq!(strict.is_some(), Version::parse_with(unprefixed, Strictness::Bare).is_ok());
    }

    /// Rule 2.11: an OCI tag is read as the version with `+` for `_`.
    #[test]
    fn an_underscore_stands_for_a_plus(text in tag()) {
        let tag = text.replace('+', "_");
        for strictness in STRICTNESSES {
            let replaced = tag.replace('_', "+");
            let expected = Version::parse_with(&replaced, strictness).map(|version| version.to_string());
            let version = VersionRef::parse_oci_tag(&tag, strictness).map(|version| version.to_string());
            prop_assert_eq!(version, expected);
        }
    }

    /// Rule 2.4.
    #[test]
    fn build_metadata_does_not_count(constraint in constraint(), text in version(), metadata in identifier()) {
        let Ok(constraint) = Constraint::parse(&constraint) else { return Ok(()) };
        let plain = text.split('+').next().unwrap();
        let Ok(version) = Version::parse(plain) else { return Ok(()) };
        let built = Version::parse(&format!("{plain}+{metadata}")).unwrap();
        prop_assert_eq!(constraint.matches(&version), constraint.matches(&built));
    }

    /// A constraint that some version satisfies is satisfiable.
    #[test]
    fn what_no_version_satisfies_matches_none(text in constraint(), versions in proptest::collection::vec(version(), 8)) {
        let Ok(constraint) = Constraint::parse(&text) else { return Ok(()) };
        if constraint.is_satisfiable() {
            return Ok(());
        }
        let parts = |text: &str| {
            text.split([' ', ',', '|']).filter_map(|part| {
                let version = part.trim_start_matches(['=', '!', '<', '>', '~', '^', 'v']);
                Version::parse(&version.replace(['x', 'X', '*'], "0")).ok()
            }).collect::<Vec<_>>()
        };
        let random = versions.iter().filter_map(|text| Version::parse(text).ok());
        for near in parts(&text).into_iter().chain(random) {
            let (major, minor, patch) = (near.major(), near.minor(), near.patch());
            for (major, minor, patch) in [(major, minor, patch), (major, minor, patch.saturating_add(1)), (major, minor.saturating_add(1), 0), (major.saturating_add(1), 0, 0)] {
                for prerelease in ["", "-0", "-alpha", "-rc", "-rc.1", "-zz"] {
                    let version = Version::parse(&format!("{major}.{minor}.{patch}{prerelease}")).unwrap();
                    prop_assert!(!constraint.matches(&version), "{} {}", text, version);
                }
            }
        }
    }

    #[test]
    fn a_constraint_reads_back_from_its_text(text in constraint()) {
        let Ok(constraint) = Constraint::parse(&text) else { return Ok(()) };
        prop_assert_eq!(constraint.original(), &*text);
        prop_assert_eq!(&constraint.to_string().parse::<Constraint>().unwrap(), &constraint);
    }

    /// Versions that the semver crate can represent come back, and compare alike there.
    #[test]
    fn the_semver_crate_agrees_on_precedence(texts in [version(), version()]) {
        let parsed = texts.map(|text| Version::parse(&text));
        let [Ok(a), Ok(b)] = parsed else { return Ok(()) };
        let (Ok(x), Ok(y)) = (semver::Version::try_from(&a), semver::Version::try_from(&b)) else {
            return Ok(());
        };
        prop_assert_eq!(x.cmp_precedence(&y), a.compare_precedence(&b));
        prop_assert_eq!(Version::try_from(&x).unwrap().to_string(), a.to_string());
    }

    /// A limit only cuts, and taking a few gives the first of all.
    #[test]
    fn the_best_few_are_the_first_of_all(
        tags in proptest::collection::vec(tag(), 0..16),
        constraint in constraint(),
        limit in 0_usize..10,
    ) {
        let rule = TagRule::semver(Constraint::parse(&constraint).ok()).with_strictness(Strictness::Loose);
        let all = names(&rule, &tags, None);
        let few = names(&rule, &tags, Some(limit));
        prop_assert_eq!(&few[..], &all[..all.len().min(limit)]);
        let lazily: Vec<_> = rule.rank(&tags, |_, _| {}).collect();
        prop_assert!(lazily.iter().map(|candidate| candidate.name).eq(all.iter().map(String::as_str)));
        prop_assert!(lazily.iter().all(|candidate| tags[candidate.position] == candidate.name));
        let judged = tags.iter().filter(|tag| rule.judge(tag).is_accepted()).count();
        prop_assert_eq!(judged, all.len());
    }

    /// Rule 3.1, with each pattern asked alone.
    #[test]
    fn a_filter_is_what_its_patterns_are_one_by_one(
        tags in proptest::collection::vec(tag(), 0..20),
        allow in proptest::collection::vec(pattern(), 0..4),
        ignore in proptest::collection::vec(pattern(), 0..4),
        literal in any::<Index>(),
    ) {
        let literal = if tags.is_empty() { "" } else { literal.get(&tags) };
        let filter = TagFilter::builder().allow_all(&allow).ignore_all(&ignore).ignore_literal(literal);
        let Ok(filter) = filter.build() else { return Ok(()) };
        let one_by_one = |patterns: &[String]| -> Vec<GoRegex> {
            patterns.iter().map(|pattern| GoRegex::new(pattern).unwrap()).collect()
        };
        let matches = |patterns: &[GoRegex], tag: &str| patterns.iter().any(|pattern| pattern.is_match(tag));
        let (allow, ignore) = (one_by_one(&allow), one_by_one(&ignore));
        for tag in &tags {
            let ignored = tag == literal || matches(&ignore, tag);
            let allowed = !ignored && (allow.is_empty() || matches(&allow, tag));
            prop_assert_eq!(filter.allows(tag), allowed);
            prop_assert_eq!(filter.judge(tag).is_accepted(), allowed);
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>(), odd in r"[\\\[\](){}^$|?*+.,:<>=!~xXvPpQEidswbB0-9a-c -]{0,24}") {
        for text in [&text, &odd] {
            for strictness in STRICTNESSES {
                let _ = VersionRef::parse_with(text, strictness).map(|version| version.to_string());
                let _ = VersionRef::parse_oci_tag(text, strictness).map(VersionRef::to_version);
            }
            let _ = Constraint::parse(text);
        }
    }
}
