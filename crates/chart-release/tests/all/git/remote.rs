//! Remotes: their names, and what they list.

use std::time::Duration;

use chart_release::git::{GitErrorKind, TagName, TagStanding};
use warehouse_testkit::peer::{available, find};
use warehouse_testkit::{Fault, GitServer, When};

use super::Clone;
use super::clone::{serve, server};

#[test]
fn which_remote() {
    let clone = Clone::with_charts();
    let error = clone.open().remote_name(None).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (GitErrorKind::NoRemote, "the repository has no remote")
    );
    assert_eq!(error.hint(), Some("add it with: git remote add origin URL"));

    clone.git(["remote", "add", "upstream", "https://example.com/a.git"]);
    assert_eq!(clone.open().remote_name(None).unwrap(), "upstream");
    clone.git(["remote", "add", "fork", "https://example.com/b.git"]);
    let error = clone.open().remote_name(None).unwrap_err();
    assert_eq!(error.hint(), Some("name one; the remotes are: fork, upstream"));
    assert_eq!(clone.open().remote_name(Some("fork")).unwrap(), "fork");
    clone.git(["remote", "add", "origin", "https://example.com/c.git"]);
    assert_eq!(clone.open().remote_name(None).unwrap(), "origin");
    let error = clone.open().remote_name(Some("https://me:hunter2@example.com/a.git")).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NoRemote);
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

/// The same over `http`, from a bare repository on disk, and over `ssh`.
#[tokio::test]
async fn what_a_remote_lists() {
    let (server, bare) = server();
    let id = |revision: &str| bare.resolve(revision).unwrap().parse().unwrap();
    bare.git(["tag", "a-1.0.0", "main~1"]).unwrap();
    let annotate = ["-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "-m", "x", "b-1.0.0", "main~2"];
    bare.git(annotate).unwrap();
    bare.git(["tag", "x/c-1.0.0", "main"]).unwrap();
    bare.git(["branch", "side", "main~1"]).unwrap();
    let clone = Clone::of(bare.url(), &["--no-tags"]);

    let ssh = clone.write("ssh.sh", "while [ \"$1\" != me@host ]; do shift; done; exec sh -c \"$2\"\n");
    clone.git(["config", "core.sshCommand", &format!("sh {}", ssh.display())]);
    clone.git(["config", "ssh.variant", "ssh"]);
    for url in [bare.url().to_owned(), bare.file_url(), format!("ssh://me@host{}", bare.path().display())] {
        clone.git(["remote", "set-url", "origin", &url]);
        let repository = clone.open();
        server.log().clear();
        let listing = repository.list_remote("origin").await.unwrap();
        if url.starts_with("http") {
            assert_eq!(server.log().counters().requests, 2, "what is offered, and the list");
        }
        assert_eq!(listing.default_branch.as_deref(), Some("main"), "{url}");
        assert_eq!(
            listing.branches,
            [("main".to_owned(), id("main")), ("side".to_owned(), id("main~1"))].into()
        );
        let tags = [("a-1.0.0", "main~1"), ("b-1.0.0", "main~2"), ("x/c-1.0.0", "main")];
        assert_eq!(listing.tags, tags.map(|(tag, revision)| (tag.to_owned(), id(revision))).into(), "{url}");
        assert_eq!(repository.tags().unwrap().len(), 0, "nothing was fetched");

        for (chart, commit, expected) in [
            ("a", "main~1", TagStanding::RemoteOnly),
            ("b", "main~2", TagStanding::RemoteOnly),
            ("c", "main", TagStanding::Absent),
            ("a", "main", TagStanding::Elsewhere { here: None, remote: Some(id("main~1")) }),
        ] {
            let tag = TagName::of_chart(chart, "1.0.0").unwrap();
            assert_eq!(
                repository.tag_standing(&tag, id(commit), Some(&listing)).unwrap(),
                expected,
                "{chart}"
            );
        }
    }
}

#[tokio::test]
async fn where_a_tag_stands() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let (head, other) = (clone.id("HEAD"), clone.id("HEAD~1"));
    let tag = TagName::of_chart("a", "1.0.0").unwrap();
    let place = [None, Some(head), Some(other)];
    for here in place {
        for remote in place {
            let _ = std::process::Command::new("git")
                .current_dir(clone.path())
                .args(["tag", "-d", "a-1.0.0"])
                .output();
            let _ = bare.git(["tag", "-d", "a-1.0.0"]);
            here.map(|id| clone.git(["tag", "a-1.0.0", &id.to_string()]));
            remote.map(|id| bare.git(["tag", "a-1.0.0", &id.to_string()]).unwrap());
            let repository = clone.open();
            let listing = repository.list_remote("origin").await.unwrap();
            let expected = match (here, remote) {
                (None, None) => TagStanding::Absent,
                (Some(id), None) if id == head => TagStanding::HereOnly,
                (None, Some(id)) if id == head => TagStanding::RemoteOnly,
                (Some(one), Some(two)) if one == head && two == head => TagStanding::Both,
                _ => TagStanding::Elsewhere { here, remote },
            };
            assert_eq!(
                repository.tag_standing(&tag, head, Some(&listing)).unwrap(),
                expected,
                "{here:?} {remote:?}"
            );
        }
    }
    let standing = TagStanding::Elsewhere { here: None, remote: Some(head) };
    let json = serde_json::to_value(&standing).unwrap();
    assert_eq!(json, serde_json::json!({"standing": "elsewhere", "here": null, "remote": head.to_string()}));
}

