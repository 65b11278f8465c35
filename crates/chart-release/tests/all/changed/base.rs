//! What `HEAD` is compared with, and what happens if there is nothing.

use chart_release::Error;
use chart_release::changed::{BaseErrorKind, Changed, ChangedOptions, Event, Since, changed};
use chart_release::git::GitRepository;
use serde_json::json;
use warehouse_testkit::Commit;

use super::{library_and_dependents, open, repository, shown};
use crate::git::Clone;

fn push(before: &str, after: &str, forced: bool) -> Since {
    let json =
        json!({"before": before, "after": after, "forced": forced, "deleted": after.starts_with("00")});
    Since::Event(Event::from_json(json.to_string().as_bytes()).unwrap())
}

fn pull_request(base: &str, head: &str) -> Since {
    let json = json!({"pull_request": {"base": {"sha": base}, "head": {"sha": head}}});
    Since::Event(Event::from_json(json.to_string().as_bytes()).unwrap())
}

fn find(repository: &GitRepository, since: &Since) -> Result<Changed, Error> {
    changed(repository, since, &ChangedOptions::default())
}

/// The error, which is none any more if all charts are asked for.
#[track_caller]
fn fails(repository: &GitRepository, since: &Since, kind: BaseErrorKind, message: &str) {
    let error = find(repository, since).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(error.hint().is_some());
    let Error::Base(base) = error else { panic!("{error:?}") };
    assert_eq!(base.kind(), kind);
    let all = changed(repository, since, &ChangedOptions::default().all_if_unknown(true));
    if kind == BaseErrorKind::Deleted {
        assert!(all.is_err());
        return;
    }
    let all = all.unwrap();
    assert_eq!(shown(&all), ["a unknown", "alone unknown", "b unknown", "c unknown", "lib unknown"]);
    assert_eq!((all.base, all.all_because.as_deref()), (None, Some(message)));
}

#[test]
fn a_revision_is_compared_from_where_it_left() {
    let (_server, bare) = repository();
    bare.commit("main", library_and_dependents()).unwrap();
    bare.git(["branch", "other", "main"]).unwrap();
    bare.commit("other", Commit::new("x").file("charts/b/values.yaml", "other")).unwrap();
    bare.commit("main", Commit::new("x").file("charts/alone/values.yaml", "main")).unwrap();
    let repository = open(&bare);
    let found = find(&repository, &Since::revision("other")).unwrap();
    assert_eq!(shown(&found), ["alone modified"], "what happened on the other side does not count");
    assert_eq!(found.base.unwrap().to_string(), bare.resolve("main~1").unwrap());
    assert_eq!(shown(&find(&repository, &Since::revision("main")).unwrap()), [""; 0]);

    let nowhere = "1".repeat(40);
    for revision in ["nowhere", nowhere.as_str(), "--all"] {
        let message = format!("{revision:?} names nothing in this clone");
        fails(&repository, &Since::revision(revision), BaseErrorKind::Unknown, &message);
    }
    bare.git(["-c", "user.name=x", "-c", "user.email=x", "commit-tree", "-m", "x", "main^{tree}"])
        .map(|id| bare.set_reference("refs/heads/unrelated", &id))
        .unwrap()
        .unwrap();
    let message = "\"unrelated\" and HEAD have no common history";
    fails(&repository, &Since::revision("unrelated"), BaseErrorKind::Unrelated, message);
}

