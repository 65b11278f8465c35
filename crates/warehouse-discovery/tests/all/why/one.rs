//! What is said of single candidates, and of what comes closest, where only the names decide.

use artifact_source::{Candidate, Judgement, Recorder, Rejection, Trace};
use warehouse_discovery::{Summary, Tally, Why, reasons, sort_candidates};
use warehouse_spec::Subscription;

use super::subscription;

/// What a rule about names says of these, in the order of the strategy.
fn judged(subscription: &Subscription, names: &[&str]) -> Vec<Judgement> {
    let rule = subscription.tag_rule().unwrap().unwrap();
    let recorder = Recorder::new();
    for name in names {
        match rule.judge(name).into_result() {
            Ok(()) => recorder.accepted(&Candidate::new(name)),
            Err(why) => recorder.rejected(&Candidate::new(name), &why),
        }
    }
    let mut judged = recorder.into_judgements();
    sort_candidates(subscription, &mut judged);
    judged
}

fn summary(subscription: &Subscription, names: &[&str]) -> Summary {
    Tally::of_judgements(subscription, &judged(subscription, names)).summary(&[])
}

fn image(fields: &str) -> Subscription {
    subscription(&format!("image: {{repoURL: ghcr.io/a/b, {fields}}}"))
}

/// The cause is what the nearest miss lacks, and what the hint says to write takes it.
#[test]
fn the_cause_is_what_the_nearest_miss_lacks() {
    for (constraint, names, nearest, remedy) in [
        (
            "^1.0.0",
            &["1.0.0_build.1", "1.0.0_build.2", "1.0.0-build.3"][..],
            &["1.0.0-build.3", "1.0.0_build.2"][..],
            "^1.0.0-0",
        ),
        (
            "2024.x",
            &["2024.3", "2024.02.1", "2024.1.5-3", "22.04"],
            &["2024.1.5-3", "2024.3", "2024.02.1"],
            "2024.x-0",
        ),
    ] {
        let summary = summary(&image(&format!("constraint: {constraint}")), names);
        let misses: Vec<_> = summary.near_misses.iter().map(|miss| miss.name.as_str()).collect();
        assert_eq!(misses, nearest);
        let cause = summary.cause.unwrap();
        assert!(cause.message.contains(&format!("is a pre-release ({})", nearest[0])), "{cause}");
        assert_eq!(cause.hint.unwrap(), format!("the constraint {remedy:?} accepts them"));
        let rule = image(&format!("constraint: {remedy}")).tag_rule().unwrap().unwrap();
        assert!(rule.judge(nearest[0]).is_accepted(), "{remedy}");
    }
}

/// Text that puts a greater number behind a smaller one is explained of what is taken, too.
#[test]
fn a_greater_number_behind_a_smaller_one_is_explained_of_what_is_taken() {
    for (fields, names, name, message, hint) in [
        (
            "constraint: '>=1.0.0-0'",
            &["1.0.0-rc9", "1.0.0-rc10"][..],
            "1.0.0-rc10",
            "is taken: number 2 of 2, after 1.0.0-rc9: a pre-release with letters and digits is compared character by character, and '1' comes before '9'",
            "a dot before the number (`rc.10`) makes it a part of its own, which is compared as a number",
        ),
        (
            "imageSelectionStrategy: Lexical",
            &["prod-1", "prod-2", "prod-10"],
            "prod-10",
            "is taken: number 2 of 3, after prod-2: text is compared character by character, and '1' comes before '2'",
            "`imageSelectionStrategy: NewestBuild` orders by the time of the build",
        ),
        ("imageSelectionStrategy: Lexical", &["prod-1", "prod-2"], "prod-1", "is taken: number 2 of 2", ""),
    ] {
        let image = image(fields);
        let why = Why::of(&image, &judged(&image, names), name);
        assert_eq!((why.message.as_str(), why.hint.as_deref().unwrap_or_default()), (message, hint));
    }
}

/// Reasons in the same words are one reason.
#[test]
fn names_that_are_ignored_one_by_one_are_counted_together() {
    let image = image("ignoreTags: [v2.0.0, v1.1.0, v1.0.0]");
    let summary = summary(&image, &["v1.0.0", "v1.1.0", "v2.0.0", "latest"]);
    let reasons: Vec<_> = summary.reasons.iter().map(|reason| (reason.text.as_str(), reason.count)).collect();
    assert_eq!(reasons, [("ignored by name", 3), ("not semver", 1)]);
}