#[tokio::test]
async fn the_default_branch() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let repository = clone.open();
    assert_eq!(repository.recorded_default_branch("origin").unwrap().as_deref(), Some("main"));

    // The remote has the last word.
    bare.git(["branch", "trunk", "main"]).unwrap();
    bare.set_head("trunk").unwrap();
    let listing = repository.list_remote("origin").await.unwrap();
    assert_eq!(repository.default_branch(&listing).unwrap(), "trunk");

    // If it does not say, what was recorded; and if nothing was, the remedy records it.
    bare.git(["update-ref", "--no-deref", "HEAD", "main"]).unwrap();
    let listing = repository.list_remote("origin").await.unwrap();
    assert_eq!(listing.default_branch, None);
    assert_eq!(repository.default_branch(&listing).unwrap(), "main");
    clone.git(["remote", "set-head", "origin", "--delete"]);
    let error = repository.default_branch(&listing).unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::NoDefaultBranch);
    assert_eq!(error.hint(), Some("record it: git remote set-head origin BRANCH"));
    clone.git(["remote", "set-head", "origin", "main"]);
    assert_eq!(repository.default_branch(&listing).unwrap(), "main");

    let empty = GitServer::start().unwrap();
    let bare = empty.create("empty.git").unwrap();
    clone.git(["remote", "set-url", "origin", bare.url()]);
    let listing = clone.open().list_remote("origin").await.unwrap();
    assert_eq!((listing.branches.len(), listing.tags.len()), (0, 0));
}

