//! Edits of the text of a manifest that keep its comments, its order and its layout: an entry that goes, an item that comes, a list that moves.

use std::ops::Range;

use crate::work;
use crate::yaml::{Mark, Node, Value};

/// Bytes that go, and what comes in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
}

impl Edit {
    pub(crate) fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Several edits as one, with what stands between them; `None` if they overlap.
    pub(crate) fn together(text: &str, mut edits: Vec<Self>) -> Option<Self> {
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let start = edits.first()?.span.start;
        let (mut done, mut whole) = (start, String::new());
        for edit in edits {
            whole.push_str(text.get(done..edit.span.start)?);
            whole.push_str(&edit.text);
            done = edit.span.end;
        }
        Some(Self { span: start..done, text: whole })
    }
}

/// The text around a mapping whose entries are edited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'t> {
    text: &'t str,
    mapping: &'t Node,
}

impl<'t> Layout<'t> {
    /// The layout of a mapping in this text.
    pub(crate) fn new(text: &'t str, mapping: &'t Node) -> Self {
        Self { text, mapping }
    }

    /// Deletes the entry with this key. Comments within it stay, each on a line of its own, and so do blank lines.
    ///
    /// `None` if the entry is not in this mapping, or if it is the only one of an item of a list.
    pub(crate) fn without(self, key: Mark) -> Option<Edit> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let index =
            entries.iter().position(|(name, _)| name.mark.start == key.start && key.end > key.start)?;
        let (name, value) = entries.get(index)?;
        let next = entries.get(index + 1).map(|(next, _)| next.mark.start);
        let end = self.end_of(name, value)?;
        if is_flow(self.text, self.mapping) {
            return self.without_in_braces(index, key.start..end, next);
        }
        let start = line_start(self.text, key.start);
        let indent = self.text.get(start..key.start)?;
        let whole = self.line_end(end)?;
        if indent.trim().is_empty() {
            let line_break = line_break(self.text);
            let line = |kept: &str| match kept {
                "" => line_break.to_owned(),
                comment => format!("{indent}{comment}{line_break}"),
            };
            let kept = remains(self.text, key.start..whole, self.mapping)?;
            let has_comment = kept.iter().any(|kept| !kept.is_empty());
            let mut kept: String = kept.into_iter().map(line).collect();
            if let Some((end, comment)) = self.comment_in_block(index, whole, indent).filter(|_| !has_comment)
            {
                kept.push_str(&comment);
                return Some(Edit::new(start..end, kept));
            }
            let is_last = whole == self.text.len() && !self.text.ends_with('\n');
            if !is_last {
                return Some(Edit::new(start..whole, kept));
            }
            // The text goes on to end without a line break.
            return Some(match kept.trim_end_matches(['\n', '\r']) {
                "" => Edit::new(self.text.get(..start)?.trim_end_matches(['\n', '\r']).len()..whole, ""),
                kept => Edit::new(start..whole, kept),
            });
        }
        // `- key: value`: the next key comes behind the hyphen.
        let next = next.filter(|_| indent.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-')))?;
        self.behind_hyphen(start..key.start, key.start..next, next)
    }

