//! The Go program that does the same with Kargo's own modules.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::time::RUNS;

/// A program that reads candidates from standard input.
#[derive(Debug)]
pub struct Program(PathBuf);

impl Program {
    /// Builds `oracle/baseline`; `None`, and a line that says so, where there is no Go.
    pub fn baseline(folder: &Path) -> Option<Self> {
        let program = folder.join("baseline");
        let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oracle");
        let built = Command::new("go")
            .arg("build")
            .arg("-o")
            .arg(&program)
            .arg("./baseline")
            .current_dir(oracle)
            .status();
        if built.is_ok_and(|status| status.success()) {
            return Some(Self(program));
        }
        eprintln!(
            "SKIPPED: Go's rows are missing: `go build` of oracle/baseline did not work; is Go installed?"
        );
        None
    }

    /// The `warehouse` command beside this program; `None`, and a line that says so, where it was not built.
    pub fn warehouse() -> Option<Self> {
        let program = std::env::current_exe().ok()?.with_file_name("warehouse");
        if program.is_file() {
            return Some(Self(program));
        }
        eprintln!(
            "SKIPPED: whole processes: build `warehouse` first: cargo build --release -p warehouse-cli"
        );
        None
    }

    /// What the program itself measured over several runs in one process.
    pub fn inside(&self, rule: &[&str], input: &Path) -> Option<(Duration, usize)> {
        let runs = RUNS.to_string();
        let output = Command::new(&self.0)
            .args(["-best", &runs])
            .args(rule)
            .stdin(File::open(input).ok()?)
            .output()
            .ok()?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let chosen = usize::try_from(answer["chosen"].as_u64()?).ok()?;
        Some((Duration::from_nanos(answer["nanoseconds"].as_u64()?), chosen))
    }

    /// The fastest of several whole processes, from start to end, and how many lines it printed.
    pub fn whole(&self, arguments: &[&str], input: &Path) -> Option<(Duration, usize)> {
        let mut fastest = Duration::MAX;
        let mut lines = 0;
        for _ in 0..RUNS {
            let mut command = Command::new(&self.0);
            command.args(arguments).stdin(File::open(input).ok()?).stderr(Stdio::inherit());
            let began = Instant::now();
            let output = command.output().ok()?;
            fastest = fastest.min(began.elapsed());
            lines = output.stdout.iter().filter(|&&byte| byte == b'\n').count();
        }
        Some((fastest, lines))
    }
}
