//! The summary in one line, and the nearest misses.

use artifact_source::{AnyArtifact, Candidate, Error, ErrorKind, Image, Rejection, Trace};
use warehouse_discovery::{Cause, Tally};

use super::{for_amd64, subscription};

/// The line of a subscription that found something: what excludes the others, and which would come before the best.
#[test]
fn a_summary_in_one_line() {
    let subscription =
        subscription("image: {repoURL: ghcr.io/a/b, constraint: ^1.26.0, platform: linux/arm64}");
    let rule = subscription.tag_rule().unwrap().unwrap();
    let tally = Tally::of(&subscription);
    let mut tags: Vec<String> = (0..2412).map(|build| format!("main-{build}")).collect();
    tags.extend((0..560).map(|patch| format!("1.25.{patch}")));
    tags.push("2.0.1".to_owned());
    for tag in &tags {
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
    }
    tally.rejected(&Candidate::new("1.27.5"), &for_amd64());
    for patch in 0..20 {
        tally.accepted(&Candidate::new(&format!("1.27.{patch}")));
    }
    let summary = tally.summary(&[Image::new("1.27.4", "").into()]);
    assert_eq!(
        summary.to_string(),
        "2,994 tags: 2,412 not semver, 561 outside \"^1.26.0\", 1 not built for linux/arm64, 20 taken, best 1.27.4; nearest misses: \
         1.27.5 (not built for platform linux/arm64, only for linux/amd64), 2.0.1 (outside the constraint \"^1.26.0\")"
    );
    assert_eq!(summary.cause, None);
    for tag in ["1.27.6", "1.27.7"] {
        tally.rejected(&Candidate::new(tag), &for_amd64());
    }
    let line = tally.summary(&[Image::new("1.27.4", "").into()]).to_string();
    let misses =
        "; nearest misses: 1.27.7, 1.27.6, 1.27.5 (not built for platform linux/arm64, only for linux/amd64)";
    assert!(line.ends_with(misses), "{line}");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["nearMisses"][0]["rule"], "platform");
    assert_eq!(
        json["reasons"][0],
        serde_json::json!({"rule": "notSemver", "text": "not semver", "count": 2412})
    );
}

/// The host that was left out, as in <https://github.com/argoproj-labs/argocd-image-updater/issues/244>, is named where Docker Hub has no such image, and nowhere else.
#[test]
fn an_image_without_its_registry() {
    let check = |repository: &str, kind: ErrorKind, expected: Option<&str>| {
        let subscription = subscription(&format!("image: {{repoURL: {repository}}}"));
        let cause = Cause::of_failure(&subscription, &Error::new(kind, "x"));
        assert_eq!(cause.as_ref().map(ToString::to_string).as_deref(), expected, "{repository} {kind:?}");
    };
    let said = "\"shop/web\" names no registry, so it is docker.io/shop/web, which Docker Hub does not have or does not show";
    for kind in [ErrorKind::NotFound, ErrorKind::Unauthorized, ErrorKind::Forbidden] {
        check("shop/web", kind, Some(said));
    }
    let said = "\"web\" names no registry, so it is docker.io/library/web, which Docker Hub does not have or does not show";
    check("web", ErrorKind::NotFound, Some(said));
    check("shop/web", ErrorKind::TimedOut, None);
    for named in ["docker.io/shop/web", "ghcr.io/shop/web", "localhost/web", "registry:5000/web"] {
        check(named, ErrorKind::NotFound, None);
    }
}

/// What one change makes fit is closer than what nothing makes fit, and beside versions a name that is none is no near miss.
#[test]
fn the_nearest_misses_come_first() {
    let subscription = subscription("image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0}");
    let rule = subscription.tag_rule().unwrap().unwrap();
    let tally = Tally::of(&subscription);
    for tag in ["latest", "2.0.0", "1.1.0-rc.1", "0.9.0"] {
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
    }
    let misses = tally.summary(&[]).near_misses;
    let names: Vec<_> = misses.iter().map(|miss| miss.name.as_str()).collect();
    assert_eq!(names, ["1.1.0-rc.1", "2.0.0", "0.9.0"]);
}

