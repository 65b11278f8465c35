//! What the network, the registry, the store and the remote can do: a clear error, what was done and what was not, and a second run
//! that finishes.

use std::time::{Duration, Instant};

use chart_release::{DevVersion, Outcome, Report, Request, StepKind};
use warehouse_testkit::{Fault, Reply, When};

use super::world::World;

fn request() -> Request {
    Request::Release(["common", "web"].map(str::to_owned).to_vec())
}

async fn release(world: &World, deadline: Option<Instant>) -> Report {
    let release = world.release();
    let plan = release.plan(&request(), &(), None).await.unwrap();
    release.execute(plan, &(), deadline).await
}

fn outcomes(report: &Report, chart: &str) -> Vec<(StepKind, Outcome)> {
    let chart = report.charts.iter().find(|found| found.chart == chart).unwrap();
    chart.steps.iter().map(|step| (step.step.kind, step.outcome)).collect()
}

/// The failure that is shown, and then, without the fault, the end of an undisturbed run.
async fn finishes(world: &World, report: &Report, step: StepKind) -> String {
    assert!(!report.is_complete());
    let failure = &report.failures[0];
    assert_eq!(failure.step, Some(step), "{failure:?}");
    let message = failure.error.to_string();
    world.registry.faults().clear();
    world.git.faults().clear();
    let again = release(world, None).await;
    assert!(again.is_complete(), "{:#?}", again.failures);
    let undisturbed = World::new();
    assert!(release(&undisturbed, None).await.is_complete());
    let (state, expected) = (world.state().await, undisturbed.state().await);
    assert_eq!(expected.differences(&state), Vec::<String>::new());
    message
}

#[tokio::test]
async fn the_registry_answers_500() {
    let world = World::new();
    world.registry.faults().add(When::any().method("PUT"), Fault::status(500));
    let report = release(&world, None).await;
    let archive = (StepKind::Archive, Outcome::Created);
    let rest = [StepKind::Index, StepKind::Tag, StepKind::PushTag].map(|kind| (kind, Outcome::NotTried));
    for chart in ["common", "web"] {
        let [first, push, others @ ..] = &outcomes(&report, chart)[..] else { panic!() };
        assert_eq!((*first, push.0), (archive, StepKind::Push));
        assert!(matches!(push.1, Outcome::Failed), "{push:?}");
        assert_eq!(others, rest);
    }
    let message = finishes(&world, &report, StepKind::Push).await;
    assert!(message.contains("HTTP 500") && message.contains("/charts/"), "{message}");
}

/// The registry denies the tags of these charts to a reader.
fn deny(world: &World, charts: &[&str]) {
    for chart in charts {
        let when = When::path(format!("/v2/**/{chart}/manifests/*")).method("GET");
        let reply = Reply::status(403).oci_error("DENIED", "requested access to the resource is denied");
        world.registry.faults().add(when, reply);
    }
}

#[tokio::test]
async fn a_chart_that_cannot_be_read_does_not_stop_the_dev_releases_of_the_others() {
    let world = World::new();
    deny(&world, &["web"]);
    let release = world.release();
    let request = Request::Dev(Vec::new(), DevVersion::Fixed);
    let plan = release.plan(&request, &(), None).await.unwrap();
    let report = release.execute(plan, &(), None).await;
    let failed: Vec<_> = report.failures.iter().map(|failure| failure.chart.as_deref().unwrap()).collect();
    assert_eq!(failed, ["web"], "{:?}", report.failures);
    let message = report.failures[0].error.to_string();
    assert!(message.contains("HTTP 403") && message.contains("/charts/web/"), "{message}");
    for chart in &report.charts {
        assert_eq!(chart.is_complete(), chart.chart != "web", "{chart:?}");
    }
    assert!(world.registry.tags("charts/web").is_empty());
    world.registry.faults().clear();
    let plan = release.plan(&request, &(), None).await.unwrap();
    assert!(release.execute(plan, &(), None).await.is_complete());
}

#[tokio::test]
async fn a_release_names_every_chart_that_cannot_be_read_and_publishes_none() {
    let world = World::new();
    deny(&world, &["web", "worker"]);
    let release = world.release();
    let request = Request::Release(["alone", "web", "worker"].map(str::to_owned).to_vec());
    let plan = release.plan(&request, &(), None).await.unwrap();
    assert!(!plan.is_possible());
    let unread: Vec<_> = plan.charts.iter().filter(|chart| chart.error.is_some()).collect();
    assert_eq!(unread.iter().map(|chart| chart.chart.as_str()).collect::<Vec<_>>(), ["web", "worker"]);
    for chart in unread {
        let message = chart.error.as_ref().unwrap().to_string();
        assert!(message.contains("HTTP 403") && message.contains(&chart.chart), "{message}");
    }
    let report = release.execute(plan, &(), None).await;
    assert_eq!(report.failures.len(), 2);
    assert_eq!(world.state().await, World::new().state().await, "nothing is published");
}

#[tokio::test]
async fn the_network_stalls() {
    let world = World::new();
    world.registry.faults().add(When::any().method("POST"), Fault::Stall);
    let report = release(&world, Some(Instant::now() + Duration::from_secs(2))).await;
    let message = finishes(&world, &report, StepKind::Push).await;
    assert!(message.contains("the deadline passed"), "{message}");
}

#[tokio::test]
async fn the_store_refuses() {
    let world = World::new();
    let index = world.store().join("index.yaml");
    std::fs::write(&index, "<html>\n<body>Sign in</body>\n").unwrap();
    let release = world.release();
    let error = release.plan(&request(), &(), None).await.unwrap_err();
    assert!(error.to_string().contains("index.yaml"), "{error}");
    assert_eq!(
        std::fs::read_to_string(&index).unwrap(),
        "<html>\n<body>Sign in</body>\n",
        "it is not replaced"
    );
    std::fs::remove_file(&index).unwrap();
    assert!(super::faults::release(&world, None).await.is_complete());
}

#[cfg(unix)]
#[tokio::test]
async fn the_remote_rejects_the_push_of_tags() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new();
    let hook = world.remote.path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'tags are made by the release manager' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let report = release(&world, None).await;
    for chart in ["common", "web"] {
        let outcomes = outcomes(&report, chart);
        assert_eq!(outcomes[4], (StepKind::PushTag, Outcome::Failed));
        assert!(outcomes[..4].iter().all(|(_, outcome)| *outcome == Outcome::Created));
    }
    std::fs::remove_file(&hook).unwrap();
    let message = finishes(&world, &report, StepKind::PushTag).await;
    assert!(message.contains("tags are made by the release manager"), "{message}");
}

/// Every request of a release to the registry fails once, after all tries: one release for each.
#[tokio::test]
async fn each_request_to_the_registry_may_break_off() {
    let undisturbed = World::new();
    assert!(release(&undisturbed, None).await.is_complete());
    let requests = undisturbed.registry.log().counters().requests;
    assert!(requests > 10, "{requests}");
    let expected = undisturbed.state().await;
    for broken in 1..=requests {
        let world = World::new();
        world.registry.faults().add(When::any().nth(broken), Fault::Close);
        let release = world.release();
        // A request that is safe to repeat is repeated; another one fails the release, and the next release finishes it.
        if let Ok(plan) = release.plan(&request(), &(), None).await {
            release.execute(plan, &(), None).await;
        }
        world.registry.faults().clear();
        assert!(super::faults::release(&world, None).await.is_complete(), "request {broken}");
        assert_eq!(expected.differences(&world.state().await), Vec::<String>::new(), "request {broken}");
    }
}
