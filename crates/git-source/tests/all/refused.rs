//! Servers that refuse, forget and mislead.

use std::net::Ipv4Addr;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind, Recorder, Rejection};
use git_source::{CommitSelectionStrategy, GitSource, GitSourceBuilder, ObservedRefs};
use warehouse_testkit::{Authority, Commit, Fault, GitServer, Reply, When};

use crate::support::{add, by_strategy, fails, find, ids, log, on_branch, rule, server_with};

const POST: &str = "/demo.git/git-upload-pack";
const HANDSHAKE: &str = "/demo.git/info/refs";

fn once() -> HttpClient {
    HttpClient::builder().attempts(1).build().unwrap()
}

fn packets(lines: &[&str]) -> Reply {
    let body: String = lines.iter().map(|line| format!("{:04x}{line}", line.len() + 4)).collect();
    Reply::status(200)
        .header("content-type", "application/x-git-upload-pack-result")
        .body(format!("{body}0000"))
}

#[tokio::test]
async fn a_filter_that_the_server_bars_is_given_up_and_remembered() {
    for (configuration, paths, first) in [
        (&[("uploadpackfilter.tree.allow", "false")][..], &[][..], 4),
        // As GitHub does: commits come without trees, and root trees and folders by their ids.
        (&[("uploadpackfilter.tree.maxDepth", "0")], &[], 3),
        (&[("uploadpackfilter.tree.maxDepth", "0")], &["folder"], 6),
        (&[("uploadpackfilter.allow", "false")], &[], 5),
        (&[("uploadpackfilter.allow", "false")], &["folder"], 5),
        (&[("uploadpackfilter.allow", "false"), ("uploadpackfilter.blob:none.allow", "true")], &[], 4),
    ] {
        for old in [false, true] {
            let builder = GitServer::builder();
            let server = if old { builder.old_protocol() } else { builder }.start().unwrap();
            let repository = server.create("demo.git").unwrap();
            add(&repository, "main", 30);
            for (key, value) in configuration {
                repository.git(["config", key, value]).unwrap();
            }
            let folder = tempfile::tempdir().unwrap();
            let source = || {
                GitSource::builder(repository.url())
                    .cache_dir(folder.path().to_owned())
                    .rule(rule(|rule| rule.include_paths(paths.iter().copied())))
                    .build()
                    .unwrap()
            };
            let found = find(&source()).await;
            assert_eq!(ids(&found), log(&repository, "main", 20), "{configuration:?}");
            let listing = u64::from(!old);
            // With the old protocol a path filter begins with the trees of all commits.
            let has_depth = configuration.iter().any(|(key, _)| key.ends_with("maxDepth"));
            let spared = if !old || paths.is_empty() {
                0
            } else if has_depth {
                3
            } else {
                1
            };
            let by_id = if has_depth && !old && !paths.is_empty() { 2 } else { 0 };
            assert_eq!(found.cost.requests, first - 1 + listing - spared, "{configuration:?}, old {old}");
            repository.commit("main", Commit::new("New").file("folder/new", "1")).unwrap();
            let again = find(&source()).await;
            assert_eq!(ids(&again), log(&repository, "main", 20), "{configuration:?}");
            assert_eq!(again.cost.requests, 2 + by_id, "{configuration:?}: it is remembered");
        }
    }
}

