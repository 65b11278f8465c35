//! `warehouse migrate`.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use warehouse_spec::{Code, Diagnostic, Limits, Lines, Migration, Options, parse_bytes, text_of};

use crate::arguments::Migrate;
use crate::exit::Exit;
use crate::files::{ManifestFile, is_standard_input, read_bytes, read_files};
use crate::message::Messages;
use crate::output;
use crate::stopping::blocking;

/// The mark with which some editors begin a file in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Rewrites manifests to the spellings of an edition.
pub(crate) async fn migrate(arguments: Migrate, messages: &Messages) -> Result<Exit, Exit> {
    blocking(messages, "the manifests could not be migrated", move |messages| run(&arguments, messages)).await
}

fn run(arguments: &Migrate, messages: &Messages) -> Result<Exit, Exit> {
    if arguments.in_place && arguments.files.filenames.iter().any(|path| is_standard_input(path)) {
        let help = Some("leave --in-place out, and the result is printed");
        messages.error_with_help("standard input cannot be written in place", help);
        return Err(Exit::Usage);
    }
    let read = read_files(&arguments.files.filenames, arguments.files.recursive, messages)?;
    if !arguments.in_place && !arguments.diff && read.files.len() > 1 {
        messages.error_with_help("there are several files", Some("give --diff or --in-place, or one file"));
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
            messages.results(|out| {
                migration.changes.iter().try_for_each(|change| output::line(out, &done(change)))
            })?;
            continue;
        }
        messages.results(|out| match arguments.diff {
            true => {
                // The first line begins with the mark, for `patch` to find it.
                let mark = if file.bytes.starts_with(MARK) { "\u{feff}" } else { "" };
                let (before, after) = (format!("{mark}{text}"), format!("{mark}{}", migration.text));
                let diff = output::unified_diff(&file.name, &before, &after);
                diff.write(messages.has_colors(&std::io::stdout()), out)
            }
            false => output_of(file, &migration).try_for_each(|part| out.write_all(part)),
        })?;
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
            let message = format!("{} is text, and not in UTF-8", file.name);
            messages.error_with_help(&message, Some("save it as UTF-8"));
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
        Code::NoEffect | Code::DuplicateKey => format!("deleted: {}", change.message),
        _ => change.help.clone().unwrap_or_default(),
    };
    format!("{}: {}: {what}", change.location, change.path)
}

/// What a file is after the edits: the mark at its start, if it has one, and the text.
fn output_of<'m>(file: &ManifestFile, migration: &'m Migration) -> impl Iterator<Item = &'m [u8]> {
    let mark = if file.bytes.starts_with(MARK) { MARK } else { b"" };
    [mark, migration.text.as_bytes()].into_iter()
}

/// Writes a file at once: readers see the old text or the new one. Its permissions and its owner stay.
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
    output_of(file, migration).try_for_each(|part| written.write_all(part))?;
    keep_owner(written.as_file(), &metadata)?;
    written.as_file().set_permissions(metadata.permissions())?;
    written.as_file().sync_all()?;
    // What somebody else wrote in the meantime is not lost.
    if read_bytes(&file.path, Limits::default().bytes).ok().as_ref() != Some(&file.bytes) {
        return Err(io::Error::other("it was changed while it was migrated; run the command again"));
    }
    written.persist(&file.path).map_err(|error| error.error)?;
    Ok(())
}

/// Gives a new file the owner and the group of the one it replaces.
#[cfg(unix)]
fn keep_owner(written: &fs::File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let new = written.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(written, Some(old.uid()), Some(old.gid())).map_err(|error| {
        io::Error::other(format!(
            "its owner and group cannot be kept ({error}); run the command as its owner"
        ))
    })
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use warehouse_spec::Edition;

    use super::*;

    const OLD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: demo}\nspec:\n  subscriptions:\n  - image: {repoURL: nginx, semverConstraint: ^1}\n";

    /// A file with this text, and its migration.
    fn read(folder: &Path, text: &str) -> (ManifestFile, Migration) {
        let path = folder.join("a.yaml");
        fs::write(&path, text).unwrap();
        let file = ManifestFile { path, is_found: false, name: "a.yaml".to_owned(), bytes: text.into() };
        let migration = warehouse_spec::migrate("a.yaml", text, Edition::NEWEST, &Options::default());
        (file, migration)
    }

    #[test]
    fn what_another_wrote_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (file, migration) = read(folder.path(), OLD);
        fs::write(&file.path, "kind: Warehouse # being edited\n").unwrap();
        let error = in_place(&file, &migration).unwrap_err().to_string();
        assert_eq!(error, "it was changed while it was migrated; run the command again");
        assert_eq!(fs::read_to_string(&file.path).unwrap(), "kind: Warehouse # being edited\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // The remedy works: the command reads what is there now.
        let (file, migration) = read(folder.path(), OLD);
        in_place(&file, &migration).unwrap();
        assert_eq!(fs::read_to_string(&file.path).unwrap(), migration.text);
    }

    #[cfg(unix)]
    #[test]
    fn the_owner_stays() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let folder = tempfile::tempdir().unwrap();
        let (file, migration) = read(folder.path(), OLD);
        // Only root may give a file away.
        if chown(&file.path, Some(4242), Some(4243)).is_err() {
            return;
        }
        in_place(&file, &migration).unwrap();
        let metadata = fs::metadata(&file.path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (4242, 4243));
    }
}
