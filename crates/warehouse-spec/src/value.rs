//! A word that is none of the words a field takes.

/// The text is not one of the values the field takes; values are compared exactly, case included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {}", expected.join(", "))]
pub struct UnknownValue {
    text: String,
    expected: &'static [&'static str],
}

impl UnknownValue {
    pub(crate) fn new(text: &str, expected: &'static [&'static str]) -> Self {
        Self { text: text.to_owned(), expected }
    }

    /// The values the field takes.
    pub fn expected(&self) -> &'static [&'static str] {
        self.expected
    }
}