    /// The comment below an entry that goes, where it would become a part of the block of text before the entry: its end, and the lines as they stay outside of
    /// the block.
    fn comment_in_block(self, index: usize, whole: usize, indent: &str) -> Option<(usize, String)> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let (_, before) = index.checked_sub(1).and_then(|before| entries.get(before))?;
        let rest = self.text.get(whole..).filter(|_| ends_with_block(before))?;
        let is_blank = |line: &&str| line.trim().is_empty();
        let blank: usize = rest.split_inclusive('\n').take_while(is_blank).map(str::len).sum();
        let line = rest.get(blank..)?.split_inclusive('\n').next()?;
        let comment = line.trim_start_matches(' ');
        let is_deeper = line.len() - comment.len() > indent.len() && comment.starts_with('#');
        is_deeper.then(|| (whole + blank + line.len(), format!("{}{indent}{comment}", &rest[..blank])))
    }

    /// The next entry comes behind the hyphen of this indentation, with what stays of these lines before it.
    fn behind_hyphen(self, indent: Range<usize>, lines: Range<usize>, next: usize) -> Option<Edit> {
        let (start, indent) = (indent.start, self.text.get(indent)?);
        let blanks = " ".repeat(indent.chars().count());
        let line_break = line_break(self.text);
        let remains = remains(self.text, lines, self.mapping)?;
        let (empty, comments): (Vec<&str>, Vec<&str>) = remains.into_iter().partition(|kept| kept.is_empty());
        let kept: String = comments.iter().map(|comment| format!("{comment}{line_break}{blanks}")).collect();
        // Blank lines come before the item, since its hyphen stands on the line of its first entry.
        let empty = line_break.repeat(empty.len());
        Some(Edit::new(start..next, format!("{empty}{indent}{kept}")))
    }

    fn without_in_braces(self, index: usize, entry: Range<usize>, next: Option<usize>) -> Option<Edit> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let span = match (next, index.checked_sub(1).and_then(|before| entries.get(before))) {
            (Some(next), _) => entry.start..next,
            (None, Some((name, value))) => self.end_of(name, value)?..entry.end,
            (None, None) => entry,
        };
        comments(self.text, span.clone(), self.mapping)?.is_empty().then(|| Edit::new(span, ""))
    }

    /// Adds an entry behind the one with this key, or before it where a comment follows on its line. `None` if the entry is not in this mapping.
    pub(crate) fn with_entry(self, key: Mark, entry: &str) -> Option<Edit> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let (name, value) =
            entries.iter().find(|(name, _)| name.mark.start == key.start && key.end > key.start)?;
        let end = self.end_of(name, value)?;
        if is_flow(self.text, self.mapping) {
            return Some(Edit::new(end..end, format!(", {entry}")));
        }
        let before = self.text.get(line_start(self.text, key.start)..key.start)?;
        if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
            return None;
        }
        let indent = " ".repeat(before.len());
        let line_break = line_break(self.text);
        let rest = self.text.get(end..)?.lines().next().unwrap_or_default();
        Some(match rest.trim().is_empty() {
            true => Edit::new(end..end, format!("{line_break}{indent}{entry}")),
            false => Edit::new(key.start..key.start, format!("{entry}{line_break}{indent}")),
        })
    }

    /// Moves the entry with this key to the end of another mapping, with its comments.
    ///
    /// `None` if the two mappings are not written in the same way, or if the other one is empty.
    pub(crate) fn moved_into(self, key: Mark, other: &'t Node) -> Option<Edit> {
        let Value::Mapping(entries) = &self.mapping.value else { return None };
        let index =
            entries.iter().position(|(name, _)| name.mark.start == key.start && key.end > key.start)?;
        let (name, value) = entries.get(index)?;
        let next = entries.get(index + 1).map(|(next, _)| next.mark.start);
        let end = self.end_of(name, value)?;
        let Value::Mapping(inner) = &other.value else { return None };
        let ((first, _), (last, last_value)) = (inner.first()?, inner.last()?);
        let other_end = Self { mapping: other, ..self }.end_of(last, last_value)?;
        if is_flow(self.text, self.mapping) || is_flow(self.text, other) {
            let are_flow = is_flow(self.text, self.mapping) && is_flow(self.text, other);
            let gone = self.without_in_braces(index, key.start..end, next).filter(|_| are_flow)?;
            let come = Edit::new(other_end..other_end, format!(", {}", self.text.get(key.start..end)?));
            return Self::both(self.text, gone, come);
        }
        let start = line_start(self.text, key.start);
        let before = self.text.get(start..key.start)?;
        let whole = self.line_end(end)?;
        let is_last = whole == self.text.len() && !self.text.ends_with('\n');
        let gone = match (before.trim().is_empty(), next) {
            (true, _) if is_last => {
                Edit::new(self.text.get(..start)?.trim_end_matches(['\n', '\r']).len()..whole, "")
            }
            (true, _) => Edit::new(start..whole, ""),
            (false, Some(next)) if before.bytes().all(|byte| matches!(byte, b' ' | b'-')) => {
                // The lines of the entry move, and those between it and the next one stay.
                self.behind_hyphen(start..key.start, whole.saturating_sub(1)..next, next)?
            }
            (false, _) => return None,
        };
        let target = first.mark.start - line_start(self.text, first.mark.start);
        let columns = columns_between(before.chars().count(), target)?;
        let raw = self.text.get(key.start..whole)?.trim_end_matches(['\n', '\r']);
        let mut lines = String::from(raw);
        let edits = shifted(self.text, key.start..key.start + raw.len(), columns);
        if let Some(edit) = Edit::together(self.text, edits) {
            lines.replace_range(edit.span.start - key.start..edit.span.end - key.start, &edit.text);
        }
        let mut after = self.line_end(other_end)?;
        // Comments below the last entry belong to the mapping.
        while let Some(line) = self.text.get(after..).and_then(|rest| rest.split_inclusive('\n').next()) {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if blanks < target
                || !line.trim_start().starts_with('#')
                || after <= start && start < after + line.len()
            {
                break;
            }
            after += line.len();
        }
        let place = self.text.get(..after)?.trim_end_matches(['\n', '\r']).len();
        let come = format!("{}{}{lines}", line_break(self.text), " ".repeat(target));
        Self::both(self.text, gone, Edit::new(place..place, come))
    }

    fn both(text: &str, gone: Edit, come: Edit) -> Option<Edit> {
        // What is moved cannot come within what goes.
        let is_within = gone.span.start < come.span.start && come.span.start < gone.span.end;
        if is_within { None } else { Edit::together(text, vec![gone, come]) }
    }

    /// Where an entry ends: with its value, or with the colon of a key without one.
    fn end_of(self, name: &Node, value: &Node) -> Option<usize> {
        if value.mark.end > value.mark.start && value.mark.start > name.mark.start {
            return Some(value.mark.end);
        }
        let rest = self.text.get(name.mark.end..)?;
        let colon = rest.find(':').filter(|&colon| rest[..colon].trim().is_empty())?;
        Some(name.mark.end + colon + 1)
    }

    /// The end of the line, with its line break, where nothing but a comment follows.
    fn line_end(self, end: usize) -> Option<usize> {
        let rest = self.text.get(end..)?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let after = rest.get(..length)?.trim();
        (after.is_empty() || after.starts_with('#')).then_some(end + length)
    }
}

