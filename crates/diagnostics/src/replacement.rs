//! Edits.

use std::ops::Range;

/// An edit that makes a [`Diagnostic`](crate::Diagnostic) go away.
///
/// ```
/// use diagnostics::{Applicability, Replacement};
///
/// let quoted = Replacement::new(12..16, "\"1.10\"", Applicability::MachineApplicable);
/// assert_eq!(Replacement::apply_all("constraint: 1.10\n", [&quoted]), "constraint: \"1.10\"\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// The bytes of the text that go.
    pub span: Range<usize>,
    /// What to write in their place.
    pub text: String,
    /// Whether a program may make the edit without asking.
    pub applicability: Applicability,
}

impl Replacement {
    /// An edit that writes `text` in place of these bytes.
    pub fn new(span: Range<usize>, text: impl Into<String>, applicability: Applicability) -> Self {
        Self { span, text: text.into(), applicability }
    }

    /// These edits in the order of the text, without those that overlap an earlier one.
    pub fn without_overlaps<'a>(replacements: impl IntoIterator<Item = &'a Self>) -> Vec<&'a Self> {
        let mut edits: Vec<&Self> = replacements.into_iter().collect();
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut done = 0;
        edits.retain(|edit| {
            let is_free = edit.span.start >= done && edit.span.start <= edit.span.end;
            if is_free {
                done = edit.span.end;
            }
            is_free
        });
        edits
    }

    /// The text after these edits. An edit that overlaps an earlier one in the text, or lies outside the text, is left out.
    pub fn apply_all<'a>(text: &str, replacements: impl IntoIterator<Item = &'a Self>) -> String {
        let edits = Self::without_overlaps(replacements);
        let mut edited = String::with_capacity(text.len());
        let mut done = 0;
        for edit in edits {
            let Some(before) = text.get(done..edit.span.start) else { continue };
            if text.get(edit.span.clone()).is_none() {
                continue;
            }
            edited.push_str(before);
            edited.push_str(&edit.text);
            done = edit.span.end;
        }
        edited.push_str(text.get(done..).unwrap_or_default());
        edited
    }
}

/// The confidence that a [`Replacement`] is what the author intended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applicability {
    /// The edit keeps what is written and says it in the form that is read: a program may make it.
    MachineApplicable,
    /// The edit is probably what was intended, such as the nearest known name: a person should review it.
    MaybeIncorrect,
}
