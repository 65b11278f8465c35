//! How many requests a push takes: the table in `docs/src/cost.md`.

use chart_release::Overwrite;
use chart_release::registry::{Outcome, Standing};
use futures::future::join_all;
use oci_registry::Digest;
use warehouse_testkit::{Chart, Registry, RegistryBuilder, When};

use super::{call, charts, me, methods, other_web, package, web};

const COLD: &str = "GET HEAD POST PUT HEAD POST PUT PUT GET";

fn bearer() -> RegistryBuilder {
    Registry::builder().bearer("me", "SECRET")
}

#[tokio::test]
async fn a_push_is_9_cold_and_1_again() {
    for (builder, before) in [(Registry::builder(), ""), (Registry::builder().basic("me", "SECRET"), "GET ")]
    {
        let registry = builder.start().unwrap();
        let (charts, call) = (charts(&registry, me()), call());
        let first = charts.push(&web("1.0.0"), &Overwrite::Never, &call).await.unwrap();
        assert_eq!((&first.outcome, first.blobs_sent), (&Outcome::Pushed, 2));
        assert_eq!(methods(&registry), format!("{before}{COLD}"));
        registry.log().clear();

        let again = charts.push(&web("1.0.0"), &Overwrite::Never, &call).await.unwrap();
        assert_eq!((&again.outcome, again.blobs_sent), (&Outcome::AlreadyThere, 0));
        assert_eq!((&again.manifest, &again.reference), (&first.manifest, &first.reference));
        assert_eq!(methods(&registry), "GET");
        registry.log().clear();

        charts.push(&web("1.1.0"), &Overwrite::Never, &call).await.unwrap();
        assert_eq!(methods(&registry), COLD, "another version");
    }
}

#[tokio::test]
async fn with_a_token_a_push_is_11_cold_and_3_again_in_a_new_process() {
    let registry = bearer().start().unwrap();
    charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(methods(&registry), format!("GET GET {COLD}"));
    assert_eq!(registry.tokens_issued(), 1);
    registry.log().clear();
    charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(methods(&registry), "GET GET GET");
}

#[tokio::test]
async fn blobs_that_are_there_are_not_sent() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();

    // All blobs: a push that lost its manifest.
    registry.delete_tag("charts/web", "1.0.0");
    registry.log().clear();
    let pushed = charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!((pushed.outcome, pushed.blobs_sent), (Outcome::Pushed, 0));
    assert_eq!(methods(&registry), "GET HEAD HEAD PUT GET");

    // The configuration: a version that is overwritten with the same Chart.yaml.
    registry.log().clear();
    let pushed =
        charts.push(&other_web("1.0.0"), &Overwrite::Version("1.0.0".to_owned()), &call()).await.unwrap();
    assert_eq!(pushed.blobs_sent, 1);
    assert_eq!(methods(&registry), "GET HEAD HEAD POST PUT PUT GET");
}

#[tokio::test]
async fn what_stands_is_1_request() {
    let registry = bearer().start().unwrap();
    let charts = charts(&registry, me());
    charts.push(&web("1.0.0+a"), &Overwrite::Never, &call()).await.unwrap();
    registry.log().clear();
    let call = call();
    let standing = charts.standing("web", "1.0.0+a", &call).await.unwrap();
    assert!(standing.has(&web("1.0.0+a")) && !standing.has(&other_web("1.0.0+a")));
    let Standing::Chart(chart) = standing else { panic!("{standing}") };
    assert_eq!(chart.chart, Digest::of(web("1.0.0+a").archive()));
    assert_eq!(chart.created, "2026-11-29T12:00:00Z");
    assert_eq!(charts.standing("web", "2.0.0", &call).await.unwrap(), Standing::Nothing);
    assert_eq!(methods(&registry), "GET GET", "the token is that of the push");
    registry.log().clear();
    assert_eq!(charts.standing("other", "2.0.0", &call).await.unwrap(), Standing::Nothing);
    assert_eq!(methods(&registry), "GET GET", "one token, and no refusal");
}

#[tokio::test]
async fn pushes_at_once_share_a_refusal_and_the_tokens_of_their_repositories() {
    let registry = bearer().start().unwrap();
    let charts = charts(&registry, me());
    let versions = (0..8).map(|number| web(&format!("1.0.{number}"))).collect::<Vec<_>>();
    let pushed =
        join_all(versions.iter().map(async |package| charts.push(package, &Overwrite::Never, &call()).await));
    pushed.await.into_iter().for_each(|pushed| assert_eq!(pushed.unwrap().outcome, Outcome::Pushed));
    assert_eq!(registry.tokens_issued(), 1);
    assert_eq!(registry.log().counters().requests, 1 + 1 + 9 * 8);

    registry.log().clear();
    let others =
        (0..8).map(|number| package(&Chart::new(format!("web{number}"), "1.0.0"))).collect::<Vec<_>>();
    let pushed =
        join_all(others.iter().map(async |package| charts.push(package, &Overwrite::Never, &call()).await));
    pushed.await.into_iter().for_each(|pushed| assert_eq!(pushed.unwrap().outcome, Outcome::Pushed));
    assert_eq!(registry.log().count(&When::get("/token")), 8);
    assert_eq!(registry.log().counters().requests, 8 + 9 * 8, "the challenge is known");
}