/// Adds items at the end of a list, each as it is to be written.
pub(crate) fn with_items(text: &str, list: &Node, items: &[String]) -> Option<Edit> {
    let Value::List(nodes) = &list.value else { return None };
    if is_flow(text, list) {
        let Some(last) = nodes.last() else {
            let is_empty = text.get(list.mark.start + 1..list.mark.end)?.trim() == "]";
            return is_empty
                .then(|| Edit::new(list.mark.start..list.mark.end, format!("[{}]", items.join(", "))));
        };
        // They come behind the last one: a comma, a comment or a line break after that stays. An edit replaces something, such as this item.
        let span = last.mark.start..last.mark.end;
        let item = text.get(span.clone()).filter(|item| !item.is_empty())?;
        return Some(Edit::new(span, format!("{item}, {}", items.join(", "))));
    }
    let (first, last) = (nodes.first()?, nodes.last()?);
    let start = line_start(text, first.mark.start);
    let before = text.get(start..first.mark.start)?;
    let hyphen = before.rfind('-')?;
    let indent = before.get(..hyphen).filter(|indent| indent.trim().is_empty())?;
    let end = last.mark.end;
    let rest = text.get(end..)?;
    let line = rest.find(['\n', '\r']).map_or(rest.len(), |at| at);
    let after = rest.get(..line)?;
    if !(after.trim().is_empty() || after.trim_start().starts_with('#')) || last.mark.end <= last.mark.start {
        return None;
    }
    let line_break = line_break(text);
    let added: String = items.iter().map(|item| format!("{line_break}{indent}- {item}")).collect();
    // The last item is written again, since an edit replaces something.
    let item = text.get(last.mark.start..end + line)?;
    Some(Edit::new(last.mark.start..end + line, format!("{item}{added}")))
}

/// The entries of a mapping as items of a list: each that starts one has a hyphen before it, and the others are indented as it. `None` where the mapping is
/// written in braces.
pub(crate) fn as_items(text: &str, mapping: &Node, starts: &[bool]) -> Option<Edit> {
    let Value::Mapping(entries) = &mapping.value else { return None };
    let first = entries.first()?.0.mark.start;
    let column = first - line_start(text, first);
    let mut edits = Vec::new();
    for ((key, _), starts) in entries.iter().zip(starts) {
        let line = line_start(text, key.mark.start);
        let is_alone = text.get(line..key.mark.start)?.bytes().all(|byte| byte == b' ');
        if !is_alone || key.mark.start - line != column {
            return None;
        }
        edits.push(Edit::new(key.mark.start..key.mark.start, if *starts { "- " } else { "  " }));
    }
    let keys: Vec<usize> = entries.iter().map(|(key, _)| line_start(text, key.mark.start)).collect();
    let (_, last) = entries.last()?;
    let lines = shifted(text, first..last.mark.end.max(first), 2);
    edits.extend(lines.into_iter().filter(|edit| !keys.contains(&edit.span.start)));
    Edit::together(text, edits)
}

