//! Files: those with manifests, by their names, folders and patterns; those of a folder that are passed over; and standard input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use artifact_source::Error;
use globset::GlobBuilder;
use serde::Deserialize;
use warehouse_spec::{Limits, Manifest, text_of};

use crate::exit::Exit;
use crate::message::{Messages, with_causes};

/// The most files and folders that are looked at for a pattern, or within a folder.
const MOST_ENTRIES: usize = 100_000;

/// The files in which Kustomize looks for the names of patches.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The largest of them that is read, in bytes.
const MAX_KUSTOMIZATION: usize = 1 << 20;

/// A file with manifests.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) path: PathBuf,
    /// Whether it was found in a folder or by a pattern, and not named itself.
    pub(crate) is_found: bool,
    /// Its name in messages: below the current folder, relative to it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The files that were read, and those that could not be.
#[derive(Debug, Default)]
pub(crate) struct ManifestFiles {
    pub(crate) files: Vec<ManifestFile>,
    pub(crate) unreadable: Vec<Unreadable>,
}

/// A file that could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) name: String,
    error: io::Error,
}

impl Unreadable {
    /// Says so.
    pub(crate) fn said(&self) -> String {
        unreadable(&self.name, &self.error)
    }
}

/// Says that a file could not be read.
pub(crate) fn unreadable(name: &str, error: &dyn Display) -> String {
    format!("{name} could not be read: {error}")
}

/// Reads the files that are named, each once. Of a folder, and of what a pattern matches, those that hold nothing of Kargo, and patches of Kustomize, are passed over with a note.
///
/// # Errors
///
/// [`Exit::Usage`] if a folder cannot be read, or has no such file. A file that cannot be read is a message.
pub(crate) fn read_files(
    named: &[PathBuf],
    recursive: bool,
    messages: &Messages,
) -> Result<ManifestFiles, Exit> {
    let mut read = ManifestFiles::default();
    let mut known = BTreeSet::new();
    for named in named {
        let is_found = named.is_dir() || pattern_of(named).is_some();
        let mut patches = BTreeMap::new();
        let mut paths = manifest_files(named, recursive, messages)?;
        if is_found {
            leave_links(&mut paths);
        }
        for path in paths {
            // One file may have several names.
            if !known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                continue;
            }
            let name = shown(&path);
            let bytes = match read_bytes(&path, Limits::default().bytes) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let file = Unreadable { name, error };
                    messages.error_of_file(&file.name, &file.said(), None);
                    read.unreadable.push(file);
                    continue;
                }
            };
            if is_found {
                if !is_of_kargo(&bytes) {
                    messages.note(&format!("{name}: nothing of Kargo in it: passed over"));
                    continue;
                }
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                let patches = patches.entry(folder).or_insert_with_key(|folder| patches_of(folder));
                if path.file_name().is_some_and(|name| patches.contains(Path::new(name))) {
                    messages.note(&format!("{name}: a patch of Kustomize: passed over"));
                    continue;
                }
            }
            read.files.push(ManifestFile { path, is_found, name, bytes });
        }
    }
    Ok(read)
}

/// Takes out the symbolic links to files that are there themselves, so that a file is read by its own name.
fn leave_links(paths: &mut Vec<PathBuf>) {
    let (links, files): (Vec<PathBuf>, Vec<PathBuf>) =
        std::mem::take(paths).into_iter().partition(|path| path.is_symlink());
    let known: BTreeSet<PathBuf> = match links.is_empty() {
        true => BTreeSet::new(),
        false => files.iter().filter_map(|path| path.canonicalize().ok()).collect(),
    };
    let is_other = |link: &PathBuf| link.canonicalize().map_or(true, |target| !known.contains(&target));
    paths.extend(files);
    paths.extend(links.into_iter().filter(is_other));
    paths.sort();
}