#[test]
fn a_push() {
    let (_server, bare) = repository();
    let first = bare.commit("main", library_and_dependents()).unwrap();
    let second = bare.commit("main", Commit::new("x").file("charts/b/values.yaml", "2")).unwrap();
    let third = bare.commit("main", Commit::new("x").file("charts/alone/values.yaml", "2")).unwrap();
    let (repository, zero, unknown) = (open(&bare), "0".repeat(40), "1".repeat(40));
    assert_eq!(
        shown(&find(&repository, &push(&first, &third, false)).unwrap()),
        ["alone modified", "b modified"]
    );
    assert_eq!(shown(&find(&repository, &push(&second, &third, false)).unwrap()), ["alone modified"]);
    assert_eq!(shown(&find(&repository, &push(&third, &third, false)).unwrap()), [""; 0]);

    let message = "the push created the branch, so there is no commit before it to compare with";
    fails(&repository, &push(&zero, &third, false), BaseErrorKind::Created, message);
    let message = "the push deleted the branch, so there is nothing to release";
    fails(&repository, &push(&third, &zero, false), BaseErrorKind::Deleted, message);
    let message =
        format!("the commit {unknown}, which the branch was at before the push, is not in this clone");
    fails(&repository, &push(&unknown, &third, false), BaseErrorKind::Unknown, &message);

    // A force-push, whether GitHub says so or not, and whether the commit is still here or not.
    bare.set_reference("refs/heads/kept", &third).unwrap();
    bare.set_reference("refs/heads/main", &first).unwrap();
    let rewritten = bare.commit("main", Commit::new("x").file("charts/c/values.yaml", "2")).unwrap();
    let message = |id: &str| {
        format!("the branch was force-pushed: {id}, which it was at before, is not in its history any more")
    };
    fails(&repository, &push(&third, &rewritten, false), BaseErrorKind::Rewritten, &message(&third));
    fails(&repository, &push(&unknown, &rewritten, true), BaseErrorKind::Rewritten, &message(&unknown));
    // The remedy.
    assert_eq!(shown(&find(&repository, &Since::revision(first)).unwrap()), ["c modified"]);
}

#[test]
fn a_pull_request() {
    let (_server, bare) = repository();
    let mut history = bare.history().unwrap();
    let first = history.commit("main", library_and_dependents());
    history.branch("side", first);
    let head = history.commit("side", Commit::new("x").file("charts/a/values.yaml", "2"));
    let base = history.commit("main", Commit::new("x").file("charts/b/values.yaml", "2"));
    let merge = history.merge("main", head, Commit::new("merge").file("charts/a/values.yaml", "2"));
    let written = history.write().unwrap();
    let (base, head, merge) = (written.id(base), written.id(head), written.id(merge));
    // `actions/checkout` checks the merge out, or the newest commit of the pull request.
    for checkout in [merge, head] {
        bare.git(["update-ref", "--no-deref", "HEAD", checkout]).unwrap();
        let found = find(&open(&bare), &pull_request(base, head)).unwrap();
        assert_eq!(shown(&found), ["a modified", "c on charts/a"]);
    }
    let unknown = "1".repeat(40);
    let message = format!("the commit {unknown} that the pull request is based on is not in this clone");
    fails(&open(&bare), &pull_request(&unknown, head), BaseErrorKind::Unknown, &message);
}

