//! Regular expressions that Go does not take, and expressions in the operators of other languages: what the message says to write is
//! taken, and selects what was meant.

use selection_strategies::TagFilter;
use selection_strategies::path::PathSelectors;
use warehouse_spec::{Code, GitSubscription, SubscriptionKind};

use super::{HEAD, read};

/// What is said where nothing more exact is known.
const LANGUAGE: &str = "the language is that of https://expr-lang.org/docs/language-definition";

const REASON: &str = ": Go's regular expressions have no look-around";

fn git(lists: &[(&str, Vec<String>)]) -> String {
    let mut text =
        format!("{HEAD}  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: NewestTag\n");
    for (name, forms) in lists.iter().filter(|(_, forms)| !forms.is_empty()) {
        text.push_str(&format!("      {name}: [{}]\n", forms.join(", ")));
    }
    text
}

/// The lists after doing what a help says about the one pattern of this list.
fn after(list: &str, help: &str) -> Vec<(&'static str, Vec<String>)> {
    let opposite = |name: &str| match name {
        "allowTagsRegexes" => "ignoreTagsRegexes",
        "ignoreTagsRegexes" => "allowTagsRegexes",
        "includePaths" => "excludePaths",
        _ => "includePaths",
    };
    let other = opposite(list);
    let list = opposite(other);
    let said = help.strip_prefix("write ").unwrap_or_else(|| panic!("{help}"));
    let said = said.strip_suffix(REASON).unwrap_or(said);
    let forms = |text: &str| text.split(" and ").map(str::to_owned).collect::<Vec<_>>();
    if let Some(moved) = said.strip_suffix(&format!(" in `{other}` instead of it")) {
        return vec![(other, forms(moved))];
    }
    match said.strip_suffix(&format!(" in `{other}`")).and_then(|said| said.split_once(" in its place, and "))
    {
        Some((rest, moved)) => vec![(list, vec![rest.to_owned()]), (other, forms(moved))],
        None => vec![(list, vec![said.to_owned()])],
    }
}

/// What is read after doing what the help about the one pattern of this list says: nothing is told any more.
#[track_caller]
fn done(list: &str, pattern: &str, code: Code) -> GitSubscription {
    let quoted = format!("'{}'", pattern.replace('\'', "''"));
    let before = read(&git(&[(list, vec![quoted])]));
    let [found] = before.diagnostics.as_slice() else { panic!("{pattern:?}: {:?}", before.diagnostics) };
    assert_eq!(found.code, code, "{found}");
    let help = found.help.clone().unwrap_or_default();
    let remedied = git(&after(list, &help));
    let after = read(&remedied);
    assert!(after.diagnostics.is_empty(), "{pattern:?}: {help}\n{remedied}{:?}", after.diagnostics);
    match after.warehouses[0].spec.subscriptions[0].kind.clone() {
        SubscriptionKind::Git(git) => git,
        other => panic!("{other:?}"),
    }
}

/// The pattern selects these tags after doing what the help says, and not those.
#[track_caller]
fn tags(list: &str, pattern: &str, selects: &[&str], not: &[&str]) {
    let git = done(list, pattern, Code::BadRegex);
    let filter =
        git.ignore_tags_regexes.iter().fold(TagFilter::builder(), |filter, pattern| filter.ignore(pattern));
    let filter = git.allow_tags_regexes.iter().fold(filter, |filter, pattern| filter.allow(pattern));
    let filter = filter.build().unwrap();
    for (tags, expected) in [(selects, true), (not, false)] {
        for tag in tags {
            assert_eq!(filter.allows(tag), expected, "{pattern:?}: {tag}: {filter:?}");
        }
    }
}

