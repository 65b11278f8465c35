//! Input: the Warehouses in files.

use std::collections::BTreeMap;

use discovery_bundle::Replay;
use warehouse_spec::{Diagnostic, Lines, Located, Location, Options, Severity, Warehouse, text_of};

use crate::arguments;
use crate::exit::Exit;
use crate::files::{passed_over, read_files, unreadable};
use crate::message::{Messages, OF_BUNDLE, place};
use crate::stopping::blocking;

/// The Warehouses that were read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) warehouses: Vec<Located<Warehouse>>,
    /// What was left out because of an error.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A file that could not be read, or an error in one.
#[derive(Debug)]
pub(crate) struct LeftOut {
    pub(crate) location: Location,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl LeftOut {
    fn file(name: &str, message: String) -> Self {
        Self { location: Location::of_file(name), message, help: None }
    }
}

impl From<&Diagnostic> for LeftOut {
    fn from(found: &Diagnostic) -> Self {
        Self { location: found.location.clone(), message: found.message.clone(), help: found.help.clone() }
    }
}

/// Reads the Warehouses in the files that the arguments name, and prints all diagnostics on standard error.
///
/// # Errors
///
/// [`Exit::Usage`] if a file cannot be read, has an error, or if there is no Warehouse: no request is sent before the whole
/// input is known to be valid. With `--keep-going`, what has an error is left out.
pub(crate) async fn read_warehouses(
    arguments: arguments::Manifest,
    replay: Option<&Replay>,
    messages: &Messages,
) -> Result<Input, Exit> {
    if let Some(replay) = replay.filter(|_| arguments.filenames.is_empty()) {
        let text = (OF_BUNDLE.to_owned(), replay.bundle().manifest(), false);
        // Nobody wrote it like this, so warnings help nobody.
        return warehouses_of([text], &arguments, Vec::new(), &messages.errors_only());
    }
    blocking(messages, "the manifest could not be read", move |messages| read_all(&arguments, messages)).await
}

fn read_all(arguments: &arguments::Manifest, messages: &Messages) -> Result<Input, Exit> {
    let read = read_files(&arguments.filenames, arguments.recursive, messages)?;
    let mut left_out: Vec<_> =
        read.unreadable.into_iter().map(|file| LeftOut::file(&file.name, file.said())).collect();
    let mut texts = Vec::new();
    for file in read.files {
        match text_of(&file.bytes) {
            Ok(text) => texts.push((file.name, text.into_owned(), file.is_found)),
            Err(error) => {
                let said = unreadable(&file.name, &error);
                messages.error_of_file(&file.name, &said, None);
                left_out.push(LeftOut::file(&file.name, said));
            }
        }
    }
    warehouses_of(texts, arguments, left_out, messages)
}

/// The Warehouses in these texts, each with its name, and whether it was found in a folder. `left_out` is what has no text.
fn warehouses_of(
    texts: impl IntoIterator<Item = (String, String, bool)>,
    arguments: &arguments::Manifest,
    mut left_out: Vec<LeftOut>,
    messages: &Messages,
) -> Result<Input, Exit> {
    let options = Options::default().with_strict(arguments.strict);
    let mut warehouses = Vec::new();
    let mut skipped = 0;
    for (name, text, is_found) in texts {
        let manifest = warehouse_spec::parse(&name, &text, &options);
        let lines = Lines::new(&text);
        for diagnostic in &manifest.diagnostics {
            messages.diagnostic(diagnostic, &lines);
        }
        if let Some(kinds) = passed_over(&manifest).filter(|_| is_found) {
            messages.note(&format!("{name}: passed over: {kinds}"));
        }
        let errors = manifest.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        left_out.extend(errors.map(LeftOut::from));
        skipped += manifest.skipped.len() + manifest.freights.len();
        warehouses.extend(manifest.warehouses);
    }
    let is_complete = left_out.is_empty();
    if !is_complete && !arguments.keep_going {
        return Err(Exit::Usage);
    }
    if warehouses.is_empty() {
        let message = match (skipped, is_complete) {
            (_, false) => "there is no Warehouse without errors in the input".to_owned(),
            (0, true) => "there is no Warehouse in the input".to_owned(),
            (1, true) => "there is no Warehouse in the input, only one document of another kind".to_owned(),
            (many, true) => {
                format!("there is no Warehouse in the input, only {many} documents of other kinds")
            }
        };
        messages.error_of_file("the input", &message, None);
        return Err(Exit::Usage);
    }
    warn_of_duplicates(&warehouses, messages);
    Ok(Input { warehouses, left_out })
}

/// Warns of documents of one namespace and name, which are one object in Kubernetes, where the later one replaces the earlier one.
fn warn_of_duplicates(warehouses: &[Located<Warehouse>], messages: &Messages) {
    let mut first = BTreeMap::new();
    for warehouse in warehouses {
        let location = warehouse.locate("metadata.name");
        if let Some(earlier) = first.insert(warehouse.qualified_name(), location) {
            messages.warning(
                &format!(
                    "{}: Warehouse {} is also at {}",
                    place(location),
                    warehouse.qualified_name(),
                    place(earlier)
                ),
                Some("each of them is discovered; remove one, or give it another name or namespace"),
            );
        }
    }
}
