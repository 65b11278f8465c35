//! Bundles in files.

use std::fs::File;
use std::io;
use std::path::Path;

use artifact_source::{Error, ErrorKind};
use discovery_bundle::{Bundle, Replay};

use crate::message::{Exit, Messages};

/// A replay of the bundle in this file.
///
/// # Errors
///
/// [`Exit::Usage`] if it cannot be read, after a message.
pub(crate) fn open(path: &Path, messages: &Messages) -> Result<Replay, Exit> {
    let unreadable = |cause| {
        let message = format!("{} could not be read", path.display());
        Error::new(ErrorKind::InvalidInput, message).with_cause(cause)
    };
    let read = File::open(path).map_err(unreadable).and_then(|file| {
        Bundle::read(file).map_err(|error| {
            let named = Error::new(error.kind(), format!("{}: {error}", path.display()));
            match error.hint() {
                Some(hint) => named.with_hint(hint),
                None => named,
            }
        })
    });
    read.map(Replay::new).map_err(|error| {
        messages.explained(&error);
        Exit::Usage
    })
}

/// Checks that a bundle can be written to this file.
///
/// # Errors
///
/// [`Exit::Usage`], after a message.
pub(crate) fn check_target(path: &Path, messages: &Messages) -> Result<(), Exit> {
    let why = if path.is_dir() {
        Some("it is a folder".to_owned())
    } else if !folder_of(path).is_dir() {
        Some(format!("the folder {} does not exist", folder_of(path).display()))
    } else {
        // An error of the temporary file has its name.
        let tried = tempfile::NamedTempFile::new_in(folder_of(path));
        tried.err().map(|error| io::Error::from(error.kind()).to_string())
    };
    let Some(why) = why else { return Ok(()) };
    messages.error(&format!("{} could not be written: {why}", path.display()));
    Err(Exit::Usage)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the bundle to this file, at once. Returns its size in bytes.
///
/// # Errors
///
/// [`Exit::Failure`], after a message.
pub(crate) fn write(bundle: &Bundle, path: &Path, messages: &Messages) -> Result<u64, Exit> {
    let written = tempfile::NamedTempFile::new_in(folder_of(path)).and_then(|file| {
        bundle.write(file.as_file())?;
        let size = file.as_file().metadata()?.len();
        file.persist(path).map_err(|error| error.error)?;
        Ok(size)
    });
    written.map_err(|error| {
        messages.error(&format!("{} could not be written: {error}", path.display()));
        Exit::Failure
    })
}
