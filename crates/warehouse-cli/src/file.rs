//! Files that are named on the command line, folders of manifests, and standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::message::Messages;

/// The files that are named, with folders replaced by the manifests in them, sorted by name.
pub(crate) fn manifests(named: &[PathBuf], messages: &Messages) -> Result<Vec<PathBuf>, Exit> {
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

/// What the file is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The text of a file, or of standard input (`-`), of at most this many bytes.
pub(crate) fn text(path: &Path, limit: usize) -> io::Result<String> {
    // One byte more than is taken, to know that there is too much.
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
    match warehouse_spec::text_of(&bytes) {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}
