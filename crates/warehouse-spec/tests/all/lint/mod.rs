//! The lint: every code has a rule, every remedy works, and no mistake is hidden behind another.

mod addresses;
mod elsewhere;

mod everything_left_out;
mod expressions;
mod foreign_words;
mod freight;
mod misleading;
mod outside_spec;
mod practices;
mod remedies;
mod shape;
mod two_mistakes;

use warehouse_spec::{Applicability, Code, Options, Replacement, Severity, lint};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

/// A subscription that is told with this message, and its help. With the edit, if there is one, nothing is told.
struct Row {
    subscription: &'static str,
    code: Code,
    severity: Severity,
    message: &'static str,
    help: &'static str,
    /// Whether the help is an edit.
    edits: bool,
}

#[track_caller]
fn check(row: &Row) {
    let text = &format!("{HEAD}  - {}\n", row.subscription);
    let found = lint("kargo.yaml", text, &Options::default()).diagnostics;
    let found = match found.as_slice() {
        [found] => found,
        all => panic!("{}: {all:#?}", row.subscription),
    };
    assert_eq!((found.code, found.severity), (row.code, row.severity), "{found}");
    assert_eq!((found.message.as_str(), found.help.as_deref().unwrap_or_default()), (row.message, row.help));
    let edit = found.replacement.as_ref();
    assert_eq!(edit.is_some(), row.edits, "{found}");
    if let Some(edit) = edit {
        assert_eq!(edit.applicability, Applicability::MaybeIncorrect);
        let edited = Replacement::apply_all(text, [edit]);
        let left = lint("kargo.yaml", &edited, &Options::default()).diagnostics;
        assert!(left.is_empty(), "{edited}: {left:?}");
    }
}

const fn row(
    subscription: &'static str,
    code: Code,
    message: &'static str,
    help: &'static str,
    edits: bool,
) -> Row {
    Row { subscription, code, severity: Severity::Warning, message, help, edits }
}

const fn error(
    subscription: &'static str,
    code: Code,
    message: &'static str,
    help: &'static str,
    edits: bool,
) -> Row {
    Row { severity: Severity::Error, ..row(subscription, code, message, help, edits) }
}
