//! Tags are pushed: all or none, never moved, and again after any failure.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use chart_release::git::{CommitId, GitErrorKind, GitRepository, TagKind, TagName, TagStanding};
use warehouse_testkit::{Fault, GitRepository as Bare, GitServer, When};

use super::Clone;
use super::clone::{serve, server};

fn names(names: &[&str]) -> Vec<TagName> {
    names.iter().map(|name| TagName::new(*name).unwrap()).collect()
}

/// Creates these tags at `HEAD`.
fn create(repository: &GitRepository, tags: &[TagName]) -> CommitId {
    let head = repository.head_commit().unwrap();
    for tag in tags {
        repository.create_tag(tag, head, &TagKind::Light).unwrap();
    }
    head
}

/// The tags of the remote, as it shows them itself.
fn at(bare: &Bare) -> String {
    bare.git(["tag", "--list"]).unwrap().replace('\n', " ")
}

fn hook(bare: &Bare, name: &str, script: &str) {
    let path = bare.path().join("hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn over_every_transport_and_twice() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let ssh = clone.write(".git/ssh.sh", "while [ \"$1\" != me@host ]; do shift; done; exec sh -c \"$2\"\n");
    clone.git(["config", "core.sshCommand", &format!("sh {}", ssh.display())]);
    clone.git(["config", "ssh.variant", "ssh"]);
    // Neither is followed: only what is asked for is pushed.
    clone.git(["config", "push.followTags", "true"]);
    clone.git(["tag", "-a", "-m", "x", "other"]);
    for (number, url) in
        [bare.url().to_owned(), bare.file_url(), format!("ssh://me@host{}", bare.path().display())]
            .iter()
            .enumerate()
    {
        clone.git(["remote", "set-url", "origin", url]);
        let repository = clone.open();
        let tags = names(&[&format!("a-1.0.{number}"), &format!("b-1.0.{number}+x")]);
        let head = create(&repository, &tags);
        let report = repository.push_tags("origin", &tags).await.unwrap();
        assert_eq!(
            (&report.created, report.already_there.len(), report.is_atomic),
            (&tags, 0, true),
            "{url}"
        );
        assert_eq!(bare.resolve(tags[0].as_str()).unwrap(), head.to_string());

        let report = repository.push_tags("origin", &tags).await.unwrap();
        assert_eq!((report.created.len(), &report.already_there), (0, &tags), "{url}");
        let listing = repository.list_remote("origin").await.unwrap();
        assert_eq!(repository.tag_standing(&tags[1], head, Some(&listing)).unwrap(), TagStanding::Both);
    }
    assert_eq!(at(&bare), "a-1.0.0 a-1.0.1 a-1.0.2 b-1.0.0+x b-1.0.1+x b-1.0.2+x");
    let error = clone.open().push_tags("origin", &names(&["nowhere-1"])).await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::UnknownRevision);
    assert_eq!(clone.open().push_tags("origin", &[]).await.unwrap().created, []);
}

#[tokio::test]
async fn a_tag_that_stands_on_another_commit() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    bare.git(["tag", "b-1.0.0", "main~1"]).unwrap();
    let elsewhere: CommitId = bare.resolve("main~1").unwrap().parse().unwrap();
    let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0"]));
    let head = create(&repository, &tags);
    let error = repository.push_tags("origin", &tags).await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::TagElsewhere);
    assert_eq!(
        error.to_string(),
        format!("the tag \"b-1.0.0\" stands on {elsewhere} at the remote \"origin\", not on {head}")
    );
    let refused: Vec<_> = error.refused().iter().map(|tag| (tag.name.as_str(), tag.stands_on)).collect();
    assert_eq!(refused, [("b-1.0.0", Some(elsewhere))]);
    assert_eq!(at(&bare), "b-1.0.0", "nothing was pushed");
    assert_eq!(bare.resolve("b-1.0.0").unwrap(), elsewhere.to_string(), "it was not moved");
}