/// Why a name is no version does not depend on the constraint.
#[test]
fn the_reason_describes_the_name() {
    let names = ["v01.4.0", "release-2.0.0", "release-1.0.0", "1.2.3.4", "1.0.0_a", "1.2", "latest"];
    let said = |constraint: &str| {
        let image = image(&format!("constraint: {constraint}"));
        let judged = judged(&image, &names);
        let reasons = reasons(&image, &judged).into_iter().map(Option::unwrap);
        judged.into_iter().map(|judged| judged.name).zip(reasons).collect::<Vec<_>>()
    };
    let strict = "not a semantic version in the strict sense (major.minor.patch)";
    let expected: Vec<_> = [
        ("v01.4.0", ": a number begins with 0"),
        ("1.2", ": it leaves out a number"),
        ("1.0.0_a", ": it has `_`, which stands for `+` only in the tags of charts"),
        ("1.2.3.4", ": it has a fourth number"),
        ("latest", ""),
        ("release-2.0.0", ": \"release-\" stands before the version"),
        ("release-1.0.0", ": \"release-\" stands before the version"),
    ]
    .map(|(name, lacks)| (name.to_owned(), format!("{strict}{lacks}")))
    .into();
    for constraint in ["^1", "^3"] {
        assert_eq!(said(constraint), expected, "{constraint}");
    }
    // So does the answer about one, listed or not, with what is similar behind it.
    let image = image("constraint: ^3");
    let why = |listed: &[&str]| Why::of(&image, &judged(&image, listed), "v01.4.0").message;
    assert_eq!(why(&["v01.4.0"]), format!("is not taken: {strict}: a number begins with 0"));
    assert_eq!(
        why(&["v1.4.0"]),
        format!(
            "is not listed by the server, and would not be taken: {strict}: a number begins with 0; similar: v1.4.0"
        )
    );
}

/// `refs/tags/` is no part of the name of a tag, and the pattern that the hint has matches.
#[test]
fn a_pattern_with_the_prefix_of_references() {
    let git = |pattern: &str| {
        subscription(&format!(
            "git: {{repoURL: 'https://h/a', commitSelectionStrategy: Lexical, allowTagsRegexes: ['{pattern}']}}"
        ))
    };
    let cause = summary(&git("^refs/tags/v"), &["v1.0.0", "v1.1.0", "weekly"]).cause.unwrap();
    assert_eq!(
        cause.message,
        "`allowTagsRegexes` matches no tag, but would match 2 tags such as v1.1.0 without `refs/tags/`"
    );
    assert_eq!(cause.hint.unwrap(), "write `^v`: the name of a tag begins behind it");
    assert_eq!(summary(&git("^v"), &["v1.0.0", "v1.1.0", "weekly"]).taken, 2);
}

/// Of a commit that was not judged, it is said as far as it is known why.
#[test]
fn a_commit_that_was_not_reached() {
    let id = |digit: char| digit.to_string().repeat(40);
    let ask = |fields: &str, rejected: Option<Rejection>, name: &str| {
        let git = subscription(&format!("git: {{repoURL: 'https://h/a', branch: main{fields}}}"));
        let recorder = Recorder::new();
        recorder.accepted(&Candidate::new(&id('a')));
        recorder.accepted(&Candidate::new(&id('b')));
        if let Some(why) = rejected {
            recorder.rejected(&Candidate::new(&id('c')), &why);
        }
        let judged = recorder.into_judgements();
        let summary = Tally::of_judgements(&git, &judged).summary(&[]);
        let Why { message, hint, .. } = Why::of(&git, &judged, name);
        (message, hint.unwrap_or_default(), summary.stopped_at_limit, summary.to_string())
    };
    let (message, hint, stopped, summary) = ask(", discoveryLimit: 2", None, "a10a184");
    assert_eq!(
        message,
        "was not reached: newer commits fill the `discoveryLimit` of 2, and older ones were not read"
    );
    assert_eq!(hint, "if it is an older commit of the branch, a greater `discoveryLimit` reaches it");
    assert_eq!((stopped, summary.as_str()), (true, "2 commits: 2 taken (the limit, at which the walk ends)"));

    let (message, hint, stopped, summary) = ask("", None, "a10a184");
    assert_eq!(
        message,
        "is none of the 2 commits of the branch that were read: the branch's own commits, without those of branches that were merged into it"
    );
    assert_eq!((hint.as_str(), stopped, summary.as_str()), ("", false, "2 commits: 2 taken"));

    let since = ", since: '2024-01-01T00:00:00Z'";
    let (message, ..) = ask(since, Some(Rejection::OlderThanSince), "a10a184");
    assert_eq!(message, "was not reached: commits older than `since` were not read");

    let (message, hint, ..) = ask(", discoveryLimit: 2", None, "v1.0.0");
    assert_eq!(message, "is not the id of a commit, and `NewestFromBranch` reads no tags");
    assert_eq!(hint, "`commitSelectionStrategy: SemVer`, `Lexical` and `NewestTag` read tags");
}
