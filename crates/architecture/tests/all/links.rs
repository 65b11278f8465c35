//! Every link within the project leads somewhere: to a file that is there, and to a heading that it has.
//!
//! Read are the book, the documents at the root, the READMEs of the crates, and the links to the repository in the docs of the code.
//! Links to other sites are not requested.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use architecture::{root, rust_files};

/// What a link to a file of the repository begins with.
const REPOSITORY: [&str; 2] = [
    "https://github.com/warehouse-rs/warehouse/blob/main/",
    "https://github.com/warehouse-rs/warehouse/tree/main/",
];

#[test]
fn every_link_within_the_project_leads_somewhere() {
    let mut documents = Documents::default();
    let mut wrong = Vec::new();
    let mut links = 0;
    for file in markdown_files() {
        let text = fs::read_to_string(&file).unwrap();
        for (line, target) in targets(&text) {
            links += 1;
            if let Some(problem) = documents.problem(&file, &target) {
                wrong.push(format!("{}:{line}: {target}: {problem}", shown(&file)));
            }
        }
    }
    for file in ["crates", "benches"].iter().flat_map(|folder| rust_files(&root().join(folder)).unwrap()) {
        let text = fs::read_to_string(&file).unwrap();
        for (line, target) in repository_links(&text) {
            links += 1;
            if let Some(problem) = documents.problem(&file, target) {
                wrong.push(format!("{}:{line}: {target}: {problem}", shown(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(links > 200, "only {links} links were found");
    eprintln!("{links} links");
}

#[test]
fn every_page_of_the_book_is_in_its_table_of_contents_once() {
    let book = root().join("docs/src");
    let contents = fs::read_to_string(book.join("SUMMARY.md")).unwrap();
    let mut listed: Vec<PathBuf> =
        targets(&contents).into_iter().map(|(_, target)| normal(&book.join(target))).collect();
    let count = listed.len();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), count, "SUMMARY.md lists a page twice");
    let mut pages = Vec::new();
    collect(&book, &mut pages);
    pages.retain(|page| !page.ends_with("SUMMARY.md"));
    let missing: Vec<_> =
        pages.iter().filter(|page| !listed.contains(page)).map(|page| shown(page)).collect();
    assert!(missing.is_empty(), "SUMMARY.md does not list {}", missing.join(", "));
}

/// The headings of documents, read once.
#[derive(Default)]
struct Documents(BTreeMap<PathBuf, BTreeSet<String>>);

impl Documents {
    /// What is wrong with a link of this file; `None` for one that leads somewhere, and for one to another site.
    fn problem(&mut self, file: &Path, target: &str) -> Option<String> {
        let in_repository = REPOSITORY.iter().find_map(|prefix| target.strip_prefix(prefix));
        if in_repository.is_none() && (target.contains("://") || target.starts_with("mailto:")) {
            return None;
        }
        let (path, anchor) = match in_repository.unwrap_or(target).split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (in_repository.unwrap_or(target), None),
        };
        let full = match in_repository {
            Some(_) => root().join(path),
            None if path.is_empty() => file.to_owned(),
            None => file.parent().unwrap().join(path),
        };
        let full = normal(&full);
        let book = root().join("docs/src");
        if !full.exists() {
            return Some("there is no such file".to_owned());
        }
        if in_repository.is_none() && file.starts_with(&book) && !full.starts_with(&book) {
            return Some("it leads out of the book: write the URL of the repository".to_owned());
        }
        // mdBook writes README.md as index.html, and links to it as README.html.
        if in_repository.is_none()
            && file.starts_with(&book)
            && !file.ends_with("SUMMARY.md")
            && full.ends_with("README.md")
        {
            return Some("a page that others link to is index.md".to_owned());
        }
        let anchor = anchor?;
        if full.extension().is_none_or(|extension| extension != "md") {
            return None;
        }
        let headings =
            self.0.entry(full.clone()).or_insert_with(|| headings(&fs::read_to_string(&full).unwrap()));
        (!headings.contains(anchor)).then(|| format!("{} has no such heading", shown(&full)))
    }
}

/// The documents whose links are checked.
fn markdown_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&root().join("docs/src"), &mut files);
    for entry in fs::read_dir(root()).unwrap() {
        files.extend(Some(entry.unwrap().path()).filter(|path| is_markdown(path)));
    }
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        files.extend(Some(entry.unwrap().path().join("README.md")).filter(|path| path.exists()));
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if is_markdown(&path) {
            files.push(path);
        }
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The lines of a document outside of its code blocks, with their numbers, and without their code spans.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut in_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let outside: Vec<&str> = line.split('`').step_by(2).collect();
            lines.push((number + 1, outside.join("`")));
        }
    }
    lines
}

/// The targets of links and images, `[text](target)` and `[text]: target`, with their lines.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut targets = Vec::new();
    for (number, line) in prose(text) {
        for (position, _) in line.match_indices("](") {
            let rest = &line[position + 2..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            targets.push((number, target.to_owned()));
        }
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            targets.push((number, target.trim().to_owned()));
        }
    }
    targets
}

/// The links to files of the repository in a source file, with their lines.
fn repository_links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
        for prefix in REPOSITORY {
            for (position, _) in line.match_indices(prefix) {
                let end = |character: char| character.is_whitespace() || ")>`\"".contains(character);
                links.push((number + 1, line[position..].split(end).next().unwrap_or_default()));
            }
        }
    }
    links
}

/// The anchors of the headings of a document, as mdBook and GitHub name them.
fn headings(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if in_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let first = anchor(title);
        let mut anchor = first.clone();
        let mut number = 0;
        while !anchors.insert(anchor) {
            number += 1;
            anchor = format!("{first}-{number}");
        }
    }
    anchors
}

fn anchor(title: &str) -> String {
    let named = |character: char| match character {
        ' ' => Some('-'),
        '_' | '-' => Some(character),
        other => other.is_alphanumeric().then_some(other),
    };
    title.trim().chars().filter_map(named).flat_map(char::to_lowercase).collect()
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn links_and_anchors_are_found_as_they_are_written() {
    let text = "# A `b` c: 58 % (d)\n\n[x](y.md#z) and ![p](q.svg), not `[a](b)`\n```\n[c](d)\n# no\n```\n## Twice\n## Twice\n[r]: s.md\n";
    let found: Vec<_> = targets(text).into_iter().map(|(line, target)| format!("{line} {target}")).collect();
    assert_eq!(found, ["3 y.md#z", "3 q.svg", "10 s.md"]);
    let anchors: Vec<_> = headings(text).into_iter().collect();
    assert_eq!(anchors, ["a-b-c-58--d", "twice", "twice-1"]);
    let source = "//! see <https://github.com/warehouse-rs/warehouse/blob/main/a.md#b>\nlet x = 1;\n";
    assert_eq!(repository_links(source), [(1, "https://github.com/warehouse-rs/warehouse/blob/main/a.md#b")]);
}