#[test]
fn patterns_of_shells() {
    for (pattern, matches, others) in [
        ("*-rc", &["1-rc", "-rc"][..], &["1-rc1", "1"][..]),
        ("*-rc*", &["1-rc1", "1-rc"], &["1rc"]),
        ("*", &["a", "1.0"], &[]),
        ("**", &["a"], &[]),
        ("?", &["a"], &["ab"]),
        ("?.?.?", &["1.2.3"], &["1.2.34", "1x2x3"]),
        ("*.*.*", &["1.2.3", "a.b.c.d"], &["1.2"]),
        ("*.[0-9]", &["a.1"], &["a.x", "a1"]),
        ("*[!a]-x", &["b-x"], &["a-x"]),
        ("*-{rc,beta}", &["1-rc", "1-beta"], &["1-alpha", "1-rc,beta"]),
        ("v1.**", &["v1.2"], &["v1x", "xv1.2"]),
    ] {
        tags("allowTagsRegexes", pattern, matches, others);
        // What ignores every tag is told once more.
        if !others.is_empty() {
            tags("ignoreTagsRegexes", pattern, others, matches);
        }
    }
    // Regular expressions but for one character.
    tags("allowTagsRegexes", r"*\.rc$", &["1.rc"], &["1xrc", "1.rc2"]);
    tags("allowTagsRegexes", "^v1.(*|x)", &["v1.7"], &["v2"]);
    tags("allowTagsRegexes", "+build", &["1+build"], &["1build"]);
    tags("allowTagsRegexes", "^v++$", &["v", "vv"], &["va"]);
    // Without quotation marks it is an alias of YAML.
    let alias = read(&git(&[("allowTagsRegexes", vec!["*-rc".into()])]));
    let helps: Vec<_> = alias.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(helps, ["write -rc$"]);
}

#[test]
fn look_around_in_patterns_of_tags() {
    for (pattern, selects, not) in [
        ("^(?!x)", &["a", "ax"][..], &["x", "xa"][..]),
        ("(?!x)", &["a"], &["x"]),
        ("^(?!.*-rc).*$", &["1"], &["1-rc", "1-rc1"]),
        ("^(?!.*-(rc|beta)).+$", &["1", "1-alpha"], &["1-rc", "1-beta2"]),
        ("^(?!latest$|main)", &["v1", "latest1"], &["latest", "main-1"]),
        (r"^(?!.*-rc)v\d+", &["v1"], &["v1-rc", "x"]),
        (r"^v(?!0)\d+$", &["v1"], &["v0", "v01", "1"]),
        (r"^v(?!0|1)\d+$", &["v2"], &["v0", "v1", "2"]),
        ("^(?!a)(?!b)", &["c"], &["a", "b1"]),
        (r"^(?!.*-rc)(?!.*-beta)v\d", &["v1"], &["v1-rc", "v1-beta", "1"]),
        ("^((?!-rc).)*$", &["1"], &["1-rc", "a-rc1"]),
        ("^(?:(?!rc|beta).)+$", &["1"], &["1rc", "beta1"]),
        ("^.*(?<!-rc)$", &["1", "1-rc1"], &["1-rc"]),
        ("(?<!-rc|-beta)$", &["1"], &["1-rc", "1-beta"]),
        (r"^\d+\.\d+(?!-)", &["1.2"], &["1.2-rc", "x"]),
        (r"^[^(]+(?!\))$", &["a"], &[]),
        // Texts that match are the same without.
        ("v1(?=-rc)", &["v1-rc"], &["v1"]),
        ("^(?=.*-prod).*$", &["v1-prod"], &["v1"]),
        (r"(?<=v)\d", &["v1"], &["1"]),
        ("^v(?=1|2)", &["v1", "v2"], &["v3"]),
    ] {
        tags("allowTagsRegexes", pattern, selects, not);
    }
    // What is ignored unless it matches is what is allowed.
    tags("ignoreTagsRegexes", "^(?!v)", &["v1"], &["1"]);
    tags("ignoreTagsRegexes", "^(?!a|b).*$", &["a1", "b"], &["c"]);
    tags("ignoreTagsRegexes", "^(?!.*-prod$)(?!v)", &["1-prod", "v1"], &["1"]);
    let help = |list: &str, pattern: &str| {
        let before = read(&git(&[(list, vec![format!("'{pattern}'")])]));
        before.diagnostics[0].help.clone().unwrap_or_default()
    };
    assert_eq!(
        help("allowTagsRegexes", "^(?!x)"),
        format!("write ^x in `ignoreTagsRegexes` instead of it{REASON}")
    );
    assert_eq!(
        help("allowTagsRegexes", "^v(?!0)[0-9]"),
        format!("write \"^v[0-9]\" in its place, and ^v0 in `ignoreTagsRegexes`{REASON}")
    );
    // No single form is known.
    assert_eq!(
        help("allowTagsRegexes", "^(a(?!b)|c)"),
        format!("write what must not match in `ignoreTagsRegexes`, and the rest here{REASON}")
    );
    assert_eq!(
        help("ignoreTagsRegexes", "^v(?!0)[0-9]"),
        format!("write without it what to leave out{REASON}")
    );
    let remedied = |allow: &str, ignore: &str| {
        let quoted = |text: &str| vec![format!("'{text}'")];
        let after = read(&git(&[("allowTagsRegexes", quoted(allow)), ("ignoreTagsRegexes", quoted(ignore))]));
        assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    };
    remedied("^(a|c)", "^ab");
    remedied(".*", "^v[1-9]");
}

