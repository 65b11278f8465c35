//! The cause where nothing fits, and what to write in its place.

use artifact_source::{Candidate, Recorder, Rejection, Trace};
use warehouse_discovery::{Tally, Why};

use super::{Evidence, in_other_case, subscription};

/// Situations without a thread: a subscription that can select nothing, or that is written otherwise than what the server has.
struct Situation {
    subscription: &'static str,
    listed: &'static [&'static str],
    evidence: &'static [Evidence],
    answer: &'static str,
    hint: &'static str,
}

const SITUATIONS: &[Situation] = &[
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, constraint: '>2 <1'}",
        listed: &["1.2.3", "2.0.0", "latest"],
        evidence: &[],
        answer: "no version satisfies the constraint \">2 <1\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "chart: {repoURL: 'oci://h/c', semverConstraint: 1.0.0 - 0.9.0}",
        listed: &["1.0.0"],
        evidence: &[],
        answer: "no version satisfies the constraint \"1.0.0 - 0.9.0\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer, semverConstraint: '^1 ^2 || ^3 <2'}",
        listed: &["v1.0.0", "3.0.0-rc.1", "x"],
        evidence: &[],
        answer: "no version satisfies the constraint \"^1 ^2 || ^3 <2\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: [Apps/web]}",
        listed: &["c1", "c2"],
        evidence: &[("c1", || Rejection::NoMatchingPath), ("c2", || in_other_case("Apps/web", "apps/web"))],
        answer: "none of 2 commits changes a path that `includePaths` (\"Apps/web\") selects, but \"apps/web\" is changed, which differs from \"Apps/web\" in the \
                 case of its letters",
        hint: "write `apps/web`: Git compares paths letter by letter",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer, includePaths: [Apps/web]}",
        listed: &["v1.0.0"],
        evidence: &[("v1.0.0", || in_other_case("Apps/web", "apps"))],
        answer: "the only tag does not change a path that `includePaths` (\"Apps/web\") selects, but \"apps\" is changed, which differs from \"Apps/web\" in the \
                 case of its letters",
        hint: "write `apps` in its place, and what follows it as `git ls-files` shows it: Git compares paths letter by letter",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: [apps/web], excludePaths: [apps]}",
        listed: &["c1", "c2"],
        evidence: &[("c1", || Rejection::NoMatchingPath), ("c2", || Rejection::NoMatchingPath)],
        answer: "`excludePaths` (\"apps\") contains everything that `includePaths` (\"apps/web\") selects",
        hint: "name in `excludePaths` what to leave out of `includePaths`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: ['glob:env/*']}",
        listed: &["c1"],
        evidence: &[("c1", || Rejection::NoMatchingPath)],
        answer: "the only commit does not change a path that `includePaths` (\"glob:env/*\") selects: there never was one on this branch",
        hint: "`*` stays within a folder; `glob:env/**` selects what is in the folders below it, too",
    },
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: [^v1]}",
        listed: &["1.2.3", "1.3.0", "2.0.0"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match 2 tags such as 1.3.0 without the `v` in it",
        hint: "write `^v?1`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, allowTagsRegexes: ['^v[0-9]+']}",
        listed: &["1.2.3"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match the tag 1.2.3 without the `v` in it",
        hint: "write `^v?[0-9]+`",
    },
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: [^1]}",
        listed: &["v1.2.3", "latest"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match the tag v1.2.3 with `v` before it",
        hint: "write `^v?1`",
    },
];

