//! Fields of `spec` outside of it: each is told once where it is, its value is checked, and the edit puts it where it belongs.

use warehouse_spec::{Code, Options, Replacement, Severity, lint, parse};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\n";
const LINE: &str = "write it under a line `spec:`, indented";
const UNDER: &str = "write it under `spec`, indented";

/// What is told of this text, and the text after the first edit.
#[track_caller]
fn told(text: &str, expected: &[(Severity, &str, &str)]) -> String {
    let found = lint("kargo.yaml", text, &Options::default()).diagnostics;
    let said: Vec<_> = found
        .iter()
        .map(|found| (found.severity, found.message.as_str(), found.help.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(said, expected, "{text}");
    Replacement::apply_all(text, found.iter().find_map(|found| found.replacement.as_ref()))
}

/// The first edit makes this of the text, of which nothing is told.
#[track_caller]
fn mended(text: &str, expected: &[(Severity, &str, &str)], edited: &str) {
    assert_eq!(told(text, expected), edited);
    let found = lint("kargo.yaml", edited, &Options::default());
    assert_eq!((found.diagnostics.as_slice(), found.warehouses.len()), (&[][..], 1), "{edited}");
}

const BESIDE: (Severity, &str, &str) =
    (Severity::Error, "`subscriptions` is beside `spec`, and a Warehouse has it in `spec`", LINE);
const INTERVAL_BESIDE: &str = "`interval` is beside `spec`, and a Warehouse has it in `spec`";
const INTERVAL_UNDER: &str = "`interval` is under `metadata`, and a Warehouse has it in `spec`";
const UNDER_METADATA: &str = "`subscriptions` is under `metadata`, and a Warehouse has it in `spec`";
const IMAGE: &str = "- image: {repoURL: nginx}\n";

#[test]
fn beside_spec() {
    mended(
        &format!("{HEAD}subscriptions: # all\n{IMAGE}# end\n"),
        &[BESIDE],
        &format!("{HEAD}spec:\n  subscriptions: # all\n  {IMAGE}# end\n"),
    );
    mended(
        &format!("{HEAD}spec:\ninterval: 5m0s\n\nsubscriptions:\n{IMAGE}"),
        &[(Severity::Warning, INTERVAL_BESIDE, LINE), BESIDE],
        &format!("{HEAD}spec:\n  interval: 5m0s\n\n  subscriptions:\n  {IMAGE}"),
    );
    mended(
        &format!("{HEAD}spec:\n  interval: 5m0s\nsubscriptions:\n{IMAGE}"),
        &[(BESIDE.0, BESIDE.1, UNDER)],
        &format!("{HEAD}spec:\n  interval: 5m0s\n  subscriptions:\n  {IMAGE}"),
    );
    mended(
        &format!("{HEAD}interval: 5m0s\nspec:\n  subscriptions:\n  {IMAGE}"),
        &[(Severity::Warning, INTERVAL_BESIDE, UNDER)],
        &format!("{HEAD}spec:\n  subscriptions:\n  {IMAGE}  interval: 5m0s\n"),
    );
    mended(
        &format!("{HEAD}spec:\n  interval: 5m0s\n  subscriptions:\n  {IMAGE}interval: 1h\n"),
        &[(Severity::Warning, INTERVAL_BESIDE, "delete it: `spec` has `interval`, too")],
        &format!("{HEAD}spec:\n  interval: 5m0s\n  subscriptions:\n  {IMAGE}"),
    );
}

#[test]
fn under_metadata() {
    mended(
        &format!("{HEAD}  interval: 5m0s\n  subscriptions:\n  {IMAGE}"),
        &[(Severity::Warning, INTERVAL_UNDER, LINE), (Severity::Error, UNDER_METADATA, LINE)],
        &format!("{HEAD}spec:\n  interval: 5m0s\n  subscriptions:\n  {IMAGE}"),
    );
    mended(
        &format!("{HEAD}  interval: 5m0s\nspec:\n  subscriptions:\n  {IMAGE}"),
        &[(Severity::Warning, INTERVAL_UNDER, UNDER)],
        &format!("{HEAD}spec:\n  subscriptions:\n  {IMAGE}  interval: 5m0s\n"),
    );
    let spec = "`spec` is under `metadata`, and a Warehouse has it beside `metadata`";
    mended(
        &format!("{HEAD}  spec:\n    # all\n    subscriptions:\n    {IMAGE}"),
        &[(Severity::Error, spec, "write it beside `metadata`, without the indentation")],
        &format!("{HEAD}spec:\n  # all\n  subscriptions:\n  {IMAGE}"),
    );
    // What stands before other fields has no edit.
    let text = HEAD.replace("  name", "  interval: 5m0s\n  name") + "subscriptions:\n" + IMAGE;
    let unchanged = told(&text, &[(Severity::Warning, INTERVAL_UNDER, LINE), BESIDE]);
    assert_eq!(unchanged, text);
}

/// What is wrong with the values is told as well. Kargo ignores a field outside of `spec`, so that it breaks no Warehouse.
#[test]
fn values_are_checked() {
    let interval = "`5 minutes` is not a duration of hours, minutes and seconds such as `5m0s`";
    let text = format!("{HEAD}interval: 5 minutes\nspec:\n  subscriptions:\n  {IMAGE}");
    let expected = [(Severity::Warning, INTERVAL_BESIDE, UNDER), (Severity::Warning, interval, "write 5m0s")];
    told(&text, &expected);
    let parsed = parse("kargo.yaml", &text, &Options::default());
    assert_eq!(parsed.warehouses[0].spec.interval.to_string(), "5m0s");
    assert_eq!(parsed.warehouses[0].locate("spec.interval"), parsed.warehouses[0].locate("spec"));
    let strict = parse("kargo.yaml", &text, &Options::default().with_strict(true));
    assert_eq!((strict.errors().count(), strict.warehouses.len()), (2, 0));
    let text = format!("{HEAD}  subscriptions:\n  - image: {{repoURL: nginx, discoveryLimit: 500}}\n");
    let limit = "`discoveryLimit` is 500, and must be from 1 to 100";
    told(
        &text,
        &[(Severity::Error, UNDER_METADATA, LINE), (Severity::Error, limit, "write a number from 1 to 100")],
    );
}

/// JSON that is parsed already has no places, and the same errors.
#[test]
fn of_a_value() {
    let json = serde_json::json!({
        "metadata": {"name": "demo"},
        "interval": "5m0s",
        "subscriptions": [{"image": null, "repoURL": "nginx", "discoveryLimit": 500}],
    });
    let parsed = warehouse_spec::from_value::<warehouse_spec::Warehouse>(json);
    let codes: Vec<Code> = parsed.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::Misplaced, Code::Misplaced, Code::Misplaced, Code::BadValue]);
    assert!(parsed.diagnostics.iter().all(|found| found.replacement.is_none()));
}