#[test]
fn selectors_of_paths() {
    let paths = |list: &str, selector: &str, selects: &[&str], not: &[&str]| {
        let git = done(list, selector, Code::BadSelector);
        let paths = PathSelectors::new(&git.include_paths, &git.exclude_paths).unwrap();
        for (files, expected) in [(selects, true), (not, false)] {
            for file in files {
                assert_eq!(paths.judge(file).is_included(), expected, "{selector:?}: {file}: {paths:?}");
            }
        }
    };
    paths("includePaths", "regex:^(?!docs/)", &["apps/a", "a"], &["docs/a"]);
    paths("includePaths", "regexp:^(?!docs/|img/).*$", &["apps/a"], &["docs/a", "img/a"]);
    paths("includePaths", r"regex:^apps/(?!web/).*\.yaml$", &["apps/a.yaml"], &["apps/web/a.yaml", "a.yaml"]);
    paths("includePaths", "regex:^apps(?=/)", &["apps/a"], &["apps2"]);
    paths("excludePaths", "regex:^(?!apps/)", &["apps/a"], &["docs/a"]);
    paths("includePaths", "regex:*.yaml", &["a.yaml", "b/a.yaml"], &["a.json"]);
    paths("includePaths", "regex:**/*.yaml", &["a.yaml", "b/c/a.yaml"], &["a.json"]);
    paths("includePaths", "regex:*/web", &["apps/web/a"], &["web2"]);
    paths("includePaths", "regex:apps/**", &["apps/a/b"], &["docs/a"]);
    paths("includePaths", "regex:^apps/**", &["apps/a/b"], &["docs/a", "docs/apps/a"]);
    paths("includePaths", "regex:^apps/**/x$", &["apps/x", "apps/a/b/x"], &["apps/y", "docs/x"]);
    paths("includePaths", r"regex:*\.yaml$", &["a.yaml"], &["a.json"]);
    paths("includePaths", "regex:a)b", &["a)b"], &["ab"]);
}

