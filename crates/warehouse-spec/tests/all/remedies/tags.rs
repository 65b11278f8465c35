//! Patterns that no tag can match, and patterns in fields that take something else.

use warehouse_spec::{Applicability, Code, Edition, Options, Replacement, SubscriptionKind, lint, migrate};

use super::{HEAD, read};

/// A text that no tag can be and that is a pattern: one remedy, which is the pattern as it was meant. No edit is made without being asked for, and `migrate`, which keeps what is selected,
/// writes what the lint tells of.
#[test]
fn a_pattern_among_tags() {
    for (tag, meant) in
        [(".*-rc.*", ".*-rc.*"), ("rc.*", "rc.*"), ("^dev-", "^dev-"), ("*-rc", "-rc$"), ("a$", "a$")]
    {
        for (kind, url) in [("image", "nginx"), ("git", "https://h/a")] {
            if kind == "git" && tag == "a$" {
                continue;
            }
            let strategy = if kind == "git" { ", commitSelectionStrategy: Lexical" } else { "" };
            let text =
                format!("{HEAD}  - {kind}: {{repoURL: '{url}'{strategy}, ignoreTags: ['{tag}', v1]}}\n");
            let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
            let [old, regex] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((old.code, regex.code), (Code::OldSpelling, Code::BadRegex));
            let written = format!("ignoreTagsRegexes: ['{meant}', '^v1$']");
            assert_eq!(old.help.as_deref(), Some(format!("write `{written}`").as_str()));
            let help = regex.help.clone().unwrap_or_default();
            assert!(help.starts_with(&format!("write '{meant}' in `ignoreTagsRegexes`")), "{help}");
            assert!(regex.replacement.is_none());
            let edit = old.replacement.as_ref().unwrap();
            assert_eq!(edit.applicability, Applicability::MaybeIncorrect);
            let edited = Replacement::apply_all(&text, [edit]);
            assert!(edited.contains(&written), "{edited}");
            assert!(lint("kargo.yaml", &edited, &Options::default()).diagnostics.is_empty(), "{edited}");

            let migrated = migrate("kargo.yaml", &text, Edition::NEWEST, &Options::default());
            let left = lint("kargo.yaml", &migrated.text, &Options::default()).diagnostics;
            let [left] = left.as_slice() else { panic!("{}: {left:?}", migrated.text) };
            assert!(left.message.contains("which no tag"), "{left}");
            let edited = Replacement::apply_all(&migrated.text, left.replacement.as_ref());
            assert!(edited.contains(&written), "{edited}");
        }
    }
}

/// Several patterns in the field that takes one.
#[test]
fn a_list_of_patterns_in_the_place_of_one() {
    for lines in ["allowTags: [a, b]", "allowTags:\n      - a\n      - b"] {
        let text = format!("{HEAD}  - image:\n      repoURL: nginx\n      {lines}\n");
        let manifest = read(&text);
        let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
        assert_eq!(found.help.as_deref(), Some("write `allowTagsRegexes: ['a', 'b']`"));
        let edited = Replacement::apply_all(&text, found.replacement.as_ref());
        let SubscriptionKind::Image(image) = &read(&edited).warehouses[0].spec.subscriptions[0].kind.clone()
        else {
            panic!()
        };
        assert_eq!(image.allow_tags_regexes, ["a", "b"]);
    }
    // The brackets of a class.
    let class = read(&format!("{HEAD}  - image: {{repoURL: nginx, allowTags: [0-9,a-z]}}\n"));
    assert!(
        class.errors().all(|found| found.help.as_deref() == Some("quote it: \"[0-9,a-z]\"")),
        "{class:?}"
    );
}

/// Patterns with a character that no tag has.
#[test]
fn patterns_that_no_tag_can_match() {
    const ANY: &str = r"write the pattern, such as '^v1\.', or delete it";
    for (pattern, needs, help) in [
        (r"^\.\*-rc\.\*$", "`*`", "write '.*-rc.*'"),
        (r"^\^v1$", "`^`", "write '^v1'"),
        (r"^\(a\|b\)$", "`(`", "write '(a|b)'"),
        ("^refs/tags/v", "`/`", "write '^v'"),
        ("^v1:x$", "`:`", ANY),
        ("^a b$", "a blank", ANY),
        ("^v1 | ^v2", "a blank", "write '^v1|^v2'"),
        ("^a/b$", "`/`", ANY),
        ("`^a`", "a backtick", "write '^a'"),
        ("a\u{200b}", "the character U+200B", "write 'a'"),
        (r"1\+b", "`+`", ANY),
    ] {
        let text = format!("{HEAD}  - image: {{repoURL: nginx, allowTagsRegexes: ['{pattern}']}}\n");
        let manifest = read(&text);
        let [found] = manifest.diagnostics.as_slice() else { panic!("{pattern}: {manifest:?}") };
        let message = format!("it needs {needs}, which no tag of an image has: the pattern matches no tag");
        assert_eq!((found.message.as_str(), found.help.as_deref()), (message.as_str(), Some(help)));
        assert_eq!(found.replacement.is_some(), help != ANY);
    }
    for pattern in ["^a/b$", r"1\+b", r"\$(a|b)", "v1(:x)?", "a|b c", r"[\w/]+", "(^|-)a"] {
        let text = format!(
            "{HEAD}  - git: {{repoURL: 'https://h/a', commitSelectionStrategy: Lexical, allowTagsRegexes: ['{pattern}']}}\n"
        );
        assert!(read(&text).diagnostics.is_empty(), "{pattern}");
    }
    for (pattern, help) in [("a|", "write 'a'"), ("|a||b", "write 'a|b'")] {
        let text = format!("{HEAD}  - image: {{repoURL: nginx, allowTagsRegexes: ['{pattern}']}}\n");
        let manifest = read(&text);
        let [found] = manifest.diagnostics.as_slice() else { panic!("{pattern}: {manifest:?}") };
        assert_eq!(found.message, "an empty alternative matches every tag");
        assert_eq!(found.help.as_deref(), Some(help));
    }
}
