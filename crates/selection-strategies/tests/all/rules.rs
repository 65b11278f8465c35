//! The rules of selection that users rely on, case by case, with the words that explain them.

use selection_strategies::{
    Constraint, ConstraintError, IgnoreRule, NameKind, Rejection, Strictness, TagFilter, TagFilterError,
    TagRule, Verdict, Version, VersionError,
};

#[track_caller]
fn verdict(rule: &TagRule, name: &str, expected: &str) {
    assert_eq!(rule.judge(name).to_string(), expected, "{name}");
}

fn strict(constraint: &str) -> TagRule {
    TagRule::semver(Some(constraint.parse().unwrap()))
}

#[test]
fn a_verdict_names_the_rule_that_decided() {
    let filter = TagFilter::builder()
        .allow_all(["^v", "^1"])
        .ignore_all(["beta", "-rc"])
        .ignore_literals(["v1.0.0", "v1.0.1"])
        .build()
        .unwrap();
    let rule = strict("^1").with_filter(filter);
    verdict(&rule, "v1.2.3", "accepted");
    verdict(&rule, "v1.0.1", r#"ignored by the tag "v1.0.1" of the ignore list"#);
    verdict(&rule, "v1.2.3-beta-rc", r#"ignored by the pattern "beta""#);
    verdict(&rule, "v1.2.3-rc.1", r#"ignored by the pattern "-rc""#);
    verdict(&rule, "latest", "matches none of the allowed patterns");
    verdict(&rule, "v1.2", "not a semantic version in the strict sense (major.minor.patch)");
    verdict(&rule, "v2.0.0", r#"outside the constraint "^1""#);
    verdict(&rule.with_strictness(Strictness::Loose), "v1.x", "not a semantic version");
    verdict(&TagRule::digest("latest"), "v1.0.0", r#"not the tag "latest""#);
}

#[test]
fn a_digest_subscription_does_not_ask_the_filter() {
    let filter = TagFilter::builder().ignore("latest").build().unwrap();
    verdict(&TagRule::digest("latest").with_filter(filter), "latest", "accepted");
}

#[test]
fn one_prefix_of_a_git_tag_is_not_part_of_its_name() {
    let rule = strict("^1").with_kind(NameKind::GitTag);
    verdict(&rule, "refs/tags/v1.0.0", "accepted");
    verdict(&rule, "v1.0.0", "accepted");
    verdict(
        &rule,
        "refs/tags/refs/tags/v1.0.0",
        "not a semantic version in the strict sense (major.minor.patch)",
    );
    verdict(
        &strict("^1"),
        "refs/tags/v1.0.0",
        "not a semantic version in the strict sense (major.minor.patch)",
    );

    let selection = rule.select(["refs/tags/v1.0.0", "v1.1.0"]);
    assert_eq!(selection.chosen[1].name, "refs/tags/v1.0.0"); // as it was given
    assert_eq!(selection.chosen[1].version.unwrap().original(), "v1.0.0");
}

#[test]
fn duplicate_chart_versions_stay() {
    let selection = TagRule::chart(None).select(["1.0.0", "1.1.0", "1.0.0", "1.0"]);
    let chosen: Vec<_> = selection.chosen.iter().map(|version| (version.name, version.position)).collect();
    assert_eq!(chosen, [("1.1.0", 1), ("1.0.0", 0), ("1.0.0", 2), ("1.0", 3)]);
}

#[test]
fn every_underscore_of_an_oci_tag_is_a_plus() {
    let rule = TagRule::oci_chart(None);
    for (tag, accepted) in [
        ("1.0.0_a.b", true),
        ("1.0.0-rc_a", true),
        ("1.0.0_a_b", false),
        ("1.0.0_", false),
        ("1.0_a", false),
        ("v1.0.0", false),
        ("01.0.0", false),
    ] {
        assert_eq!(rule.judge(tag).is_accepted(), accepted, "{tag}");
    }
}

#[test]
fn the_limit_turns_away_the_lesser_ones() {
    let selection = TagRule::lexical().select(["b", "a", "d", "c"]).limit(2);
    let chosen: Vec<_> = selection.chosen.iter().map(|candidate| candidate.name).collect();
    assert_eq!(chosen, ["d", "c"]);
    let beyond = |name| (name, Rejection::BeyondLimit { limit: 2 });
    assert_eq!(selection.rejected, [beyond("b"), beyond("a")]);
}

#[test]
fn bounds_of_versions_and_constraints() {
    let version = |length: usize| Version::parse(&format!("1.0.0-{}", "a".repeat(length - 6)));
    assert!(version(256).is_ok());
    assert_eq!(version(257).unwrap_err(), VersionError::TooLong { length: 257 });
    assert!(Version::parse("18446744073709551615").is_ok());
    assert_eq!(
        Version::parse("1.18446744073709551616").unwrap_err(),
        VersionError::NumberTooLarge { position: 2 }
    );

    assert!(Constraint::parse(&format!("1{}", " ".repeat(511))).is_ok());
    assert!(matches!(
        Constraint::parse(&format!("1{}", " ".repeat(512))),
        Err(ConstraintError::TooLong { length: 513 })
    ));
    assert!(Constraint::parse(&["1"; 32].join("||")).is_ok());
    assert!(matches!(
        Constraint::parse(&["1"; 33].join("||")),
        Err(ConstraintError::TooManyGroups { groups: 33 })
    ));
}

/// A hyphen range is shown as it was written, and not as it is read.
#[test]
fn an_error_shows_the_group_as_it_was_written() {
    for (text, group) in [("^v1.2.3 - 2", "^v1.2.3 - 2"), ("1 - 2 || >1 - 2", " >1 - 2")] {
        assert_eq!(
            Constraint::parse(text).unwrap_err(),
            ConstraintError::Malformed { group: group.to_owned() },
            "{text}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_constraint() {
    #[track_caller]
    fn message(text: &str, expected: &str) {
        assert_eq!(Constraint::parse(text).unwrap_err().to_string(), expected, "{text:?}");
    }
    let empty = "a constraint, and each group between `||`, needs at least one comparison";
    message("", empty);
    message(" ", empty);
    message("1 || ", empty);
    message(">=1<2", r#"">=1<2" is not a list of comparisons such as `>=1.2, <2`"#);
    message(">1 - 2", r#"">1 - 2" is not a list of comparisons such as `>=1.2, <2`"#);
    message("^1, 1|2", r#""1|2" has a bad version"#);
}

#[test]
fn an_error_names_the_pattern() {
    let error = TagFilter::builder().allow_all(["^v", "a**"]).build().unwrap_err();
    assert_eq!(error.pattern(), "a**");
    let TagFilterError::Allow { source } = error else { unreachable!("it is an allow pattern") };
    assert_eq!(
        source.to_string(),
        r#""a**" is not a regular expression: a repetition operator follows another at byte 2"#
    );

    let error = TagFilter::builder().ignore("[a").build().unwrap_err();
    assert_eq!((error.to_string().as_str(), error.pattern()), ("an ignore pattern does not compile", "[a"));
}

#[test]
fn a_verdict_is_a_result() {
    let ignored = Rejection::IgnoredBy { rule: IgnoreRule::Literal("v1".into()) };
    let verdict = Verdict::from(ignored.clone());
    assert_eq!(verdict.rejection(), Some(&ignored));
    assert_eq!(verdict.into_result(), Err(ignored));
    assert_eq!(Verdict::Accepted.into_result(), Ok(()));
}

/// Every rejection explains itself in words of the user's manifest.
#[test]
fn rejections_explain_themselves() {
    let platform = |offered: &[&str]| Rejection::Platform {
        platform: "linux/arm64".into(),
        offered: offered.iter().map(|&platform| platform.into()).collect(),
    };
    for (rejection, expected) in [
        (
            platform(&["linux/amd64", "linux/s390x"]),
            "not built for platform linux/arm64, only for linux/amd64, linux/s390x",
        ),
        (platform(&[]), "not built for platform linux/arm64: it names no platform"),
        (
            Rejection::FilteredByExpression { expression: "tag == 'a'".into() },
            r#"filtered out by the expression "tag == 'a'""#,
        ),
        (Rejection::NoMatchingPath, "no changed path is selected"),
        (Rejection::OlderThanSince, "older than the subscription's `since`"),
        (Rejection::Unreadable { reason: "the manifest is gone".into() }, "unreadable: the manifest is gone"),
    ] {
        assert_eq!(rejection.to_string(), expected);
        assert!(Rejection::RULES.contains(&rejection.rule()), "{rejection}");
    }
}

/// The `v` is a reason of its own, and to remove it helps only where the version then fits.
#[test]
fn a_leading_v_of_a_chart_is_named_inside_and_outside_a_constraint() {
    const CARRIES_NONE: &str = "a semantic version, but the tag of a chart in a registry carries no `v` (`acceptV: true` in its subscription accepts it)";
    let judge = |constraint: Option<&str>, name: &str| {
        let rule = selection_strategies::TagRule::oci_chart(constraint.map(|text| text.parse().unwrap()));
        rule.judge(name).to_string()
    };
    assert!(judge(None, "v2.0.0").starts_with(CARRIES_NONE));
    assert!(judge(Some("^2"), "v2.0.0").starts_with(CARRIES_NONE));
    assert_eq!(
        judge(Some("^3"), "v2.0.0"),
        "has a leading `v`, and is outside the constraint \"^3\" without it, too"
    );
    assert!(judge(Some("^3"), "vnext").starts_with("not a semantic version"));
}

#[test]
fn constraints_that_no_version_satisfies() {
    for text in [
        ">2 <1",
        "1.0.0 - 0.9.0",
        "^1 ^2",
        "^1, ^2",
        ">1.2.3 <1.2.4",
        "1.2.3 1.2.4",
        "1.2.3, !=1.2.3",
        ">=2 <2.0.0",
        "~1.2 >1.2",
        "<0.0.0",
        "<0",
        "^1 ^2 || >2 <1",
        ">18446744073709551615",
        ">=1.0.0-rc.1 <1.0.0-rc.1",
        "1.x, !=1",
        "<=1.0.0-alpha >1.0.0-alpha",
    ] {
        assert!(!Constraint::parse(text).unwrap().is_satisfiable(), "{text}");
    }
    for text in [
        "*",
        "^1",
        ">2 || <1",
        "^1 ^2 || ^3",
        ">=1 <2",
        "!=1",
        "1 - 2",
        ">1.2.3 <1.2.5",
        ">1.2.3-rc.1 <1.2.3",
        ">1.2.3 <1.2.4-rc",
        ">=1.0.0-a !=1.0.0-a <1.0.0",
        "<0.0.1",
        "~0.0.0 >5",
        ">18446744073709551614",
        ">1.2.3-rc.1 <1.2.3-rc.2",
        "!=1.2-alpha 1.2.x",
        "<0.0.0-1",
    ] {
        assert!(Constraint::parse(text).unwrap().is_satisfiable(), "{text}");
    }
    // More comparisons than are tried.
    assert!(
        Constraint::parse(&["^1"; 16].join(" ").replacen("^1", "^2", 1))
            .is_ok_and(|many| !many.is_satisfiable())
    );
    assert!(
        Constraint::parse(&["^1"; 17].join(" ").replacen("^1", "^2", 1))
            .is_ok_and(|many| many.is_satisfiable())
    );
}