/// A server that fails at a filter and does not say why is asked once more, without one; then, where it fails at a depth, for whole histories.
#[tokio::test]
async fn a_filter_that_kills_the_server_is_given_up_and_remembered() {
    let empty = || Reply::status(200).header("content-type", "application/x-git-upload-pack-result");
    for reply in [empty(), Reply::status(400), Reply::status(403), Reply::status(500), Reply::status(501)] {
        for paths in [&[][..], &["folder"]] {
            // With a path filter, root trees are asked for with commits, and that is given up first.
            let steps: &[(u64, &str, u64)] = match paths {
                [] => &[(1, "none", 2), (2, "none whole", 2)],
                _ => &[(1, "tree:0 no-levels", 4), (2, "none no-levels", 2), (3, "none whole no-levels", 2)],
            };
            for (failures, remembered, requests) in steps {
                let (server, repository) = server_with(30);
                repository.commit("main", Commit::new("New").file("folder/new", "1")).unwrap();
                let folder = tempfile::tempdir().unwrap();
                let source = || {
                    GitSource::builder(repository.url())
                        .cache_dir(folder.path().to_owned())
                        .http(once())
                        .limit(1)
                        .rule(rule(|rule| rule.include_paths(paths.iter().copied())))
                        .build()
                        .unwrap()
                };
                // The first POST of each connection lists references.
                for nth in 0..*failures {
                    server.faults().add(When::post(POST).nth(2 + nth), reply.clone());
                }
                let found = find(&source()).await;
                assert_eq!(ids(&found), log(&repository, "main", 1), "{reply:?} {paths:?}");
                let lines = capabilities(folder.path());
                assert_eq!(lines, [*remembered], "{reply:?} {paths:?} {failures}");
                server.faults().clear();
                repository.commit("main", Commit::new("Newer").file("folder/new", "2")).unwrap();
                let again = find(&source()).await;
                assert_eq!(ids(&again), log(&repository, "main", 1), "{reply:?} {paths:?}");
                assert_eq!(again.cost.requests, *requests, "it is remembered");
            }
        }
        // One that always fails keeps its first error, and nothing is remembered.
        let (server, repository) = server_with(3);
        server.faults().add(When::post(POST).after(1), reply.clone());
        let folder = tempfile::tempdir().unwrap();
        let builder = GitSource::builder(repository.url()).cache_dir(folder.path().to_owned()).http(once());
        let error = fails(builder).await;
        assert!(error.status().is_some(), "{reply:?}: {error:?}");
        assert_eq!(capabilities(folder.path()), [""; 0]);
    }
}

/// What is remembered of servers below this folder.
fn capabilities(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(capabilities(&path));
        } else if path.file_name().is_some_and(|name| name == "filter") {
            found.extend(std::fs::read_to_string(path).unwrap().lines().nth(1).map(str::to_owned));
        }
    }
    found
}

#[tokio::test]
async fn the_message_of_the_server_stands_in_the_error() {
    let (server, repository) = server_with(3);
    for (nth, reply, kind, text) in [
        (1, packets(&["ERR quota exceeded\n"]), ErrorKind::Server, "quota exceeded"),
        (2, packets(&["ERR quota of SECRET exceeded"]), ErrorKind::Server, "quota of [redacted] exceeded"),
        (
            2,
            packets(&["packfile\n", "\u{3}fatal: quota exceeded\u{1b}[1m"]),
            ErrorKind::Server,
            "fatal: quota exceeded\\u{1b}[1m",
        ),
        (
            1,
            packets(&["ERR access denied or repository not exported: /b"]),
            ErrorKind::NotFound,
            "not exported: /b",
        ),
    ] {
        server.faults().clear();
        server.faults().add(When::post(POST).nth(nth), reply);
        let secret = Credential::password("me", "SECRET");
        let error = fails(GitSource::builder(repository.url()).http(once()).credentials(secret)).await;
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.message().contains(text), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }
}

/// An `ERR` packet is an answer. Only where it says that it may be another one in a moment is it asked for again.
#[tokio::test]
async fn a_refusal_is_asked_for_again_only_where_it_may_pass() {
    let (server, repository) = server_with(3);
    for (text, tries) in [
        ("quota exceeded", 1),
        ("this repository was blocked by its owner", 1),
        ("rate limit exceeded, try again in a moment", 4),
        ("the server is busy", 4),
    ] {
        server.faults().clear();
        server.faults().add(When::post(POST), packets(&[&format!("ERR {text}\n")]));
        server.log().clear();
        let http = HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(2));
        let error = fails(GitSource::builder(repository.url()).http(http.build().unwrap())).await;
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Server, tries > 1), "{error:?}");
        // A greeting, and each time the list of references.
        assert_eq!(server.log().counters().requests, 1 + tries, "{text}");
    }
}

