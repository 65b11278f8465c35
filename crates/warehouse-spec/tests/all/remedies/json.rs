//! Manifests in JSON: the forms that messages show are JSON, too.

use warehouse_spec::{Code, Diagnostic, SubscriptionKind};

use super::read;

fn json(field: &str, value: &str) -> String {
    format!(
        r#"{{"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {{"name": "a"}}, "spec": {{
        "subscriptions": [{{"git": {{"repoURL": "https://host/a", "commitSelectionStrategy": "SemVer", "{field}": {value}}}}}]}}}}"#
    )
}

/// The help for a value shows a form that is JSON; with it, nothing is told, and it is this text.
#[track_caller]
fn mended(field: &str, value: &str, help: &str, text: &str) {
    let list = ["allowTagsRegexes", "ignoreTags", "ignoreTagsRegexes", "includePaths", "excludePaths"]
        .contains(&field);
    let whole = |value: &str| if list { format!("[{value}]") } else { value.to_owned() };
    let before = read(&json(field, &whole(value)));
    let [found] = before.diagnostics.as_slice() else { panic!("{value}: {:?}", before.diagnostics) };
    assert_eq!(found.help.as_deref(), Some(help), "{found}");
    let form =
        help.split_once(": ").map_or(help.strip_prefix("write ").unwrap_or_default(), |(_, form)| form);
    assert_eq!(serde_json::from_str::<String>(form).unwrap(), text, "{form}");
    let after = read(&json(field, &whole(form)));
    // A pattern may need a character that no tag has, which is what it says.
    let is_old =
        |found: &&Diagnostic| found.code == Code::OldSpelling || found.message.contains("which no tag has");
    let told: Vec<_> = after.diagnostics.iter().filter(|found| !is_old(found)).collect();
    assert!(told.is_empty(), "{form}: {told:?}");
    let SubscriptionKind::Git(git) = &after.warehouses[0].spec.subscriptions[0].kind else { panic!() };
    let held = match field {
        "includePaths" => git.include_paths.first(),
        "excludePaths" => git.exclude_paths.first(),
        "allowTagsRegexes" | "allowTags" => git.allow_tags_regexes.first(),
        "ignoreTagsRegexes" => git.ignore_tags_regexes.first(),
        "semverConstraint" => git.semver_constraint.as_ref(),
        _ => git.expression_filter.as_ref(),
    };
    assert_eq!(held.map(String::as_str), Some(text));
}

#[test]
fn control_characters() {
    for field in ["allowTagsRegexes", "ignoreTagsRegexes"] {
        mended(field, r#""^v\b""#, r#"quote it: "^v\\b""#, r"^v\b");
        mended(field, r#""^v\u0008""#, r#"quote it: "^v\\b""#, r"^v\b");
        mended(field, r#""v1\t""#, r#"quote it: "v1\\t""#, r"v1\t");
        mended(field, r#""v1\n""#, r#"quote it: "v1\\n""#, r"v1\n");
        mended(field, r#""v\f\\d""#, r#"quote it: "v\\f\\d""#, r"v\f\d");
        mended(field, r#""v\u001b""#, r#"quote it: "v\\x{1b}""#, r"v\x{1b}");
        mended(field, r#""v\u00a0""#, r#"quote it: "v\\x{a0}""#, r"v\x{a0}");
    }
    for field in ["includePaths", "excludePaths"] {
        mended(field, r#""regex:^v\b""#, r#"quote it: "regex:^v\\b""#, r"regex:^v\b");
        mended(field, r#""glob:apps\temp/*""#, r#"write "glob:apps/temp/*""#, "glob:apps/temp/*");
        mended(field, r#""apps\test""#, r#"write "apps/test""#, "apps/test");
    }
    mended("allowTagsRegexes", r#""\ud83d\ude00\b""#, r#"quote it: "😀\\b""#, r"😀\b");
    let field = "expressionFilter";
    mended(
        field,
        r#""subject contains 'a\b'""#,
        r#"quote it: "subject contains 'a\\\\b'""#,
        r"subject contains 'a\\b'",
    );
    let found = read(&json("semverConstraint", r#"">1\b""#));
    let helps: Vec<_> = found.errors().map(|found| found.help.as_deref().unwrap_or_default()).collect();
    assert_eq!(helps, [r#"write it like "^1.2.0", "~1.2", or ">=1.2 <2""#]);
}

/// Line breaks and tabs are blanks in an expression, and in a text that does not select they are themselves.
#[test]
fn characters_that_are_meant() {
    for (field, value) in [
        ("expressionFilter", r#""subject != 'a'\n&&\ttrue""#),
        ("semverConstraint", r#"">=1\n<2""#),
        ("allowTagsRegexes", r#"["^v\\b", "\ud83d\ude00"]"#),
    ] {
        let found = read(&json(field, value));
        assert!(found.diagnostics.is_empty(), "{value}: {:?}", found.diagnostics);
    }
}

#[test]
fn other_values() {
    mended("includePaths", r#""apps/**""#, r#"write "glob:apps/**""#, "glob:apps/**");
    mended("includePaths", r#"".*\\.yaml$""#, r#"write "regex:.*\\.yaml$""#, r"regex:.*\.yaml$");
    mended("semverConstraint", "1.10", r#"quote it: "1.10""#, "1.10");
    // What is between backticks is JSON.
    let old = json("allowTags", r#""^v\\d""#);
    let help = read(&old).diagnostics[0].help.clone().unwrap_or_default();
    let new = help.split('`').nth(1).unwrap();
    assert_eq!(new, r#""allowTagsRegexes": ["^v\\d"]"#, "{help}");
    assert!(read(&old.replace(r#""allowTags": "^v\\d""#, new)).diagnostics.is_empty());
    for (subscription, expected) in [
        (r#""image": "nginx""#, r#""image": {"repoURL": "nginx"}"#),
        (r#""chart": "http://x", "name": "web""#, r#""chart": {"repoURL": "http://x", "name": "web"}"#),
        (r#""chart": "oci://h/a""#, r#""chart": {"repoURL": "oci://h/a"}"#),
        (r#""chart": "web""#, r#""chart": {"repoURL": "https://host/path", "name": "web"}"#),
    ] {
        let text = |subscription: &str| {
            let start = old.find(r#"{"git""#).unwrap();
            format!("{}{{{subscription}}}]}}}}", &old[..start])
        };
        let before = read(&text(subscription));
        let help = before.diagnostics[0].help.clone().unwrap_or_default();
        assert_eq!(help.split('`').nth(1), Some(expected), "{help}");
        let after = read(&text(expected));
        assert!(after.diagnostics.is_empty() && after.warehouses.len() == 1, "{:?}", after.diagnostics);
    }
}
