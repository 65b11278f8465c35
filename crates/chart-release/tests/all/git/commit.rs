//! The files of a commit.

use std::collections::BTreeMap;

use chart_release::git::{CommitId, GitRepository};
use helm_chart::ChartFolders as _;
use warehouse_testkit::{Commit, GitServer};

use super::Clone;

type Files = BTreeMap<String, String>;

fn read(repository: &GitRepository, commit: CommitId, path: &str) -> Result<Files, helm_chart::Error> {
    let files = repository.at_commit(commit).unwrap().read(path)?;
    Ok(files.into_iter().map(|file| (file.path, String::from_utf8(file.bytes).unwrap())).collect())
}

fn files<const N: usize>(files: [(&str, &str); N]) -> Files {
    files.into_iter().map(|(path, content)| (path.to_owned(), content.to_owned())).collect()
}

/// One commit in a repository of its own.
struct Case {
    _server: GitServer,
    repository: GitRepository,
    commit: CommitId,
}

fn case(commit: Commit) -> Case {
    let server = GitServer::start().unwrap();
    let bare = server.create("charts.git").unwrap();
    let id = bare.commit("main", commit).unwrap().parse().unwrap();
    Case { repository: GitRepository::discover(bare.path()).unwrap(), _server: server, commit: id }
}

#[test]
fn the_commit_and_not_the_work_tree() {
    let clone = Clone::with_charts();
    let first = clone.id("HEAD");
    clone.write("charts/a/values.yaml", "image: other\n");
    clone.write("charts/a/untracked", "x");
    std::fs::remove_dir_all(clone.path().join("charts/b")).unwrap();
    let repository = clone.open();
    let chart = "apiVersion: v2\nname: a\nversion: 1.0.0\n";
    for path in ["charts/a", "charts/a/", "./charts//a", "charts/b/../a"] {
        let expected = files([("Chart.yaml", chart), ("values.yaml", "image: a\n")]);
        assert_eq!(read(&repository, first, path).unwrap(), expected, "{path}");
    }
    let second = clone.commit("second");
    let expected = files([("Chart.yaml", chart), ("values.yaml", "image: other\n"), ("untracked", "x")]);
    assert_eq!(read(&repository, second, "charts/a").unwrap(), expected);
    assert_eq!(repository.at_commit(first).unwrap().charts("charts").unwrap(), ["charts/a", "charts/b"]);
    assert_eq!(repository.at_commit(second).unwrap().charts("charts").unwrap(), ["charts/a"]);
}

#[test]
fn attributes_and_filters_are_not_applied() {
    let clone = Clone::with_charts();
    clone.git(["config", "core.autocrlf", "true"]);
    clone.write(".gitattributes", "*.txt ident eol=crlf\nsecret.txt export-ignore\n");
    clone.write("charts/a/secret.txt", "$Id$\r\n");
    clone.commit("attributes");
    let found = read(&clone.open(), clone.id("HEAD"), "charts/a").unwrap();
    assert_eq!(found["secret.txt"], "$Id$\n");
}

#[test]
fn charts_one_level_deep() {
    let it = case(
        Commit::new("x")
            .file("charts/b/Chart.yaml", "")
            .file("charts/a/Chart.yaml", "")
            .file("charts/a/charts/inner/Chart.yaml", "")
            .file("charts/group/c/Chart.yaml", "")
            .file("charts/README.md", "")
            .file("charts/Chart.yaml", "")
            .file("elsewhere/d/Chart.yaml", "")
            .symlink("charts/linked", "../elsewhere/d")
            .symlink("charts/dangling", "nowhere")
            .symlink("charts/outside", "/etc")
            .submodule("charts/sub", "1".repeat(40)),
    );
    let at = it.repository.at_commit(it.commit).unwrap();
    assert_eq!(at.charts("charts").unwrap(), ["charts/a", "charts/b", "charts/linked"]);
    assert_eq!(at.charts("elsewhere/").unwrap(), ["elsewhere/d"]);
    assert_eq!(at.charts("").unwrap(), ["charts"]);
    for path in ["nowhere", "charts/README.md", "charts/a/Chart.yaml/x"] {
        let error = at.charts(path).unwrap_err();
        assert!(error.message().ends_with("has no such folder"), "{path}: {error}");
        assert!(at.read(path).is_err());
    }
    for path in ["..", "/etc", "charts/../../x"] {
        let error = at.charts(path).unwrap_err();
        assert_eq!(error.message(), "the path leads out of the repository", "{path}");
    }
}

#[test]
fn links_are_followed_in_the_repository() {
    let it = case(
        Commit::new("x")
            .file("charts/a/Chart.yaml", "a")
            .file("shared/one", "1")
            .file("shared/deep/two", "2")
            .symlink("charts/a/one", "../../shared/one")
            .symlink("charts/a/folder", "../../shared/deep/")
            .symlink("charts/a/again", "./folder/../deep/two")
            .symlink("shared/sibling", "deep/two")
            .symlink("charts/a/through", "../b/sibling")
            .symlink("charts/b", "../shared"),
    );
    assert_eq!(
        read(&it.repository, it.commit, "charts/a").unwrap(),
        files([("Chart.yaml", "a"), ("one", "1"), ("folder/two", "2"), ("again", "2"), ("through", "2")])
    );
    assert_eq!(
        read(&it.repository, it.commit, "charts/b").unwrap(),
        files([("one", "1"), ("deep/two", "2"), ("sibling", "2")])
    );
}

