//! Where a repository is, and what `HEAD` is.

use chart_release::git::{GitErrorKind, GitRepository};

use super::Clone;

#[test]
fn a_repository_is_found_from_any_folder_below() {
    let clone = Clone::with_charts();
    let root = clone.path().canonicalize().unwrap();
    for folder in ["", "charts", "charts/a", ".git"] {
        let repository = GitRepository::discover(clone.path().join(folder)).unwrap();
        let head = repository.head().unwrap();
        assert_eq!((head.commit, head.branch.as_deref()), (Some(clone.id("HEAD")), Some("main")), "{folder}");
        if folder != ".git" {
            assert_eq!(repository.root(), root, "{folder}");
        }
    }
}

#[test]
fn bare_repositories_and_linked_work_trees() {
    let clone = Clone::with_charts();
    let other = tempfile::tempdir().unwrap();
    let linked = other.path().join("linked");
    clone.git(["worktree", "add", "--quiet", "-b", "side", linked.to_str().unwrap()]);
    let repository = GitRepository::discover(linked.join("charts")).unwrap();
    assert_eq!(repository.head().unwrap().branch.as_deref(), Some("side"));
    assert!(repository.work_tree_status("charts").unwrap().is_clean());

    let bare = other.path().join("bare.git");
    clone.git(["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let repository = GitRepository::discover(&bare).unwrap();
    assert!(repository.is_bare());
    assert_eq!(repository.head_commit().unwrap(), clone.id("HEAD"));
    let error = repository.work_tree_status("charts").unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NoWorkTree);
}

#[test]
fn head_may_be_detached_or_unborn() {
    let clone = Clone::with_charts();
    clone.git(["checkout", "--quiet", "--detach"]);
    let head = clone.open().head().unwrap();
    assert_eq!((head.commit, head.branch), (Some(clone.id("HEAD")), None));

    let empty = Clone::empty();
    let head = empty.open().head().unwrap();
    assert_eq!((head.commit, head.branch.as_deref()), (None, Some("main")));
    let error = empty.open().head_commit().unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NoCommit);
    assert_eq!(error.to_string(), "the branch \"main\" has no commit yet");
}

#[test]
fn what_is_no_repository() {
    let folder = tempfile::tempdir().unwrap();
    let error = GitRepository::discover(folder.path()).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NotARepository);
    assert_eq!(error.to_string(), format!("{} is in no Git repository", folder.path().display()));
    assert!(error.hint().unwrap().contains("git init"));
    // The remedy works.
    assert!(
        std::process::Command::new("git").args(["init", "-q"]).arg(folder.path()).status().unwrap().success()
    );
    GitRepository::discover(folder.path()).unwrap();

    let error = GitRepository::discover(folder.path().join("nowhere")).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NotARepository);
}

/// Only root can make such a repository.
#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_not_trusted() {
    let clone = Clone::with_charts();
    if std::os::unix::fs::chown(clone.path(), Some(12_345), None).is_err()
        || std::os::unix::fs::chown(clone.path().join(".git"), Some(12_345), None).is_err()
    {
        return;
    }
    let error = GitRepository::discover(clone.path()).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Untrusted, "{error:?}");
    let remedy = format!(
        "git config --global --add safe.directory {}",
        clone.path().canonicalize().unwrap().display()
    );
    assert!(error.hint().unwrap().ends_with(&remedy), "{error:?}");
}

#[test]
fn revisions() {
    let clone = Clone::with_charts();
    let first = clone.id("HEAD");
    let second = clone.commit("second");
    clone.git(["tag", "-a", "-m", "one", "one", "HEAD~1"]);
    let repository = clone.open();
    assert_eq!(repository.root(), clone.path().canonicalize().unwrap());
    for (revision, expected) in
        [("HEAD", second), ("main", second), ("HEAD~1", first), ("one", first), (&second.short(), second)]
    {
        assert_eq!(repository.resolve(revision).unwrap(), expected, "{revision}");
    }
    for revision in ["nowhere", "", "--all", "HEAD~2", "HEAD:README.md", "\0", "main..HEAD", "@{u}"] {
        let error = repository.resolve(revision).unwrap_err();
        assert_eq!(error.kind(), GitErrorKind::UnknownRevision, "{revision}: {error:?}");
    }
    assert_eq!(repository.message(second).unwrap(), "second\n");
}

/// A hook of another repository runs us with its variables.
#[test]
fn variables_of_another_repository_are_not_read() {
    for test in ["git::head::revisions", "git::push::an_annotated_tag_on_the_same_commit_is_done_already"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .envs([
                ("GIT_DIR", "/nowhere/.git"),
                ("GIT_WORK_TREE", "/nowhere"),
                ("GIT_INDEX_FILE", "/nowhere/index"),
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
