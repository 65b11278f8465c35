//! The rules, one for each code.

/// A Warehouse with these subscriptions, of this name or `demo`.
macro_rules! warehouse {
    ($subscriptions:literal) => {
        warehouse!("demo", $subscriptions)
    };
    ($name:literal, $subscriptions:literal) => {
        concat!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: ",
            $name,
            "\nspec:\n  subscriptions:",
            $subscriptions
        )
    };
}

mod manifest;
mod practices;
mod selection;

use super::Rule;

/// The rules in the order of [`Code::ALL`](crate::Code::ALL).
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    [manifest::RULES, selection::RULES, practices::RULES].into_iter().flatten()
}