#[tokio::test]
async fn what_can_go_wrong() {
    let (server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = clone.path().join("nowhere").display().to_string();
    let has_ssh = available(find("ssh")).is_some();
    for (url, kind) in [
        (format!("ssh://me@{refused}/a.git"), GitErrorKind::Unreachable),
        (format!("{}/nowhere.git", server.url()), GitErrorKind::NotFound),
        (format!("file://{folder}"), GitErrorKind::NotFound),
        (format!("http://me:hunter2@{refused}/a.git"), GitErrorKind::Unreachable),
        ("http://me:hunter2@nowhere.invalid/a.git".to_owned(), GitErrorKind::Unreachable),
    ] {
        if url.starts_with("ssh") && !has_ssh {
            continue;
        }
        clone.git(["remote", "set-url", "origin", &url]);
        let error = clone.open().list_remote("origin").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error:?}");
        assert!(error.to_string().starts_with("the remote \"origin\" cannot be listed: "), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    clone.git(["remote", "set-url", "origin", bare.url()]);
    for (fault, kind) in [
        (Fault::status(403), GitErrorKind::Forbidden),
        (Fault::status(500), GitErrorKind::Unreachable),
        (Fault::Truncate { keep: 10 }, GitErrorKind::BadAnswer),
        (Fault::login_page(), GitErrorKind::NotFound),
    ] {
        server.faults().clear();
        server.faults().add(When::get("/charts.git/info/refs"), fault.clone());
        let error = clone.open().list_remote("origin").await.unwrap_err();
        assert!(error.kind() == kind || error.kind() == GitErrorKind::Unreachable, "{fault:?}: {error:?}");
    }
}

#[tokio::test]
async fn credentials_are_those_of_git() {
    let (_server, bare) = serve(GitServer::builder().basic("me", "SECRET"));
    let clone = Clone::with_charts();
    clone.git(["remote", "add", "origin", bare.url()]);
    clone.git(["config", "credential.helper", ""]);
    let error = clone.open().list_remote("origin").await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Unauthorized, "{error:?}");
    assert!(error.to_string().contains("Git has none"), "{error}");

    clone.git(["config", "credential.helper", "!f() { echo username=me; echo password=WRONG; }; f"]);
    let error = clone.open().list_remote("origin").await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Unauthorized, "{error:?}");
    assert!(!format!("{error:?}").contains("WRONG"), "{error:?}");

    clone.git(["config", "credential.helper", "!f() { echo username=me; echo password=SECRET; }; f"]);
    assert_eq!(clone.open().list_remote("origin").await.unwrap().branches.len(), 1);
}

#[tokio::test]
async fn without_git() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let repository = clone.open().with_program("git-that-is-not-installed");
    let error = repository.list_remote("origin").await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::ProgramMissing);
    assert_eq!(error.to_string(), "the program git-that-is-not-installed could not be started");
    assert!(error.hint().unwrap().starts_with("install git"), "{error:?}");
    // What needs no remote needs no git.
    assert!(repository.work_tree_status("charts").unwrap().is_clean());
}

#[tokio::test]
async fn a_remote_that_falls_silent() {
    let (server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    server.faults().add(When::get("/charts.git/info/refs"), Fault::Stall);
    let repository = clone.open().with_time_limit(Duration::from_millis(300));
    let error = repository.list_remote("origin").await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::TimedOut);
    assert_eq!(error.to_string(), "the remote \"origin\" cannot be listed: not finished within 0.3 s");
}

/// Tags are read where they are pushed; branches where they are fetched. The URL is no argument of a process.
#[tokio::test]
async fn a_remote_that_is_pushed_to_elsewhere() {
    let (_server, bare) = server();
    let second = GitServer::start().unwrap();
    let other = second.create("charts.git").unwrap();
    let clone = Clone::of(bare.url(), &[]);
    bare.git(["tag", "a-1.0.0", "main"]).unwrap();
    clone.git(["config", "remote.origin.pushurl", other.url()]);
    let tag = TagName::new("a-1.0.0").unwrap();
    let repository = clone.open();
    let listing = repository.list_remote("origin").await.unwrap();
    assert_eq!(listing.tag(&tag), None, "it is not where tags are pushed");
    assert_eq!(listing.default_branch.as_deref(), Some("main"));
    let commit = repository.head_commit().unwrap();
    repository.create_tag(&tag, commit, &chart_release::git::TagKind::Light).unwrap();
    repository.push_tags("origin", std::slice::from_ref(&tag)).await.unwrap();
    assert_eq!(other.git(["tag", "--list"]).unwrap().trim(), "a-1.0.0");
    assert_eq!(repository.list_remote("origin").await.unwrap().tag(&tag), Some(commit));
}
