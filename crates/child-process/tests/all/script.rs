//! A folder with scripts, and what is left of the processes that they start.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// Starts a process, writes the ids of both into files, and waits for ever.
pub(crate) const HANGS: &str =
    "sleep 1000 & echo $! > child.new; mv child.new child; echo $$ > parent.new; mv parent.new parent; wait";

/// Starts a process that holds all pipes open, and goes on.
pub(crate) const LEAVES_ONE: &str = "sleep 1000 & echo $! > child";

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that runs this script of a shell in the folder.
    pub(crate) fn script(&self, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(self.0.path());
        command
    }

    /// The ids of the program and of the process that it started.
    pub(crate) fn family(&self) -> [String; 2] {
        ["parent", "child"].map(|name| self.id(name))
    }

    pub(crate) fn id(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }
}

/// Waits for ten seconds at most until the condition holds.
pub(crate) fn soon(condition: impl Fn() -> bool) -> bool {
    (0..1000).any(|_| {
        let holds = condition();
        if !holds {
            std::thread::sleep(Duration::from_millis(10));
        }
        holds
    })
}

/// Kills a process that a test has left behind on purpose.
pub(crate) fn kill(id: &str) {
    assert!(Command::new("kill").args(["-9", id]).status().unwrap().success());
}