/// The nearest misses are those that the fewest rules exclude, and of these those that came furthest, in the order of the strategy.
#[test]
fn near_misses_are_those_that_the_fewest_rules_exclude() {
    let check = |yaml: &str, tags: &[&str], best: Option<&str>, expected: &[&str]| {
        let subscription = subscription(yaml);
        let rule = subscription.tag_rule().unwrap().unwrap();
        let tally = Tally::of(&subscription);
        for tag in tags {
            match rule.judge(tag).into_result() {
                Ok(()) => tally.accepted(&Candidate::new(tag)),
                Err(why) => tally.rejected(&Candidate::new(tag), &why),
            }
        }
        let best: Vec<AnyArtifact> = best.map(|best| Image::new(best, "").into()).into_iter().collect();
        let misses = tally.summary(&best).near_misses;
        let names: Vec<_> = misses.iter().map(|miss| miss.name.as_str()).collect();
        assert_eq!(names, expected, "{yaml}");
    };
    // What is allowed and ignored stands before what no pattern allows, whichever is the higher version.
    let tags = ["9.9.9", "1.1.0-debug", "1.0.0-debug", "latest"];
    check(
        "image: {repoURL: ghcr.io/a/b, strictSemvers: false, constraint: '*-0', allowTagsRegexes: ['^1\\.'], ignoreTagsRegexes: ['-debug$']}",
        &tags,
        None,
        &["1.1.0-debug", "1.0.0-debug", "9.9.9"],
    );
    // What no pattern allows and the constraint excludes, too, stands behind what the pattern alone excludes.
    check(
        "image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0, allowTagsRegexes: ['^v']}",
        &["9.9.9", "9.9.8", "9.9.7", "9.9.6", "9.9.5", "9.9.4", "9.9.3", "9.9.2", "1.2.0"],
        None,
        &["1.2.0", "9.9.9", "9.9.8"],
    );
    // What is ignored, and not allowed either, stands behind what is not allowed.
    check(
        "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: ['^v'], ignoreTags: [2.0.0]}",
        &["2.0.0", "1.0.0"],
        None,
        &["1.0.0", "2.0.0"],
    );
    // A version that is ignored alone is no worse than one outside the constraint.
    check(
        "image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0, ignoreTags: [1.9.0]}",
        &["2.0.0", "1.9.0", "1.8.0", "latest"],
        Some("1.8.0"),
        &["2.0.0", "1.9.0"],
    );
    // Under the order of text, a higher version is not always the better tag, and a name that is no version may be.
    let lexical = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, ignoreTagsRegexes: ['^1\\.10', '-debug$']}";
    check(lexical, &["1.10.0", "1.9.0", "2-debug"], Some("1.9.0"), &["2-debug"]);
    check(
        lexical,
        &["main-1-debug", "main-2-debug", "1.10.0"],
        None,
        &["main-2-debug", "main-1-debug", "1.10.0"],
    );
    // Where the time of the build decides, no name says that a tag would come first.
    check(
        "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: NewestBuild, ignoreTags: [2.0.0]}",
        &["2.0.0", "1.0.0"],
        Some("1.0.0"),
        &[],
    );
}

/// A hostile server can make neither the memory nor the line grow.
#[test]
fn a_long_name_is_shown_short_and_counts_are_bounded() {
    let subscription = subscription("image: {repoURL: ghcr.io/a/b}");
    let tally = Tally::of(&subscription);
    for number in 0..100 {
        let why = Rejection::other("odd", format!("reason {number}"));
        tally.rejected(&Candidate::new(&"x".repeat(60_000)), &why);
    }
    let summary = tally.summary(&[]);
    assert_eq!(summary.listed, 100);
    assert_eq!(summary.reasons.last().unwrap().count, 100 - 32);
    assert!(summary.to_string().len() < 4000, "{summary}");
}
