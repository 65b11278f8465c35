//! Tags that name something already.

use std::time::Duration;

use artifact_http::Call;
use async_trait::async_trait;
use bytes::Bytes;
use chart_release::Error;
use chart_release::Overwrite;
use chart_release::registry::{Outcome, Standing};
use oci_registry::{BlobPush, Digest, HttpPush, NewManifest, Push, Repository};
use warehouse_testkit::{Chart, Fault, Registry, Reply, When};

use super::{at, call, charts, check, methods, now, other_web, package, web};

#[tokio::test]
async fn other_content_is_refused_and_both_digests_are_named() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    let before = registry.digest("charts/web", "1.0.0");
    registry.log().clear();

    let error = charts.push(&other_web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
    let message = format!(
        "web 1.0.0 is published with other content in oci://{}/charts/web:1.0.0: {}, and not {}",
        registry.host(),
        web("1.0.0").digest(),
        other_web("1.0.0").digest()
    );
    check(&error, &message, "raise `version` in the Chart.yaml");
    let Error::Conflict(conflict) = error else { panic!("{error}") };
    assert!(!conflict.is_race && conflict.published == web("1.0.0").digest());
    assert_eq!(methods(&registry), "GET", "nothing is sent");
    assert_eq!(registry.digest("charts/web", "1.0.0"), before);

    // The remedy.
    charts.push(&other_web("1.0.1"), &Overwrite::Never, &call()).await.unwrap();
}

#[tokio::test]
async fn a_version_that_may_move_moves() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    let first = charts.push(&web("0.0.0-dev"), &Overwrite::moving_dev(), &call()).await.unwrap();
    assert_eq!(first.outcome, Outcome::Pushed);
    let second = charts.push(&other_web("0.0.0-dev"), &Overwrite::moving_dev(), &call()).await.unwrap();
    let Outcome::Replaced(standing) = second.outcome else { panic!("{second:?}") };
    assert!(standing.has(&web("0.0.0-dev")));
    assert_eq!(registry.digest("charts/web", "0.0.0-dev").as_deref(), Some(second.manifest.as_str()));
    let third = charts.push(&other_web("0.0.0-dev"), &Overwrite::moving_dev(), &call()).await.unwrap();
    assert_eq!(third.outcome, Outcome::AlreadyThere);
}