/// The order of text, where numbers say the opposite; the hint is about a strategy that has the other order.
#[test]
fn names_with_numbers_in_the_order_of_text() {
    let lexical = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, discoveryLimit: 1}";
    let semver = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: SemVer, discoveryLimit: 1}";
    let chart = "chart: {repoURL: 'oci://h/c', semverConstraint: '*-0', discoveryLimit: 1}";
    let git = "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, discoveryLimit: 1}";
    for (yaml, taken, asked, said, hint) in [
        (
            lexical,
            "app-rc9",
            "app-rc10",
            "text is compared character by character, and '1' comes before '9'",
            "NewestBuild",
        ),
        (
            lexical,
            "1.9.0",
            "1.10.0",
            "text is compared character by character, and '1' comes before '9'",
            "imageSelectionStrategy: SemVer",
        ),
        (
            git,
            "v1.9.0",
            "v1.10.0",
            "text is compared character by character, and '1' comes before '9'",
            "commitSelectionStrategy: SemVer",
        ),
        (
            semver,
            "1.0.0-rc9",
            "1.0.0-rc10",
            "a pre-release with letters and digits is compared character by character, and '1' comes before '9'",
            "`rc.10`",
        ),
        (
            chart,
            "1.0.0-rc9",
            "1.0.0-rc10",
            "a pre-release with letters and digits is compared character by character, and '1' comes before '9'",
            "`rc.10`",
        ),
        (lexical, "b", "a", "", ""),
        (lexical, "v2", "v1", "", ""),
        (semver, "1.10.0", "1.9.0", "", ""),
        (semver, "1.0.0-rc.10", "1.0.0-rc.9", "", ""),
    ] {
        let subscription = subscription(yaml);
        let rule = subscription.tag_rule().unwrap().unwrap();
        let selection = rule.select([asked, taken]).limit(1);
        assert_eq!(selection.chosen[0].name, taken, "{yaml}");
        let recorder = Recorder::new();
        recorder.accepted(&Candidate::new(taken));
        recorder.rejected(&Candidate::new(asked), &Rejection::BeyondLimit { limit: 1 });
        let why = Why::of(&subscription, &recorder.into_judgements(), asked);
        let (_, remark) = why.message.split_once(&format!("the last one taken is {taken}")).unwrap();
        assert_eq!(remark.trim_start_matches(": "), said, "{yaml} {asked}");
        assert!(why.hint.as_deref().unwrap_or_default().contains(hint), "{:?}", why.hint);
    }
    // What the hints say.
    for yaml in
        ["image: {repoURL: ghcr.io/a/b}", "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer}"]
    {
        let rule = subscription(yaml).tag_rule().unwrap().unwrap();
        assert_eq!(rule.select(["1.9.0", "1.10.0"]).limit(1).chosen[0].name, "1.10.0");
        assert_eq!(rule.select(["1.0.0-rc.9", "1.0.0-rc.10"]).limit(1).chosen[0].name, "1.0.0-rc.10");
    }
}

const VARIABLE: &str = "fill in the variable first, for example with `envsubst`";

/// A pattern of another tool is the cause, whatever else a tag lacks, and what the hint says to write works.
#[test]
fn a_pattern_of_another_tool() {
    let image =
        |fields: &str| format!("image: {{repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, {fields}}}");
    for (pattern, hint, after, tag) in [
        ("regexp:^v1", "write '^v1' in its place", "allowTagsRegexes: ['^v1']", "v1.2.0"),
        ("/^1/", "write '^1' in its place", "allowTagsRegexes: ['^1']", "1.2.0"),
        ("/^V1/i", "write '(?i)^V1' in its place", "allowTagsRegexes: ['(?i)^V1']", "v1.2.0"),
        (r"^\\d+\\.", r"write '^\d+\.' in its place", r"allowTagsRegexes: ['^\d+\.']", "1.2.0"),
        ("!^v", "remove it, and write `ignoreTagsRegexes: ['^v']`", "ignoreTagsRegexes: ['^v']", "1.2.0"),
        ("glob:v*", "write '^v' in its place", "allowTagsRegexes: ['^v']", "v1.2.0"),
        ("glob:?1.*.0", r"write '^.1\..*\.0$' in its place", r"allowTagsRegexes: ['^.1\..*\.0$']", "v1.2.0"),
        (
            "$main",
            r"write the pattern, such as '^v1\.', or delete it",
            r"allowTagsRegexes: ['^v1\.']",
            "v1.2.0",
        ),
        ("${X}", VARIABLE, r"allowTagsRegexes: ['^v1\.']", "v1.2.0"),
        ("$(X)", VARIABLE, r"allowTagsRegexes: ['^v1\.']", "v1.2.0"),
        ("^v$(X)$", VARIABLE, r"allowTagsRegexes: ['^v1.2.0$']", "v1.2.0"),
        (
            "{{ x }}",
            "render the template first, for example with `helm template`",
            "allowTagsRegexes: ['^v']",
            "v1.2.0",
        ),
        ("<tag>", "put the real value in place of the <placeholder>", "allowTagsRegexes: ['^v']", "v1.2.0"),
    ] {
        let before = subscription(&image(&format!("allowTagsRegexes: ['{pattern}']")));
        let tally = Tally::of(&before);
        let rule = before.tag_rule().unwrap().unwrap();
        for tag in ["v1.2.0", "1.2.0", "latest"] {
            tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        }
        let cause = tally.summary(&[]).cause.unwrap();
        let said = format!("the pattern {pattern:?} of `allowTagsRegexes` can match no tag: ");
        assert!(cause.message.starts_with(&said), "{cause}");
        assert_eq!(cause.hint.as_deref(), Some(hint));
        assert_eq!(Why::of(&before, &[], tag).hint.as_deref(), Some(hint), "{pattern}");
        let rule = subscription(&image(after)).tag_rule().unwrap().unwrap();
        assert!(rule.judge(tag).is_accepted(), "{after}");
    }
}