/// The entry with this key, which is the first one of a mapping, as a key above all others.
pub(crate) fn under_new_key(text: &str, mapping: &Node, key: Mark, new: &str) -> Option<Edit> {
    let Value::Mapping(entries) = &mapping.value else { return None };
    let ((first, value), rest) = entries.split_first()?;
    let ((next, _), (_, last)) = (rest.first()?, rest.last()?);
    if first.mark.start != key.start || value.mark.end <= value.mark.start {
        return None;
    }
    if is_flow(text, mapping) {
        let end = mapping.mark.end.checked_sub(1)?;
        let edits =
            vec![Edit::new(key.start..next.mark.start, format!("{new}: {{")), Edit::new(end..end, "}")];
        return comments(text, key.start..next.mark.start, mapping)?
            .is_empty()
            .then(|| Edit::together(text, edits))?;
    }
    let mut edits = vec![Edit::new(key.start..value.mark.end, format!("{new}:"))];
    edits.extend(shifted(text, value.mark.end..last.mark.end.max(value.mark.end), 4));
    Edit::together(text, edits)
}

/// The edits that move the lines which start between these places by so many columns; to the left, as far as there are blanks.
pub(crate) fn shifted(text: &str, span: Range<usize>, columns: isize) -> Vec<Edit> {
    let part = text.get(span.clone()).unwrap_or_default();
    let starts =
        part.match_indices('\n').map(|(at, _)| span.start + at + 1).filter(|&start| start < span.end);
    let edit = |start: usize| {
        let rest = text.get(start..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let is_blank =
            rest.get(blanks..).is_none_or(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']));
        match columns {
            0.. if is_blank => None,
            0.. => Some(Edit::new(start..start, " ".repeat(columns.unsigned_abs()))),
            _ => Some(Edit::new(start..start + columns.unsigned_abs().min(blanks), "")),
        }
    };
    starts.filter_map(edit).collect()
}

/// How many columns to the right a line moves that starts in the first column and comes to the second one.
pub(crate) fn columns_between(from: usize, to: usize) -> Option<isize> {
    isize::try_from(to).ok()?.checked_sub(isize::try_from(from).ok()?)
}

/// Whether a collection is written in brackets or braces.
pub(crate) fn is_flow(text: &str, node: &Node) -> bool {
    text.get(node.mark.start..).is_some_and(|text| text.starts_with(['[', '{']))
}

/// Where the line of this place starts.
pub(crate) fn line_start(text: &str, place: usize) -> usize {
    text.get(..place).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

/// How the text breaks its lines: as its first one ends.
pub(crate) fn line_break(text: &str) -> &'static str {
    match text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) {
        true => "\r\n",
        false => "\n",
    }
}

/// The comments between these places, which are in or behind a node; `None` if the text has no such place.
pub(crate) fn comments<'t>(text: &'t str, span: Range<usize>, node: &Node) -> Option<Vec<&'t str>> {
    let rest = |place: usize| text.get(place..).and_then(|rest| rest.split(['\n', '\r']).next());
    Some(signs(text, span, node)?.into_iter().filter_map(rest).map(str::trim_end).collect())
}

/// What stays of these lines of a mapping when its keys and values go: the comments, and an empty text for each blank line.
fn remains<'t>(text: &'t str, span: Range<usize>, node: &Node) -> Option<Vec<&'t str>> {
    let mut scalars = Vec::new();
    scalars_of(node, &mut scalars);
    scalars.sort_by_key(|scalar| scalar.start);
    let is_within = |place: usize| {
        let after = scalars.partition_point(|scalar| scalar.end <= place);
        scalars.get(after).is_some_and(|scalar| scalar.start <= place)
    };
    let signs = signs(text, span.clone(), node)?.into_iter();
    let comment = |sign: usize| Some((sign, text.get(sign..)?.split(['\n', '\r']).next()?.trim_end()));
    let mut kept: Vec<(usize, &str)> = signs.filter_map(comment).collect();
    let mut start = span.start;
    // The first line has the key.
    for (number, line) in text.get(span)?.split_inclusive('\n').enumerate() {
        if number > 0 && line.ends_with('\n') && line.trim().is_empty() && !is_within(start) {
            kept.push((start, ""));
        }
        start += line.len();
    }
    kept.sort_by_key(|(place, _)| *place);
    Some(kept.into_iter().map(|(_, line)| line).collect())
}

