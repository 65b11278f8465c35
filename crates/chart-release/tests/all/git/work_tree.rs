//! Whether the work tree is clean, with `git status` as oracle.

use std::collections::BTreeSet;

use chart_release::git::ChangeKind;
use proptest::prelude::*;

use super::Clone;

/// The paths that `git status` shows; untracked ones below `charts` only.
fn by_git(clone: &Clone) -> BTreeSet<String> {
    let text = clone.git(["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"]);
    text.split('\0')
        .filter(|line| !line.is_empty())
        .filter(|line| !line.starts_with("??") || line[3..].starts_with("charts/"))
        .map(|line| line[3..].trim_end_matches('/').to_owned())
        .collect()
}

#[track_caller]
fn changes(clone: &Clone) -> Vec<(String, ChangeKind)> {
    let status = clone.open().work_tree_status("charts").unwrap();
    let ours: BTreeSet<String> = status.changes.iter().map(|change| change.path.clone()).collect();
    assert_eq!(ours, by_git(clone));
    status.changes.into_iter().map(|change| (change.path, change.kind)).collect()
}

#[test]
fn each_kind_of_change() {
    type Case = (&'static str, fn(&Clone), &'static [(&'static str, ChangeKind)]);
    let cases: &[Case] = &[
        ("nothing", |_| {}, &[]),
        (
            "modified",
            |it| drop(it.write("charts/a/values.yaml", "x\n")),
            &[("charts/a/values.yaml", ChangeKind::Modified)],
        ),
        (
            "beside the charts",
            |it| drop(it.write("README.md", "x\n")),
            &[("README.md", ChangeKind::Modified)],
        ),
        (
            "staged",
            |it| {
                it.write("charts/a/new", "x\n");
                it.git(["add", "charts"]);
            },
            &[("charts/a/new", ChangeKind::Staged)],
        ),
        (
            "staged and taken back in the work tree",
            |it| {
                it.write("README.md", "x\n");
                it.git(["add", "README.md"]);
                it.write("README.md", "charts\n");
            },
            &[("README.md", ChangeKind::Modified)],
        ),
        (
            "intent to add",
            |it| {
                it.write("charts/a/new", "x\n");
                it.git(["add", "-N", "charts/a/new"]);
            },
            &[("charts/a/new", ChangeKind::Staged)],
        ),
        (
            "deleted",
            |it| std::fs::remove_file(it.path().join("README.md")).unwrap(),
            &[("README.md", ChangeKind::Deleted)],
        ),
        (
            "removed from the index",
            |it| drop(it.git(["rm", "-q", "README.md"])),
            &[("README.md", ChangeKind::Staged)],
        ),
        (
            "untracked in charts",
            |it| drop(it.write("charts/c/x", "")),
            &[("charts/c/x", ChangeKind::Untracked)],
        ),
        ("untracked elsewhere", |it| drop(it.write("notes", "")), &[]),
        ("untracked in a folder of a similar name", |it| drop(it.write("charts-old/notes", "")), &[]),
        (
            "ignored in charts",
            |it| {
                it.write(".git/info/exclude", "*.tgz\n");
                it.write("charts/a/charts/b.tgz", "");
            },
            &[],
        ),
        (
            "a name with anything in it",
            |it| drop(it.write("charts/a/ü \"x\".yaml", "")),
            &[("charts/a/ü \"x\".yaml", ChangeKind::Untracked)],
        ),
        (
            "renamed",
            |it| drop(it.git(["mv", "README.md", "readme.txt"])),
            &[("README.md", ChangeKind::Staged), ("readme.txt", ChangeKind::Staged)],
        ),
        (
            "another case",
            |it| drop(it.git(["mv", "README.md", "readme.md"])),
            &[("README.md", ChangeKind::Staged), ("readme.md", ChangeKind::Staged)],
        ),
        (
            "in conflict",
            |it| {
                it.git(["checkout", "-q", "-b", "side"]);
                it.write("README.md", "side\n");
                it.commit("side");
                it.git(["checkout", "-q", "main"]);
                it.write("README.md", "main\n");
                it.commit("main");
                let merge = ["-c", "user.name=x", "-c", "user.email=x", "merge", "-q", "side"];
                let output =
                    std::process::Command::new("git").current_dir(it.path()).args(merge).output().unwrap();
                assert!(!output.status.success());
            },
            &[("README.md", ChangeKind::Conflict)],
        ),
    ];
    for (name, change, expected) in cases {
        let clone = Clone::with_charts();
        change(&clone);
        let expected: Vec<_> = expected.iter().map(|(path, kind)| ((*path).to_owned(), *kind)).collect();
        assert_eq!(changes(&clone), expected, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn file_modes_and_kinds() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let clone = Clone::with_charts();
    let path = clone.path().join("README.md");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(changes(&clone), [("README.md".to_owned(), ChangeKind::Modified)]);
    clone.git(["config", "core.fileMode", "false"]);
    assert_eq!(changes(&clone), []);

    std::fs::remove_file(&path).unwrap();
    symlink("charts", &path).unwrap();
    assert_eq!(changes(&clone), [("README.md".to_owned(), ChangeKind::Modified)]);
}

#[test]
fn line_ends_are_judged_as_git_does() {
    let clone = Clone::with_charts();
    clone.git(["config", "core.autocrlf", "true"]);
    std::fs::remove_file(clone.path().join("README.md")).unwrap();
    clone.git(["checkout", "README.md"]);
    assert_eq!(std::fs::read(clone.path().join("README.md")).unwrap(), b"charts\r\n");
    assert_eq!(changes(&clone), []);
    clone.write("README.md", "cherts\r\n");
    assert_eq!(changes(&clone), [("README.md".to_owned(), ChangeKind::Modified)]);
    clone.write("README.md", "charts\r\n");
    assert_eq!(changes(&clone), []);
    clone.git(["config", "core.autocrlf", "false"]);
    clone.write("README.md", "charts\r\n");
    assert_eq!(changes(&clone), [("README.md".to_owned(), ChangeKind::Modified)]);
    clone.write(".gitattributes", "*.md text eol=crlf\n");
    clone.commit("attributes");
    assert_eq!(changes(&clone), []);
}

#[test]
fn submodules() {
    let (inner, outer) = (Clone::with_charts(), Clone::with_charts());
    outer.git(["submodule", "--quiet", "add", inner.path().to_str().unwrap(), "sub"]);
    outer.commit("submodule");
    assert_eq!(changes(&outer), []);
    let sub = || vec![("sub".to_owned(), ChangeKind::Modified)];
    outer.write("sub/README.md", "x\n");
    assert_eq!(changes(&outer), sub(), "a change in the submodule");
    outer.git(["-C", "sub", "checkout", "-q", "README.md"]);
    assert_eq!(changes(&outer), []);
    outer.git([
        "-C",
        "sub",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ]);
    assert_eq!(changes(&outer), sub(), "another commit");
}

#[test]
fn the_first_ten_paths_are_named() {
    let clone = Clone::with_charts();
    for number in 10..23 {
        clone.write(&format!("charts/a/{number}"), "");
    }
    let status = clone.open().work_tree_status("charts").unwrap();
    let shown = status.to_string();
    assert!(shown.starts_with("charts/a/10 (untracked), charts/a/11 (untracked), "), "{shown}");
    assert!(shown.ends_with("charts/a/19 (untracked), and 3 more"), "{shown}");
    assert_eq!(status.changes.len(), 13);
    std::fs::remove_dir_all(clone.path().join("charts/a")).unwrap();
    clone.write("charts/a/\u{1b}[31m", "");
    let shown = clone.open().work_tree_status("charts").unwrap().to_string();
    assert!(shown.contains("charts/a/\\u{1b}[31m (untracked)"), "{shown}");
}

#[test]
fn the_index_is_not_written() {
    let clone = Clone::with_charts();
    let index = clone.path().join(".git/index");
    let before = std::fs::read(&index).unwrap();
    clone.write("README.md", "charts\n");
    assert!(clone.open().work_tree_status("charts").unwrap().is_clean());
    assert_eq!(std::fs::read(&index).unwrap(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// After any writes, removals, stagings and moves, the paths are those of `git status`.
    #[test]
    fn as_git_status(steps in prop::collection::vec((0..6u8, 0..6usize, 0..3u8), 1..8)) {
        let paths = ["charts/a/Chart.yaml", "charts/a/values.yaml", "charts/c/x", "README.md", "notes", "charts/b"];
        let clone = Clone::with_charts();
        for (action, path, content) in steps {
            let path = paths[path];
            let full = clone.path().join(path);
            match action {
                0 | 1 if !full.is_dir() => drop(clone.write(path, format!("{content}\n"))),
                2 => drop(std::fs::remove_file(&full).or_else(|_| std::fs::remove_dir_all(&full))),
                3 => drop(clone.git(["add", "--all"])),
                4 => drop(clone.commit("step")),
                5 => drop(clone.git(["reset", "--quiet"])),
                _ => {}
            }
        }
        changes(&clone);
    }
}