/// The other faults of patterns: each form that the help shows is taken.
#[test]
fn faults_with_a_choice() {
    for (pattern, help, forms) in [
        ("^v[0-9", "close the class with `]`", ["^v[0-9]", "^v[0-9]"]),
        ("v(1", r"close the group with `)`, or write `\(` for the character itself", ["v(1)", r"v\(1"]),
        (r"v1\", r"delete the `\` at its end", ["v1", "v1"]),
        ("v{2000}", "write a count from 0 to 1000, the smaller one first", ["v{1000}", "v{0}"]),
        ("v{3,2}", "write a count from 0 to 1000, the smaller one first", ["v{2,3}", "v{3}"]),
        ("v)1", r"write v\)1", [r"v\)1", r"v\)1"]),
        (r"v1\Z", r"write v1\z", [r"v1\z", r"v1\z"]),
        ("(?>v)1", "write (?:v)1", ["(?:v)1", "(?:v)1"]),
    ] {
        let before = read(&git(&[("allowTagsRegexes", vec![format!("'{pattern}'")])]));
        let [found] = before.diagnostics.as_slice() else { panic!("{pattern:?}: {:?}", before.diagnostics) };
        assert_eq!((found.code, found.help.as_deref()), (Code::BadRegex, Some(help)), "{pattern:?}");
        for form in forms {
            let after = read(&git(&[("allowTagsRegexes", vec![format!("'{form}'")])]));
            assert!(after.diagnostics.is_empty(), "{form}: {:?}", after.diagnostics);
        }
    }
    let backreference = read(&git(&[("allowTagsRegexes", vec![r"'(a)\1'".into()])]));
    let help = backreference.diagnostics[0].help.as_deref();
    assert_eq!(help, Some("write it in Go's syntax: https://pkg.go.dev/regexp/syntax"));
}

/// No text makes the search for a remedy panic, and each remedy with a form of its own is taken by Go.
#[test]
fn every_pattern_of_a_few_characters() {
    let parts = [
        "(", ")", "[", "]", "*", "?", "\\", "^", "$", "a", "|", "(?!", "(?<!", "(?=", "(?<=", "{", ",", "}",
        ".*", "é",
    ];
    let mut patterns = vec![String::new()];
    for _ in 0..3 {
        let longer: Vec<String> =
            patterns.iter().flat_map(|text| parts.iter().map(move |part| format!("{text}{part}"))).collect();
        patterns = longer;
        let quoted = patterns.iter().map(|pattern| format!("'{pattern}'")).collect();
        // Each edit is made, and its text is taken.
        let manifest = warehouse_spec::parse(
            "a.yaml",
            &git(&[("allowTagsRegexes", quoted)]),
            &warehouse_spec::Options::default(),
        );
        for found in &manifest.diagnostics {
            let Some(edit) = &found.replacement else { continue };
            let text = edit.text.trim_matches('\'').replace("''", "'");
            assert!(go_compat::GoRegex::new(&text).is_ok(), "{found}: {}", edit.text);
        }
    }
}

/// The expression that a help says to write has the value that was meant.
#[track_caller]
fn expression(written: &str, expected: &str) {
    let text = |expression: &str| {
        format!("{HEAD}  - git:\n      repoURL: https://host/a\n      expressionFilter: {expression}\n")
    };
    let before = read(&text(&format!("'{}'", written.replace('\'', "''"))));
    let [found] = before.diagnostics.as_slice() else { panic!("{written}: {:?}", before.diagnostics) };
    assert_eq!(found.code, Code::BadExpression, "{found}");
    let help = found.help.clone().unwrap_or_default();
    let form = help.strip_prefix("write ").unwrap_or_else(|| panic!("{found}: {help}"));
    let form = form.strip_suffix(REASON).unwrap_or(form);
    let form = form.split(": the operator is ").next().unwrap();
    let form = form.split(": `").next().unwrap();
    let after = read(&text(form));
    assert!(after.diagnostics.is_empty(), "{written}: {form}: {:?}", after.diagnostics);
    let SubscriptionKind::Git(git) = &after.warehouses[0].spec.subscriptions[0].kind else { panic!() };
    assert_eq!(git.expression_filter.as_deref(), Some(expected), "{written}");
}

#[test]
fn operators_of_other_languages() {
    for (written, expected) in [
        ("subject = 'x'", "subject == 'x'"),
        ("subject='x = y'", "subject=='x = y'"),
        ("subject === 'x'", "subject == 'x'"),
        ("subject !== 'x'", "subject != 'x'"),
        ("subject <> 'x'", "subject != 'x'"),
        ("subject =~ 'x'", "subject matches 'x'"),
        ("subject=~'x'", "subject matches 'x'"),
        ("subject !~ '^x'", "subject not matches '^x'"),
        ("id = 'a' & subject = 'b'", "id == 'a' && subject == 'b'"),
        ("id == 'a' AND NOT (subject == 'b')", "id == 'a' and not (subject == 'b')"),
        ("id == 'a' OR subject = \"it's = b\"", "id == 'a' or subject == \"it's = b\""),
        (r"subject = 'it\'s = x'", r"subject == 'it\'s = x'"),
        ("subject is 'x'", "subject == 'x'"),
        ("subject is not 'is = x'", "subject != 'is = x'"),
        ("subject equals 'x'", "subject == 'x'"),
        ("subject eq 'x' or subject ne 'y'", "subject == 'x' or subject != 'y'"),
        ("len(subject) gt 3", "len(subject) > 3"),
        ("subject startswith 'x'", "subject startsWith 'x'"),
        ("subject endswith 'startswith'", "subject endsWith 'startswith'"),
        ("subject hasPrefix 'x' AND subject Contains 'y'", "subject startsWith 'x' and subject contains 'y'"),
        ("subject MATCHES '^x'", "subject matches '^x'"),
        ("subject like 'x%'", "subject startsWith 'x'"),
        ("subject LIKE '%x'", "subject endsWith 'x'"),
        ("subject like \"%x%\" and true", "subject contains \"x\" and true"),
        ("subject like 'x'", "subject == 'x'"),
        ("contains(subject, 'x')", "subject contains 'x'"),
        ("contains(lower(subject), 'a, (b')", "lower(subject) contains 'a, (b'"),
        ("!contains(subject, 'x')", "!(subject contains 'x')"),
        ("not startsWith(subject,'x')", "not (subject startsWith 'x')"),
        (
            "endswith(subject, 'x') or matches(subject, '^y')",
            "(subject endsWith 'x') or (subject matches '^y')",
        ),
    ] {
        expression(written, expected);
    }
    let text = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let criteria = |expression: &str| {
        text.replace("spec:", &format!("spec:\n  freightCreationCriteria:\n    expression: {expression}"))
    };
    let before = read(&criteria("imageFrom('nginx').Tag = 'x'"));
    let help = before.diagnostics[0].help.as_deref();
    assert_eq!(help, Some("write imageFrom('nginx').Tag == 'x': the operator is `==`, not `=`"));
    assert!(read(&criteria("imageFrom('nginx').Tag == 'x'")).diagnostics.is_empty());
    // What does not compile for another reason has no such help.
    let other = read(&format!(
        "{HEAD}  - git:\n      repoURL: https://host/a\n      expressionFilter: subject = (\n"
    ));
    assert_eq!(other.diagnostics[0].help.as_deref(), Some(LANGUAGE));
    // What is not known to be meant has none either.
    for expression in [
        "subject like 'a%b'",
        "subject like 'a_b'",
        "contains(subject)",
        "contains(subject, 'x', 'y')",
        "like 'x%'",
        "subject is",
    ] {
        let text = format!(
            "{HEAD}  - git:\n      repoURL: https://host/a\n      expressionFilter: {expression:?}\n"
        );
        assert_eq!(read(&text).diagnostics[0].help.as_deref(), Some(LANGUAGE), "{expression}");
    }
}

#[test]
fn look_around_in_expressions() {
    for (written, expected) in [
        ("subject matches '^(?!x)'", "not (subject matches '^x')"),
        ("subject matches \"^(?!.*wip).*$\"", "not (subject matches \"wip\")"),
        ("id == 'a' && subject matches '^(?!x)'", "id == 'a' && not (subject matches '^x')"),
        (
            "subject matches '^feat(?!!):' || id == 'a'",
            "(subject matches '^feat:' && not (subject matches '^feat!')) || id == 'a'",
        ),
        ("subject matches 'feat(?=:)'", "subject matches 'feat:'"),
        ("subject =~ '^(?!x)'", "not (subject matches '^x')"),
    ] {
        expression(written, expected);
    }
}

/// What no tag has at its ends.
#[test]
fn ends_that_no_tag_has() {
    let image = |pattern: &str| {
        format!(
            "{HEAD}  - image:\n      repoURL: nginx\n      constraint: ^1\n      allowTagsRegexes: ['{pattern}']\n"
        )
    };
    for (pattern, help) in [
        (" ^v1", "write '^v1'"),
        ("^v1 ", "write '^v1'"),
        ("“^v1”", "write '^v1'"),
        ("\"^v1\"", "write '^v1'"),
        ("$main", "write the pattern"),
    ] {
        let manifest = read(&image(pattern));
        let [found] = manifest.diagnostics.as_slice() else {
            panic!("{pattern}: {:?}", manifest.diagnostics)
        };
        assert_eq!((found.code, found.is_error()), (Code::BadRegex, false));
        assert!(found.message.contains("matches no tag"), "{found}");
        assert!(found.help.as_ref().is_some_and(|found| found.contains(help)), "{:?}", found.help);
    }
    for pattern in ["^v1", "^v1|main ", " *a", "a$", "$", "\"?a"] {
        let manifest = read(&image(pattern));
        assert!(manifest.diagnostics.is_empty(), "{pattern}: {:?}", manifest.diagnostics);
    }
}

/// A pattern of a shell behind `regex:` that is a regular expression, too.
#[test]
fn a_pattern_of_a_shell_as_an_expression() {
    let manifest = read(&git(&[("includePaths", vec!["regex:apps/*.yaml".into()])]));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    assert_eq!((found.code, found.is_error()), (Code::BadSelector, false));
    assert!(found.help.as_ref().is_some_and(|help| help.contains("glob:apps/*.yaml")), "{:?}", found.help);
    for selector in ["glob:apps/*.yaml", "regex:^apps/.*\\.yaml$", "regex:apps/*"] {
        let manifest = read(&git(&[("includePaths", vec![selector.into()])]));
        assert!(manifest.diagnostics.is_empty(), "{selector}: {:?}", manifest.diagnostics);
    }
}

/// Patterns that ignore everything, and tags that were meant as patterns.
#[test]
fn what_is_ignored() {
    let image =
        |lines: &str| format!("{HEAD}  - image:\n      repoURL: nginx\n      constraint: ^1\n{lines}");
    let told = |lines: &str| -> Vec<(String, String)> {
        let found = read(&image(lines)).diagnostics.into_iter().filter(|found| found.code == Code::BadRegex);
        found.map(|found| (found.message, found.help.unwrap_or_default())).collect()
    };
    for pattern in [".*", "^.*$", ".+", "^v1"] {
        let lines = format!("      allowTagsRegexes: [^v1]\n      ignoreTagsRegexes: ['{pattern}']\n");
        let found = told(&lines);
        assert_eq!(found.len(), 1, "{pattern}: {found:?}");
        assert!(found[0].0.contains("ignores every tag"), "{found:?}");
    }
    assert_eq!(told("      allowTagsRegexes: [^v1]\n      ignoreTagsRegexes: ['-rc.*']\n"), []);
    for (tag, help, remedied) in [
        ("^dev-", "write '^dev-' in `ignoreTagsRegexes` instead of it, or delete it", "^dev-"),
        ("*-rc", "write '-rc$' in `ignoreTagsRegexes` instead of it, or delete it", "-rc$"),
        ("*", "delete it, or name the tags to leave out of those that `allowTagsRegexes` allows", "x"),
    ] {
        let found = told(&format!("      ignoreTags: ['{tag}', latest]\n"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].1, help);
        assert!(found[0].0.starts_with(&format!("`{tag}` has no effect: ")), "{found:?}");
        assert_eq!(told("      ignoreTags: [latest]\n"), []);
        assert_eq!(
            told(&format!("      ignoreTags: [latest]\n      ignoreTagsRegexes: ['{remedied}']\n")),
            []
        );
    }
}