/// Where a `#` starts a word that is in no scalar. What follows it on its line is not looked at.
fn signs(text: &str, span: Range<usize>, node: &Node) -> Option<Vec<usize>> {
    let mut scalars = Vec::new();
    scalars_of(node, &mut scalars);
    scalars.sort_by_key(|scalar| scalar.start);
    let part = text.get(span.clone())?;
    work::read(scalars.len() + part.len());
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(index) = part.get(at..)?.find('#').map(|index| at + index) {
        let place = span.start + index;
        let after = scalars.partition_point(|scalar| scalar.end <= place);
        let within = scalars.get(after).filter(|scalar| scalar.start <= place);
        let starts = part[..index].chars().next_back().is_none_or(char::is_whitespace);
        at = match within {
            Some(scalar) => (scalar.end - span.start).min(part.len()),
            None if starts => {
                found.push(place);
                part[index..].find('\n').map_or(part.len(), |end| index + end)
            }
            None => index + 1,
        };
    }
    Some(found)
}

/// Whether the last thing in a value is a block of text. The depth of a tree is bounded.
fn ends_with_block(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.last().is_some_and(ends_with_block),
        Value::Mapping(entries) => entries.last().is_some_and(|(_, value)| ends_with_block(value)),
        _ => node.is_block(),
    }
}