#[test]
fn a_subscription_that_can_select_nothing_is_named_first() {
    for row in SITUATIONS {
        let subscription = subscription(row.subscription);
        let tally = Tally::of(&subscription);
        let rule = subscription.tag_rule().unwrap();
        for name in row.listed {
            let known = row.evidence.iter().find(|(rejected, _)| rejected == name).map(|(_, why)| why());
            let why = known.or_else(|| rule.as_ref().and_then(|rule| rule.judge(name).into_result().err()));
            tally.rejected(
                &Candidate::new(name),
                &why.unwrap_or_else(|| panic!("{name} fits {}", row.subscription)),
            );
        }
        let cause = tally.summary(&[]).cause.unwrap();
        assert_eq!(
            (cause.message.as_str(), cause.hint.as_deref().unwrap_or_default()),
            (row.answer, row.hint)
        );
    }
}

/// What the patterns allow, and what is ignored, decides what is said of the patterns.
#[test]
fn what_patterns_allow_and_ignore() {
    let tags = ["1.0.0", "1.1.0", "1.2.0", "1.2.0-rc.1", "2.0.0-beta.1", "nightly"];
    let cause = |fields: &str| {
        let image = subscription(&format!("image: {{repoURL: ghcr.io/a/b, {fields}}}"));
        let tally = Tally::of(&image);
        let rule = image.tag_rule().unwrap().unwrap();
        for tag in tags {
            tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        }
        let cause = tally.summary(&[]).cause.unwrap();
        (cause.message, cause.hint.unwrap_or_default())
    };
    let (message, hint) = cause("allowTagsRegexes: ['^1'], ignoreTagsRegexes: ['^1']");
    assert_eq!(
        message,
        "all 4 tags that `allowTagsRegexes` (\"^1\") matches are ignored by the pattern \"^1\" (1.2.0, 1.2.0-rc.1, 1.1.0, ...)"
    );
    assert!(hint.contains("remove the rule that ignores it"), "{hint}");
    let removed = subscription("image: {repoURL: ghcr.io/a/b, allowTagsRegexes: ['^1']}");
    assert!(removed.tag_rule().unwrap().unwrap().judge("1.2.0").is_accepted());

    let (message, _) =
        cause("allowTagsRegexes: ['^1[.]2'], ignoreTags: [1.2.0], ignoreTagsRegexes: [rc, '^1']");
    assert_eq!(
        message,
        "all 2 tags that `allowTagsRegexes` (\"^1[.]2\") matches are ignored (1 by the pattern \"rc\" (1.2.0-rc.1), 1 by the tag \"1.2.0\" of the ignore list (1.2.0))"
    );
    let (message, _) = cause("allowTagsRegexes: ['^night'], ignoreTags: [nightly]");
    assert_eq!(
        message,
        "the only tag that `allowTagsRegexes` (\"^night\") matches is ignored by the tag \"nightly\" of the ignore list (nightly)"
    );
    // What is ignored is not allowed, so that the patterns are the cause.
    let (message, _) = cause("constraint: '>=0-0', allowTagsRegexes: ['^v2'], ignoreTagsRegexes: ['^1']");
    assert!(
        message.starts_with("`allowTagsRegexes` matches no tag, but would match the tag 2.0.0-beta.1 "),
        "{message}"
    );
    // The patterns match a tag, but not one that fits otherwise.
    let (message, hint) = cause("constraint: ^2.0.0-0, allowTagsRegexes: ['^0', '^1[.]1']");
    assert_eq!(
        message,
        "`allowTagsRegexes` matches no tag that fits otherwise, but would match the tag 2.0.0-beta.1 without `^`"
    );
    assert!(hint.starts_with("remove `^`"), "{hint}");
}

/// A chart that is not there is none that is listed, and each that could be meant is named.
#[test]
fn a_chart_that_is_not_listed() {
    let chart = subscription("chart: {repoURL: 'https://charts.example.com', name: web}");
    let hint = |similar: &[&str]| {
        let tally = Tally::of(&chart);
        let similar = similar.iter().map(ToString::to_string).collect();
        tally.rejected(
            &Candidate::new("web"),
            &Rejection::NotListed { chart: "web".into(), similar, listed: Vec::new() },
        );
        let summary = tally.summary(&[]);
        assert_eq!((summary.listed, summary.reasons[0].count), (0, 1));
        summary.cause.unwrap().hint
    };
    assert_eq!(hint(&[]), None);
    assert_eq!(hint(&["web0"]).unwrap(), "write `name: web0` if that is the chart");
    assert_eq!(
        hint(&["web0", "web1", "web2"]).unwrap(),
        "did you mean one of them? Write `name: web0` or `name: web1` or `name: web2`"
    );
}

