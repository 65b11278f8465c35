//! Entries that are read as one field, so that an edit of one of them would change which of them counts: a key that occurs twice, also with other capitals, and a
//! field that `<<` merges in beside its own or another spelling of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::edition::{LISTS_BESIDE_GIT, OldSpelling};
use crate::yaml::{Node, Value};

/// The entries of a text that are read as one field with others.
#[derive(Debug, Default)]
pub(crate) struct Rivals {
    /// By where their keys start.
    entries: BTreeMap<usize, Rival>,
}

#[derive(Debug)]
struct Rival {
    key_end: usize,
    end: usize,
    reason: Reason,
    /// The key of another one, as it is written.
    other: String,
}

/// Why an edit of an entry would change what counts.
#[derive(Clone, Copy, Debug)]
enum Reason {
    /// The other one has no value, and its name may be the one to write.
    WithoutValue,
    /// The key occurs twice.
    Twice,
    /// The other one is merged in.
    Merged,
    /// The list in `git` has other capitals.
    Capitals,
}

impl Reason {
    /// What help says further: why there is no edit, and what to do first.
    fn remedy(self, other: &str) -> String {
        match self {
            Self::WithoutValue => format!("; first delete `{other}`, which has no value"),
            Self::Twice => format!("; `{other}` occurs twice: first delete the one that does not count"),
            Self::Merged => {
                format!(
                    "; `<<` merges `{other}` in: first write in place of `<<` the fields that it merges in"
                )
            }
            Self::Capitals => format!("; first write `{other}` in `git` with the capitals of the field"),
        }
    }
}

/// An entry of a mapping, or one that is merged into it.
#[derive(Clone, Copy)]
struct Entry<'t> {
    name: &'t str,
    key: &'t Node,
    value: &'t Node,
    is_merged: bool,
}

impl Rivals {
    /// Those of these documents.
    pub(crate) fn of(documents: &[Node]) -> Self {
        let mut rivals = Self::default();
        documents.iter().for_each(|document| rivals.add(document));
        rivals
    }

    /// The depth of a tree is bounded.
    fn add(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.add(item)),
            Value::Mapping(entries) => {
                self.add_mapping(node);
                entries.iter().for_each(|(_, value)| self.add(value));
            }
            Value::Scalar(_) | Value::UnknownAlias(_) => {}
        }
    }

    fn add_mapping(&mut self, mapping: &Node) {
        let mut fields: HashMap<String, Vec<Entry<'_>>> = HashMap::new();
        for entry in entries_of(mapping) {
            fields.entry(field_of(entry.name)).or_default().push(entry);
        }
        for entries in fields.values() {
            if let Some((reason, other)) = of_one_field(entries) {
                entries.iter().for_each(|entry| self.add_entry(entry, reason, other));
            }
        }
        // What is beside `git` goes into it.
        let all = |name: &str| fields.get(&field_of(name)).into_iter().flatten();
        for (name, git) in LISTS_BESIDE_GIT.iter().flat_map(|name| all("git").map(move |git| (name, git))) {
            if let Some((reason, other)) = in_the_way(&entries_of(git.value), name) {
                all(name).for_each(|beside| self.add_entry(beside, reason, other));
            }
        }
    }

    fn add_entry(&mut self, entry: &Entry<'_>, reason: Reason, other: &str) {
        let (key, value) = (entry.key.mark, entry.value.mark);
        let rival = Rival { key_end: key.end, end: value.end.max(key.end), reason, other: other.to_owned() };
        self.entries.insert(key.start, rival);
    }

    /// Takes the edit from a diagnostic about such an entry where it changes the key, and says what to do first.
    ///
    /// That a key occurs twice has a remedy of its own, which does not change what counts. Of a document with an error, nothing counts yet.
    pub(crate) fn leave(&self, found: &mut Diagnostic) {
        let has_own = found.code == Code::DuplicateKey || found.is_error();
        let Some(edit) = found.replacement.as_ref().filter(|_| !has_own) else { return };
        let (edit, place) = (edit.span.clone(), found.location.bytes.start);
        let before = self.entries.range(..edit.start).next_back();
        let mut changed = before.into_iter().chain(self.entries.range(edit.start..edit.end.max(edit.start)));
        let is_about = |(start, rival): &(&usize, &Rival)| {
            rival.key_end > edit.start && (**start..=rival.end).contains(&place)
        };
        let Some((_, rival)) = changed.find(is_about) else { return };
        found.replacement = None;
        if let Some(help) = &mut found.help {
            help.push_str(&rival.reason.remedy(&rival.other));
        }
    }
}

/// The field that a key is a spelling of, whatever its capitals.
fn field_of(name: &str) -> String {
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or_default();
    let spelling = OldSpelling::all()
        .find(|spelling| !spelling.normal.is_empty() && last(spelling.old).eq_ignore_ascii_case(name));
    spelling.map_or(name, |spelling| last(spelling.normal)).to_ascii_lowercase()
}

/// The entries of a mapping, and those that it merges in.
fn entries_of(mapping: &Node) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    add_entries(mapping, false, &mut found);
    found
}

fn add_entries<'t>(mapping: &'t Node, is_merged: bool, found: &mut Vec<Entry<'t>>) {
    let Value::Mapping(entries) = &mapping.value else { return };
    for (key, value) in entries {
        match (key.text(), &value.value) {
            (Some(_), Value::List(items)) if key.is_merge_key() => {
                items.iter().for_each(|item| add_entries(item, true, found));
            }
            (Some(_), _) if key.is_merge_key() => add_entries(value, true, found),
            (Some(name), _) => found.push(Entry { name, key, value, is_merged }),
            (None, _) => {}
        }
    }
}

/// Why entries of one field are rivals, and the key of one of them.
fn of_one_field<'t>(entries: &[Entry<'t>]) -> Option<(Reason, &'t str)> {
    if entries.len() < 2 {
        return None;
    }
    if let Some(merged) = entries.iter().find(|entry| entry.is_merged) {
        return Some((Reason::Merged, merged.name));
    }
    let mut names = HashSet::new();
    if let Some(twice) = entries.iter().find(|entry| !names.insert(entry.name.to_ascii_lowercase())) {
        return Some((Reason::Twice, twice.name));
    }
    entries.iter().find(|entry| entry.value.is_null()).map(|empty| (Reason::WithoutValue, empty.name))
}

/// Why a list cannot go into a mapping with these entries, and the key that is in the way.
fn in_the_way<'t>(entries: &[Entry<'t>], name: &str) -> Option<(Reason, &'t str)> {
    let same = entries.iter().filter(|entry| entry.name.eq_ignore_ascii_case(name));
    let same: Vec<Entry<'t>> = same.copied().collect();
    if let Some(merged) = same.iter().find(|entry| entry.is_merged) {
        return Some((Reason::Merged, merged.name));
    }
    match same.as_slice() {
        [only] if only.value.is_null() => Some((Reason::WithoutValue, only.name)),
        [only] if only.name != name => Some((Reason::Capitals, only.name)),
        [] | [_] => None,
        [first, ..] => Some((Reason::Twice, first.name)),
    }
}
