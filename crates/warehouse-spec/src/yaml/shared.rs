//! The parts of a text that several places share: values with an anchor, and the aliases that refer to them.

use std::ops::Range;

/// The bytes of shared values. A document without an alias shares nothing, whatever anchors it has.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// In the order of the text, and apart from each other.
    spans: Vec<Range<usize>>,
}

impl Shared {
    /// What is shared where these values have anchors or are aliases.
    pub(super) fn new(mut spans: Vec<Range<usize>>) -> Self {
        spans.sort_by_key(|span| (span.start, span.end));
        let mut apart: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match apart.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => apart.push(span),
            }
        }
        Self { spans: apart }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether an edit of these bytes changes a shared value, or adds something directly before or behind one.
    pub(crate) fn is_changed_by(&self, edit: &Range<usize>) -> bool {
        let next = self.spans.partition_point(|span| span.end < edit.start);
        self.spans.get(next).is_some_and(|span| span.start <= edit.end)
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Limits, read};

    #[test]
    fn values_with_anchors_and_aliases() {
        for (text, shared) in [
            ("a: &x 1\nb: *x\n", "&x 1|*x"),
            ("a: &x 1\nb: 2\n", ""),
            ("a: &x\n  b: 1\nc: [*x, d]\n", "&x\n  b: 1|*x"),
            ("a: [b, &x !!str c]\nd: *x\n", "&x !!str c|*x"),
            ("a: &x\n- &y b\n- c\nd: [*x, *y]\n", "&x\n- &y b\n- c|*x|*y"),
            ("a: &x |\n  b\n  c\nd: *x\n", "&x |\n  b\n  c|*x"),
            ("a: &x 1\n---\nb: &y 2\nc: *y\n", "&y 2|*y"),
            ("a: &x 1\nb: *x\nc: [\n---\nd: 1\n", "&x 1|*x"),
            ("a: *x\n", ""),
        ] {
            let found: Vec<_> =
                read(text, &Limits::default()).shared.spans.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found.join("|"), shared, "{text:?}");
        }
    }

    #[test]
    fn edits_of_them() {
        let text = "a: &x [1, 2]\nb: *x\n";
        let shared = read(text, &Limits::default()).shared;
        for (edit, changes) in
            [(0..1, false), (0..12, true), (7..8, true), (12..12, true), (13..14, false), (13..19, true)]
        {
            assert_eq!(shared.is_changed_by(&edit), changes, "{edit:?}");
        }
    }
}
