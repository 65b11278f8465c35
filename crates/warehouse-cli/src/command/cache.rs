//! `warehouse cache`: the folder that runs share.

use std::io;
use std::path::Path;

use crate::arguments::CacheCommand;
use crate::exit::Exit;
use crate::message::Messages;
use crate::network::platform_cache_dir;
use crate::output;
use crate::progress::size;

/// The folders of a cache.
const PARTS: [&str; 3] = ["charts", "git", "images"];

/// Prints or removes the cache folder.
pub(crate) fn cache(command: &CacheCommand, messages: &Messages) -> Result<Exit, Exit> {
    let (CacheCommand::Path(folder) | CacheCommand::Size(folder) | CacheCommand::Clear(folder)) = command;
    let Some(folder) = folder.cache_dir.clone().or_else(platform_cache_dir) else {
        messages.error_with_help("this platform has no cache folder", Some("--cache-dir DIR names one"));
        return Err(Exit::Usage);
    };
    let failed = |error: io::Error| {
        messages.error(&format!("the cache in {} cannot be used: {error}", folder.display()));
        Exit::Failure
    };
    match command {
        CacheCommand::Path(_) => {
            messages.results(|out| output::line(out, &folder.display().to_string()))?;
        }
        CacheCommand::Size(_) => {
            let bytes = size_of(&folder).map_err(failed)?;
            messages.results(|out| output::line(out, &bytes.to_string()))?;
            messages.note(&format!("{}: {}", folder.display(), size(bytes)));
        }
        CacheCommand::Clear(_) => {
            let bytes = clear(&folder).map_err(failed)?;
            messages.note(&format!("{} of {} removed", size(bytes), folder.display()));
        }
    }
    Ok(Exit::Success)
}

/// The sizes of all files; 0 where there is no folder. Symbolic links are not followed.
fn size_of(folder: &Path) -> io::Result<u64> {
    let (mut bytes, mut folders) = (0_u64, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            // A process that uses the cache may remove a file meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                bytes = bytes.saturating_add(metadata.len());
            }
        }
    }
    Ok(bytes)
}

/// Removes the folder, and returns how many bytes its files took.
fn clear(folder: &Path) -> io::Result<u64> {
    if !folder.exists() {
        return Ok(0);
    }
    if !is_cache(folder)? {
        let message = "it holds something else than a cache of warehouse, and is left as it is";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let bytes = size_of(folder)?;
    std::fs::remove_dir_all(folder)?;
    Ok(bytes)
}

/// Whether a folder holds a cache and nothing else: a folder of charts may have the same name, and must not be removed.
fn is_cache(folder: &Path) -> io::Result<bool> {
    for part in folder.read_dir()? {
        let part = part?;
        if !PARTS.iter().any(|name| part.file_name() == *name) || !part.file_type()?.is_dir() {
            return Ok(false);
        }
        let is_git = part.file_name() == "git";
        for entry in part.path().read_dir()? {
            let entry = entry?;
            // Repositories are in folders by the version of their layout; the others are plain files.
            let is_layout = entry.file_name().as_encoded_bytes().starts_with(b"git-");
            if entry.file_type()?.is_dir() && !(is_git && is_layout) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
