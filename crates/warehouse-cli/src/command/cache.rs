//! `warehouse cache`: the folder that runs share.

use std::io;
use std::path::Path;

use crate::arguments::CacheCommand;
use crate::message::{Exit, Messages};
use crate::network::platform_cache_dir;
use crate::output;
use crate::progress::size;

/// What only a cache folder has, beside other names: so that no other folder is removed.
const PARTS: [&str; 4] = ["git", "charts", "images", "CACHEDIR.TAG"];

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
            messages.printed(output::print(|out| output::line(out, &folder.display().to_string())))?;
        }
        CacheCommand::Size(_) => {
            let bytes = size_of(&folder).map_err(failed)?;
            messages.printed(output::print(|out| output::line(out, &bytes.to_string())))?;
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
    let mut names = folder.read_dir()?.filter_map(|entry| Some(entry.ok()?.file_name())).peekable();
    let is_cache = names.peek().is_none() || names.any(|name| PARTS.iter().any(|part| name == *part));
    if !is_cache {
        let message = "it holds no cache of warehouse, and is left as it is";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let bytes = size_of(folder)?;
    std::fs::remove_dir_all(folder)?;
    Ok(bytes)
}
