//! The Go side: built once, one process for each family.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub struct Oracle {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// `None`, after a loud word, where the program cannot be built.
    #[track_caller]
    pub fn start() -> Option<Self> {
        static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let program = match PROGRAM.get_or_init(build) {
            Ok(program) => program,
            Err(reason) => {
                let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
                assert!(!in_ci, "the oracle is required in CI: {reason}");
                let _ = writeln!(
                    std::io::stderr(),
                    "SKIPPED: the oracle did not run, nothing was compared with Go: {reason}"
                );
                return None;
            }
        };
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Some(Self { process, questions, answers })
    }

    /// Puts all questions, and reads as many answers.
    pub fn ask(&mut self, questions: &[Value]) -> Vec<Value> {
        let pipe = self.questions.as_mut().unwrap();
        let mut text = Vec::new();
        for question in questions {
            serde_json::to_writer(&mut text, question).unwrap();
            text.push(b'\n');
        }
        let answers = &mut self.answers;
        std::thread::scope(|scope| {
            // The pipes hold little: write while reading.
            scope.spawn(move || pipe.write_all(&text).and_then(|()| pipe.flush()).unwrap());
            questions
                .iter()
                .map(|question| {
                    let mut line = String::new();
                    answers.read_line(&mut line).unwrap();
                    assert!(!line.is_empty(), "the oracle died of {question}");
                    serde_json::from_str(&line).unwrap()
                })
                .collect()
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.questions = None; // the end of its input ends the program
        let _ = self.process.wait();
    }
}

fn build() -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../oracle");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
    let output = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(source)
        .output()
        .map_err(|error| format!("go: {error}"))?;
    if output.status.success() {
        Ok(program)
    } else {
        Err(format!("go build: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