#[test]
fn what_is_refused() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let nested = format!("charts/a/{}file", "x/".repeat(70));
    for (commit, at, message) in [
        (
            Commit::new("").symlink("charts/a/x", "/etc/passwd"),
            "charts/a/x",
            "the path leads out of the repository",
        ),
        (
            Commit::new("").symlink("charts/a/x", "../../../x"),
            "charts/a/x",
            "the path leads out of the repository",
        ),
        (Commit::new("").symlink("charts/a/x", "nowhere"), "charts/a/x", "the link leads to nothing"),
        (
            Commit::new("").symlink("charts/a/x", "y").symlink("charts/a/y", "x"),
            "charts/a/x",
            "the link leads through more than 40 links, or in a circle",
        ),
        (
            Commit::new("").symlink("charts/a/x", "."),
            "charts/a/x",
            "the link leads to a folder that it is in",
        ),
        (
            Commit::new("").symlink("charts/a/x", "../.."),
            "charts/a/x",
            "the link leads to a folder that it is in",
        ),
        (
            Commit::new("").symlink("charts/a/x", "y".repeat(5000)),
            "charts/a/x",
            "it has 5000 bytes, and at most 4096 are read",
        ),
        (
            Commit::new("").submodule("charts/a/sub", "1".repeat(40)),
            "charts/a/sub",
            "a submodule is not part of the commit; Git keeps only the id of its commit",
        ),
        (
            Commit::new("").file("charts/a/files/big.bin", pointer),
            "charts/a/files/big.bin",
            "Git LFS keeps the content of the file elsewhere; the commit has only a pointer to it",
        ),
        (
            Commit::new("").file("charts/a/big", vec![0; (100 << 20) + 1]),
            "charts/a/big",
            "with this file of 104857601 bytes the folder has more than 100 MiB",
        ),
        (
            Commit::new("").file(b"charts/a/\xff".to_vec(), "x"),
            "charts/a",
            "the name of a file is not UTF-8: \"\u{fffd}\"",
        ),
        (Commit::new("").file(nested.clone(), "x"), "", "the folders are nested more than 64 deep"),
    ] {
        let it = case(commit.file("charts/a/Chart.yaml", "a"));
        let error = read(&it.repository, it.commit, "charts/a").unwrap_err();
        assert_eq!(error.message(), message);
        if !at.is_empty() {
            assert_eq!(error.path().unwrap().to_str(), Some(at), "{message}");
            assert!(error.hint().is_some(), "{message}");
        }
    }
}

#[test]
fn what_is_ignored_is_not_read() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let it = case(
        Commit::new("")
            .file("charts/a/Chart.yaml", "a")
            .file("charts/a/.helmignore", "docs/\n")
            .file("charts/a/docs/film.mp4", pointer)
            .file("charts/a/docs/large", vec![0; (100 << 20) + 1])
            .submodule("charts/a/docs/sub", "1".repeat(40))
            .symlink("charts/a/docs/link", "/etc/passwd"),
    );
    let expected = files([("Chart.yaml", "a"), (".helmignore", "docs/\n")]);
    assert_eq!(read(&it.repository, it.commit, "charts/a").unwrap(), expected);
}

/// Two links from each folder to the next one: 2^30 files, if all were listed.
#[test]
fn a_folder_that_unfolds() {
    let mut commit = Commit::new("").file("charts/a/Chart.yaml", "a").file("l/30/x", "x");
    for level in 0..30 {
        let next = format!("../{}", level + 1);
        commit =
            commit.symlink(format!("l/{level}/one"), next.clone()).symlink(format!("l/{level}/two"), next);
    }
    let it = case(commit.symlink("charts/a/l", "../../l/0"));
    let error = read(&it.repository, it.commit, "charts/a").unwrap_err();
    assert_eq!(error.message(), "the folder has more than 50000 files");
}

#[test]
fn a_partial_clone_lacks_files() {
    let (_server, bare) = super::clone::server();
    let clone = Clone::of(&bare.file_url(), &["--filter=blob:none"]);
    let old = clone.id("HEAD~1");
    let repository = clone.open();
    assert!(read(&repository, clone.id("HEAD"), "charts/a").is_ok());
    let error = read(&repository, old, "charts/a").unwrap_err();
    assert_eq!(error.path().unwrap().to_str(), Some("charts/a/values.yaml"));
    assert!(error.message().ends_with("is not in this clone, or cannot be read"), "{error}");
    // The remedy works.
    assert!(error.hint().unwrap().contains("git fetch --refetch --no-filter"));
    clone.git(["fetch", "--quiet", "--refetch", "--no-filter"]);
    assert!(read(&clone.open(), old, "charts/a").is_ok());
}
