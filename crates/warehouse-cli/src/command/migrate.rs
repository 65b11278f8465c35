//! `warehouse migrate`.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use warehouse_spec::{Code, Diagnostic, Lines, Migration, Options, parse_bytes, text_of};

use crate::arguments::Migrate;
use crate::files::{ManifestFile, is_standard_input, read_files};
use crate::message::{Exit, Messages};
use crate::output;

/// The mark with which some editors begin a file in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Rewrites manifests to the spellings of an edition.
pub(crate) async fn migrate(arguments: Migrate, messages: &Messages) -> Result<Exit, Exit> {
    let messages = *messages;
    // Standard input may never end. An interrupt must end the command all the same.
    let run = tokio::task::spawn_blocking(move || run(&arguments, &messages));
    run.await.unwrap_or_else(|_| {
        messages.error("the manifests could not be migrated: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn run(arguments: &Migrate, messages: &Messages) -> Result<Exit, Exit> {
    if arguments.in_place && arguments.files.filenames.iter().any(|path| is_standard_input(path)) {
        messages.error("standard input cannot be written in place\n  help: leave --in-place out, and the result is printed");
        return Err(Exit::Usage);
    }
    let read = read_files(&arguments.files.filenames, arguments.files.recursive, messages)?;
    if !arguments.in_place && !arguments.diff && read.files.len() > 1 {
        messages.error("there are several files\n  help: give --diff or --in-place, or one file");
        return Err(Exit::Usage);
    }
    let mut exit = if read.unreadable.is_empty() { Exit::Success } else { Exit::Usage };
    let (mut changes, mut changed) = (0, 0);
    for file in &read.files {
        let text = match text(file, messages) {
            Ok(text) => text,
            Err(failure) => {
                exit = if exit == Exit::Usage { exit } else { failure };
                continue;
            }
        };
        let migration = warehouse_spec::migrate(&file.name, text, arguments.to, &Options::default());
        let is_whole = report(&migration, (!arguments.in_place).then_some(text), messages);
        if !is_whole && exit == Exit::Success {
            exit = Exit::Failure;
        }
        if arguments.in_place
            && let Err(error) = in_place(file, &migration)
        {
            messages.error(&format!("{} could not be written: {error}", file.name));
            exit = Exit::Usage;
            continue;
        }
        changes += migration.changes.len();
        changed += usize::from(migration.is_changed());
        if arguments.in_place {
            messages.printed(output::print(|out| {
                migration.changes.iter().try_for_each(|change| output::line(out, &done(change)))
            }))?;
            continue;
        }
        messages.printed(output::print(|out| match arguments.diff {
            true => {
                let diff = output::unified_diff(&file.name, text, &migration.text);
                diff.write(messages.has_colors(&std::io::stdout()), out)
            }
            false => {
                let mark = if file.bytes.starts_with(MARK) { MARK } else { b"" };
                out.write_all(mark).and_then(|()| out.write_all(migration.text.as_bytes()))
            }
        }))?;
        migration.changes.iter().for_each(|change| messages.note(&done(change)));
    }
    messages.note(&format!("{} in {}", output::counted(changes, "change"), output::counted(changed, "file")));
    Ok(exit)
}

/// The text of a file in UTF-8, without the mark at its start. What is no text is told as `lint` tells it.
fn text<'f>(file: &'f ManifestFile, messages: &Messages) -> Result<&'f str, Exit> {
    match text_of(&file.bytes) {
        Ok(Cow::Borrowed(text)) => Ok(text),
        Ok(Cow::Owned(_)) => {
            messages.error(&format!("{} is text, and not in UTF-8\n  help: save it as UTF-8", file.name));
            Err(Exit::Usage)
        }
        Err(_) => {
            let manifest = parse_bytes(&file.name, &file.bytes, &Options::default());
            let lines = Lines::new("");
            manifest.diagnostics.iter().for_each(|found| messages.diagnostic(found, &lines));
            Err(Exit::Failure)
        }
    }
}

/// Prints what is left to do, and the errors of a manifest: at their places in the text as it was, where that is the file's still. False if there is
/// any of it.
fn report(migration: &Migration, before: Option<&str>, messages: &Messages) -> bool {
    match before {
        Some(text) => {
            let lines = Lines::new(text);
            migration.left_before(text).iter().for_each(|found| messages.diagnostic(found, &lines));
        }
        None => {
            let lines = Lines::new(&migration.text);
            let errors = migration.manifest.errors();
            migration.left.iter().chain(errors).for_each(|found| messages.diagnostic(found, &lines));
        }
    }
    migration.left.is_empty() && migration.manifest.is_valid()
}

/// A change in one line: its place, the field, and what was done.
fn done(change: &Diagnostic) -> String {
    let what = match change.code {
        Code::NoEffect => format!("deleted: {}", change.message),
        _ => change.help.clone().unwrap_or_default(),
    };
    format!("{}: {}: {what}", change.location, change.path)
}

/// Writes a file at once: readers see the old text or the new one. Its permissions stay.
fn in_place(file: &ManifestFile, migration: &Migration) -> io::Result<()> {
    if !migration.is_changed() {
        return Ok(());
    }
    let metadata = fs::symlink_metadata(&file.path)?;
    if !metadata.is_file() {
        return Err(io::Error::other(
            "it is not a regular file, such as a symbolic link; name the file itself",
        ));
    }
    if metadata.permissions().readonly() {
        return Err(io::Error::other("it is read-only"));
    }
    let folder = file.path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut written = tempfile::Builder::new().prefix(".warehouse-").tempfile_in(folder)?;
    if file.bytes.starts_with(MARK) {
        written.write_all(MARK)?;
    }
    written.write_all(migration.text.as_bytes())?;
    written.as_file().set_permissions(metadata.permissions())?;
    written.as_file().sync_all()?;
    written.persist(&file.path).map_err(|error| error.error)?;
    Ok(())
}
