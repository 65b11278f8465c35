//! The process group of a program.

use std::process::Command;

/// Makes the program the leader of a new process group when it starts.
pub(crate) fn lead_new_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills the program with this id, which leads its group, and all processes in the group. The program must not have been waited for:
/// until then no other process gets its id.
pub(crate) fn kill_group(leader: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw) {
        // An error means that no process is left.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = leader;
}
