//! Helpers that hang, and what is left of them.

use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use artifact_http::{CredentialRequest, CredentialSource};
use artifact_source::{ErrorKind, SourceKind};
use futures::future::{Either, select};
use warehouse_testkit::is_running;

use crate::helpers::{Helpers, knows};
use crate::setup::{look_up, wait};

const TEXT: &str = r#"{"credsStore": "it"}"#;
/// Starts a process of its own, as scripts around other programs do, and waits for it for ever.
const HANGS: &str =
    "sleep 1000 & echo $! > child.new; mv child.new child; echo $$ > parent.new; mv parent.new parent; wait";

/// Waits for a while until the condition holds.
async fn soon(condition: impl Fn() -> bool) -> bool {
    for _ in 0..1000 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// The ids of the helper and of the process that it started.
fn family(helpers: &Helpers) -> [String; 2] {
    ["parent", "child"].map(|name| helpers.read(name).unwrap().trim().to_owned())
}

#[test]
fn a_helper_that_hangs_is_killed_at_the_deadline_with_all_it_started() {
    let helpers = Helpers::new().with("it", HANGS);
    let config = helpers.config(TEXT).helper_deadline(Duration::from_secs(2));
    wait(async {
        let error = look_up(&config, &SourceKind::Image, "ghcr.io/a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "docker-credential-it gave no answer for ghcr.io within 2 s");
        let [parent, child] = family(&helpers);
        assert!(!is_running(&parent), "whoever is told of the deadline finds the process gone");
        assert!(soon(|| !is_running(&child)).await);
        // Whoever asks again is told at once.
        assert!(look_up(&config, &SourceKind::Image, "ghcr.io/a").await.is_err());
    });
    assert_eq!(helpers.starts(), 1);
}

#[test]
fn what_a_helper_leaves_behind_is_not_waited_for() {
    // The sleeping process has all of the helper's pipes open.
    let behind = "sleep 1000 & echo $! > child";
    let failed = "docker-credential-it failed for ghcr.io (exit status: 3); what it wrote is not shown";
    for (script, expected) in [
        (format!("{}; {behind}", knows("me", "p")), "me:p of docker-credential-it for ghcr.io"),
        (format!("{behind}; {}", knows("me", "p")), "me:p of docker-credential-it for ghcr.io"),
        (format!("{behind}; echo 'credentials not found in native keychain'; exit 1"), "nothing"),
        (format!("{behind}; echo x >&2; exit 3"), failed),
    ] {
        let helpers = Helpers::new().with("it", &script);
        let config = helpers.config(TEXT);
        let asked = look_up(&config, &SourceKind::Image, "ghcr.io/a");
        let found = wait(asked).unwrap_or_else(|error| error.to_string());
        assert_eq!(found, expected, "{script}");
        let child = helpers.read("child").unwrap().trim().to_owned();
        assert!(is_running(&child), "a helper may start an agent, which is left alone");
        assert!(Command::new("kill").args(["-9", &child]).status().unwrap().success());
    }
}

#[test]
fn dropping_the_lookup_kills_the_helper() {
    let helpers = Helpers::new().with("it", HANGS);
    let config = helpers.config(TEXT);
    wait(async {
        let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/a");
        let mut asked = config.credential(&request);
        let started = pin!(soon(|| helpers.path("parent").exists()));
        assert!(
            matches!(select(&mut asked, started).await, Either::Right((true, _))),
            "the helper did not hang"
        );
        drop(asked);
        for id in family(&helpers) {
            assert!(soon(|| !is_running(&id)).await);
        }
    });
}

#[test]
fn a_helper_does_not_outlive_the_runtime() {
    let helpers = Helpers::new().with("it", HANGS);
    let config = std::sync::Arc::new(helpers.config(TEXT));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        config.credential(&CredentialRequest::new(&SourceKind::Image, "ghcr.io/a")).await
    });
    assert!(runtime.block_on(soon(|| helpers.path("parent").exists())));
    drop(runtime);
    for id in family(&helpers) {
        assert!(wait(soon(|| !is_running(&id))));
    }
}

#[test]
fn when_the_first_caller_is_dropped_the_next_one_runs() {
    let script = format!("if [ $(wc -l < starts) -eq 1 ]; then {HANGS}; fi; {}", knows("me", "p"));
    let helpers = Helpers::new().with("it", &script);
    let config = helpers.config(TEXT);
    wait(async {
        let mut first = Box::pin(look_up(&config, &SourceKind::Image, "ghcr.io/a"));
        let second = look_up(&config, &SourceKind::Image, "ghcr.io/b");
        let started = pin!(soon(|| helpers.path("parent").exists()));
        match select(&mut first, started).await {
            Either::Right((true, _)) => {}
            _ => panic!("the helper did not hang"),
        }
        let leaves = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(first);
        };
        let (answer, ()) = futures::future::join(second, leaves).await;
        assert_eq!(answer.unwrap(), "me:p of docker-credential-it for ghcr.io");
    });
    assert_eq!(helpers.starts(), 2);
}

#[test]
fn endless_output_does_not_extend_the_deadline() {
    for script in ["exec yes >&2", "trap '' TERM; while :; do echo; sleep 0.05; done"] {
        let helpers = Helpers::new().with("it", script);
        let config = helpers.config(TEXT).helper_deadline(Duration::from_millis(500));
        let error = wait(look_up(&config, &SourceKind::Image, "ghcr.io/a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{script}");
    }
}
