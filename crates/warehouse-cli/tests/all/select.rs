//! `warehouse select`: one rule over lines, as a shell user tries it.

use crate::support::warehouse;

#[track_caller]
fn selects(arguments: &[&str], stdin: &str, code: i32, out: &str) {
    let arguments: Vec<_> = ["select"].iter().chain(arguments).copied().collect();
    let ran = warehouse(&arguments, stdin);
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), out), "{arguments:?}: {}", ran.err);
}

const TAGS: &str = "1.2.0\nlatest\n1.10.0\nv1.3.0\r\n\n2.0.0-rc.1\n1.4\n";

#[test]
fn semver_puts_the_newest_first() {
    selects(&["semver"], TAGS, 0, "2.0.0-rc.1\n1.10.0\nv1.3.0\n1.2.0\n");
    selects(&["semver", "^1.2.0"], TAGS, 0, "1.10.0\nv1.3.0\n1.2.0\n");
    selects(&["semver", "^1.2.0", "--loose"], TAGS, 0, "1.10.0\n1.4\nv1.3.0\n1.2.0\n");
    selects(&["semver", "^1.2.0", "--limit", "1"], TAGS, 0, "1.10.0\n");
    selects(&["semver", "^1.2.0", "--ignore", "^1\\.10"], TAGS, 0, "v1.3.0\n1.2.0\n");
}

#[test]
fn explain_shows_every_line_and_why() {
    selects(
        &["semver", "^1.2.0", "--limit", "1", "--explain", "--ignore", "^latest$"],
        "1.2.0\nlatest\nmain\n2.0.0\n1.3.0\n1.3.0-rc.1\n",
        0,
        // The order is that of the strategy, as in `explain`.
        "- 2.0.0\toutside the constraint \"^1.2.0\"\n\
         + 1.3.0\n\
         - 1.3.0-rc.1\toutside the constraint \"^1.2.0\": it is a pre-release, and the constraint names none\n\
         - 1.2.0\tbeyond the limit: one better candidate fills it\n\
         - latest\tignored by the pattern \"^latest$\"\n\
         - main\tnot a semantic version in the strict sense (major.minor.patch)\n",
    );
}

#[test]
fn lexical_is_by_bytes_descending() {
    selects(&["lexical"], "b\nA\na\nB\n", 0, "b\na\nB\nA\n");
    selects(&["lexical", "--allow", "^[a-z]"], "b\nA\na\nB\n", 0, "b\na\n");
}

#[test]
fn regex_and_paths_keep_the_order() {
    selects(&["regex", "^v\\d"], "v1\nx\nv0\n", 0, "v1\nv0\n");
    selects(&["paths", "apps", "glob:charts/**"], "apps/a\nlib/b\ncharts/c/d\n", 0, "apps/a\ncharts/c/d\n");
    selects(
        &["paths", "apps", "--exclude", "regex:\\.md$", "-e"],
        "apps/a\napps/README.md\nlib/b\n",
        0,
        "+ apps/a\n- apps/README.md\texcluded by \"regex:\\\\.md$\"\n- lib/b\tincluded by no selector\n",
    );
}

#[test]
fn expr_reads_tags_and_json() {
    selects(&["expr", "tag startsWith 'v1.'"], "v1.0\nv2.0\nv1.1\n", 0, "v1.0\nv1.1\n");
    let commits = "{\"subject\": \"feat: a\", \"commitDate\": \"2025-06-15T10:30:00Z\"}\n\
                   {\"subject\": \"fix: b\", \"commitDate\": \"2024-06-15T10:30:00Z\"}\n";
    selects(
        &["expr", "commitDate.Year() == 2025 && subject contains 'feat'"],
        commits,
        0,
        "{\"subject\": \"feat: a\", \"commitDate\": \"2025-06-15T10:30:00Z\"}\n",
    );
    let ran = warehouse(&["select", "expr", "len(tag)"], "long\n");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("candidate 1: "), "{}", ran.err);
}

