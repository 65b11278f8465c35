//! Reads on behind a value that lacks its quotation marks and is not valid YAML: `constraint: [0-9]+`.
//!
//! Such an error ends the document for a reader of YAML, so that every later error would be hidden behind it. The text is read again with the remedy of the value, or with
//! the value in quotation marks where it has no exact one, and what is found is moved back to the places of the text as it was written.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use diagnostics::{Location, Replacement};

use crate::decode;
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{self, Documents, Limits};

/// How many values without their quotation marks are read over in one text.
const MOST_VALUES: usize = 50;

/// How many errors are tried at most to read over the next one.
const MOST_CANDIDATES: usize = 4;

/// How many bytes are read again at most.
const MOST_BYTES: usize = 16 << 20;

/// The documents of a text in which such values are quoted, and what is wrong with the text.
pub(crate) struct Recovered {
    pub(crate) documents: Documents,
    /// The text that was read.
    pub(crate) text: String,
    pub(crate) edits: Edits,
    /// The errors that were read over, in the places of the text as it was written.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where in the text as it was written the values are that have no exact remedy. All that is wrong with them is told.
    pub(crate) without_remedy: Vec<usize>,
}

/// An error that is read over.
struct Over {
    found: Diagnostic,
    /// The edit with which the text is read.
    edit: Replacement,
    /// Where the reader of YAML stopped for it, if it did.
    stop: Option<usize>,
}

/// Reads a text.
pub(crate) fn read(source: &Arc<str>, written: &str, limits: &Limits) -> Recovered {
    let mut recovered = Recovered {
        documents: yaml::read(written, limits),
        text: written.to_owned(),
        edits: Edits::default(),
        diagnostics: Vec::new(),
        without_remedy: Vec::new(),
    };
    let mut bytes = 0;
    while recovered.diagnostics.len() < MOST_VALUES {
        let next = candidates(source, &recovered).into_iter().find_map(|over| {
            bytes += written.len();
            let documents = read_over(&recovered.text, &over, limits).filter(|_| bytes <= MOST_BYTES)?;
            Some((over, documents))
        });
        let Some((Over { found, edit, .. }, (text, documents))) = next else { break };
        let is_exact = found.replacement.is_some();
        let found = recovered.edits.moved_back(found, written);
        if !is_exact {
            recovered.without_remedy.push(found.location.bytes.start);
        }
        recovered.diagnostics.push(found);
        recovered.edits.add(&edit);
        (recovered.text, recovered.documents) = (text, documents);
    }
    recovered
}

/// What may be read over, the likeliest first.
fn candidates(source: &Arc<str>, recovered: &Recovered) -> Vec<Over> {
    let (text, problems) = (&recovered.text, &recovered.documents.problems);
    let over = |(found, problem): (Diagnostic, &yaml::Problem)| {
        let span = found.location.bytes.clone();
        let edit = match &found.replacement {
            Some(edit) => edit.clone(),
            None => decode::stand_in(span.clone(), text.get(span).filter(|value| !value.is_empty())?),
        };
        Some(Over { found, edit, stop: Some(problem.byte()) })
    };
    let told = decode::syntax_errors(source, text, problems).into_iter().zip(problems);
    let unquoted = told.filter(|(found, _)| found.code == Code::Unquoted);
    let unclosed = decode::unclosed(source, text, problems).into_iter();
    let mut candidates: Vec<Over> = unquoted.chain(unclosed).filter_map(over).collect();
    candidates.truncate(MOST_CANDIDATES);
    let glued = decode::glued_field(source, text, &recovered.documents.nodes).into_iter();
    candidates.extend(glued.filter_map(|found| {
        let edit = found.replacement.clone()?;
        Some(Over { found, edit, stop: None })
    }));
    candidates
}

/// The text in which an error is read over, and its documents. Without progress, the error stays as it is.
fn read_over(text: &str, Over { edit, stop, .. }: &Over, limits: &Limits) -> Option<(String, Documents)> {
    text.get(edit.span.clone())?;
    let mut edited = text.to_owned();
    edited.replace_range(edit.span.clone(), &edit.text);
    let documents = yaml::read(&edited, limits);
    let reached = stop.unwrap_or(edit.span.end) + edit.text.len() - edit.span.len();
    let mut problems = documents.problems.iter().map(yaml::Problem::byte);
    let is_before = problems.any(|byte| edit.span.start <= byte && byte <= reached);
    (!is_before).then_some((edited, documents))
}

/// The edits that were made to a text before it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    /// By their place in the text as it was written: how many bytes went, and how many came.
    made: BTreeMap<usize, (usize, usize)>,
    /// The same, each with its place in the edited text.
    placed: Vec<Placed>,
    /// By their place in the edited text: the words of edits that were there before, and their place in the text as it was written.
    words: BTreeMap<usize, usize>,
}

/// An edit: where it is in the text as it was written and how many bytes went, and where it is in the edited text and how many came.
#[derive(Clone, Copy, Debug)]
struct Placed {
    written: usize,
    gone: usize,
    edited: usize,
    came: usize,
}

impl Edits {
    fn add(&mut self, edit: &Replacement) {
        // An edit may begin or end within an earlier one, and cover others: they are one from then on.
        let (mut from, mut to) = (self.back(edit.span.start), self.back(edit.span.end));
        let (mut start, mut end) = (edit.span.start, edit.span.end);
        for &Placed { written, gone, edited, came } in &self.placed {
            if edited <= start && start < edited + came {
                (from, start) = (written, edited);
            }
            if edited < end && end <= edited + came {
                (to, end) = (written + gone, edited + came);
            }
        }
        self.made.retain(|written, _| *written < from || *written >= to.max(from + 1));
        let came = (end - start).saturating_sub(edit.span.len()) + edit.text.len();
        self.made.insert(from, (to.saturating_sub(from), came));
        self.place();
    }

