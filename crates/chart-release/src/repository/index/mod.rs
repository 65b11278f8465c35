//! `index.yaml` with more entries.
//!
//! The result is that of `helm repo index --merge`, but for two things: entries that exist are never replaced by others with the same version,
//! and what others wrote stays as it is, byte for byte, with fields that Helm does not know, comments and order.
//!
//! For that the new entries are put between the lines of the file, where a reader of lines and a full parser agree on every chart, version and
//! digest in it. That is every index which Helm wrote, and most others. JSON is extended in the same way. Only where the two do not agree
//! (braces, anchors, several documents) is the file written anew from what the parser read.
//!
//! The result is read again before it is used: it must have every version that was there, in each chart, and the new ones.

mod change;
mod entry;
mod json;
mod lines;
mod order;
mod tree;

use std::collections::BTreeMap;

use artifact_source::{Error, ErrorKind};
use helm_source::{Index, IndexError, IndexReader, ReadBy};
use jiff::Timestamp;

pub(super) use entry::NewEntry;

use change::{Charts, Edit, Insertions, Known};

/// What standing entries say of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// There is none.
    Nothing,
    /// There is one with this digest, in hexadecimal digits; `None` if it has none. Of several that differ it is that of the first.
    Entry(Option<String>),
}

/// An index that was read.
pub(super) struct Document<'text> {
    text: &'text str,
    form: Form<'text>,
    charts: Charts,
}

/// How the new entries come into the text.
enum Form<'text> {
    Lines(lines::Layout),
    Json(json::Layout<'text>),
    Tree(serde_json::Value),
}

impl<'text> Document<'text> {
    /// Reads an index.
    ///
    /// # Errors
    ///
    /// [`BadAnswer`](ErrorKind::BadAnswer) for what is not an index as a whole.
    pub(super) fn read(bytes: &'text [u8]) -> Result<Self, Error> {
        let (index, read_by) = IndexReader::new().finish(bytes).map_err(|error| not_an_index(&error))?;
        let text = std::str::from_utf8(bytes).map_err(|_| {
            Error::new(ErrorKind::BadAnswer, "the index is not UTF-8").with_hint("write it as UTF-8 once")
        })?;
        if read_by == ReadBy::Json {
            let (layout, charts) = json::Layout::read(text).map_err(|what| not_readable(&what))?;
            return Self { text, form: Form::Json(layout), charts }.checked(&index);
        }
        let layout = lines::Layout::read(text).filter(|(_, charts)| is_of(charts, &index));
        if let (ReadBy::Lexer, Some((layout, charts))) = (read_by, &layout) {
            // The lexer has verified every line of the form that the reader of lines knows.
            let (layout, charts) = (layout.clone(), charts.clone());
            return Ok(Self { text, form: Form::Lines(layout), charts });
        }
        let (value, charts) = tree::read(text).map_err(|what| not_readable(&what))?;
        match layout {
            Some((layout, of_lines)) if same(&of_lines, &charts) => {
                Ok(Self { text, form: Form::Lines(layout), charts })
            }
            _ => Self { text, form: Form::Tree(value), charts }.checked(&index),
        }
    }

    fn checked(self, index: &Index) -> Result<Self, Error> {
        if is_of(&self.charts, index) {
            Ok(self)
        } else {
            Err(not_readable("two parsers read it differently"))
        }
    }

    /// What exists of a version.
    pub(super) fn listed(&self, chart: &str, version: &str) -> Listed {
        let versions = self.charts.iter().find(|(name, _)| name == chart).map(|(_, versions)| versions);
        let entry = versions.and_then(|versions| versions.iter().find(|known| known.version == version));
        entry.map_or(Listed::Nothing, |known| Listed::Entry(known.digest.clone()))
    }

    /// All digests of a version, where it is listed more than once.
    pub(super) fn digests(&self, chart: &str, version: &str) -> impl Iterator<Item = Option<&str>> {
        let versions =
            self.charts.iter().filter(move |(name, _)| name == chart).flat_map(|(_, versions)| versions);
        let version = version.to_owned();
        versions.filter(move |known| known.version == version).map(|known| known.digest.as_deref())
    }