#[test]
fn shallow_clones() {
    let (_server, bare) = repository();
    let first = bare.commit("main", library_and_dependents()).unwrap();
    bare.git(["branch", "side", "main"]).unwrap();
    bare.commit("side", Commit::new("x").file("charts/b/values.yaml", "side")).unwrap();
    for number in 0..5 {
        bare.commit("main", Commit::new("x").file("charts/alone/values.yaml", format!("{number}"))).unwrap();
    }
    let head = bare.resolve("main").unwrap();
    let unknown =
        |id: &str| format!("the commit {id}, which the branch was at before the push, is not in this clone");

    // One commit, as actions/checkout fetches it.
    let clone = Clone::of(&bare.file_url(), &["--depth=1"]);
    let repository = clone.open();
    fails(&repository, &push(&first, &head, false), BaseErrorKind::Unknown, &unknown(&first));
    let error = find(&repository, &push(&first, &head, false)).unwrap_err();
    assert!(error.hint().unwrap().contains("fetch-depth: 0"), "{error:?}");
    fails(
        &repository,
        &Since::revision("HEAD~1"),
        BaseErrorKind::Unknown,
        "\"HEAD~1\" names nothing in this clone",
    );
    // The remedy works.
    clone.git(["fetch", "--quiet", "--unshallow"]);
    assert_eq!(shown(&find(&clone.open(), &push(&first, &head, false)).unwrap()), ["alone modified"]);

    // Deep enough for the push is enough.
    let clone = Clone::of(&bare.file_url(), &["--depth=3"]);
    let before = bare.resolve("main~2").unwrap();
    assert_eq!(shown(&find(&clone.open(), &push(&before, &head, false)).unwrap()), ["alone modified"]);

    // Both ends are there, and what is between them is not.
    let clone = Clone::of(&bare.file_url(), &["--depth=1", "--no-single-branch"]);
    let message = "the common history of \"origin/side\" and HEAD is not in this clone";
    fails(&clone.open(), &Since::revision("origin/side"), BaseErrorKind::Shallow, message);
    let side = bare.resolve("side").unwrap();
    let message = format!(
        "the history between {side}, which the branch was at before the push, and HEAD is not in this clone"
    );
    fails(&clone.open(), &push(&side, &head, false), BaseErrorKind::Shallow, &message);
    clone.git(["fetch", "--quiet", "--unshallow"]);
    assert_eq!(shown(&find(&clone.open(), &Since::revision("origin/side")).unwrap()), ["alone modified"]);
}

#[test]
fn a_repository_without_a_commit() {
    let clone = Clone::empty();
    let error = find(&clone.open(), &Since::revision("HEAD")).unwrap_err();
    assert!(matches!(error, Error::Git(_)), "{error:?}");
}

/// A chart whose dependencies cannot be read may depend on what changed: no list that lacks it.
#[test]
fn dependencies_that_cannot_be_read() {
    let (_server, bare) = repository();
    bare.commit("main", library_and_dependents()).unwrap();
    bare.commit("main", Commit::new("x").file("charts/lib/values.yaml", "2")).unwrap();
    // The content of no file, but all folders.
    bare.git(["config", "uploadpack.allowFilter", "true"]).unwrap();
    let clone = Clone::of(&bare.file_url(), &["--filter=blob:none", "--no-checkout"]);
    let error = find(&clone.open(), &Since::revision("HEAD~1")).unwrap_err();
    let Error::Base(base) = &error else { panic!("{error:?}") };
    assert_eq!(base.kind(), BaseErrorKind::Incomplete);
    assert!(
        error.to_string().starts_with("it is not known whether charts/a depends on what changed: "),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("`git fetch --refetch --no-filter`"));
    let options = ChangedOptions::default().all_if_unknown(true);
    let all = changed(&clone.open(), &Since::revision("HEAD~1"), &options).unwrap();
    assert_eq!(all.charts.len(), 5);
    // The remedy works.
    clone.git(["fetch", "--quiet", "--refetch", "--no-filter"]);
    let found = find(&clone.open(), &Since::revision("HEAD~1")).unwrap();
    assert_eq!(shown(&found), ["a on charts/lib", "b on charts/lib", "c on charts/lib", "lib modified"]);

    bare.commit("main", Commit::new("x").file("charts/b/Chart.yaml", "dependencies: 5\n")).unwrap();
    // It changed itself, so it is listed regardless of what it depends on.
    let found = find(&open(&bare), &Since::revision("HEAD~1")).unwrap();
    assert_eq!((shown(&found), found.problems.len()), (vec!["b modified".to_owned()], 1));
    bare.commit("main", Commit::new("x").file("charts/lib/values.yaml", "3")).unwrap();
    let error = find(&open(&bare), &Since::revision("HEAD~1")).unwrap_err();
    assert!(error.to_string().contains("charts/b/Chart.yaml: the dependencies cannot be read"), "{error}");
    assert!(error.hint().is_some());
}