/// Where the scalars of a tree are written. The depth of a tree is bounded.
fn scalars_of(node: &Node, scalars: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| scalars_of(item, scalars)),
        Value::Mapping(entries) => entries.iter().for_each(|(key, value)| {
            scalars_of(key, scalars);
            scalars_of(value, scalars);
        }),
        Value::Scalar(_) | Value::UnknownAlias(_) if node.mark.end > node.mark.start => {
            scalars.push(node.mark.start..node.mark.end);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Limits, read};

    /// The text without the entry of this name in its outermost mapping, or in the mapping of its first item.
    fn without(text: &str, name: &str) -> Option<String> {
        let documents = read(text, &Limits::default());
        let root = documents.nodes.first()?;
        let mapping = match &root.value {
            Value::List(items) => items.first()?,
            _ => root,
        };
        let Value::Mapping(entries) = &mapping.value else { return None };
        let (key, _) = entries.iter().find(|(key, _)| key.text() == Some(name))?;
        let edit = Layout::new(text, mapping).without(key.mark)?;
        let mut edited = text.to_owned();
        edited.replace_range(edit.span, &edit.text);
        Some(edited)
    }

    #[test]
    fn entries_that_go() {
        for (text, name, expected) in [
            ("a: 1\nb: 2\nc: 3\n", "b", "a: 1\nc: 3\n"),
            ("a: 1\nb: 2", "b", "a: 1"),
            ("a: 1\r\nb: 2", "b", "a: 1"),
            ("a: 1\r\nb: 2 # why\r\nc: 3\r\n", "b", "a: 1\r\n# why\r\nc: 3\r\n"),
            ("a: 1\nb: 2 # why", "b", "a: 1\n# why"),
            ("a: 1\nb:\n\n  2", "b", "a: 1"),
            ("a: 1\nb: # x\n# y\n- '#1' # z\n- 2\n\nc: 3\n", "b", "a: 1\n# x\n# y\n# z\n\nc: 3\n"),
            ("a: 1\nb: |\n  x # no\n  y\nc: 3\n", "b", "a: 1\nc: 3\n"),
            ("a: 1\nb:\nc: 3\n", "b", "a: 1\nc: 3\n"),
            // A comment below an entry stays outside of the block of text before it.
            ("a: >-\n  x\nb: 1\n  # y\nc: 3\n", "b", "a: >-\n  x\n# y\nc: 3\n"),
            ("a:\n- |\n  x\nb: 1\n\n  # y\n  # z", "b", "a:\n- |\n  x\n\n# y\n  # z"),
            ("a: |\n  x\nb: 1 # z\n  # y\n", "b", "a: |\n  x\n# z\n  # y\n"),
            ("a: x\nb: 1\n  # y\n", "b", "a: x\n  # y\n"),
            ("- a: 1\n  b: 2\n", "a", "- b: 2\n"),
            ("- a: 1 # x\n  # y\n  b: 2\n", "a", "- # x\n  # y\n  b: 2\n"),
            ("- a: 1 # x\n\n  b: 2\n", "a", "\n- # x\n  b: 2\n"),
            (
                "a: 1\r\nb: # x\r\n\r\n- 2\r\n  \r\n\r\n# y\r\n- 3\r\nc: 3\r\n",
                "b",
                "a: 1\r\n# x\r\n\r\n\r\n\r\n# y\r\nc: 3\r\n",
            ),
            ("b: |\n  x\n\n  y\n\nc: 3\n", "b", "\nc: 3\n"),
            ("- - a: 1\n    b: 2\n", "x", ""),
            ("{a: 1, b: 2, c: 3}\n", "b", "{a: 1, c: 3}\n"),
            ("{a: 1, b: 2}\n", "b", "{a: 1}\n"),
            ("{a: 1, b: 2}\n", "a", "{b: 2}\n"),
            ("{a: 1}\n", "a", "{}\n"),
            ("{\"a\": [1, 2], \"b\": {\"c\": 2}}", "b", "{\"a\": [1, 2]}"),
        ] {
            assert_eq!(without(text, name).as_deref().unwrap_or_default(), expected, "{text:?}");
        }
        for text in ["- a: 1\n", "{a: 1, # x\nb: 2}\n"] {
            assert_eq!(without(text, "a"), None, "{text:?}");
        }
    }

    /// The text in which this entry of the first item is moved into its mapping `git`.
    fn moved(text: &str, name: &str) -> Option<String> {
        let documents = read(text, &Limits::default());
        let Value::List(items) = &documents.nodes.first()?.value else { return None };
        let mapping = items.first()?;
        let Value::Mapping(entries) = &mapping.value else { return None };
        let (key, _) = entries.iter().find(|(key, _)| key.text() == Some(name))?;
        let edit = Layout::new(text, mapping).moved_into(key.mark, mapping.get("git")?)?;
        let mut edited = text.to_owned();
        edited.replace_range(edit.span, &edit.text);
        Some(edited)
    }

    #[test]
    fn entries_that_move() {
        for (text, expected) in [
            (
                "- git:\n    a: b # x\n  c: # y\n  - d # z\n  - e\n- 1\n",
                "- git:\n    a: b # x\n    c: # y\n    - d # z\n    - e\n- 1\n",
            ),
            ("- git:\n    a: b\n  c: [d]", "- git:\n    a: b\n    c: [d]"),
            (
                "- git:\n    a: b\n    # x\n  # y\n  c: [d]\n",
                "- git:\n    a: b\n    # x\n    c: [d]\n  # y\n",
            ),
            (
                "- c:\r\n    - d\r\n  git:\r\n      a: b\r\n",
                "- git:\r\n      a: b\r\n      c:\r\n        - d\r\n",
            ),
            ("- git: {a: b}\n  c: [d]\n", ""),
            ("- {git: {a: b}, c: [d]}\n", "- {git: {a: b, c: [d]}}\n"),
            ("[{\"c\": [1], \"git\": {\"a\": 2}}]", "[{\"git\": {\"a\": 2, \"c\": [1]}}]"),
        ] {
            assert_eq!(moved(text, "c").unwrap_or_default(), expected, "{text:?}");
        }
    }

    #[test]
    fn items_that_come() {
        for (text, expected) in [
            ("[a]\n", "[a, 'x', y]\n"),
            ("[]\n", "['x', y]\n"),
            ("[ a, ]\n", "[ a, 'x', y, ]\n"),
            ("[\n  a, # b\n  # c\n]\n", "[\n  a, 'x', y, # b\n  # c\n]\n"),
            ("- a\n- b # c\n", "- a\n- b # c\n- 'x'\n- y\n"),
            ("  - a\r\n", "  - a\r\n  - 'x'\r\n  - y\r\n"),
            ("- a", "- a\n- 'x'\n- y"),
        ] {
            let documents = read(text, &Limits::default());
            let edit = with_items(text, &documents.nodes[0], &["'x'".to_owned(), "y".to_owned()]).unwrap();
            let mut edited = text.to_owned();
            edited.replace_range(edit.span, &edit.text);
            assert_eq!(edited, expected);
        }
    }
}