    /// The text with these entries in place of those of the same version.
    ///
    /// # Errors
    ///
    /// An entry that YAML cannot hold. [`Internal`](ErrorKind::Internal) if the result does not have every entry that it must have; nothing
    /// is lost then.
    pub(super) fn with(&self, entries: &[NewEntry], now: Timestamp) -> Result<String, crate::Error> {
        let mut by_chart: BTreeMap<&str, Vec<&NewEntry>> = BTreeMap::new();
        for entry in entries {
            by_chart.entry(&entry.name).or_default().push(entry);
        }
        let mut changes = Vec::new();
        for (name, entries) in by_chart {
            changes.push((name, self.insertions(name, entries)));
        }
        let text = match &self.form {
            Form::Lines(layout) => apply(self.text, layout.edits(self.text, &changes, now)?),
            Form::Json(layout) => apply(self.text, layout.edits(&changes, now)?),
            Form::Tree(value) => tree::written(value, &changes, now)?,
        };
        let expected = self.expected(&changes);
        match Index::from_slice(text.as_bytes()) {
            Ok(index) if is_of(&expected, &index) => Ok(text),
            _ => Err(Error::new(
                ErrorKind::Internal,
                "the entries could not be added to the index without a loss",
            )
            .with_hint("nothing was written; write the index anew with `helm repo index`, and report this")
            .into()),
        }
    }

    /// Where the entries of a chart go: before the first one that is not greater.
    fn insertions<'new>(&self, name: &str, mut entries: Vec<&'new NewEntry>) -> Insertions<'new> {
        let standing = self.charts.iter().find(|(chart, _)| chart == name);
        let standing = standing.map(|(_, versions)| versions.as_slice()).unwrap_or_default();
        entries.sort_by(|a, b| order::compare(&b.version, &a.version));
        let is_new = |version: &str| entries.iter().any(|entry| entry.version == version);
        let without =
            standing.iter().enumerate().filter(|(_, known)| is_new(&known.version)).map(|(at, _)| at);
        let without: Vec<usize> = without.collect();
        let place = |entry: &NewEntry| {
            let mut rest = standing.iter().enumerate().filter(|(at, _)| !without.contains(at));
            let found = rest.find(|(_, known)| order::compare(&known.version, &entry.version).is_lt());
            found.map_or(standing.len(), |(at, _)| at)
        };
        let before = entries.iter().map(|entry| (place(entry), *entry)).collect();
        Insertions { before, without }
    }

    /// The charts of the result.
    fn expected(&self, changes: &[(&str, Insertions<'_>)]) -> Charts {
        let mut charts = self.charts.clone();
        for (name, change) in changes {
            let at = match charts.iter().position(|(chart, _)| chart == name) {
                Some(at) => at,
                None => {
                    charts.push(((*name).to_owned(), Vec::new()));
                    charts.len() - 1
                }
            };
            if let Some((_, versions)) = charts.get_mut(at) {
                let known = change.applied(std::mem::take(versions), |entry| Known {
                    version: entry.version.clone(),
                    digest: Some(entry.digest.clone()),
                });
                *versions = known;
            }
        }
        charts
    }
}

/// An index of these entries alone.
pub(super) fn new_index(entries: &[NewEntry], now: Timestamp) -> Result<String, crate::Error> {
    let empty = "apiVersion: v1\nentries: {}\ngenerated: \"\"\n";
    Document::read(empty.as_bytes())?.with(entries, now)
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    // Sorting is stable: what comes at one place keeps its order.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let more: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut result = String::with_capacity(text.len() + more);
    let mut done = 0;
    for edit in edits {
        result.push_str(text.get(done..edit.range.start).unwrap_or_default());
        result.push_str(&edit.text);
        done = edit.range.end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    result
}

/// Whether these are the charts and versions of the index.
fn is_of(charts: &Charts, index: &Index) -> bool {
    let mut sorted: Vec<_> = charts.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    sorted.len() == index.chart_count()
        && sorted.iter().zip(index.charts()).all(|((name, versions), (of_index, listed))| {
            name == of_index && versions.iter().map(|known| known.version.as_str()).eq(listed)
        })
}

fn same(a: &Charts, b: &Charts) -> bool {
    let sorted = |charts: &Charts| charts.iter().cloned().collect::<BTreeMap<_, _>>();
    a.len() == b.len() && sorted(a) == sorted(b)
}

fn not_an_index(error: &IndexError) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("the index of the repository cannot be extended: {error}"))
        .with_hint("nothing was written; restore index.yaml from its last good version, or write it anew with `helm repo index`")
}

fn not_readable(what: &str) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("the index of the repository cannot be extended: {what}"))
        .with_hint("nothing was written; write index.yaml anew with `helm repo index`")
}
