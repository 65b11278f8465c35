//! Foreign programs to be measured against: the reference registry, an old registry, nginx, `git daemon`; and `crane`,
//! `skopeo` and `helm` to fill them.
//!
//! The project's `scripts/peers` installs them into `.peers/bin`. A program is looked for in `.peers/bin` of the current folder and of
//! every folder above it, then on `PATH`. Tests run without them too: [`available`] says loudly what is skipped and how to
//! get it, and panics where nothing may be skipped (`CI=true`).
//!
//! ```
//! use warehouse_testkit::peer::{ReferenceRegistry, Tool, available};
//!
//! # if std::env::var_os("CI").is_some() { return; }
//! let Some(registry) = available(ReferenceRegistry::start()) else { return };
//! let Some(crane) = available(Tool::find("crane")) else { return };
//! let catalog = crane.run(["catalog", "--insecure", &registry.host()]);
//! assert!(catalog.is_ok());
//! ```

mod nginx;
mod process;
mod registries;
mod tool;

mod git_daemon;

pub use git_daemon::GitDaemon;
pub use nginx::Nginx;
pub use registries::{OldRegistry, ReferenceRegistry};
pub use tool::Tool;

use std::io::Write;
use std::path::PathBuf;

use crate::error::Error;

const HINT: &str = "scripts/peers installs it into .peers/bin";

/// The path of a program: in `.peers/bin` here or above, or on `PATH`, or in the folders that a user's `PATH` often lacks.
///
/// # Errors
///
/// [`Error::ProgramMissing`] if it is in none of them.
pub fn find(program: &str) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().unwrap_or_default();
    let ours = here.ancestors().map(|folder| folder.join(".peers/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    ours.chain(others)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Error::ProgramMissing { program: program.into(), hint: HINT })
}

/// Whether nothing may be skipped.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// The peer, or `None` with a loud line on standard error if its program is not there.
///
/// # Panics
///
/// If the program is not there although `CI=true`, and if it is there and did not start: a test must not pass because
/// of a broken peer.
#[must_use]
#[track_caller]
#[expect(clippy::panic, reason = "it decides whether a test is skipped or fails")]
pub fn available<T>(peer: Result<T, Error>) -> Option<T> {
    match peer {
        Ok(peer) => Some(peer),
        Err(error @ Error::ProgramMissing { .. }) if !is_ci() => {
            // Not `eprintln!`, which is captured in a test that passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {error}");
            None
        }
        Err(error) => panic!("a peer is not available: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{available, find, is_ci};

    #[test]
    fn what_is_absent_is_skipped_but_never_in_ci() {
        let absent = || available(find("a-program-that-nobody-has"));
        match std::panic::catch_unwind(absent) {
            Ok(found) => assert!(found.is_none() && !is_ci()),
            Err(_) => assert!(is_ci()),
        }
        assert!(find("git").is_ok());
    }
}
