//! Rewrites a manifest to the spellings of an edition by edits of its text.

mod unknown;

use std::collections::HashSet;
use std::sync::Arc;

use diagnostics::{Location, Replacement};

use crate::decode::Purpose;
use crate::diagnostic::{Code, Diagnostic};
use crate::edition::Edition;
use crate::manifest::{Manifest, Options};
use crate::parse::{read, shorten};
use crate::recovery::Edits;
use crate::work;
use crate::yaml::Limits;

use unknown::unknown;

/// How often a text is read again at most: what is written once may show the next thing to write.
const MOST_ROUNDS: usize = 100;

/// A manifest in the spellings of an edition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Migration {
    /// The text after the edits. Everything else in it is as it was: comments, order, quotation marks, blank lines and line breaks.
    pub text: String,
    /// What was changed, in the order of the text: each diagnostic has the place in the text as it was, and its help says what was done.
    pub changes: Vec<Diagnostic>,
    /// What is still to be done: old spellings, keys that occur twice and fields without effect for which no edit keeps everything else, and fields that the edition
    /// does not know, or no edition. The places are those of the text after the edits.
    pub left: Vec<Diagnostic>,
    /// What is in the text after the edits.
    pub manifest: Manifest,
    /// The edits that were made, one after another.
    rounds: Vec<Edits>,
    /// The errors of the text as it was, without those of what was deleted.
    errors_before: Vec<Diagnostic>,
}

impl Migration {
    /// Whether the text differs from what it was.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What is still to be done, and the errors, each at its place in `text`, which is the text as it was: for a person who has that before them. There are no
    /// edits in them.
    pub fn left_before(&self, text: &str) -> Vec<Diagnostic> {
        let mut left = self.left.clone();
        // No edit makes an error, and none but a deletion mends one: those of the text as it was have its words and its places.
        if self.errors_before.is_empty() {
            left.extend(self.manifest.errors().filter(|found| !is_left(found)).cloned());
        }
        move_back(text, &self.rounds, &mut left);
        left.extend(self.errors_before.iter().cloned());
        left.iter_mut().for_each(|found| found.replacement = None);
        left
    }
}