/// A pre-release that the constraint with `-0` does not accept is no pre-release within it, and `_` is `+` for charts alone.
#[test]
fn an_exact_constraint_and_an_underscore() {
    let cause = |constraint: &str, tag: &str| {
        let image = subscription(&format!("image: {{repoURL: ghcr.io/a/b, constraint: '{constraint}'}}"));
        let tally = Tally::of(&image);
        let rule = image.tag_rule().unwrap().unwrap();
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        tally.summary(&[]).cause.unwrap().message
    };
    for constraint in ["1.0.0", "=1.0.0"] {
        let expected = format!("the only version, 1.0.0-alpine, is outside the constraint {constraint:?}");
        assert_eq!(cause(constraint, "1.0.0-alpine"), expected);
    }
    assert_eq!(
        cause("1.0.0+build.1", "1.0.0_build.1"),
        "the tag 1.0.0_build.1 has `_` where a version has `+`; only in the tags of charts does `_` stand for it"
    );
}

/// What a hint says to write makes the candidate fit.
#[test]
fn the_remedies_work() {
    let check = |before: &str, tag: &str, hint: &str, after: &str| {
        let rule = subscription(before).tag_rule().unwrap().unwrap();
        let tally = Tally::of(&subscription(before));
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        let cause = tally.summary(&[]).cause.unwrap();
        assert!(cause.hint.as_deref().unwrap_or_default().contains(hint), "{cause}: {:?}", cause.hint);
        let rule = subscription(after).tag_rule().unwrap().unwrap();
        assert!(rule.judge(tag).is_accepted(), "{after}: {}", rule.judge(tag));
    };
    for (constraint, tag, remedy) in [
        ("^1.0.0", "1.1.0-rc.1", "^1.0.0-0"),
        (">=1.2, <3", "2.0.0-rc.1", ">=1.2-0, <3-0"),
        ("3.12.*", "3.12.0-1", "3.12.*-0"),
        ("1.15.x || ^2.0.0", "2.0.1-r3", "1.15.x-0 || ^2.0.0-0"),
    ] {
        let image = |constraint: &str| format!("image: {{repoURL: ghcr.io/a/b, constraint: '{constraint}'}}");
        check(&image(constraint), tag, &format!("{remedy:?}"), &image(remedy));
    }
    let image = |fields: &str| format!("image: {{repoURL: ghcr.io/a/b{fields}}}");
    for tag in ["1.2", "v2025.08.07"] {
        check(&image(""), tag, "strictSemvers: false", &image(", strictSemvers: false"));
    }
    let lexical =
        |pattern: &str| image(&format!(", imageSelectionStrategy: Lexical, allowTagsRegexes: ['{pattern}']"));
    for (pattern, tag, hint, remedy) in [
        ("^[0-9]", "v1.2.3", "write `^v?[0-9]`", "^v?[0-9]"),
        ("^1|x", "v1.2.3", "write `^v?(?:1|x)`", "^v?(?:1|x)"),
        ("^v[0-9]", "1.2.3", "write `^v?[0-9]`", "^v?[0-9]"),
        ("^(v1|x)", "1.2.3", "write `^(v?1|x)`", "^(v?1|x)"),
        ("^Release-", "release-1", "(?i)", "(?i)^Release-"),
        ("^main-*$", "main-4f2a9c1", ".*", "^main-.*$"),
        ("^1.2$", "1.2.3", "remove `$`, or add `.*` before it", "^1.2"),
        ("^1.2$", "1.2.3", "remove `$`, or add `.*` before it", "^1.2.*$"),
        ("^2.3$", "1.2.3", "remove `^`, or add `.*` after it", "2.3$"),
        ("^2.3$", "1.2.3", "remove `^`, or add `.*` after it", "^.*2.3$"),
        ("^2$", "1.2.3", "remove both, or add `.*` after `^` and before `$`", "2"),
        ("^2$", "1.2.3", "remove both, or add `.*` after `^` and before `$`", "^.*2.*$"),
    ] {
        check(&lexical(pattern), tag, hint, &lexical(remedy));
    }
    let loose = ", constraint: ^1.0, strictSemvers: false";
    check(&image(", constraint: ^2.0"), "1.0", "`strictSemvers: false`", &image(loose));
    for tag in ["20240101", "340", "app-1.2.3", "1.2.3.4", "main-4f2a9c1", "1.0.0_build.1"] {
        check(&image(""), tag, "`Lexical`", &image(", imageSelectionStrategy: Lexical"));
        check(&image(""), tag, "NewestBuild", &image(", imageSelectionStrategy: NewestBuild"));
    }
}