    fn place(&mut self) {
        let (mut written, mut edited) = (0_usize, 0_usize);
        let place = |(&start, &(gone, came)): (&usize, &(usize, usize))| {
            let edit = edited + start.saturating_sub(written);
            (written, edited) = (start + gone, edit + came);
            Placed { written: start, gone, edited: edit, came }
        };
        self.placed = self.made.iter().map(place).collect();
    }

    /// Edits that are made at once, none of which overlaps another.
    pub(crate) fn at_once(text: &str, edits: &[&Replacement]) -> Self {
        let made = edits.iter().map(|edit| (edit.span.start, (edit.span.len(), edit.text.len())));
        let mut at_once = Self { made: made.collect(), ..Self::default() };
        at_once.place();
        for edit in edits {
            let at = at_once.placed.binary_search_by_key(&edit.span.start, |placed| placed.written);
            let Some(placed) = at.ok().and_then(|at| at_once.placed.get(at)).copied() else { continue };
            // What an edit moves comes again in its order: the second of equal words is the second one still.
            let mut before: HashMap<&str, VecDeque<usize>> = HashMap::new();
            for (at, word) in words(text.get(edit.span.clone()).unwrap_or_default()) {
                before.entry(word).or_default().push_back(placed.written + at);
            }
            for (at, word) in words(&edit.text) {
                if let Some(written) = before.get_mut(word).and_then(VecDeque::pop_front) {
                    at_once.words.insert(placed.edited + at, written);
                }
            }
        }
        at_once
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Whether one of them was made between these places of the edited text.
    pub(crate) fn touch(&self, span: &Range<usize>) -> bool {
        let span = self.back(span.start)..=self.back(span.end);
        self.made.keys().any(|start| span.contains(start))
    }

    /// The place in the text as it was written of this one in the edited text. Within an edit, that of the word that starts there, or the start of the edit.
    pub(crate) fn back(&self, place: usize) -> usize {
        let after = self.placed.partition_point(|edit| edit.edited <= place);
        match after.checked_sub(1).and_then(|last| self.placed.get(last)) {
            None => place,
            Some(edit) if place < edit.edited + edit.came => {
                self.words.get(&place).copied().unwrap_or(edit.written)
            }
            Some(edit) => edit.written + edit.gone + (place - edit.edited - edit.came),
        }
    }

    /// A diagnostic of the edited text as one of the text that was written. It has no edit where that would overlap.
    pub(crate) fn moved_back(&self, mut found: Diagnostic, written: &str) -> Diagnostic {
        found.location = self.place_back(&found.location, written);
        if let Some(edit) = &mut found.replacement {
            let is_touched = self.touch(&edit.span);
            edit.span = self.back(edit.span.start)..self.back(edit.span.end);
            if is_touched {
                found.replacement = None;
            }
        }
        found
    }

    /// A place of the edited text as one of the text that was written. No edit adds a line.
    pub(crate) fn place_back(&self, location: &Location, written: &str) -> Location {
        let mut location = location.clone();
        if self.is_empty() || location.bytes == (0..0) {
            return location;
        }
        let bytes = self.back(location.bytes.start)..self.back(location.bytes.end);
        let before = written.get(..bytes.start).unwrap_or_default();
        let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        location.column = line.trim_start_matches('\u{feff}').chars().count() + 1;
        location.bytes = bytes;
        location
    }
}

/// The words of a text, as YAML separates them, with their places. A quotation mark is the beginning of a word.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let parts = text.split([' ', '\t', '\r', '\n', '[', ']', '{', '}', ',']).map(move |part| {
        let start = at;
        at += part.len() + 1;
        (start, part)
    });
    parts.filter(|(_, part)| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use diagnostics::Applicability;

    use super::*;

    #[test]
    fn places_are_found_again() {
        let written = "a: [0]+\nb: [1]+ c\n";
        let mut edits = Edits::default();
        let mut text = written.to_owned();
        for (span, form) in [(3..7, "\"[0]+\""), (13..19, "\"[1]+ c\"")] {
            let edit = Replacement::new(span, form, Applicability::MachineApplicable);
            assert!(text.get(edit.span.clone()).is_some());
            text.replace_range(edit.span.clone(), &edit.text);
            edits.add(&edit);
        }
        assert_eq!(text, "a: \"[0]+\"\nb: \"[1]+ c\"\n");
        for (place, expected) in
            [(0, 0), (2, 2), (3, 3), (5, 3), (9, 7), (10, 8), (13, 11), (15, 11), (21, 17)]
        {
            assert_eq!(edits.back(place), expected, "{place}");
        }
        assert!(edits.touch(&(0..4)) && !edits.touch(&(9..12)));
        // A later edit that covers an earlier one, and goes on behind it.
        edits.add(&Replacement::new(13..22, "x", Applicability::MachineApplicable));
        assert_eq!(edits.made, BTreeMap::from([(3, (4, 6)), (11, (7, 1))]));
        for (place, expected) in [(9, 7), (13, 11), (14, 18)] {
            assert_eq!(edits.back(place), expected, "{place}");
        }
    }
}