/// The name of a file in messages: relative to the current folder, where the file is below it.
fn shown(path: &Path) -> String {
    let folder = std::env::current_dir().ok();
    match folder.and_then(|folder| path.strip_prefix(folder).ok().map(Path::to_owned)) {
        Some(below) => below.display().to_string(),
        None => file_name(path),
    }
}

/// Whether a file may hold a Warehouse or Freight. One that is not text is told as such.
fn is_of_kargo(bytes: &[u8]) -> bool {
    let Ok(text) = text_of(bytes) else { return true };
    ["kargo.akuity.io/v1", "Warehouse", "Freight", "subscriptions:"].iter().any(|sign| text.contains(sign))
}

/// The names of the files that the `kustomization.yaml` of a folder names as patches.
fn patches_of(folder: &Path) -> BTreeSet<PathBuf> {
    /// A patch in a file, by its path or under `path`.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Patch {
        Name(String),
        Entry { path: Option<String> },
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Kustomization {
        patches: Vec<Patch>,
        patches_strategic_merge: Vec<Patch>,
        patches_json6902: Vec<Patch>,
    }

    let text = KUSTOMIZATIONS.iter().find_map(|name| read_bytes(&folder.join(name), MAX_KUSTOMIZATION).ok());
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let read: Kustomization = serde_saphyr::from_str(&text).unwrap_or_default();
    let all = read.patches.into_iter().chain(read.patches_strategic_merge).chain(read.patches_json6902);
    let names = all.filter_map(|patch| match patch {
        Patch::Name(name) => Some(name),
        Patch::Entry { path } => path,
    });
    names.map(|name| PathBuf::from(name.strip_prefix("./").unwrap_or(&name))).collect()
}

/// The documents of other kinds: `2 documents of other kinds (Project, Stage)`.
pub(crate) fn passed_over(manifest: &Manifest) -> Option<String> {
    let mut kinds: Vec<&str> = manifest.skipped.iter().map(|skipped| skipped.kind.as_str()).collect();
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.iter_mut().filter(|kind| kind.is_empty()).for_each(|kind| *kind = "no kind");
    let of = if count == 1 { "document of another kind" } else { "documents of other kinds" };
    (count > 0).then(|| format!("{count} {of} ({})", kinds.join(", ")))
}

/// An error about a file, which names it.
pub(crate) fn in_file(name: &str, error: &Error) -> Error {
    let named = Error::new(error.kind(), format!("{name}: {}", with_causes(error)));
    match error.hint() {
        Some(hint) => named.with_hint(hint),
        None => named,
    }
}

/// The files of one name: a folder is replaced by the manifests in it, and a pattern by the files that match it, sorted by name. With
/// `recursive`, folders within folders are read, too.
///
/// # Errors
///
/// [`Exit::Usage`], after a message, if a folder cannot be read or holds no manifest, and if a pattern is not valid or matches no file.
pub(crate) fn manifest_files(
    path: &Path,
    recursive: bool,
    messages: &Messages,
) -> Result<Vec<PathBuf>, Exit> {
    let found = if path.is_dir() {
        manifests_in(path, recursive)
    } else if let Some(pattern) = pattern_of(path) {
        matching(pattern)
    } else {
        return Ok(vec![path.to_owned()]);
    };
    let mut found = found.map_err(|error| {
        let name = path.display().to_string();
        messages.error_of_file(&name, &unreadable(&name, &error), None);
        Exit::Usage
    })?;
    if found.is_empty() {
        let (what, help) = match path.is_dir() {
            true => (
                "holds no .yaml, .yml or .json file",
                (!recursive).then_some("-R reads the folders within it, too"),
            ),
            false => (
                "matches no file",
                Some("`*` matches within a folder, `**` any folders; in quotes, the shell leaves it alone"),
            ),
        };
        messages.error_of_file(&path.display().to_string(), &format!("{} {what}", path.display()), help);
        return Err(Exit::Usage);
    }
    found.sort();
    Ok(found)
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
    match text_of(&read_bytes(path, limit)?) {
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