/// Rewrites the spellings of every edition to those of this one, and deletes fields that have no effect.
///
/// The same is selected before and after, and migrating again changes nothing. Of a key that occurs twice, the entry that does not count is deleted. A text beyond the [`Limits`] of the options stays as it is. A manifest with errors is migrated as far as it can be read; the errors are in
/// [`Migration::manifest`]. A field that the edition does not know yet gets the name that it had then; one that had none is in [`Migration::left`].
///
/// ```
/// use warehouse_spec::{Edition, Options, migrate};
///
/// let text = "\
/// apiVersion: kargo.akuity.io/v1alpha1
/// kind: Warehouse
/// metadata: {name: demo}
/// spec:
///   subscriptions:
///   - image:
///       repoURL: nginx # the web server
///       semverConstraint: ^1.26.0 # not yet 2
///       ignoreTags: [1.26.3]
/// ";
/// let migration = migrate("kargo.yaml", text, Edition::NEWEST, &Options::default());
/// assert!(migration.text.ends_with("\
///       repoURL: nginx # the web server
///       constraint: ^1.26.0 # not yet 2
///       ignoreTagsRegexes: ['^1\\.26\\.3$']
/// "));
/// assert_eq!((migration.changes.len(), migration.left.len()), (2, 0));
///
/// // v1.8 knows `constraint`, and no lists of expressions.
/// let migration = migrate("kargo.yaml", text, "v1.8".parse()?, &Options::default());
/// assert!(migration.text.contains("constraint: ^1.26.0") && migration.text.contains("ignoreTags: [1.26.3]"));
/// # Ok::<(), warehouse_spec::InvalidEdition>(())
/// ```
pub fn migrate(source_name: &str, text: &str, edition: Edition, options: &Options) -> Migration {
    let purpose = Purpose { advises: false, edition, keeps_selection: true };
    let mut migration = Migration {
        text: text.to_owned(),
        changes: Vec::new(),
        left: Vec::new(),
        manifest: Manifest::default(),
        rounds: Vec::new(),
        errors_before: Vec::new(),
    };
    // A list of diagnostics that is cut would make as many rounds as there are pieces of it. How many there are is limited by how many values there are.
    let limits = Limits { diagnostics: usize::MAX, ..options.limits };
    let whole = options.with_limits(limits);
    let (mut is_whole, mut deleted) = (true, Vec::new());
    for round in 0..MOST_ROUNDS {
        let mut diagnostics = read(source_name, &migration.text, &whole, purpose).diagnostics;
        if round == 0 {
            migration.errors_before = diagnostics.iter().filter(|found| is_error(found)).cloned().collect();
            shorten(&mut migration.errors_before, options.limits.diagnostics);
        }
        // A part of a manifest is no manifest: what is too large to be read to its end stays as it is.
        is_whole = !diagnostics.iter().any(|found| found.code == Code::Limit);
        if !is_whole {
            break;
        }
        diagnostics.retain(is_of_migration);
        diagnostics.append(&mut unknown(source_name, &migration.text, edition, &whole));
        let chosen = chosen(&migration.text, &diagnostics);
        let edits: Vec<&Replacement> = chosen.iter().filter_map(|found| found.replacement.as_ref()).collect();
        let edited = Replacement::apply_all(&migration.text, edits.iter().copied());
        if edits.is_empty() || edited == migration.text {
            break;
        }
        let deletions = chosen.iter().filter(|found| is_deletion(found));
        let back = |place: usize| before_edits(&migration.rounds, place);
        deleted.extend(
            deletions
                .filter_map(|found| found.replacement.as_ref())
                .map(|edit| back(edit.span.start)..back(edit.span.end)),
        );
        let mut changes: Vec<Diagnostic> = chosen.iter().map(|found| (*found).clone()).collect();
        move_back(text, &migration.rounds, &mut changes);
        let made = Edits::at_once(&migration.text, &edits);
        work::read(migration.text.len());
        migration.changes.append(&mut changes);
        migration.rounds.push(made);
        migration.text = edited;
    }
    migration.manifest = read(source_name, &migration.text, options, purpose);
    migration.changes.sort_by_key(|change| (change.location.line, change.location.column));
    if !is_whole {
        // Old spellings are not told of what was read.
        migration.manifest.diagnostics.clone_from(&migration.errors_before);
        return migration;
    }
    migration
        .errors_before
        .retain(|found| !deleted.iter().any(|span| span.contains(&found.location.bytes.start)));
    migration.left = migration.manifest.diagnostics.iter().filter(|found| is_left(found)).cloned().collect();
    migration.left.append(&mut unknown(source_name, &migration.text, edition, &whole));
    migration
}

/// Whether a diagnostic is about what a migration changes.
fn is_of_migration(found: &Diagnostic) -> bool {
    matches!(found.code, Code::OldSpelling | Code::NoEffect | Code::FieldCase | Code::DuplicateKey)
}

/// Whether a diagnostic is about what is left where no edit was made: a person may have to. Kargo ignores a field that it does not know.
fn is_left(found: &Diagnostic) -> bool {
    is_of_migration(found) || matches!(found.code, Code::UnknownField | Code::Misplaced) && !found.is_error()
}

/// Whether a diagnostic is an error, and not about what a migration changes.
fn is_error(found: &Diagnostic) -> bool {
    found.is_error() && !is_of_migration(found)
}

/// Whether the edit of a diagnostic deletes an entry that does not count, whatever is wrong with its value.
fn is_deletion(found: &Diagnostic) -> bool {
    matches!(found.code, Code::NoEffect | Code::DuplicateKey)
}

