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
        "1.2.0\nlatest\nmain\n2.0.0\n1.3.0\n",
        0,
        "+ 1.3.0\n\
         - latest\tignored by the pattern \"^latest$\"\n\
         - main\tnot a semantic version in the strict sense (major.minor.patch)\n\
         - 2.0.0\toutside the constraint \"^1.2.0\"\n\
         - 1.2.0\tbeyond the limit: one better candidate fills it\n",
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
