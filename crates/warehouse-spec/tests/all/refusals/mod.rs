//! What is wrong with a manifest: each slip with its place, its path, its message and its remedy.

mod documents;
mod fields;
mod rules;
mod subscriptions;

use warehouse_spec::{Code, Diagnostic, Manifest, Options, Severity, parse};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

fn read(text: &str) -> Manifest {
    parse("kargo.yaml", text, &Options::default())
}

/// What a diagnostic must say.
struct Expected {
    severity: Severity,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
}

#[track_caller]
fn only(text: &str, expected: &Expected) {
    let manifest = read(text);
    let [found] = manifest.diagnostics.as_slice() else {
        panic!("{} diagnostics: {:#?}", manifest.diagnostics.len(), manifest.diagnostics);
    };
    same(found, expected);
    let survives = expected.severity == Severity::Warning;
    assert_eq!(manifest.warehouses.len(), usize::from(survives));
}

#[track_caller]
fn same(found: &Diagnostic, expected: &Expected) {
    assert_eq!(found.message, expected.message);
    assert_eq!((found.location.line, found.location.column), expected.place, "{found}");
    assert_eq!(found.path, expected.path);
    assert_eq!(found.help.as_deref().unwrap_or_default(), expected.help);
    assert_eq!((found.severity, found.code), (expected.severity, expected.code));
    assert_eq!(&*found.location.source, "kargo.yaml");
}

/// The subscriptions of an otherwise flawless Warehouse; they start in line 7.
#[track_caller]
fn error(
    subscriptions: &str,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
) {
    let severity = Severity::Error;
    only(&format!("{HEAD}{subscriptions}"), &Expected { severity, code, place, path, message, help });
}

#[track_caller]
fn warning(
    subscriptions: &str,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
) {
    let severity = Severity::Warning;
    only(&format!("{HEAD}{subscriptions}"), &Expected { severity, code, place, path, message, help });
}