/// The edits to make at once: of each mapping one, so that no two of them meet. What moves lines comes last, so that the place of everything else is known.
fn chosen<'d>(text: &str, diagnostics: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    let moves_lines = |found: &Diagnostic, edit: &Replacement| {
        let has_lines = |text: &str| text.contains('\n');
        found.code == Code::OldSpelling
            && has_lines(&edit.text)
            && text.get(edit.span.clone()).is_some_and(has_lines)
    };
    let mut offered: Vec<(&Diagnostic, &Replacement)> =
        diagnostics.iter().filter_map(|found| Some((found, found.replacement.as_ref()?))).collect();
    if offered.iter().any(|(found, edit)| !moves_lines(found, edit)) {
        offered.retain(|(found, edit)| !moves_lines(found, edit));
    }
    // What has no effect is deleted, and not renamed before.
    let idle: HashSet<(usize, &str)> = offered
        .iter()
        .filter(|(found, _)| found.code == Code::NoEffect)
        .map(|(found, _)| (found.location.line, found.path.as_str()))
        .collect();
    offered.retain(|(found, _)| {
        found.code == Code::NoEffect || !idle.contains(&(found.location.line, found.path.as_str()))
    });
    offered.sort_by_key(|(_, edit)| (edit.span.start, edit.span.end));
    // Documents of one text may have the same paths.
    let documents: Vec<usize> = text.match_indices("\n---").map(|(at, _)| at).collect();
    let (mut mappings, mut end) = (HashSet::new(), 0);
    let mut chosen = Vec::new();
    for (found, edit) in offered {
        let mapping = found.path.rsplit_once('.').map_or("", |(mapping, _)| mapping);
        let document = documents.partition_point(|&start| start < edit.span.start);
        if edit.span.start >= end && mappings.insert((document, mapping)) {
            end = edit.span.end;
            chosen.push(found);
        }
    }
    chosen
}

/// The place in the text as it was of this one in the text after these edits.
fn before_edits(rounds: &[Edits], place: usize) -> usize {
    rounds.iter().rev().fold(place, |place, edits| edits.back(place))
}

/// Moves diagnostics from the text after these edits to their places in the text as it was, which is read once.
fn move_back(text: &str, rounds: &[Edits], diagnostics: &mut [Diagnostic]) {
    let back = |found: &Diagnostic| before_edits(rounds, found.location.bytes.start);
    let mut moved: Vec<(usize, &mut Diagnostic)> =
        diagnostics.iter_mut().map(|found| (back(found), found)).collect();
    moved.sort_by_key(|(start, _)| *start);
    let (mut line, mut column, mut done) = (1, 1, 0);
    for (start, found) in moved {
        work::read(start - done);
        let between = text.get(done..start).unwrap_or_default();
        for (at, letter) in between.char_indices() {
            let is_break = letter == '\n' || letter == '\r' && !text[done + at + 1..].starts_with('\n');
            (line, column) = match letter {
                _ if is_break => (line + 1, 1),
                '\u{feff}' if done + at == 0 => (line, column),
                _ => (line, column + 1),
            };
        }
        done = start;
        let (source, width) = (Arc::clone(&found.location.source), found.location.width);
        found.location = Location::new(source, line, column).with_width(width).with_bytes(start..start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo";

    /// One manifest of this many subscriptions, or as many manifests of one.
    fn manifest(count: usize, in_one: bool) -> String {
        let head = |number: usize| format!("{HEAD}-{number}\nspec:\n  subscriptions:\n");
        let mut text = String::new();
        for number in 0..count {
            if number == 0 || !in_one {
                text.push_str("---\n");
                text.push_str(&head(number));
            }
            text.push_str(&format!(
                "  - image:\n      repoURL: ghcr.io/a/b{number}\n      semverConstraint: ^1.{number}\n      allowTags: ^v{number} # é\n      ignoreTags: [a, b]\n      gitRepoURL: https://h/a\n"
            ));
        }
        text
    }

    /// Four times as many old spellings are four times the work.
    #[test]
    fn the_work_grows_with_the_text() {
        for in_one in [true, false] {
            let work = |count: usize| {
                let text = manifest(count, in_one);
                let before = work::done();
                let migration = migrate("kargo.yaml", &text, Edition::NEWEST, &Options::default());
                assert_eq!(migration.changes.len(), 4 * count);
                assert!(migration.left.is_empty() && migration.manifest.is_valid());
                (work::done() - before) / text.len()
            };
            // More than the diagnostics that one list has.
            let (few, many) = (work(100), work(400));
            assert!(many <= few * 3 / 2, "{few} and {many} times the text are read");
        }
    }
}
