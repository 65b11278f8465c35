//! The shape of the crates of a checkout: how many files of which length, how many test binaries, and which modules use each other.
//!
//! It reads files only, so it can be pointed at any checkout, an old one too.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{entries, is_rust, rust_files};
use crate::modules::Modules;

/// The shape of one crate.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The folder's name.
    pub name: String,
    /// The lines of each file below `src`.
    pub lines: Vec<usize>,
    /// The lines of all files below `tests`.
    pub test_lines: usize,
    /// How many functions are marked as tests, beside the code and below `tests`.
    pub tests: usize,
    /// The test binaries that Cargo finds below `tests`.
    pub test_binaries: Vec<String>,
    /// The groups of modules that use each other in a circle.
    pub circles: Vec<Vec<String>>,
    /// The files `name.rs` that are beside a folder `name`.
    pub split_modules: Vec<String>,
}

impl Shape {
    /// Reads the folder of a crate.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let (src, tests) = (folder.join("src"), folder.join("tests"));
        let mut shape = Self {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            lines: Vec::new(),
            test_lines: 0,
            tests: 0,
            test_binaries: test_binaries(&tests)?,
            circles: Modules::read(&src)?.circles(),
            split_modules: Vec::new(),
        };
        for file in rust_files(&src)? {
            let text = fs::read_to_string(&file)?;
            shape.lines.push(text.lines().count());
            shape.tests += count_tests(&text);
            if file.with_extension("").is_dir() {
                let below = file.strip_prefix(folder).unwrap_or(&file);
                shape.split_modules.push(below.display().to_string());
            }
        }
        for file in rust_files(&tests)? {
            let text = fs::read_to_string(&file)?;
            shape.test_lines += text.lines().count();
            shape.tests += count_tests(&text);
        }
        shape.lines.sort_unstable();
        Ok(shape)
    }

    /// The shapes of all crates below the folder `crates` of a checkout, by name.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read_all(checkout: &Path) -> io::Result<Vec<Self>> {
        let mut folders = entries(&checkout.join("crates"))?;
        folders.retain(|folder| folder.join("Cargo.toml").is_file());
        folders.iter().map(|folder| Self::read(folder)).collect()
    }

    /// The length of the file in the middle, 0 where there is none.
    #[must_use]
    pub fn median(&self) -> usize {
        median(&self.lines)
    }
}

fn median(sorted: &[usize]) -> usize {
    let (upper, lower) = (sorted.len() / 2, sorted.len().saturating_sub(1) / 2);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    (at(lower) + at(upper)) / 2
}

/// The table of the crates of a checkout, with a line for all of them, and the circles below it.
#[derive(Debug)]
pub struct Table(pub Vec<Shape>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24}{:>7}{:>8}{:>8}{:>9}{:>12}{:>7}{:>10}{:>9}",
            "CRATE", "FILES", "LINES", "MEDIAN", "LONGEST", "TEST LINES", "TESTS", "BINARIES", "CIRCLES"
        )?;
        let mut row = |name: &str,
                       lines: &[usize],
                       test_lines: usize,
                       tests: usize,
                       binaries: usize,
                       circles: usize| {
            writeln!(
                f,
                "{name:<24}{:>7}{:>8}{:>8}{:>9}{test_lines:>12}{tests:>7}{binaries:>10}{circles:>9}",
                lines.len(),
                lines.iter().sum::<usize>(),
                median(lines),
                lines.last().copied().unwrap_or_default(),
            )
        };
        for shape in &self.0 {
            row(
                &shape.name,
                &shape.lines,
                shape.test_lines,
                shape.tests,
                shape.test_binaries.len(),
                shape.circles.len(),
            )?;
        }
        let mut lines: Vec<usize> = self.0.iter().flat_map(|shape| shape.lines.iter().copied()).collect();
        lines.sort_unstable();
        let sum = |count: fn(&Shape) -> usize| self.0.iter().map(count).sum();
        row(
            &format!("all {}", self.0.len()),
            &lines,
            sum(|shape| shape.test_lines),
            sum(|shape| shape.tests),
            sum(|shape| shape.test_binaries.len()),
            sum(|shape| shape.circles.len()),
        )?;
        for shape in &self.0 {
            for circle in &shape.circles {
                writeln!(f, "\ncircle of {} modules in {}: {}", circle.len(), shape.name, circle.join(", "))?;
            }
        }
        Ok(())
    }
}

/// What Cargo makes a test binary of: `tests/NAME.rs` and `tests/NAME/main.rs`.
fn test_binaries(tests: &Path) -> io::Result<Vec<String>> {
    let is_binary = |path: &PathBuf| is_rust(path) || path.join("main.rs").is_file();
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(entries(tests)?.iter().filter(|path| is_binary(path)).map(name).collect())
}

fn count_tests(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| *line == "#[test]" || line.starts_with("#[tokio::test")).count()
}