#[tokio::test]
async fn the_same_chart_with_another_time_is_the_same_content() {
    let registry = Registry::start().unwrap();
    let first = charts(&registry, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    let later = at(&registry.host()).clock(now() + jiff::Span::new().hours(1)).build().unwrap();
    for overwrite in [&Overwrite::Never, &Overwrite::Version("1.0.0".to_owned())] {
        let again = later.push(&web("1.0.0"), overwrite, &call()).await.unwrap();
        assert_eq!((again.outcome, again.manifest), (Outcome::AlreadyThere, first.manifest.clone()));
    }
    // What another tool pushed is recognised, too.
    let chart = Chart::new("web", "2.0.0");
    registry.push_chart("charts", &chart);
    let found = charts(&registry, None).push(&package(&chart), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(found.outcome, Outcome::AlreadyThere);
}

#[tokio::test]
async fn the_same_time_gives_the_same_manifest() {
    let (one, other) = (Registry::start().unwrap(), Registry::start().unwrap());
    let first = charts(&one, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    let second = charts(&other, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(first.manifest, second.manifest);
}

#[tokio::test]
async fn what_is_no_chart_is_not_overwritten_either() {
    let registry = Registry::start().unwrap();
    let image = registry.image("charts/web").tag("1.0.0").platforms(["linux/amd64"]).push();
    let charts = charts(&registry, None);
    let standing = charts.standing("web", "1.0.0", &call()).await.unwrap();
    assert!(
        matches!(&standing, Standing::Other { manifest, .. } if manifest.as_str() == image.digest),
        "{standing}"
    );
    let error = charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
    check(&error, "is published with other content in oci://", "raise `version`");
    let pushed = charts.push(&web("1.0.0"), &Overwrite::Version("1.0.0".to_owned()), &call()).await.unwrap();
    assert_eq!(pushed.outcome, Outcome::Replaced(standing));
}

/// Lets somebody else move the tag right before or after our manifest.
#[derive(Debug)]
struct Raced {
    media_type: String,
    theirs: Bytes,
    before: bool,
}

#[async_trait]
impl Push for Raced {
    async fn blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
        call: &Call,
    ) -> Result<BlobPush, artifact_source::Error> {
        HttpPush.blob(repository, bytes, call).await
    }

    async fn manifest(
        &self,
        repository: &Repository,
        tag: &str,
        manifest: &NewManifest,
        call: &Call,
    ) -> Result<Digest, artifact_source::Error> {
        let theirs = NewManifest::new(self.media_type.clone(), self.theirs.clone());
        if self.before {
            HttpPush.manifest(repository, tag, &theirs, call).await?;
            return HttpPush.manifest(repository, tag, manifest, call).await;
        }
        let digest = HttpPush.manifest(repository, tag, manifest, call).await?;
        HttpPush.manifest(repository, tag, &theirs, call).await?;
        Ok(digest)
    }
}

#[tokio::test]
async fn two_releases_at_once_learn_who_won() {
    for (theirs, same, before) in
        [(other_web("1.0.0"), false, false), (web("1.0.0"), true, false), (other_web("1.0.0"), false, true)]
    {
        // What the other one pushes, at another time.
        let elsewhere = Registry::start().unwrap();
        let later = at(&elsewhere.host()).clock(now() + jiff::Span::new().hours(1)).build().unwrap();
        let won = later.push(&theirs, &Overwrite::Never, &call()).await.unwrap();
        let (media_type, bytes) = elsewhere.manifest("charts/web", "1.0.0").unwrap();

        let registry = Registry::start().unwrap();
        charts(&registry, None).push(&theirs, &Overwrite::Never, &call()).await.unwrap();
        registry.delete_tag("charts/web", "1.0.0");
        if before {
            // Ours is the second since now, and is lost on its way.
            registry.faults().add(When::path("/v2/**/manifests/*").method("PUT").nth(2), Fault::Reset);
        }
        let raced = at(&registry.host()).push(Raced { media_type, theirs: bytes, before }).build().unwrap();
        let pushed = raced.push(&web("1.0.0"), &Overwrite::Never, &call()).await;
        assert_eq!(registry.digest("charts/web", "1.0.0").as_deref(), Some(won.manifest.as_str()));
        if same {
            assert_eq!(pushed.unwrap().manifest, won.manifest, "both pushed the same");
            continue;
        }
        let error = pushed.unwrap_err();
        let message = format!(
            "another release of web 1.0.0 won: oci://{}/charts/web:1.0.0 has {} since",
            registry.host(),
            theirs.digest()
        );
        check(&error, &message, "two releases ran at the same time");
        assert!(matches!(error, Error::Conflict(conflict) if conflict.is_race));
    }
}

/// A push that lost names what exists, and what exists is whole.
#[tokio::test]
async fn two_releases_at_once_in_many_orders() {
    let mut conflicts = 0;
    for round in 0..40 {
        let registry = Registry::start().unwrap();
        let delay = |method: &str, number, pause| {
            let when = When::path("/v2/**/manifests/*").method(method).nth(number);
            registry.faults().add(when, Fault::Latency(Duration::from_millis(pause)));
        };
        delay("PUT", 1 + round % 2, round % 7);
        delay("GET", 1 + round % 4, round % 5);
        let (ours, theirs) = (charts(&registry, None), charts(&registry, None));
        let (one, other) = (web("1.0.0"), other_web("1.0.0"));
        let (first, second, beside) = (call(), call(), call());
        let pushed = futures::future::join(
            ours.push(&one, &Overwrite::Never, &first),
            theirs.push(&other, &Overwrite::Never, &second),
        );
        let (first, second) = pushed.await;
        let standing = ours.standing("web", "1.0.0", &beside).await.unwrap();
        assert!(standing.has(&one) || standing.has(&other), "{standing}");
        let stored = if standing.has(&one) { &one } else { &other };
        assert!(registry.blob("charts/web", stored.digest()).is_some());
        assert!(first.is_ok() || second.is_ok(), "round {round}: one of them won");
        for error in [first.err(), second.err()].into_iter().flatten() {
            let Error::Conflict(conflict) = error else { panic!("round {round}: {error}") };
            assert_eq!(conflict.published, stored.digest(), "round {round}");
            conflicts += 1;
        }
    }
    assert!(conflicts > 0);
}

#[tokio::test]
async fn a_registry_with_immutable_tags_says_so() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    charts.push(&web("0.0.0-dev"), &Overwrite::moving_dev(), &call()).await.unwrap();
    let said =
        "The image tag '0.0.0-dev' already exists and cannot be overwritten because the tag is immutable.";
    let reply = Reply::status(400).oci_error("TAG_INVALID", said);
    registry.faults().add(When::path("/v2/**/manifests/*").method("PUT"), reply);
    let error = charts.push(&other_web("0.0.0-dev"), &Overwrite::moving_dev(), &call()).await.unwrap_err();
    check(&error, "the registry does not let the manifest 0.0.0-dev replace", "its tags are immutable");
}
