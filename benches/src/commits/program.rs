//! Starting `git`.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Failure;

/// Runs `git` in this folder, with the configuration below `home` alone, and returns what it printed.
///
/// # Errors
///
/// If it does not start, or fails: then what it said.
pub(super) fn git(folder: &Path, home: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git {}: {}", arguments.join(" "), said.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The paths that a commit changes, of `git show --name-status`.
pub(super) fn changed(shown: &str) -> impl Iterator<Item = &str> {
    shown.lines().filter_map(|line| line.split_once('\t').map(|(_, path)| path))
}