#[tokio::test]
async fn an_annotated_tag_on_the_same_commit_is_done_already() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &["--no-tags"]);
    bare.git(["-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "-m", "x", "b-1.0.0", "main"]).unwrap();
    let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0"]));
    create(&repository, &tags);
    let report = repository.push_tags("origin", &tags).await.unwrap();
    assert_eq!((report.created, report.already_there), (names(&["a-1.0.0"]), names(&["b-1.0.0"])));
    assert_eq!(bare.git(["cat-file", "-t", "b-1.0.0"]).unwrap(), "tag");
}

#[tokio::test]
async fn a_hook_that_refuses() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0", "c-1.0.0"]));
    create(&repository, &tags);

    hook(&bare, "pre-receive", "echo 'no release on a Friday' >&2; printf '\\033[31m' >&2; exit 1");
    let error = repository.push_tags("origin", &tags).await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Rejected, "{error:?}");
    assert_eq!(error.refused().len(), 3);
    let shown = error.to_string();
    assert!(
        shown.contains(
            "refuses the tag \"a-1.0.0\" and 2 more: pre-receive hook declined: no release on a Friday"
        ),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));

    // A protected tag: the others are not refused for their own sake, and none is there.
    std::fs::remove_file(bare.path().join("hooks/pre-receive")).unwrap();
    hook(&bare, "update", "case $1 in refs/tags/b-*) echo 'protected tag' >&2; exit 1;; esac");
    let error = repository.push_tags("origin", &tags).await.unwrap_err();
    assert_eq!(error.kind(), GitErrorKind::Rejected, "{error:?}");
    assert_eq!(error.refused().iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["b-1.0.0"]);
    assert!(
        error.to_string().ends_with("refuses the tag \"b-1.0.0\": hook declined: protected tag"),
        "{error}"
    );
    assert_eq!(at(&bare), "");

    std::fs::remove_file(bare.path().join("hooks/update")).unwrap();
    assert_eq!(repository.push_tags("origin", &tags).await.unwrap().created, tags);
}

#[tokio::test]
async fn a_server_that_knows_no_atomic_push() {
    let (_server, bare) = server();
    bare.git(["config", "receive.advertiseAtomic", "false"]).unwrap();
    let clone = Clone::of(bare.url(), &[]);
    let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0", "c-1.0.0"]));
    create(&repository, &tags);
    hook(&bare, "update", "case $1 in refs/tags/b-*) exit 1;; esac");
    let error = repository.push_tags("origin", &tags).await.unwrap_err();
    assert_eq!(error.refused().iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["b-1.0.0"]);
    assert_eq!(at(&bare), "a-1.0.0 c-1.0.0");

    std::fs::remove_file(bare.path().join("hooks/update")).unwrap();
    let report = repository.push_tags("origin", &tags).await.unwrap();
    assert!(!report.is_atomic);
    assert_eq!((report.created, report.already_there), (names(&["b-1.0.0"]), names(&["a-1.0.0", "c-1.0.0"])));
}

#[tokio::test]
async fn a_pre_push_hook_of_the_repository() {
    let (_server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let hook = clone.write(".git/hooks/pre-push", "#!/bin/sh\necho 'not from here' >&2\nexit 1\n");
    #[cfg(unix)]
    std::fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (repository, tags) = (clone.open(), names(&["a-1.0.0"]));
    create(&repository, &tags);
    let error = repository.push_tags("origin", &tags).await.unwrap_err();
    assert_eq!(error.to_string(), "the tags cannot be pushed to \"origin\": git failed (not from here)");
}

#[tokio::test]
async fn an_account_that_may_not_push() {
    let (server, bare) = serve(GitServer::builder());
    let clone = Clone::of(bare.url(), &[]);
    let (repository, tags) = (clone.open(), names(&["a-1.0.0"]));
    create(&repository, &tags);
    for (status, kind) in
        [(403, GitErrorKind::Forbidden), (401, GitErrorKind::Unauthorized), (500, GitErrorKind::Unreachable)]
    {
        server.faults().clear();
        server.faults().add(When::path("/charts.git/info/refs"), Fault::status(status));
        let error = repository.push_tags("origin", &tags).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.hint().is_some());
    }
}

/// The wire is cut before the push arrives, and after it arrived; run again, it ends well.
#[tokio::test]
async fn a_connection_that_breaks() {
    for (fault, has_arrived) in [
        (Fault::Reset, false),
        (Fault::Close, false),
        (Fault::Truncate { keep: 7 }, true),
        (Fault::ResetAfter { keep: 0 }, true),
    ] {
        let (server, bare) = server();
        let clone = Clone::of(bare.url(), &[]);
        let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0"]));
        create(&repository, &tags);
        // curl tries again by itself on a connection that it used before.
        server.faults().add(When::post("/charts.git/git-receive-pack"), fault.clone());
        let error = repository.push_tags("origin", &tags).await.unwrap_err();
        assert_eq!(error.kind(), GitErrorKind::Unreachable, "{fault:?}: {error:?}");

        server.faults().clear();
        let report = repository.push_tags("origin", &tags).await.unwrap();
        let (created, already_there) =
            if has_arrived { (vec![], tags.clone()) } else { (tags.clone(), vec![]) };
        assert_eq!((report.created, report.already_there), (created, already_there), "{fault:?}");
        assert_eq!(at(&bare), "a-1.0.0 b-1.0.0", "{fault:?}");
    }
}

