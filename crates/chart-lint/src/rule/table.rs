//! The table of rules.

use super::definition::Rule;
use super::{chart, dockerfile, values, waiver};

impl Rule {
    /// All rules, by subject.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [chart::ALL, values::ALL, dockerfile::ALL, waiver::ALL].into_iter().flatten().copied()
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|rule| rule.name == name)
    }
}
