//! The tutorial, followed word for word: its commands are run by a shell, and what they print is compared with the page.
//!
//! - ```` ```console ````: lines that begin with `$ ` are commands, and the others are what they print. `...` stands for any lines. Ports, the names of
//!   Freight, the width of columns, bytes and times are not compared. `cargo`, `cd` and the servers (`target/`) are not run: the test has the servers and the command.
//! - ```` ```diff ````: an edit of the manifest, lines that go and lines that come.
//! - ```` ```text ```` with `push TAG`: what is typed where the servers run.

use std::fs::{self, File};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use guide::Shop;

use crate::markdown::{Part, parts};
use crate::page;

const PAGE: &str = "guide/tutorial.md";
const MANIFEST: &str = "shop/warehouse.yaml";

#[test]
fn a_restart_of_the_servers_leaves_edits_in_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let file = Shop::open().unwrap().write_manifest(folder.path()).unwrap();
    let edited = fs::read_to_string(&file).unwrap().replace("^1.0.0", ">=1.0.0-0");
    fs::write(&file, edited).unwrap();
    let again = Shop::open().unwrap();
    again.write_manifest(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), again.manifest().replace("^1.0.0", ">=1.0.0-0"));
}

#[test]
fn shop_says_how_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code) in [(&[][..], 2), (&["--help"], 0), (&["--port"], 2), (&["a", "b"], 2)] {
        let ran = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        assert!(String::from_utf8(said).unwrap().starts_with("usage: shop FOLDER\n"), "{arguments:?}");
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn who_follows_the_tutorial_sees_what_it_says() {
    let Some(programs) = programs() else {
        let _ = writeln!(
            stderr(),
            "SKIPPED: the tutorial: `warehouse` is not built; cargo build -p warehouse-cli builds it"
        );
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no test is skipped in CI");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open().unwrap();
    shop.write_manifest(&folder.path().join("shop")).unwrap();
    let session = Session { folder: folder.path(), programs: &programs };
    let mut commands = 0;
    let mut wrong = Vec::new();
    for part in parts(&page(PAGE)) {
        let Part::Code { language, text, line } = part else { continue };
        match language.as_str() {
            "console" => {
                for (command, expected) in transcript(&text) {
                    if ["cargo ", "cd ", "target/"].iter().any(|other| command.starts_with(other)) {
                        continue;
                    }
                    commands += 1;
                    let printed = session.run(command);
                    if !matches(&expected, &printed) {
                        wrong.push(format!(
                            "{PAGE}:{line}: $ {command}\nthe page says\n{expected}\nit prints\n{printed}"
                        ));
                    }
                }
            }
            "diff" => session.edit(&text, line),
            "text" => shop.push(text.trim().strip_prefix("push ").expect("`push TAG`"), 20),
            other => panic!("{PAGE}:{line}: nothing is known of {other:?}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(commands > 6, "{commands} commands");
}

/// The folder of the built programs, if the command is there.
fn programs() -> Option<PathBuf> {
    // Tests are in `deps` below it.
    let programs = std::env::current_exe().ok()?.parent()?.parent()?.to_owned();
    programs.join(format!("warehouse{}", std::env::consts::EXE_SUFFIX)).exists().then_some(programs)
}

struct Session<'a> {
    folder: &'a Path,
    programs: &'a Path,
}

impl Session<'_> {
    /// What a command prints, to both streams, in the order in which it does.
    fn run(&self, command: &str) -> String {
        let output = self.folder.join("output");
        let file = File::create(&output).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        // Nothing of the one who runs the test: no docker config, no cache.
        Command::new("sh")
            .args(["-c", command])
            .current_dir(self.folder)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("HOME", self.folder)
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .unwrap();
        fs::read_to_string(output).unwrap()
    }

    /// Replaces the lines with `-` by those with `+`.
    fn edit(&self, diff: &str, line: usize) {
        let side = |sign: char| -> String {
            diff.lines().filter_map(|line| line.strip_prefix(sign)).map(|line| format!("{line}\n")).collect()
        };
        let file = self.folder.join(MANIFEST);
        let before = fs::read_to_string(&file).unwrap();
        let after = before.replacen(&side('-'), &side('+'), 1);
        assert_ne!(before, after, "{PAGE}:{line}: the manifest has no such lines");
        fs::write(file, after).unwrap();
    }
}

/// The commands of a block, each with what it prints.
fn transcript(text: &str) -> Vec<(&str, String)> {
    let mut transcript: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), transcript.last_mut()) {
            (Some(command), _) => transcript.push((command, String::new())),
            (None, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, None) => panic!("{PAGE}: {line:?} is before the first command"),
        }
    }
    transcript
}

/// Whether the lines of an output are those of a page, in which `...` stands for any lines.
fn matches(expected: &str, printed: &str) -> bool {
    let expected: Vec<String> = expected.lines().map(normal).collect();
    let printed: Vec<String> = printed.lines().map(normal).collect();
    let mut rest = &printed[..];
    let mut may_skip = false;
    for line in &expected {
        if line == "..." {
            may_skip = true;
            continue;
        }
        let Some(position) = rest.iter().position(|printed| printed == line) else { return false };
        if position > 0 && !may_skip {
            return false;
        }
        rest = &rest[position + 1..];
        may_skip = false;
    }
    may_skip || rest.is_empty()
}

/// A line with what differs from run to run taken out.
fn normal(line: &str) -> String {
    // What a run costs: another machine has other lengths of ports in its URLs, and another speed.
    for subscriptions in [" subscriptions", " subscription"] {
        if let Some((warehouse, _)) = line.split_once(&format!("{subscriptions}; ")) {
            return format!("{warehouse}{subscriptions}");
        }
    }
    let mut normal = String::new();
    for word in line.split_whitespace() {
        let is_freight =
            word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && normal.is_empty();
        let word = match word.find("127.0.0.1:") {
            _ if is_freight => "FREIGHT".to_owned(),
            Some(start) => {
                let (before, address) = word.split_at(start + "127.0.0.1:".len());
                format!("{before}PORT{}", address.trim_start_matches(|digit: char| digit.is_ascii_digit()))
            }
            None => word.to_owned(),
        };
        normal.push_str(&word);
        normal.push(' ');
    }
    normal.trim_end().to_owned()
}

#[test]
fn lines_are_compared_as_the_page_has_them() {
    assert!(matches("a  127.0.0.1:1/x\n...\nc\n", "a 127.0.0.1:43210/x\nb\nb\nc\n"));
    assert!(matches("a\n...\n", "a\nb\n"));
    assert!(!matches("a\nc\n", "a\nb\nc\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a\n...\nd\n", "a\nb\n"));
}
