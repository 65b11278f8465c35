//! Input: files, folders of manifests and standard input, and the Warehouses in them.

use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use discovery_bundle::Replay;
use globset::GlobBuilder;
use warehouse_spec::{Located, Options, Warehouse};

use crate::arguments;
use crate::message::{Exit, Messages};

/// The most files and folders that are looked at for a pattern, or within a folder.
const MOST_ENTRIES: usize = 100_000;

/// The files that are named: a folder is replaced by the manifests in it, and a pattern by the files that match it, sorted by name. With
/// `recursive`, folders within folders are read, too.
///
/// # Errors
///
/// [`Exit::Usage`], after a message, if a folder cannot be read or holds no manifest, and if a pattern is not valid or matches no file.
pub(crate) fn manifest_files(
    named: &[PathBuf],
    recursive: bool,
    messages: &Messages,
) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::new();
    for path in named {
        let found = if path.is_dir() {
            manifests_in(path, recursive).map(Some)
        } else if let Some(pattern) = pattern_of(path) {
            matching(pattern).map(Some)
        } else {
            Ok(None)
        };
        let inside = found.map_err(|error| {
            messages.error(&format!("{} could not be read: {error}", path.display()));
            Exit::Usage
        })?;
        match inside {
            None => files.push(path.clone()),
            Some(inside) if inside.is_empty() => {
                let (what, help) = match path.is_dir() {
                    true => (
                        "holds no .yaml, .yml or .json file",
                        (!recursive).then_some("-R reads the folders within it, too"),
                    ),
                    false => (
                        "matches no file",
                        Some(
                            "`*` matches within a folder, `**` any folders; in quotes, the shell leaves it alone",
                        ),
                    ),
                };
                messages.error_with_help(&format!("{} {what}", path.display()), help);
                return Err(Exit::Usage);
            }
            Some(mut inside) => {
                inside.sort();
                files.append(&mut inside);
            }
        }
    }
    Ok(files)
}

/// The text of a path that is a pattern, and not the name of a file.
fn pattern_of(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    (text.contains(['*', '?', '[', '{']) && !path.exists()).then_some(text)
}

/// The files that match a pattern.
fn matching(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let invalid = |error: globset::Error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string());
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(invalid)?.compile_matcher();
    // What stands before the first special letter need not be searched.
    let plain = pattern.find(['*', '?', '[', '{']).and_then(|end| pattern.get(..end)).unwrap_or_default();
    let base = match plain.rfind('/') {
        Some(0) => PathBuf::from("/"),
        Some(end) => PathBuf::from(plain.get(..end).unwrap_or_default()),
        None => PathBuf::from("."),
    };
    let files = walk(&base, true)?;
    let shown = |path: PathBuf| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
    Ok(files.into_iter().map(shown).filter(|path| glob.is_match(path)).collect())
}

fn manifests_in(folder: &Path, recursive: bool) -> io::Result<Vec<PathBuf>> {
    let mut files = walk(folder, recursive)?;
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json"));
    Ok(files)
}

/// The files of a folder, and with `recursive` of those within it, but for hidden ones and those behind symbolic links.
fn walk(folder: &Path, recursive: bool) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders, mut entries) = (Vec::new(), vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            entries += 1;
            if entries > MOST_ENTRIES {
                let message = format!("it holds more than {MOST_ENTRIES} files and folders");
                return Err(io::Error::other(message));
            }
            let path = entry.path();
            if path.is_file() {
                files.push(path);
            } else if recursive
                && entry.file_type()?.is_dir()
                && !entry.file_name().as_encoded_bytes().starts_with(b".")
            {
                folders.push(path);
            }
        }
    }
    Ok(files)
}

/// The name of the file in messages.
pub(crate) fn file_name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The text of a file, or of standard input (`-`), of at most this many bytes.
pub(crate) fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    match warehouse_spec::text_of(&read_bytes(path, limit)?) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// The bytes of a file, or of standard input (`-`), at most this many.
pub(crate) fn read_bytes(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    // One byte more than the limit, to see that the file is larger.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if is_standard_input(path) {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    if bytes.len() > limit {
        let message = format!("it is larger than the limit of {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(bytes)
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The Warehouses that were read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) warehouses: Vec<Located<Warehouse>>,
    /// Whether nothing was left out because of an error.
    pub(crate) is_complete: bool,
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
    messages: Messages,
) -> Result<Input, Exit> {
    if let Some(replay) = replay.filter(|_| arguments.filenames.is_empty()) {
        let text = ("the bundle".to_owned(), replay.bundle().manifest());
        // Nobody wrote it like this, so warnings help nobody.
        return warehouses_of([text], &arguments, true, &messages.errors_only());
    }
    // Standard input may never end, and a file may be a pipe. An interrupt must end the command all the same.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, &messages));
    read.await.unwrap_or_else(|_| {
        messages.error("the manifest could not be read: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn read_all(arguments: &arguments::Manifest, messages: &Messages) -> Result<Input, Exit> {
    let limit = Options::default().limits.bytes;
    let mut texts = Vec::new();
    let mut is_complete = true;
    for path in manifest_files(&arguments.filenames, arguments.recursive, messages)? {
        let name = file_name(&path);
        match read_text(&path, limit) {
            Ok(text) => texts.push((name, text)),
            Err(error) => {
                messages.error(&format!("{name} could not be read: {error}"));
                is_complete = false;
            }
        }
    }
    warehouses_of(texts, arguments, is_complete, messages)
}

/// The Warehouses in these texts, each with its name. `is_complete` says whether all texts are there.
fn warehouses_of(
    texts: impl IntoIterator<Item = (String, String)>,
    arguments: &arguments::Manifest,
    mut is_complete: bool,
    messages: &Messages,
) -> Result<Input, Exit> {
    let options = Options::default().with_strict(arguments.strict);
    let mut warehouses = Vec::new();
    let mut skipped = 0;
    for (name, text) in texts {
        let manifest = warehouse_spec::parse(&name, &text, &options);
        for diagnostic in &manifest.diagnostics {
            messages.diagnostic(diagnostic, &text);
        }
        is_complete &= manifest.is_valid();
        skipped += manifest.skipped.len() + manifest.freights.len();
        warehouses.extend(manifest.warehouses);
    }
    if !is_complete && !arguments.keep_going {
        return Err(Exit::Usage);
    }
    if warehouses.is_empty() {
        messages.error(&match (skipped, is_complete) {
            (_, false) => "there is no Warehouse without errors in the input".to_owned(),
            (0, true) => "there is no Warehouse in the input".to_owned(),
            (1, true) => "there is no Warehouse in the input, only one document of another kind".to_owned(),
            (many, true) => {
                format!("there is no Warehouse in the input, only {many} documents of other kinds")
            }
        });
        return Err(Exit::Usage);
    }
    warn_of_duplicates(&warehouses, messages);
    Ok(Input { warehouses, is_complete })
}

/// Warns of documents of one namespace and name, which are one object in Kubernetes, where the later one replaces the earlier one.
fn warn_of_duplicates(warehouses: &[Located<Warehouse>], messages: &Messages) {
    let mut first = BTreeMap::new();
    for warehouse in warehouses {
        let location = warehouse.locate("metadata.name");
        if let Some(earlier) = first.insert(warehouse.qualified_name(), location) {
            messages.warning(
                &format!("{location}: Warehouse {} is also at {earlier}", warehouse.qualified_name()),
                Some("each of them is discovered; remove one, or give it another name or namespace"),
            );
        }
    }
}
