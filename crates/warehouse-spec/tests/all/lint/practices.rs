//! What lint reports and `parse` does not.

use warehouse_spec::{Code, Options, Severity, lint, lint_bytes, parse};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

fn codes(text: &str) -> Vec<(Code, Severity)> {
    let found = lint("kargo.yaml", text, &Options::default()).diagnostics;
    found.iter().map(|found| (found.code, found.severity)).collect()
}

#[test]
fn parse_says_nothing_about_it() {
    for (text, code, severity) in [
        (
            format!("{HEAD}  - image: {{repoURL: nginx}}\n").replace("demo", "De_mo"),
            Code::BadName,
            Severity::Error,
        ),
        (
            format!("{HEAD}  - image: {{repoURL: nginx}}\n")
                .replace("name: demo", "name: demo\n  namespace: a.b"),
            Code::BadName,
            Severity::Error,
        ),
        (
            format!("{HEAD}  - image: {{repoURL: nginx}}\n")
                .replace("name: demo", "name: demo\n  labels: {a b: c}"),
            Code::BadName,
            Severity::Error,
        ),
        (
            format!("{HEAD}  - image: {{repoURL: nginx}}\n")
                .replace("name: demo", "name: demo\n  labels: {a: b/c}"),
            Code::BadName,
            Severity::Error,
        ),
        (
            format!("{HEAD}  - git: {{repoURL: 'git@github.com:$ORG/x'}}\n"),
            Code::Placeholder,
            Severity::Error,
        ),
        (format!("{HEAD}  - chart: {{repoURL: 'oci://h/{{{{x}}}}'}}\n"), Code::Placeholder, Severity::Error),
        (
            format!("{HEAD}  - image: {{repoURL: nginx, allowTagsRegexes: ['^${{TAG}}$']}}\n"),
            Code::Placeholder,
            Severity::Warning,
        ),
        (format!("{HEAD}  - git: {{repoURL: 'http://host/a'}}\n"), Code::Insecure, Severity::Warning),
        (
            format!("{HEAD}  - image: {{repoURL: nginx, insecureSkipTLSVerify: true}}\n"),
            Code::Insecure,
            Severity::Warning,
        ),
        (format!("{HEAD}  - git: {{repoURL: 'https://a:b@host/a'}}\n"), Code::Credential, Severity::Warning),
        (
            format!("{HEAD}  - image: {{repoURL: nginx, ignoreTagsRegexes: [latest]}}\n"),
            Code::Unanchored,
            Severity::Note,
        ),
        (
            format!("{HEAD}  - image: {{repoURL: nginx, imageSelectionStrategy: NewestBuild}}\n"),
            Code::Unlimited,
            Severity::Note,
        ),
    ] {
        assert_eq!(codes(&text), [(code, severity)], "{text}");
        let parsed = parse("kargo.yaml", &text, &Options::default());
        assert_eq!((parsed.diagnostics.len(), parsed.warehouses.len()), (0, 1), "{text}");
    }
}

#[test]
fn what_is_right_is_not_told() {
    for lines in [
        "  - git: {repoURL: 'http://localhost:3000/a'}\n",
        "  - git: {repoURL: 'http://127.0.0.1/a'}\n",
        "  - git: {repoURL: 'ssh://git@host/a'}\n",
        "  - git: {repoURL: 'https://host/a', insecureSkipTLSVerify: false}\n",
        "  - image: {repoURL: nginx, ignoreTagsRegexes: ['^latest$', 'rc[0-9]', '(?P<x>a)', '^v1{2}$']}\n",
        "  - image: {repoURL: nginx, imageSelectionStrategy: NewestBuild, ignoreTagsRegexes: ['^latest$']}\n",
    ] {
        assert_eq!(codes(&format!("{HEAD}{lines}")), [], "{lines}");
    }
    let named = "name: demo\n  annotations: {Example.com/x: 'a b'}\n  labels: {app.kubernetes.io/name: ''}";
    assert_eq!(codes(&format!("{HEAD}  - image: {{repoURL: nginx}}\n").replace("name: demo", named)), []);
}

/// A password is in no message, help or edit.
#[test]
fn a_password_is_not_shown() {
    let text = format!(
        "{HEAD}  - git:\n      repoURL: http://me:hunter2@host/<x>\n  - git:\n      repoURL: http://me:hunter2@host/b\n"
    );
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn other_encodings() {
    let text = format!("{HEAD}  - image: {{repoURL: nginx, constrain: ^1}}\n");
    let utf16: Vec<u8> = std::iter::once('\u{feff}')
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = lint_bytes("kargo.yaml", &utf16, &Options::default()).diagnostics;
    assert_eq!(
        found.iter().map(|found| (found.code, found.replacement.is_some())).collect::<Vec<_>>(),
        [(Code::UnknownField, false)]
    );
    let found = lint_bytes("kargo.yaml", &utf16[2..], &Options::default()).diagnostics;
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(only.message, "the file is not text in UTF-8, but UTF-16 without a byte order mark");
    assert_eq!(only.help.as_deref(), Some("save it as UTF-8"));
}

/// A name that the API server makes up is one for the lint; who discovers needs one.
#[test]
fn a_generated_name() {
    let text = format!("{HEAD}  - image: {{repoURL: nginx}}\n").replace("name: demo", "generateName: demo-");
    assert_eq!(codes(&text), []);
    let found = parse("kargo.yaml", &text, &Options::default()).diagnostics;
    assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::Missing]);
    assert_eq!(codes(&text.replace("demo-", "")), [(Code::Missing, Severity::Error)]);
}