#[tokio::test]
async fn a_branch_that_moves_between_two_requests_is_asked_for_once_more() {
    let (server, repository) = server_with(3);
    let gone = format!("{} refs/heads/main\n", "12".repeat(20));
    let source = || GitSource::builder(repository.url()).rule(on_branch("main")).http(once());
    server.faults().add(When::post(POST).nth(1), packets(&[&gone]));
    let found = find(&source().build().unwrap()).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert_eq!(found.cost.requests, 5);

    server.faults().clear();
    server.faults().add(When::post(POST).nth(1), packets(&[&gone]));
    server.faults().add(When::post(POST).nth(3), packets(&[&gone]));
    let error = fails(source()).await;
    assert!(error.message().contains("not our ref 1212"), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_branch_that_moves_is_asked_for_once_more_over_protocol_0_too() {
    let server = GitServer::builder().old_protocol().start().unwrap();
    let repository = server.create("demo.git").unwrap();
    add(&repository, "main", 3);
    let gone = "12".repeat(20);
    let line = |text: String| format!("{:04x}{text}", text.len() + 4);
    let able = "multi_ack_detailed no-done side-band-64k ofs-delta shallow no-progress filter allow-tip-sha1-in-want";
    let lines = [
        line("# service=git-upload-pack\n".to_owned()),
        "0000".to_owned(),
        line(format!("{gone} HEAD\0{able}\n")),
        line(format!("{gone} refs/heads/main\n")),
        line(format!("{gone} refs/tags/v1.0.0\n")),
        "0000".to_owned(),
    ];
    let handshake = || {
        Reply::status(200)
            .header("content-type", "application/x-git-upload-pack-advertisement")
            .body(lines.concat())
    };
    repository.git(["tag", "v1.0.0", "main"]).unwrap();
    for strategy in [CommitSelectionStrategy::NewestFromBranch, CommitSelectionStrategy::SemVer] {
        let source =
            || GitSource::builder(repository.url()).rule(by_strategy(strategy)).limit(1).http(once());
        server.faults().clear();
        server.faults().add(When::get(HANDSHAKE).nth(1), handshake());
        let found = find(&source().build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, "main", 1), "{strategy}");
        assert_eq!(found.cost.requests, 4, "{strategy}");

        server.faults().clear();
        server.faults().add(When::get(HANDSHAKE), handshake());
        let error = fails(source()).await;
        assert!(error.message().contains("not our ref 1212"), "{strategy}: {error}");
        assert!(error.is_transient(), "{strategy}");
    }
}

#[tokio::test]
async fn what_breaks_half_way_passes_and_is_tried_again() {
    let (server, repository) = server_with(30);
    for (when, fault) in [
        (When::get(HANDSHAKE).nth(1), Fault::Truncate { keep: 40 }),
        (When::post(POST).nth(1), Fault::ResetAfter { keep: 10 }),
        (When::post(POST).nth(2), Fault::Truncate { keep: 100 }),
    ] {
        server.faults().clear();
        server.faults().add(when.clone(), fault.clone());
        let error = fails(GitSource::builder(repository.url()).http(once())).await;
        assert!(error.is_transient(), "{error:?}");
        server.faults().clear();
        server.faults().add(when, fault);
        let found = find(&GitSource::builder(repository.url()).build().unwrap()).await;
        assert_eq!(ids(&found), log(&repository, "main", 20));
    }
}

#[tokio::test]
async fn a_login_page_is_called_one() {
    let (server, repository) = server_with(1);
    for status in [200, 203] {
        for when in [When::get(HANDSHAKE), When::post(POST)] {
            server.faults().clear();
            let page =
                Reply::status(status).header("content-type", "text/html; charset=utf-8").body("<html>");
            server.faults().add(when, page);
            let error =
                fails(GitSource::builder(repository.url()).credentials(Credential::password("me", "x")))
                    .await;
            assert_eq!(error.kind(), ErrorKind::BadAnswer);
            assert!(error.message().contains("login page"), "{error}");
            assert!(error.hint().unwrap().contains("check the credential"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_tag_as_the_branch_is_followed_with_a_warning() {
    let (_server, repository) = server_with(5);
    repository.git(["tag", "v1.0.0", "main~2"]).unwrap();
    repository
        .git(["-c", "user.name=T", "-c", "user.email=t@e.c", "tag", "-a", "-m", "x", "v2", "main~1"])
        .unwrap();
    for tag in ["v1.0.0", "v2"] {
        let source = GitSource::builder(repository.url()).rule(on_branch(tag)).build().unwrap();
        let recorder = artifact_source::Recorder::new();
        let found = source.discover(artifact_source::DiscoverRequest::new().with_trace(&recorder)).await;
        assert_eq!(ids(&found.unwrap().found().unwrap()), log(&repository, tag, 20));
        let warnings = recorder.warnings();
        assert!(
            matches!(&warnings[..], [one] if one.message.contains("not a branch but a tag")),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn tags_that_git_forbids_are_passed_over() {
    let (server, repository) = server_with(1);
    repository.git(["tag", "v1.0.0"]).unwrap();
    let id = repository.resolve("main").unwrap();
    let bad = [
        "../../x", "a\nb", "a\0b", "a\u{1b}b", "\u{7f}", "-x", "a..b", "a@{b", "a.lock", "a\\b", "a~b",
        "a^b", "a:b", "a?b", "a*b", "a[b", ".a", "a/.b", "a.", "a//b",
    ];
    let mut lines: Vec<String> = bad.iter().map(|name| format!("{id} refs/tags/{name}\n")).collect();
    lines.push(format!("{id} refs/tags/v1.0.0\n"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        server.faults().clear();
        server.faults().add(When::post(POST).nth(1), packets(&lines));
        let recorder = Recorder::new();
        let source =
            GitSource::builder(repository.url()).rule(by_strategy(strategy)).http(once()).build().unwrap();
        let found =
            source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap().found().unwrap();
        let names: Vec<_> = found.artifacts.iter().filter_map(|commit| commit.tag.as_deref()).collect();
        assert_eq!(names, ["v1.0.0"], "{strategy}");
        let why = Rejection::Unreadable { reason: "Git allows no tag of this name".into() };
        let judged = recorder.into_judgements();
        for name in bad {
            assert!(
                judged.iter().any(|one| one.name == name && one.rejection == Some(why.clone())),
                "{name:?}"
            );
        }
    }
}

#[tokio::test]
async fn names_that_gitoxide_cannot_read_cost_no_other_tag() {
    let (server, repository) = server_with(1);
    repository.git(["tag", "v1.0.0"]).unwrap();
    let id = repository.resolve("main").unwrap();
    let (forbidden, not_text) = ("Git allows no tag of this name", "the name of the tag is not UTF-8");
    let bad: [(&[u8], &str, &str); 9] = [
        (b"a b", "a b", forbidden),
        (b"a b c d e", "a b c d e", forbidden),
        (b"v9.0.0 peeled", "v9.0.0 peeled", forbidden),
        (b"v5.0.0\r", "v5.0.0\r", forbidden),
        (b"v6.0.0 ", "v6.0.0 ", forbidden),
        (b"v7.0.0\t", "v7.0.0\t", forbidden),
        (b"v8.0.0^{}", "v8.0.0^{}", forbidden),
        (b"", "refs/tags/", forbidden),
        (b"v9.0.0-\xff", "v9.0.0-\u{fffd}", not_text),
    ];
    let packet = |text: &[u8]| [format!("{:04x}", text.len() + 4).as_bytes(), text].concat();
    let line = |name: &[u8], end: &[u8]| packet(&[id.as_bytes(), b" refs/tags/", name, end].concat());
    let lines = |before: Vec<u8>| {
        let names = bad.iter().map(|(name, ..)| *name).chain([&b"v1.0.0"[..]]);
        [before, names.flat_map(|name| line(name, b"\n")).collect(), b"0000".to_vec()].concat()
    };
    let answer = |kind: &str, body: Vec<u8>| {
        Reply::status(200).header("content-type", format!("application/x-git-upload-pack-{kind}")).body(body)
    };
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        for protocol in [2, 0] {
            server.faults().clear();
            let reply = if protocol == 2 {
                server.faults().add(When::post(POST).nth(1), answer("result", lines(Vec::new())));
                None
            } else {
                let service = [&packet(b"# service=git-upload-pack\n")[..], b"0000"].concat();
                let can = b"\0multi_ack thin-pack side-band side-band-64k ofs-delta shallow no-progress \
                    include-tag multi_ack_detailed allow-tip-sha1-in-want filter agent=git/2.47.3\n";
                let first = packet(&[id.as_bytes(), b" HEAD", can].concat());
                Some(answer("advertisement", lines([service, first].concat())))
            };
            if let Some(reply) = reply {
                server.faults().add(When::get(HANDSHAKE), reply);
            }
            let recorder = Recorder::new();
            let source = GitSource::builder(repository.url())
                .rule(by_strategy(strategy))
                .http(once())
                .build()
                .unwrap();
            let found = source.discover(DiscoverRequest::new().with_trace(&recorder)).await;
            let found =
                found.unwrap_or_else(|error| panic!("{strategy} {protocol}: {error:?}")).found().unwrap();
            let names: Vec<_> = found.artifacts.iter().filter_map(|commit| commit.tag.as_deref()).collect();
            assert_eq!(names, ["v1.0.0"], "{strategy} {protocol}");
            let judged = recorder.into_judgements();
            for (_, shown, reason) in bad {
                let why = Rejection::Unreadable { reason: reason.into() };
                assert!(
                    judged.iter().any(|one| one.name == shown && one.rejection == Some(why.clone())),
                    "{strategy} {protocol}: {shown:?} in {judged:?}"
                );
            }
        }
    }
    // A line that is not a reference is an error that shows the line.
    server.faults().clear();
    server.faults().add(When::post(POST).nth(1), packets(&["12 refs/tags/v1.0.0\n"]));
    let error = fails(
        GitSource::builder(repository.url()).rule(by_strategy(CommitSelectionStrategy::SemVer)).http(once()),
    )
    .await;
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let shown = cause.unwrap_or_default();
    assert!(shown.contains("the line \"12 refs/tags/v1.0.0\" is not an object id"), "{shown}");
}

#[tokio::test]
async fn a_tag_on_the_parent_of_another_one_and_what_was_observed() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    for number in 0..4 {
        let folder = if number % 2 == 0 { "apps" } else { "docs" };
        repository.commit("main", Commit::new("x").file(format!("{folder}/x"), number.to_string())).unwrap();
    }
    repository.git(["tag", "v1.1.0", "main"]).unwrap();
    repository.git(["tag", "v1.0.0", "main~1"]).unwrap();
    for strategy in [
        CommitSelectionStrategy::SemVer,
        CommitSelectionStrategy::Lexical,
        CommitSelectionStrategy::NewestTag,
    ] {
        let source = GitSource::builder(repository.url())
            .rule(rule(|rule| rule.strategy(strategy).include_paths(["apps"])))
            .limit(1)
            .build()
            .unwrap();
        let found = find(&source).await;
        assert_eq!(found.artifacts[0].tag.as_deref(), Some("v1.0.0"), "{strategy}");
        let id = |name: &str| (name.to_owned(), repository.resolve(name).unwrap());
        let refs = ObservedRefs::of(&found.observation.unwrap()).unwrap();
        assert_eq!(refs, ObservedRefs::Tags(vec![id("v1.0.0"), id("v1.1.0")]), "{strategy}");
    }
    let found = find(&GitSource::builder(repository.url()).build().unwrap()).await;
    let head = ObservedRefs::BranchHead(repository.resolve("main").unwrap());
    assert_eq!(ObservedRefs::of(&found.observation.unwrap()), Some(head));
}

#[tokio::test]
async fn a_tag_without_a_tagger_has_no_date() {
    let (_server, repository) = server_with(1);
    let object =
        format!("object {}\ntype commit\ntag v1.0.0\n\nRelease\n", repository.resolve("main").unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tag"), object).unwrap();
    let file = folder.path().join("tag");
    let id = repository.git(["hash-object", "-t", "tag", "-w", file.to_str().unwrap()]).unwrap();
    repository.set_reference("refs/tags/v1.0.0", &id).unwrap();
    repository.git(["tag", "v0.9.0", "main"]).unwrap();
    let source = GitSource::builder(repository.url())
        .rule(by_strategy(CommitSelectionStrategy::NewestTag))
        .build()
        .unwrap();
    let found = find(&source).await;
    let listed: Vec<_> =
        found.artifacts.iter().map(|commit| (commit.tag.as_deref(), commit.creator_date.is_some())).collect();
    assert_eq!(listed, [(Some("v0.9.0"), true), (Some("v1.0.0"), false)]);
}

/// 127.0.0.1 stands for a public address, and 127.0.0.2 for a private one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_redirect_keeps_its_rules_for_every_request_that_follows() {
    let authority = Authority::new().unwrap();
    for tls in [false, true] {
        let at = |builder: warehouse_testkit::GitServerBuilder, name: &str| match tls {
            true => builder.tls(authority.certificate([name]).unwrap()),
            false => builder,
        };
        let outside = at(GitServer::builder(), "git.example.com").start().unwrap();
        let other = at(GitServer::builder(), "other.example.com").start().unwrap();
        let inside = at(GitServer::builder().address(Ipv4Addr::new(127, 0, 0, 2)), "inside.example.com")
            .start()
            .unwrap();
        for server in [&outside, &other, &inside] {
            add(&server.create("demo.git").unwrap(), "main", 1);
        }
        let scheme = if tls { "https" } else { "http" };
        let url = |server: &GitServer, name: &str| {
            format!("{scheme}://{name}:{}/demo.git", server.address().port())
        };
        let source = |names: &[(&str, [u8; 4])]| -> GitSourceBuilder {
            let mut http = HttpClient::builder()
                .attempts(1)
                .add_root_certificate_pem(authority.pem())
                .count_as_public([127, 0, 0, 1].into(), 32);
            for (name, address) in names {
                http = http.resolve(name, [(*address).into()]);
            }
            GitSource::builder(url(&outside, "git.example.com"))
                .http(http.build().unwrap())
                .credentials(Credential::password("me", "SECRET"))
                .allow_plain_credential(true)
        };
        let names = [
            ("git.example.com", [127, 0, 0, 1]),
            ("other.example.com", [127, 0, 0, 1]),
            ("inside.example.com", [127, 0, 0, 2]),
        ];
        let lead = |to: String| {
            outside.faults().clear();
            let to = format!("{to}/info/refs?service=git-upload-pack");
            outside.faults().add(When::get(HANDSHAKE), Fault::redirect(to));
        };
        lead(url(&other, "other.example.com"));
        find(&source(&names).build().unwrap()).await;
        assert_eq!(other.log().all().len(), 3);
        assert!(other.log().all().iter().all(|request| request.header("authorization").is_none()));

        // What the target asks for is never answered with the credential, and the remedy works.
        for when in [When::get(HANDSHAKE), When::post(POST)] {
            other.log().clear();
            other.faults().clear();
            let refusal = Reply::status(401).header("www-authenticate", "Basic realm=\"x\"");
            other.faults().add(when, refusal);
            let error = fails(source(&names)).await;
            assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error:?}");
            assert!(error.hint().unwrap().contains("gets no credential that was given for"), "{error:?}");
            assert!(other.log().all().iter().all(|request| request.header("authorization").is_none()));
        }

        lead(url(&inside, "inside.example.com"));
        let error = fails(source(&names)).await;
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert!(inside.log().all().is_empty());
    }
}

/// A name may have a public and a private address, where a server listens on the same port.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_follows_a_redirect_goes_to_public_addresses_only_like_the_redirect_itself() {
    let outside = GitServer::start().unwrap();
    let other = GitServer::start().unwrap();
    for server in [&outside, &other] {
        add(&server.create("demo.git").unwrap(), "main", 3);
    }
    let port = other.address().port();
    let inside = std::net::TcpListener::bind(("127.0.0.2", port)).unwrap();
    inside.set_nonblocking(true).unwrap();
    let to = format!("http://other.example.com:{port}/demo.git/info/refs?service=git-upload-pack");
    outside.faults().add(When::get(HANDSHAKE), Fault::redirect(to));
    let http = HttpClient::builder()
        .attempts(1)
        .count_as_public([127, 0, 0, 1].into(), 32)
        .resolve("git.example.com", [[127, 0, 0, 1].into()])
        .resolve("other.example.com", [[127, 0, 0, 2].into(), [127, 0, 0, 1].into()])
        .stall_timeout(std::time::Duration::from_secs(5))
        .build()
        .unwrap();
    let url = format!("http://git.example.com:{}/demo.git", outside.address().port());
    let source = GitSource::builder(url).http(http).build().unwrap();
    let found = source.discover(DiscoverRequest::new()).await;
    let connection = inside.accept().map(|(_, from)| from);
    assert!(connection.is_err(), "the server inside was connected to: {found:?}");
    assert_eq!(found.unwrap().found().unwrap().artifacts.len(), 3);
    assert_eq!(other.log().all().len(), 3);
}
