//! Bundles in files.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use artifact_source::{Error, ErrorKind};
use discovery_bundle::{Bundle, Replay};

use crate::exit::Exit;
use crate::files::{file_name, in_file, is_standard_input};
use crate::message::Messages;
use crate::output;
use crate::stopping::blocking;

/// A replay of the bundle in this file, or on standard input (`-`), where `manifests` are not.
///
/// # Errors
///
/// [`Exit::Usage`] if it cannot be read, after a message.
pub(crate) async fn open(path: &Path, manifests: &[PathBuf], messages: &Messages) -> Result<Replay, Exit> {
    if is_standard_input(path) && manifests.iter().any(|path| is_standard_input(path)) {
        let help = "name a file for one of the two";
        messages.error_with_help("standard input cannot be a bundle and a manifest", Some(help));
        return Err(Exit::Usage);
    }
    let path = path.to_owned();
    let opened = blocking(messages, "the bundle could not be read", move |messages| {
        let name = file_name(&path);
        if path.is_dir() {
            let message = format!("{name}: it is a folder, and a bundle is a file");
            let help = Some("name the file that `warehouse record --to FILE` has written");
            messages.error_of_file(&name, &message, help);
            return Err(Exit::Usage);
        }
        read(&path, &name).map_err(|error| {
            messages.explained(&error);
            Exit::Usage
        })
    });
    opened.await.map(Replay::new)
}

fn read(path: &Path, name: &str) -> Result<Bundle, Error> {
    let bundle = if is_standard_input(path) {
        Bundle::read(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, format!("{name} could not be read")).with_cause(error)
        })?;
        // A pipe does not tell its size.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let sized = if is_file { Bundle::check_size(&file) } else { Ok(()) };
        sized.and_then(|()| Bundle::read(file))
    };
    bundle.map_err(|error| in_file(name, &error))
}

/// Where a bundle is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// Standard output.
    Output,
    /// A file that is not there yet, or that is a bundle.
    File(&'a Path),
}

impl<'a> Target<'a> {
    /// The target that an argument names, to which a bundle can be written.
    ///
    /// # Errors
    ///
    /// [`Exit::Usage`], after a message.
    pub(crate) fn of(path: &'a Path, messages: &Messages) -> Result<Self, Exit> {
        if is_standard_input(path) {
            if !io::stdout().is_terminal() {
                return Ok(Self::Output);
            }
            let help = Some("write it to a file, or into a pipe");
            messages.error_with_help("a bundle is binary, and standard output is a terminal", help);
            return Err(Exit::Usage);
        }
        let Some((why, help)) = obstacle(path) else { return Ok(Self::File(path)) };
        messages.error_with_help(&format!("{} could not be written: {why}", path.display()), help);
        Err(Exit::Usage)
    }

    /// Writes the bundle, a file at once. Returns its size in bytes. A reader that closes the pipe early is not an error.
    ///
    /// # Errors
    ///
    /// [`Exit::Usage`], after a message.
    pub(crate) fn write(self, bundle: &Bundle, messages: &Messages) -> Result<u64, Exit> {
        let written = match self {
            Self::Output => {
                let mut bytes = Vec::new();
                let whole = bundle.write(&mut bytes);
                let size = bytes.len() as u64;
                whole.and_then(|()| output::print(|out| out.write_all(&bytes))).map(|_| size)
            }
            Self::File(path) => write_file(bundle, path),
        };
        written.map_err(|error| {
            messages.error(&format!("{self} could not be written: {error}"));
            Exit::Usage
        })
    }
}

impl std::fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why no bundle can be written to this file, and what to do.
fn obstacle(path: &Path) -> Option<(String, Option<&'static str>)> {
    let folder = folder_of(path);
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Some(("it is a folder".to_owned(), None)),
        Ok(metadata) if !metadata.is_file() => {
            Some(("it is not a file".to_owned(), Some("`--to -` writes to standard output")))
        }
        Ok(_) if !File::open(path).is_ok_and(Bundle::is_bundle) => Some((
            "it already exists, and is not a bundle".to_owned(),
            Some("name another file; only an earlier bundle is replaced"),
        )),
        _ if !folder.is_dir() => Some((format!("the folder {} does not exist", folder.display()), None)),
        _ => {
            // An error of the temporary file has its name.
            let tried = tempfile::NamedTempFile::new_in(folder);
            tried.err().map(|error| (io::Error::from(error.kind()).to_string(), None))
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_file(bundle: &Bundle, path: &Path) -> io::Result<u64> {
    let file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    bundle.write(file.as_file())?;
    let size = file.as_file().metadata()?.len();
    file.persist(path).map_err(|error| error.error)?;
    Ok(size)
}
