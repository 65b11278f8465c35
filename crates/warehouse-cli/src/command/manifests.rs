//! The files with manifests that `lint` and `migrate` read, and those of a folder that are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use warehouse_spec::{Limits, text_of};

use crate::arguments::Files;
use crate::input::{file_name, manifest_files, read_bytes};
use crate::message::{Exit, Messages};

/// The files in which Kustomize looks for the names of patches.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The largest of them that is read, in bytes.
const MAX_KUSTOMIZATION: usize = 1 << 20;

/// A file with manifests.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) path: PathBuf,
    /// Its name in messages: below the current folder, relative to it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The files that were read, and whether each one was.
#[derive(Debug)]
pub(crate) struct ManifestFiles {
    pub(crate) files: Vec<ManifestFile>,
    pub(crate) is_complete: bool,
}

/// Reads the files that are named. Of a folder, those that hold nothing of Kargo, and patches of Kustomize, are passed over with a note.
///
/// # Errors
///
/// [`Exit::Usage`] if a folder cannot be read, or has no such file. A file that cannot be read is a message.
pub(crate) fn read_files(arguments: &Files, messages: &Messages) -> Result<ManifestFiles, Exit> {
    let mut read = ManifestFiles { files: Vec::new(), is_complete: true };
    for named in &arguments.filenames {
        let is_folder = !named.is_file() && named.as_os_str() != "-";
        let mut patches = BTreeMap::new();
        for path in manifest_files(std::slice::from_ref(named), arguments.recursive, messages)? {
            let name = shown(&path);
            let bytes = match read_bytes(&path, Limits::default().bytes) {
                Ok(bytes) => bytes,
                Err(error) => {
                    messages.error(&format!("{name} could not be read: {error}"));
                    read.is_complete = false;
                    continue;
                }
            };
            if is_folder {
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
            read.files.push(ManifestFile { path, name, bytes });
        }
    }
    Ok(read)
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
