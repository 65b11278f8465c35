//! Many subscriptions to one repository cost what one costs.

use std::sync::Arc;

use artifact_http::Credential;
use artifact_source::Artifact as _;
use futures::future::join_all;
use warehouse_discovery::{Discoverer, Report};
use warehouse_spec::{GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::{Commit, GitServer, Registry};

use crate::on_loopback;

/// A registry that wants a token, with 250 versions on three pages.
fn registry() -> Registry {
    let registry = Registry::builder().bearer("me", "SECRET").page_size(100).start().unwrap();
    for version in 0..250 {
        let tag = format!("{}.{}.0", version % 5, version / 5);
        registry.image("shop/web").tag(tag).platforms(["linux/amd64", "linux/arm64"]).push();
    }
    registry
}

fn discoverer() -> Discoverer {
    let me = Arc::new(Credential::password("me", "SECRET"));
    on_loopback().credentials(me).build().unwrap()
}

fn image(registry: &Registry, constraint: &str) -> Subscription {
    let mut image = ImageSubscription::new(format!("{}/shop/web", registry.host()));
    image.constraint = Some(constraint.to_owned());
    image.discovery_limit = 10;
    Subscription::new(image).with_name(constraint)
}

fn newest(report: &Report) -> Vec<String> {
    report.subscriptions.iter().map(|found| found.artifacts[0].name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_warehouses_with_one_subscription_cost_what_one_costs() {
    let registry = registry();
    let discoverer = discoverer();
    let warehouses: Vec<_> =
        (0..50).map(|number| Warehouse::new(format!("w{number}"), vec![image(&registry, "^3")])).collect();
    let reports = join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
    assert!(reports.iter().all(|report| report.is_complete() && newest(report) == ["3.49.0"]));
    // A refusal, a token, three pages, ten images: once.
    assert_eq!(registry.log().counters().requests, 2 + 3 + 10);
    let stated: u64 = reports.iter().map(|report| report.cost.requests).sum();
    assert_eq!(stated, 2 + 3 + 10, "who asks first pays, and nobody else");

    // And so it is when they poll.
    registry.log().clear();
    let reports = join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
    assert!(reports.iter().all(Report::is_complete));
    assert_eq!(registry.log().counters().requests, 3 + 10);
}

#[tokio::test]
async fn subscriptions_with_different_rules_share_the_list() {
    let registry = registry();
    let subscriptions = ["^0", "^1", "^2", "^3", "^4"].map(|constraint| image(&registry, constraint));
    let warehouse = Warehouse::new("shop", subscriptions.into());
    let report = discoverer().run(&warehouse).await;
    assert_eq!(newest(&report), ["0.49.0", "1.49.0", "2.49.0", "3.49.0", "4.49.0"]);
    assert_eq!(registry.log().counters().requests, 2 + 3 + 5 * 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_seven_subscriptions_to_one_repository_of_commits_cost_four_requests() {
    let server = GitServer::start().unwrap();
    let repository = server.create("monorepo.git").unwrap();
    let mut history = repository.history().unwrap();
    for number in 0..120 {
        let path = format!("apps/app-{}/values.yaml", number % 8);
        history.commit("main", Commit::new(format!("Change {number}")).file(path, format!("{number}")));
    }
    history.write().unwrap();
    server.log().clear();

    let git = |number: usize| {
        let mut git = GitSubscription::new(repository.url());
        if !number.is_multiple_of(3) {
            git.include_paths = vec![format!("apps/app-{}", number % 8)];
        }
        git.discovery_limit = 5;
        Subscription::new(git).with_name(format!("s{number}"))
    };
    let warehouses: Vec<_> =
        (0..57).map(|number| Warehouse::new(format!("w{number}"), vec![git(number)])).collect();
    let discoverer = on_loopback().build().unwrap();
    let reports = join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
    assert!(
        reports.iter().all(|report| report.is_complete() && report.subscriptions[0].artifacts.len() == 5)
    );
    assert_eq!(server.log().counters().requests, 4);
    let stated: u64 = reports.iter().map(|report| report.cost.requests).sum();
    assert_eq!(stated, 4, "who asks first pays, and nobody else");

    // And when they poll, also without what they were told before.
    server.log().clear();
    let again = join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
    assert!(again.iter().zip(&reports).all(|(again, report)| newest(again) == newest(report)));
    assert_eq!(server.log().counters().requests, 1);
}
