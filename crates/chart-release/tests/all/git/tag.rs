//! Names of tags, where tags are, and how they are created.

use std::process::Command;

use chart_release::git::{GitErrorKind, TagCreation, TagKind, TagName, TagStanding, Tagger};
use proptest::prelude::*;

use super::Clone;

fn name(name: &str) -> TagName {
    TagName::new(name).unwrap()
}

/// Whether Git itself takes the name, as a reference and on its command line.
fn git_takes(name: &str) -> bool {
    if name.contains('\0') || name.starts_with('-') {
        return false;
    }
    let output =
        Command::new("git").args(["check-ref-format", &format!("refs/tags/{name}")]).output().unwrap();
    output.status.success()
}

#[test]
fn names() {
    for (text, is_valid) in [
        ("a-1.0.0", true),
        ("a-1.0.0+build.5", true),
        ("a-0.0.0-dev", true),
        ("x/a-1.0.0", true),
        ("ä-1.0.0", true),
        ("@", true),
        ("", false),
        ("-a-1.0.0", false),
        ("a-1.0.0 ", false),
        ("a b", false),
        ("a-1..0", false),
        (".a", false),
        ("a.lock", false),
        ("a.", false),
        ("a~1", false),
        ("a^{}", false),
        ("a:b", false),
        ("a?", false),
        ("a*", false),
        ("a[1]", false),
        ("a\\b", false),
        ("a@{1}", false),
        ("a/", false),
        ("/a", false),
        ("a//b", false),
        ("a\n", false),
        ("a\u{7f}", false),
    ] {
        assert_eq!(TagName::new(text).is_ok(), is_valid, "{text:?}");
        assert_eq!(git_takes(text), is_valid, "{text:?}");
    }
    assert!(TagName::new("a".repeat(240)).is_ok());
    assert!(TagName::new("a".repeat(241)).is_err());
    let error = TagName::of_chart("a\u{1b}b", "1.0.0").unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::InvalidName);
    assert_eq!(
        error.to_string(),
        r#""a\\u{1b}b-1.0.0" cannot be the name of a tag: Git forbids it in references"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn names_are_those_of_git(text in "[a./@{}~^:?*\\[\\\\ \\-\u{1}ä]{0,4}(\\.lock)?") {
        prop_assert_eq!(TagName::new(text.as_str()).is_ok(), git_takes(&text) && !text.is_empty());
    }
}

#[test]
fn a_light_tag() {
    let clone = Clone::with_charts();
    let (repository, head) = (clone.open(), clone.id("HEAD"));
    let tag = TagName::of_chart("a", "1.0.0").unwrap();
    assert_eq!(repository.tag(&tag).unwrap(), None);
    assert_eq!(repository.create_tag(&tag, head, &TagKind::Light).unwrap(), TagCreation::Created);
    assert_eq!(clone.git(["cat-file", "-t", "a-1.0.0"]), "commit");
    assert_eq!(repository.create_tag(&tag, head, &TagKind::Light).unwrap(), TagCreation::AlreadyThere);
    assert_eq!(repository.tag(&tag).unwrap(), Some(head));

    clone.git(["pack-refs", "--all"]);
    let repository = clone.open();
    assert_eq!(repository.create_tag(&tag, head, &TagKind::Light).unwrap(), TagCreation::AlreadyThere);

    let other = clone.commit("other");
    let error = repository.create_tag(&tag, other, &TagKind::Light).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::TagElsewhere);
    assert_eq!(error.to_string(), format!("the tag \"a-1.0.0\" stands on {head}, not on {other}"));
    assert_eq!(clone.id("a-1.0.0"), head, "it was not moved");
}

#[test]
fn an_annotated_tag() {
    let clone = Clone::with_charts();
    let (repository, head) = (clone.open(), clone.id("HEAD"));
    let tagger = Tagger {
        name: "Release Bot".into(),
        email: "bot@example.com".into(),
        time: "2026-11-21T10:00:00Z".parse().unwrap(),
    };
    let kind = TagKind::Annotated { message: "Release a 1.0.0".into(), tagger: Some(tagger.clone()) };
    assert_eq!(repository.create_tag(&name("a-1.0.0"), head, &kind).unwrap(), TagCreation::Created);
    assert_eq!(
        clone.git(["cat-file", "tag", "a-1.0.0"]),
        format!(
            "object {head}\ntype commit\ntag a-1.0.0\ntagger Release Bot <bot@example.com> 1795255200 +0000\n\nRelease a 1.0.0"
        )
    );
    clone.git(["fsck", "--strict"]);
    assert_eq!(repository.tag(&name("a-1.0.0")).unwrap(), Some(head), "it is followed to the commit");
    assert_eq!(
        repository.create_tag(&name("a-1.0.0"), head, &TagKind::Light).unwrap(),
        TagCreation::AlreadyThere
    );

    let kind = TagKind::Annotated { message: "By the user".into(), tagger: None };
    repository.create_tag(&name("b-1.0.0"), head, &kind).unwrap();
    assert!(clone.git(["cat-file", "tag", "b-1.0.0"]).contains("tagger Tester <tester@example.com> "));

    for bad in ["", " ", "a\nb", "<a", "a>", "a\0"] {
        let tagger = Tagger { name: bad.into(), ..tagger.clone() };
        let kind = TagKind::Annotated { message: "x".into(), tagger: Some(tagger) };
        let error = repository.create_tag(&name("c"), head, &kind).unwrap_err();
        assert_eq!(error.kind(), GitErrorKind::InvalidName, "{bad:?}");
        assert_eq!(repository.tag(&name("c")).unwrap(), None);
    }
}

#[test]
fn a_tag_whose_name_ends_so_is_another_tag() {
    let clone = Clone::with_charts();
    clone.git(["tag", "x/a-1.0.0"]);
    clone.git(["tag", "xa-1.0.0"]);
    clone.git(["branch", "a-1.0.0"]);
    let repository = clone.open();
    let tag = name("a-1.0.0");
    assert_eq!(repository.tag(&tag).unwrap(), None);
    assert_eq!(repository.tag_standing(&tag, clone.id("HEAD"), None).unwrap(), TagStanding::Absent);
    assert_eq!(repository.tags().unwrap().into_keys().collect::<Vec<_>>(), ["x/a-1.0.0", "xa-1.0.0"]);
    assert_eq!(repository.create_tag(&tag, clone.id("HEAD"), &TagKind::Light).unwrap(), TagCreation::Created);
}

#[test]
fn a_lock_that_a_killed_process_left() {
    let clone = Clone::with_charts();
    let (repository, head) = (clone.open(), clone.id("HEAD"));
    let lock = clone.write(".git/refs/tags/a-1.0.0.lock", "");
    let error = repository.create_tag(&name("a-1.0.0"), head, &TagKind::Light).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Locked, "{error:?}");
    assert!(error.to_string().ends_with("refs/tags/a-1.0.0.lock exists"), "{error}");
    // The remedy works.
    std::fs::remove_file(lock).unwrap();
    assert_eq!(repository.create_tag(&name("a-1.0.0"), head, &TagKind::Light).unwrap(), TagCreation::Created);
}

#[test]
fn a_tag_that_cannot_be_created() {
    let clone = Clone::with_charts();
    let (repository, head) = (clone.open(), clone.id("HEAD"));
    clone.git(["tag", "a/b"]);
    let error = repository.create_tag(&name("a"), head, &TagKind::Light).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Broken, "{error:?}");
    let nowhere = "1".repeat(40).parse().unwrap();
    let error = repository.create_tag(&name("c"), nowhere, &TagKind::Light).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::UnknownRevision, "{error:?}");
}
