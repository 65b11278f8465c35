//! How often helpers are started.

use std::sync::Arc;
use std::time::Duration;

use artifact_credentials::DockerConfig;
use artifact_source::SourceKind;
use futures::future::join_all;

use crate::helpers::{Helpers, knows};
use crate::setup::{look_up, wait};

const TEXT: &str = r#"{"credsStore": "it"}"#;

async fn ask(config: &DockerConfig, url: &str) -> String {
    look_up(config, &SourceKind::Image, url).await.unwrap_or_else(|error| error.to_string())
}

#[test]
fn sixty_four_at_once_start_one_process() {
    let helpers = Helpers::new().with("it", &format!("sleep 0.2; {}", knows("me", "p")));
    let config = helpers.config(TEXT);
    let answers = wait(join_all((0..64).map(|_| ask(&config, "ghcr.io/a"))));
    assert!(answers.iter().all(|answer| answer == "me:p of docker-credential-it for ghcr.io"));
    assert_eq!((answers.len(), helpers.starts()), (64, 1));
}

#[test]
fn the_same_on_several_threads() {
    let helpers = Helpers::new().with("it", &format!("sleep 0.2; {}", knows("me", "p")));
    let config = Arc::new(helpers.config(TEXT));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let asked: Vec<_> = (0..64)
        .map(|index| {
            let config = Arc::clone(&config);
            runtime.spawn(async move { ask(&config, &format!("ghcr.io/a{}", index % 2)).await })
        })
        .collect();
    let answers = runtime.block_on(join_all(asked));
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().starts_with("me:p")));
    assert_eq!(helpers.starts(), 1);
}

#[test]
fn servers_are_asked_for_one_by_one_and_at_the_same_time() {
    // Each waits until the other has started.
    let script = r#"server=$(cat); touch "$server"; while [ ! -e a.example ] || [ ! -e b.example ]; do sleep 0.01; done
        echo "{\"Username\": \"$server\", \"Secret\": \"p\"}""#;
    let helpers = Helpers::new().with("it", script);
    let config = helpers.config(TEXT);
    let answers = wait(join_all(["a.example/x", "b.example/x", "a.example/y"].map(|url| ask(&config, url))));
    assert_eq!(answers[0], "a.example:p of docker-credential-it for a.example");
    assert_eq!(answers[1], "b.example:p of docker-credential-it for b.example");
    assert_eq!((&answers[2], helpers.starts()), (&answers[0], 2));
}

#[test]
fn an_answer_is_cached_for_the_configured_time() {
    for (keep, starts) in [(None, 1), (Some(Duration::from_secs(60)), 1), (Some(Duration::ZERO), 3)] {
        let helpers = Helpers::new().with("it", &knows("me", "p"));
        let config = helpers.config(TEXT);
        let config = match keep {
            Some(keep) => config.remember(keep),
            None => config,
        };
        wait(async {
            for _ in 0..3 {
                assert!(ask(&config, "ghcr.io/a").await.starts_with("me:p"));
            }
        });
        assert_eq!(helpers.starts(), starts, "{keep:?}");
    }
}

#[test]
fn without_caching_concurrent_callers_share_an_answer() {
    let helpers = Helpers::new().with("it", &format!("sleep 0.2; {}", knows("me", "p")));
    let config = helpers.config(TEXT).remember(Duration::ZERO);
    wait(join_all((0..64).map(|_| ask(&config, "ghcr.io/a"))));
    assert_eq!(helpers.starts(), 1);
}

#[test]
fn an_answer_expires() {
    let helpers = Helpers::new()
        .with("it", r#"echo "{\"Username\": \"n$(wc -l < starts | tr -d ' ')\", \"Secret\": \"p\"}""#);
    let config = helpers.config(TEXT).remember(Duration::from_millis(300));
    wait(async {
        let first = ask(&config, "ghcr.io/a").await;
        assert_eq!(first, "n1:p of docker-credential-it for ghcr.io");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(ask(&config, "ghcr.io/a").await, "n2:p of docker-credential-it for ghcr.io");
    });
}

#[test]
fn nothing_and_failures_are_remembered_too() {
    for script in ["echo 'credentials not found in native keychain'; exit 1", "exit 3", "sleep 0.2; exit 3"] {
        let helpers = Helpers::new().with("it", script);
        let config = helpers.config(TEXT);
        let answers = wait(async {
            let mut answers = join_all((0..64).map(|_| ask(&config, "ghcr.io/a"))).await;
            answers.push(ask(&config, "ghcr.io/b").await);
            answers
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(helpers.starts(), 1, "{script}");
    }
}