#[test]
fn nothing_that_fits_is_exit_code_1_as_with_grep() {
    selects(&["semver", "^9"], TAGS, 1, "");
    selects(&["lexical"], "", 1, "");
}

#[test]
fn a_rule_that_does_not_compile_is_wrong_usage() {
    for (arguments, said) in
        [(["semver", ">=1<2"], ">=1<2"), (["regex", "a**"], "a**"), (["paths", "glob:[a"], "[a")]
    {
        let ran = warehouse(&[&["select"][..], &arguments].concat(), "");
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.starts_with("error: ") && ran.err.contains(said), "{}", ran.err);
    }
}

/// The message is about the pattern that was given: there is no list of allowed ones.
#[test]
fn a_pattern_that_does_not_compile() {
    let ran = warehouse(&["select", "regex", "("], TAGS);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.starts_with("error: \"(\" is not a regular expression: missing closing )"),
        "{}",
        ran.err
    );
}

/// What `lint` says of a manifest is a warning here, and its help is that of a pattern that does not compile. Each remedy works.
#[test]
fn a_rule_is_told_as_lint_tells_it() {
    for (arguments, said, help, mended) in [
        (
            &["regex", "regexp:^a"][..],
            "warning: `regexp:` is a part of the pattern",
            "write \"^a\"",
            &["regex", "^a"][..],
        ),
        (&["regex", "/^a/"], "warning: the slashes around the pattern", "write \"^a\"", &["regex", "^a"]),
        (&["regex", "*"], "error: \"*\" is not a regular expression", "write \".*\"", &["regex", ".*"]),
        (&["lexical", "--allow", "*"], "error: ", "write \".*\"", &["lexical", "--allow", ".*"]),
        (
            &["lexical", "--allow", "regexp:^a"],
            "warning: `regexp:` is",
            "write \"^a\"",
            &["lexical", "--allow", "^a"],
        ),
        (
            &["semver", "^1 ^2"],
            "warning: no version satisfies `^1 ^2`",
            "write \"^1 || ^2\"",
            &["semver", "^1 || ^2"],
        ),
    ] {
        let ran = warehouse(&[&["select"][..], arguments].concat(), "a\n1.0.0\n");
        assert!(ran.code != Some(0) && ran.err.starts_with(said), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(&format!("\n  help: {help}")), "{arguments:?}: {}", ran.err);
        let ran = warehouse(&[&["select"][..], mended].concat(), "a\n1.0.0\n");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{mended:?}");
    }
}

/// PowerShell writes a mark at the start of what it passes on, and some versions write UTF-16.
#[test]
fn a_byte_order_mark_is_no_part_of_the_first_candidate() {
    selects(&["semver"], "\u{feff}1.0.0\r\n1.1.0\r\n", 0, "1.1.0\n1.0.0\n");
    selects(&["regex", "^1"], "\u{feff}1.0.0\n", 0, "1.0.0\n");
    selects(&["paths", "apps"], "\u{feff}apps/a\n", 0, "apps/a\n");
}

#[test]
fn a_limit_below_zero_is_told_as_such() {
    let ran = warehouse(&["select", "lexical", "--limit", "-1"], TAGS);
    assert!(
        ran.code == Some(2) && ran.err.contains("'-1' for '--limit <N>'") && !ran.err.contains("'-- -1'"),
        "{}",
        ran.err
    );
}

