//! The source files of a checkout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Every `.rs` file below a folder, in the order of their paths; none where there is no folder. Build output is skipped.
///
/// # Errors
///
/// If a folder cannot be read.
pub fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                files.extend(rust_files(&path)?);
            }
        } else if is_rust(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whether it is named as a source file.
pub(crate) fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// What is in a folder, by name; nothing where there is no folder.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
