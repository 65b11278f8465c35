//! Whether a commit is on the remote's default branch, from full, outdated and shallow clones.

use chart_release::git::{BranchStanding, GitErrorKind, GitRepository};
use warehouse_testkit::Commit;

use super::Clone;
use super::clone::server;

async fn standing(repository: &GitRepository) -> BranchStanding {
    let listing = repository.list_remote("origin").await.unwrap();
    repository.branch_standing(repository.head_commit().unwrap(), &listing).unwrap()
}

/// Runs the command that a remedy names.
fn follow(clone: &Clone, remedy: &str) {
    let command = remedy.strip_prefix("run: git ").unwrap().split(" (").next().unwrap();
    clone.git(command.split(' '));
}

fn on_main() -> BranchStanding {
    BranchStanding::On { branch: "main".to_owned() }
}

#[tokio::test]
async fn a_full_clone() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    assert_eq!(standing(&clone.open()).await, on_main());
    clone.git(["checkout", "--quiet", "--detach", "HEAD~1"]);
    assert_eq!(standing(&clone.open()).await, on_main(), "an ancestor");

    let off =
        |is_ahead| BranchStanding::Off { branch: "main".to_owned(), tip: clone.id("origin/main"), is_ahead };
    clone.git(["checkout", "--quiet", "main"]);
    clone.commit("not pushed");
    assert_eq!(standing(&clone.open()).await, off(true));
    clone.git(["checkout", "--quiet", "-b", "side", "HEAD~2"]);
    clone.commit("not pushed");
    let off = off(false);
    assert_eq!(standing(&clone.open()).await, off);
    clone.git(["push", "--quiet", "origin", "side"]);
    assert_eq!(standing(&clone.open()).await, off, "on another branch of the remote");
}

/// The remote moved on since the clone was made.
#[tokio::test]
async fn a_clone_that_is_out_of_date() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    bare.commit("main", Commit::new("newer").file("x", "y")).unwrap();
    let repository = clone.open();
    let BranchStanding::Undecided { branch, missing, .. } = standing(&repository).await else { panic!() };
    assert_eq!(branch, "main");
    assert_eq!(missing.to_string(), "the newest commits of origin/main are not in this clone");
    repository.fetch_branch("origin", "main").await.unwrap();
    assert_eq!(standing(&repository).await, on_main());

    // The remedy in words does the same.
    bare.commit("main", Commit::new("newest").file("x", "z")).unwrap();
    let BranchStanding::Undecided { missing, .. } = standing(&repository).await else { panic!() };
    follow(&clone, &missing.remedy());
    assert_eq!(standing(&repository).await, on_main());

    // A force-push takes the commit off the branch.
    let first = bare.resolve("main~4").unwrap();
    bare.set_reference("refs/heads/main", &first).unwrap();
    let off = BranchStanding::Off { branch: "main".to_owned(), tip: first.parse().unwrap(), is_ahead: true };
    assert_eq!(standing(&repository).await, off);
}

/// What `actions/checkout` makes.
#[tokio::test]
async fn a_shallow_clone() {
    for follow_in_words in [false, true] {
        let (_server, bare) = server();
        bare.git(["branch", "side", "main~2"]).unwrap();
        bare.commit("side", Commit::new("side").file("side", "1")).unwrap();
        let clone = Clone::of(&bare.file_url(), &["--depth=1"]);
        let repository = clone.open();
        assert!(repository.is_shallow().unwrap());
        assert_eq!(standing(&repository).await, on_main(), "the newest commit is on its branch");

        // The branch moved on: a fetch of what is new shows that HEAD is below it.
        bare.commit("main", Commit::new("newer").file("x", "y")).unwrap();
        assert!(matches!(standing(&repository).await, BranchStanding::Undecided { .. }));
        clone.git(["fetch", "--quiet", "--no-tags", "origin"]);
        assert!(repository.is_shallow().unwrap());
        assert_eq!(standing(&repository).await, on_main());

        // Another branch: with one commit of each it cannot be told.
        let clone = Clone::of(&bare.file_url(), &["--depth=1", "--no-single-branch", "--branch=side"]);
        let repository = clone.open();
        let BranchStanding::Undecided { missing, tip, .. } = standing(&repository).await else { panic!() };
        assert!(missing.is_shallow);
        assert_eq!(tip, clone.id("origin/main"));
        if follow_in_words {
            follow(&clone, &missing.remedy());
        } else {
            repository.fetch_branch("origin", "main").await.unwrap();
        }
        assert!(!repository.is_shallow().unwrap());
        assert_eq!(
            standing(&repository).await,
            BranchStanding::Off { branch: "main".to_owned(), tip, is_ahead: false }
        );
    }
}

#[tokio::test]
async fn a_default_branch_that_is_not_there() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let repository = clone.open();
    bare.git(["branch", "-m", "main", "trunk"]).unwrap();
    bare.set_head("main").unwrap();
    let listing = repository.list_remote("origin").await.unwrap();
    let error = repository.branch_standing(clone.id("HEAD"), &listing).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NoDefaultBranch);
    assert_eq!(error.to_string(), "the remote \"origin\" has no branch \"main\"");
    let error = repository.fetch_branch("origin", "main").await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NotFound, "{error:?}");
}
