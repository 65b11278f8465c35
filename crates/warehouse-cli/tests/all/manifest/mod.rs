//! The commands that read manifests and send nothing: `lint`, `migrate` and `schema`.

mod lint;
mod migrate;
mod schema;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::Ran;

/// The start of a Warehouse, up to its subscriptions.
const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

/// A folder that commands run in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the binary in the folder, with these variables and nothing of this machine's configuration.
    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str], stdin: &str) -> Ran {
        self.run_below(".", variables, arguments, stdin)
    }

    /// The same in a folder within.
    fn run_below(&self, name: &str, variables: &[(&str, &str)], arguments: &[&str], stdin: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(arguments)
            .current_dir(self.path(name))
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&[], arguments, "")
    }
}

/// What a run printed, for a snapshot: the command line, both outputs and the exit code.
fn transcript(arguments: &[&str], ran: &Ran) -> String {
    let part = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("--- {name}\n{}\n", text.trim_end()),
    };
    let code = ran.code.map_or("none".to_owned(), |code| code.to_string());
    format!(
        "$ warehouse {}\n{}{}--- exit code {code}\n",
        arguments.join(" "),
        part("standard output", &ran.out),
        part("standard error", &ran.err)
    )
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
