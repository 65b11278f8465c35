//! Freight that no API server takes, and Freight with artifacts that are none.

use warehouse_spec::{Code, Options, Replacement, Severity, lint, parse};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata: {name: f}\n";
const ORIGIN: &str = "origin: {kind: Warehouse, name: w}\n";
const IMAGES: &str = "images: [{repoURL: nginx, tag: '1'}]\n";

/// What is told of Freight with these fields: its weight and code, the words of its help, and whether its edit leaves nothing to tell.
fn told(fields: &str) -> Vec<(Severity, Code, String, bool)> {
    let text = format!("{HEAD}{fields}");
    let found = lint("freight.yaml", &text, &Options::default()).diagnostics;
    let edits: Vec<&Replacement> = found.iter().filter_map(|found| found.replacement.as_ref()).collect();
    let edited = Replacement::apply_all(&text, edits.iter().copied());
    let is_clean = lint("freight.yaml", &edited, &Options::default()).diagnostics.is_empty();
    let row = |found: &warehouse_spec::Diagnostic| {
        (found.severity, found.code, found.help.clone().unwrap_or_default(), is_clean)
    };
    found.iter().map(row).collect()
}

#[test]
fn each_slip_is_told_once() {
    const ADD_ORIGIN: &str = "add `origin:` with `kind: Warehouse` and the `name` of the Warehouse";
    const ADD_ARTIFACTS: &str = "add `commits:`, `images:` or `charts:`";
    const FILL_IN: &str = "put the real value in place of the <placeholder>";
    let of = |artifacts: &str| format!("{ORIGIN}{artifacts}\n");
    let commit = |fields: &str| of(&format!("commits: [{{{fields}}}]"));
    let image = |fields: &str| of(&format!("images: [{{{fields}}}]"));
    let chart = |fields: &str| of(&format!("charts: [{{{fields}}}]"));
    let (error, warning) = (Severity::Error, Severity::Warning);
    for (fields, severity, code, help, edits) in [
        (IMAGES.to_owned(), error, Code::Missing, ADD_ORIGIN, false),
        (ORIGIN.to_owned(), error, Code::Missing, ADD_ARTIFACTS, false),
        (of("images: []"), error, Code::Missing, ADD_ARTIFACTS, false),
        (format!("origin: {{name: w}}\n{IMAGES}"), error, Code::Missing, "add `kind: Warehouse`", false),
        (
            format!("origin: {{kind: warehouse, name: w}}\n{IMAGES}"),
            error,
            Code::BadValue,
            "write Warehouse",
            true,
        ),
        (format!("origin: {{kind: Warehouse, name: '<w>'}}\n{IMAGES}"), error, Code::BadName, FILL_IN, false),
        (format!("{ORIGIN}alias: Frozen Fox\n{IMAGES}"), error, Code::BadName, "write frozen-fox", true),
        (image("tag: '1'"), error, Code::Missing, "add `repoURL`", false),
        (image("repoURL: nginx"), warning, Code::Missing, "add `tag`", false),
        (image("image: nginx, tag: '1'"), error, Code::Missing, "did you mean `repoURL`?", true),
        (image("repoURL: 'h/<org>/a', tag: '1'"), error, Code::Placeholder, FILL_IN, false),
        (
            image("repoURL: nginx, tag: '${TAG}'"),
            error,
            Code::Placeholder,
            "fill in the variable first, for example with `envsubst`",
            false,
        ),
        (
            image("repoURL: nginx, digest: 'sha256:xyz'"),
            warning,
            Code::BadValue,
            "write the algorithm and the hex digits, such as `sha256:` and 64 of them",
            false,
        ),
        (commit("repoURL: 'https://h/a'"), warning, Code::Missing, "add `id`", false),
        (commit("repoURL: 'https://h/a', commit: abc1234"), error, Code::Missing, "did you mean `id`?", true),
        (
            commit("repoURL: 'https://h/a', id: main"),
            warning,
            Code::BadValue,
            "write the whole id of the commit, 40 hex digits",
            false,
        ),
        (
            commit("repoURL: github.com/a/b, id: abc1234"),
            error,
            Code::BadUrl,
            "write https://github.com/a/b, if the subscription has that",
            true,
        ),
        (chart("repoURL: 'https://h/a', version: '1'"), error, Code::Missing, "add `name`", false),
        (chart("repoURL: 'oci://h/a'"), warning, Code::Missing, "add `version`", false),
    ] {
        assert_eq!(told(&fields), [(severity, code, help.to_owned(), edits)], "{fields}");
    }
}

#[test]
fn what_is_right_is_not_told() {
    let id = "0123456789".repeat(4);
    let hex = "a".repeat(64);
    for fields in [
        format!("{ORIGIN}{IMAGES}"),
        format!("{ORIGIN}alias: frozen-fox\ncommits: [{{repoURL: 'git@h:a/b.git', id: '{id}'}}]\n"),
        format!("{ORIGIN}images: [{{repoURL: nginx, digest: 'sha256:{hex}'}}]\n"),
        format!("{ORIGIN}charts: [{{repoURL: 'https://h/a', name: b, version: 1.0.0}}]\n"),
        format!("{ORIGIN}charts: [{{repoURL: 'oci://h/a', version: 1.0.0}}]\n"),
        format!("{ORIGIN}artifacts: [{{artifactType: a, subscriptionName: b, version: c}}]\n"),
    ] {
        assert_eq!(told(&fields), [], "{fields}");
    }
    // A program may read Freight that is not complete.
    assert!(parse("freight.yaml", HEAD, &Options::default()).diagnostics.is_empty());
}

/// What stands under `spec` is checked, too.
#[test]
fn fields_under_spec() {
    let codes: Vec<Code> =
        told("spec:\n  origin: {kind: warehouse, name: w}\n  images: [{repoURL: nginx}]\n")
            .into_iter()
            .map(|found| found.1)
            .collect();
    assert_eq!(codes, [Code::UnknownField, Code::BadValue, Code::Missing]);
}