/// The processes that have this text in their arguments.
#[cfg(target_os = "linux")]
fn processes_with(text: &str) -> usize {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = folders.filter_map(|folder| std::fs::read(folder.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_push_that_is_given_up_leaves_no_process() {
    let (server, bare) = server();
    let clone = Clone::of(bare.url(), &[]);
    let (repository, tags) = (clone.open(), names(&["a-1.0.0"]));
    create(&repository, &tags);
    server.faults().add(When::post("/charts.git/git-receive-pack").nth(1), Fault::Stall);
    let pushing = tokio::spawn({
        let (repository, tags) = (repository.clone(), tags.clone());
        async move { repository.push_tags("origin", &tags).await }
    });
    while server.faults().injected() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let url = bare.url();
    assert!(processes_with(url) > 0, "git-remote-http has the URL as an argument");
    pushing.abort();
    assert!(pushing.await.unwrap_err().is_cancelled());
    while processes_with(url) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(repository.push_tags("origin", &tags).await.unwrap().created, tags);
}

#[tokio::test]
async fn two_at_once() {
    let (_server, bare) = server();
    let (one, two) = (Clone::of(bare.url(), &[]), Clone::of(bare.url(), &[]));
    let tags = names(&["a-1.0.0", "b-1.0.0", "c-1.0.0"]);
    for clone in [&one, &two] {
        create(&clone.open(), &tags);
    }
    let (one, two) = (one.open(), two.open());
    let (one, two) = tokio::join!(one.push_tags("origin", &tags), two.push_tags("origin", &tags));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.created.len() + two.created.len(), 3, "each was created once: {one:?} {two:?}");
    assert_eq!(at(&bare), "a-1.0.0 b-1.0.0 c-1.0.0");
}

const CHILD: &str = "CHART_RELEASE_TEST_CHILD";

/// Not a test of its own: the process that [`killed_at_any_step`] kills. It says each step, and waits at the one where it shall be killed.
#[tokio::test]
async fn a_release_of_tags() {
    let Ok(arguments) = std::env::var(CHILD) else { return };
    let (folder, stop) = arguments.rsplit_once(' ').unwrap();
    let step = async |name: &str| {
        if name == stop {
            println!("\nstep: {name}");
            std::future::pending::<()>().await;
        }
    };
    let repository = GitRepository::discover(folder).unwrap();
    let tags = names(&["a-1.0.0", "b-1.0.0"]);
    let head = repository.head_commit().unwrap();
    repository.create_tag(&tags[0], head, &TagKind::Light).unwrap();
    step("one-created").await;
    repository.create_tag(&tags[1], head, &TagKind::Light).unwrap();
    step("all-created").await;
    println!("\nstep: pushing");
    repository.push_tags("origin", &tags).await.unwrap();
    step("pushed").await;
}

/// `kill -9` between any two steps, and within the push before and after it arrived: the same again ends well.
#[tokio::test]
async fn killed_at_any_step() {
    for stop in ["one-created", "all-created", "pushing", "answering", "pushed"] {
        let (server, bare) = server();
        let clone = Clone::of(bare.url(), &[]);
        match stop {
            "pushing" => server.faults().add(When::post("/charts.git/git-receive-pack").nth(1), Fault::Stall),
            "answering" => {
                server
                    .faults()
                    .add(When::post("/charts.git/git-receive-pack").nth(1), Fault::StallAfter { keep: 3 });
            }
            _ => {}
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "git::push::a_release_of_tags", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{} {stop}", clone.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let expected = if stop == "answering" { "step: pushing".to_owned() } else { format!("step: {stop}") };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.into_iter().any(|line| line == expected), "{stop}");
        while matches!(stop, "pushing" | "answering") && server.faults().injected() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();

        let (repository, tags) = (clone.open(), names(&["a-1.0.0", "b-1.0.0"]));
        let head = create(&repository, &tags);
        let report = repository.push_tags("origin", &tags).await.unwrap();
        assert_eq!(report.created.len() + report.already_there.len(), 2, "{stop}");
        assert_eq!(at(&bare), "a-1.0.0 b-1.0.0", "{stop}");
        assert_eq!(bare.resolve("b-1.0.0").unwrap(), head.to_string(), "{stop}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_pre_push_hook_that_forbids_it_has_a_remedy() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_server, bare) = super::clone::server();
    let clone = Clone::of(bare.url(), &[]);
    let repository = clone.open();
    let hook = repository.root().join(".git/hooks/pre-push");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'run the tests first' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let tag = TagName::new("a-1.0.0").unwrap();
    repository.create_tag(&tag, repository.head_commit().unwrap(), &TagKind::Light).unwrap();
    let error = repository.push_tags("origin", &[tag]).await.unwrap_err();
    assert!(error.to_string().contains("run the tests first"), "{error}");
    assert!(error.hint().unwrap().contains("`pre-push` hook"), "{error:?}");
}
