//! Reading manifests from files, folders and standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use warehouse_spec::{Located, Options, Warehouse};

use crate::arguments;
use crate::exit::Exit;
use crate::message::Messages;

/// Reads every Warehouse that the arguments name, and says on standard error all that is wrong.
///
/// # Errors
///
/// [`Exit::Usage`] if anything could not be read or is an error, or if there is no Warehouse in it: nothing is asked
/// of a server before the whole input is known to be good.
pub(crate) async fn read(
    arguments: arguments::Manifest,
    messages: Messages,
) -> Result<Vec<Located<Warehouse>>, Exit> {
    // Standard input may never end, and a file may be a pipe: neither may keep an interruption from being heard.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, &messages));
    read.await.unwrap_or_else(|_| {
        messages.error("the manifest could not be read: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn read_all(arguments: &arguments::Manifest, messages: &Messages) -> Result<Vec<Located<Warehouse>>, Exit> {
    let options = Options::default().with_strict(arguments.strict);
    let mut warehouses = Vec::new();
    let mut skipped = 0;
    let mut bad = false;
    for file in files(&arguments.filenames, messages)? {
        let (name, text) = match text(&file, options.limits.bytes) {
            Ok(read) => read,
            Err(error) => {
                messages.error(&format!("{} could not be read: {error}", file.display()));
                bad = true;
                continue;
            }
        };
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
            0 => "there is no Warehouse in what was read".to_owned(),
            1 => "there is no Warehouse in what was read, only one document of another kind".to_owned(),
            many => format!("there is no Warehouse in what was read, only {many} documents of other kinds"),
        });
        return Err(Exit::Usage);
    }
    Ok(warehouses)
}

/// The files that are named, with folders replaced by the manifests in them, sorted by name.
fn files(named: &[PathBuf], messages: &Messages) -> Result<Vec<PathBuf>, Exit> {
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

/// What the file is called in messages, and its text.
fn text(file: &Path, limit: usize) -> io::Result<(String, String)> {
    // One byte more than the parser takes, to know that there is too much.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let name = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        "standard input".to_owned()
    } else {
        std::fs::File::open(file)?.take(most).read_to_end(&mut bytes)?;
        file.display().to_string()
    };
    if bytes.len() > limit {
        let message = format!("it is larger than the limit of {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })?;
    Ok((name, text))
}