/// In a format for programs there is one shape, whatever the outcome.
#[test]
fn documents_have_one_shape() {
    for (arguments, code, items, message) in [
        (&["semver", "^1"][..], 0, 3, ""),
        (&["semver", "^9"], 1, 0, ""),
        (&["semver", ">=1<2"], 2, 0, ">=1<2"),
        (&["regex", "("], 2, 0, "missing closing )"),
        (&["paths", "glob:[a"], 2, 0, "[a"),
        (&["expr", "tag ="], 2, 0, "unknown operator"),
        (&["expr", "len(tag)"], 2, 0, "candidate 1: "),
    ] {
        for format in ["json", "yaml"] {
            let ran = warehouse(&[&["select"][..], arguments, &["-o", format]].concat(), TAGS);
            let list: serde_json::Value = match format {
                "json" => serde_json::from_str(&ran.out).unwrap(),
                _ => serde_saphyr::from_str(&ran.out).unwrap(),
            };
            assert_eq!(
                (ran.code, &list["apiVersion"], &list["kind"]),
                (Some(code), &"v1".into(), &"List".into())
            );
            assert_eq!(list["items"].as_array().unwrap().len(), items, "{arguments:?}: {list}");
            let errors = list["errors"].as_array().unwrap();
            assert_eq!(errors.len(), usize::from(!message.is_empty()), "{list}");
            if let [error] = errors.as_slice() {
                assert_eq!(error["kind"], "invalid input");
                assert!(
                    !message.starts_with('c') || error["message"].as_str().unwrap().contains(message),
                    "{list}"
                );
                assert!(ran.err.starts_with("error: "), "{}", ran.err);
            }
        }
    }
    let ran = warehouse(&["select", "-f", "/no/such/file.yaml", "-o", "json"], "");
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, list["errors"].as_array().unwrap().len()), (Some(2), 1), "{list}");
}

/// What lint says of a manifest is said of a rule on the command line, too.
#[test]
fn what_selects_nothing_is_told() {
    for (arguments, stdin, message, help) in [
        (
            &["expr", "tagg startsWith 'v'"][..],
            "v1\n",
            "`tagg` is nil: no candidate has a variable of this name",
            "did you mean `tag`?",
        ),
        (&["expr", "message contains 'x'"], "v1\n", "`message` is nil", "the candidates have tag"),
        (
            &["expr", "subject != author && tag != ''"],
            "{\"subject\": \"a\", \"tag\": \"b\"}\n",
            "`author` is nil",
            "the candidates have subject, tag",
        ),
        (&["expr", "mesage != ''"], "", "`mesage` is nil", "the candidates have "),
        (
            &["paths", "/a"],
            "a\n",
            "`/a` matches no file: paths start at the root of the repository, without `/`",
            "write \"a\"",
        ),
        (
            &["paths", "apps/**"],
            "apps/a\n",
            "`apps/**` is taken as a path, letter by letter",
            "write \"glob:apps/**\"",
        ),
        (
            &["paths", "apps/web", "--exclude", "apps"],
            "apps/web/a\n",
            "`apps/web` includes nothing: `excludePaths` has `apps`",
            "delete it",
        ),
    ] {
        let ran = warehouse(&[&["select"][..], arguments].concat(), stdin);
        assert!(ran.err.starts_with(&format!("warning: {message}")), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(&format!("\n  help: {help}")), "{arguments:?}: {}", ran.err);
    }
    for (arguments, stdin) in [
        (&["expr", "tag startsWith 'v'"][..], "v1\n"),
        (&["expr", "anything > 1"], "{\"anything\": 2}\n"),
        (&["paths", "apps", "glob:docs/**", "--exclude", "apps/legacy"], "apps/a\n"),
    ] {
        let ran = warehouse(&[&["select"][..], arguments].concat(), stdin);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn look_around_is_answered_with_what_there_is() {
    for arguments in [
        &["regex", "(?!a)"][..],
        &["semver", "--allow", "^(?=v)"],
        &["lexical", "--ignore", "(?<!a)b"],
        &["paths", "regex:(?<=a)b"],
    ] {
        let ran = warehouse(&[&["select"][..], arguments].concat(), "");
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.err.contains("help: Go's regular expressions (RE2) have no look-around: they have groups"),
            "{}",
            ran.err
        );
    }
    selects(&["semver", "--ignore", "^1\\.10"], TAGS, 0, "2.0.0-rc.1\nv1.3.0\n1.2.0\n");
}
