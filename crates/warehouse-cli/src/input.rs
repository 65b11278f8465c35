//! Input: files, folders of manifests and standard input, and the Warehouses in them.

use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use discovery_bundle::Replay;
use warehouse_spec::{Located, Options, Warehouse};

use crate::arguments;
use crate::message::{Exit, Messages};

/// The files that are named, with folders replaced by the manifests in them, sorted by name.
pub(crate) fn manifest_files(named: &[PathBuf], messages: &Messages) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = manifests_in(path).map_err(|error| {
            messages.error(&format!("{} could not be read: {error}", path.display()));
            Exit::Usage
        })?;
        if inside.is_empty() {
            messages.error(&format!("{} holds no .yaml, .yml or .json file", path.display()));
            return Err(Exit::Usage);
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn manifests_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut manifests = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let is_manifest = path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if is_manifest && path.is_file() {
            manifests.push(path);
        }
    }
    Ok(manifests)
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

/// Reads the Warehouses in the files that the arguments name, and prints all diagnostics on standard error.
///
/// # Errors
///
/// [`Exit::Usage`] if a file cannot be read, has an error, or if there is no Warehouse: no request is sent before the whole
/// input is known to be valid.
pub(crate) async fn read_warehouses(
    arguments: arguments::Manifest,
    replay: Option<&Replay>,
    messages: Messages,
) -> Result<Vec<Located<Warehouse>>, Exit> {
    if let Some(replay) = replay.filter(|_| arguments.filenames.is_empty()) {
        let text = ("the bundle".to_owned(), replay.bundle().manifest());
        // Nobody wrote it like this, so warnings help nobody.
        return warehouses_of([text], false, &messages.errors_only());
    }
    // Standard input may never end, and a file may be a pipe. An interrupt must end the command all the same.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, &messages));
    read.await.unwrap_or_else(|_| {
        messages.error("the manifest could not be read: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn read_all(arguments: &arguments::Manifest, messages: &Messages) -> Result<Vec<Located<Warehouse>>, Exit> {
    let limit = Options::default().limits.bytes;
    let mut texts = Vec::new();
    let mut bad = false;
    for path in manifest_files(&arguments.filenames, messages)? {
        let name = file_name(&path);
        match read_text(&path, limit) {
            Ok(text) => texts.push((name, text)),
            Err(error) => {
                messages.error(&format!("{name} could not be read: {error}"));
                bad = true;
            }
        }
    }
    let warehouses = match texts.is_empty() && bad {
        true => Err(Exit::Usage),
        false => warehouses_of(texts, arguments.strict, messages),
    };
    if bad { warehouses.and(Err(Exit::Usage)) } else { warehouses }
}

/// The Warehouses in these texts, each with its name.
fn warehouses_of(
    texts: impl IntoIterator<Item = (String, String)>,
    strict: bool,
    messages: &Messages,
) -> Result<Vec<Located<Warehouse>>, Exit> {
    let options = Options::default().with_strict(strict);
    let mut warehouses = Vec::new();
    let mut skipped = 0;
    let mut bad = false;
    for (name, text) in texts {
        let manifest = warehouse_spec::parse(&name, &text, &options);
        for diagnostic in &manifest.diagnostics {
            messages.diagnostic(diagnostic, &text);
        }
        bad |= !manifest.is_valid();
        skipped += manifest.skipped.len() + manifest.freights.len();
        warehouses.extend(manifest.warehouses);
    }
    if bad {
        return Err(Exit::Usage);
    }
    if warehouses.is_empty() {
        messages.error(&match skipped {
            0 => "there is no Warehouse in the input".to_owned(),
            1 => "there is no Warehouse in the input, only one document of another kind".to_owned(),
            many => format!("there is no Warehouse in the input, only {many} documents of other kinds"),
        });
        return Err(Exit::Usage);
    }
    warn_of_duplicates(&warehouses, messages);
    Ok(warehouses)
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
