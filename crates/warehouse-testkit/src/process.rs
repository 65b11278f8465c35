//! What became of a process that a test has started.

use std::path::Path;
use std::process::Command;

/// Whether the process of this id runs. One that has ended, and that its parent has not waited for, does not.
///
/// Other systems than Linux are asked by `ps`; without it, no process runs.
///
/// ```
/// assert!(warehouse_testkit::is_running(&std::process::id().to_string()));
/// assert!(!warehouse_testkit::is_running("0"));
/// ```
pub fn is_running(id: &str) -> bool {
    let state = if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name of the program, in brackets, may have any character.
        stat.rsplit_once(") ").map_or_else(String::new, |(_, rest)| rest.to_owned())
    } else {
        let ps = Command::new("ps").args(["-o", "stat=", "-p", id]).output();
        ps.map(|ps| String::from_utf8_lossy(&ps.stdout).trim().to_owned()).unwrap_or_default()
    };
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}
