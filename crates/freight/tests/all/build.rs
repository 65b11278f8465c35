//! Freight follows from the best artifact of every subscription, or a reason says why it does not.

use freight::{FreightBuilder, MissingCause, NoFreight, freight_name};
use proptest::prelude::*;
use warehouse_spec::{
    ArtifactReference, ChartDiscoveryResult, ChartSubscription, DiscoveredCommit, DiscoveredImageReference,
    DiscoveryResult, Freight, FreightCreationPolicy, GenericDiscoveryResult, GenericSubscription,
    GitDiscoveryResult, GitSubscription, ImageDiscoveryResult, ImageSubscription, Subscription, Warehouse,
};

fn warehouse() -> Warehouse {
    Warehouse::new(
        "demo",
        vec![
            Subscription::new(ImageSubscription::new("ghcr.io/example/app")),
            Subscription::new(GitSubscription::new("https://github.com/example/app.git")).with_name("source"),
            Subscription::new(ChartSubscription::classic("https://charts.example.com", "app")),
            Subscription::new(GenericSubscription::new("bucket")).with_name("bucket"),
        ],
    )
}

fn results() -> Vec<DiscoveryResult> {
    vec![
        DiscoveryResult::Image(ImageDiscoveryResult {
            repo_url: "ghcr.io/example/app".to_owned(),
            references: vec![image("1.27.0", "sha256:aa"), image("1.26.0", "sha256:bb")],
            ..ImageDiscoveryResult::default()
        }),
        DiscoveryResult::Git(GitDiscoveryResult {
            repo_url: "https://github.com/example/app.git".to_owned(),
            commits: vec![DiscoveredCommit {
                id: "c0ffee".to_owned(),
                branch: "main".to_owned(),
                subject: "Add a thing".to_owned(),
                author: "A <a@example.com>".to_owned(),
                ..DiscoveredCommit::default()
            }],
            subscription_name: "source".to_owned(),
            ..GitDiscoveryResult::default()
        }),
        DiscoveryResult::Chart(ChartDiscoveryResult {
            repo_url: "https://charts.example.com".to_owned(),
            name: "app".to_owned(),
            versions: vec!["2.0.0".to_owned(), "1.0.0".to_owned()],
            ..ChartDiscoveryResult::default()
        }),
        DiscoveryResult::Generic(GenericDiscoveryResult {
            subscription_name: "bucket".to_owned(),
            artifact_references: vec![ArtifactReference {
                artifact_type: "bucket".to_owned(),
                subscription_name: "bucket".to_owned(),
                version: "7".to_owned(),
                metadata: None,
            }],
        }),
    ]
}

fn image(tag: &str, digest: &str) -> DiscoveredImageReference {
    DiscoveredImageReference {
        tag: tag.to_owned(),
        digest: digest.to_owned(),
        ..DiscoveredImageReference::default()
    }
}

fn builder(warehouse: &Warehouse) -> FreightBuilder<'_> {
    results()
        .into_iter()
        .enumerate()
        .fold(FreightBuilder::new(warehouse), |builder, (index, result)| builder.found(index, result))
}

#[test]
fn the_best_of_every_subscription() {
    let mut warehouse = warehouse();
    warehouse.metadata.namespace = Some("project".to_owned());
    let moment = "2026-01-02T03:04:05Z".parse().unwrap();
    let freight = builder(&warehouse).discovered_at(moment).build().unwrap();
    assert_eq!(freight.origin.to_string(), "Warehouse/demo");
    assert_eq!(freight.metadata.namespace.as_deref(), Some("project"));
    assert_eq!(freight.metadata.name, freight_name(&freight));
    assert_eq!(freight.discovered_at, Some(moment));
    assert_eq!(freight.images[0].tag, "1.27.0");
    assert_eq!(freight.commits[0].message, "Add a thing");
    assert_eq!(freight.commits[0].subscription_name, "source");
    assert_eq!(freight.charts[0].version, "2.0.0");
    assert_eq!(freight.artifacts[0].version, "7");
}

#[test]
fn the_shape_of_kargos_api() {
    let warehouse = warehouse();
    let freight = builder(&warehouse).build().unwrap();
    let json = serde_json::to_value(&freight).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "apiVersion": "kargo.akuity.io/v1alpha1",
            "kind": "Freight",
            "metadata": {"name": freight.metadata.name},
            "origin": {"kind": "Warehouse", "name": "demo"},
            "commits": [{
                "repoURL": "https://github.com/example/app.git", "id": "c0ffee", "branch": "main",
                "message": "Add a thing", "author": "A <a@example.com>", "subscriptionName": "source",
            }],
            "images": [{"repoURL": "ghcr.io/example/app", "tag": "1.27.0", "digest": "sha256:aa"}],
            "charts": [{"repoURL": "https://charts.example.com", "name": "app", "version": "2.0.0"}],
            "artifacts": [{"artifactType": "bucket", "subscriptionName": "bucket", "version": "7"}],
        })
    );
}

#[test]
fn manual_never_builds() {
    let mut warehouse = warehouse();
    warehouse.spec.freight_creation_policy = FreightCreationPolicy::Manual;
    assert!(matches!(builder(&warehouse).build(), Err(NoFreight::Manual)));
    assert!(builder(&warehouse).assemble().is_ok());
}

#[test]
fn nothing_to_build_from() {
    let warehouse = Warehouse::new("demo", Vec::new());
    assert!(matches!(FreightBuilder::new(&warehouse).build(), Err(NoFreight::NoSubscriptions)));
}

#[test]
fn every_missing_result_is_named() {
    let mut warehouse = warehouse();
    let chart = ChartSubscription::oci("oci://me:hunter2@registry.example.com/app");
    warehouse.spec.subscriptions[2] = Subscription::new(chart);
    let empty = DiscoveryResult::Git(GitDiscoveryResult::default());
    let reason = builder(&warehouse)
        .failed(0, "503 Service Unavailable")
        .found(1, empty)
        .failed(2, "404 Not Found")
        .build()
        .unwrap_err();
    assert_eq!(
        reason.to_string(),
        "subscription 0 (image ghcr.io/example/app) failed: 503 Service Unavailable; \
         subscription 1 (git https://github.com/example/app.git (subscription source)) found nothing that fits; \
         subscription 2 (chart oci://registry.example.com/app) failed: 404 Not Found"
    );
    let NoFreight::Missing(missing) = reason else {
        panic!("another reason");
    };
    assert!(matches!(missing[1].cause, MissingCause::NothingFits));
}

#[test]
fn two_charts_of_one_repository_are_told_apart() {
    let chart =
        |name: &str| Subscription::new(ChartSubscription::classic("https://charts.example.com", name));
    let warehouse = Warehouse::new("demo", vec![chart("web"), chart("api"), chart("api").with_name("edge")]);
    let reason = FreightBuilder::new(&warehouse).build().unwrap_err();
    let NoFreight::Missing(missing) = reason else { panic!("another reason") };
    let names: Vec<_> = missing.iter().map(|one| one.subscription.as_str()).collect();
    let expected = [
        "chart https://charts.example.com (web)",
        "chart https://charts.example.com (api)",
        "chart https://charts.example.com (api, subscription edge)",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_subscription_without_an_outcome_of_this_run() {
    let warehouse = warehouse();
    let reason = FreightBuilder::new(&warehouse).found(0, results().remove(0)).build().unwrap_err();
    let NoFreight::Missing(missing) = reason else {
        panic!("another reason");
    };
    let indexes: Vec<_> = missing.iter().map(|one| one.index).collect();
    assert_eq!(indexes, [1, 2, 3]);
    assert!(missing.iter().all(|one| matches!(one.cause, MissingCause::NotDiscovered)));
}

#[test]
fn a_later_outcome_replaces_an_earlier_one() {
    let warehouse = warehouse();
    let freight = builder(&warehouse).failed(0, "x").found(0, results().remove(0)).build().unwrap();
    assert_eq!(freight.images.len(), 1);
}

/// [Rule 6.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md): a chart's digest counts where there is one, and
/// nowhere else.
#[test]
fn the_digest_of_a_chart_is_in_the_name() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let name_of = |name: &str, digests: &[(&str, &str)]| {
        let warehouse = Warehouse::new(
            "demo",
            vec![Subscription::new(ChartSubscription::oci("oci://ghcr.io/example/app")).with_name(name)],
        );
        let result = ChartDiscoveryResult {
            repo_url: "oci://ghcr.io/example/app".to_owned(),
            versions: vec!["0.0.0-dev".to_owned(), "0.0.0-a".to_owned()],
            digests: digests.iter().map(|(version, of)| ((*version).to_owned(), (*of).to_owned())).collect(),
            subscription_name: name.to_owned(),
            ..ChartDiscoveryResult::default()
        };
        let freight =
            FreightBuilder::new(&warehouse).found(0, DiscoveryResult::Chart(result)).build().unwrap();
        (freight.metadata.name.clone(), serde_json::to_value(&freight.charts).unwrap())
    };
    let plain = "1a603d0175030939e1d29639ed54ddaa38aefb02";
    for digests in [&[][..], &[("0.0.0-a", digest.as_str())]] {
        let (name, charts) = name_of("web", digests);
        assert_eq!(name, plain);
        assert_eq!(charts[0].get("digest"), None);
    }
    let (name, charts) = name_of("web", &[("0.0.0-dev", &digest), ("0.0.0-a", "sha256:0")]);
    assert_eq!(name, "57593640dd5d5027a5dc3f1e067a76109d0ad108");
    assert_eq!(charts[0]["digest"], digest);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_outcomes_does_not_matter(
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
        failed in any::<[bool; 4]>(),
    ) {
        let warehouse = warehouse();
        let record = |order: &[usize]| {
            order.iter().fold(FreightBuilder::new(&warehouse), |builder, &index| {
                match failed[index] {
                    true => builder.failed(index, "x"),
                    false => builder.found(index, results()[index].clone()),
                }
            })
        };
        let outcome = |order: &[usize]| record(order).build().map_err(|none| none.to_string());
        prop_assert_eq!(outcome(&order), outcome(&[0, 1, 2, 3]));
    }

    #[test]
    fn the_order_of_subscriptions_does_not_change_the_name(
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let original = warehouse();
        let mut shuffled = warehouse();
        shuffled.spec.subscriptions = order
            .iter()
            .map(|&index| original.spec.subscriptions[index].clone())
            .collect();
        let shuffled = order
            .iter()
            .enumerate()
            .fold(FreightBuilder::new(&shuffled), |builder, (at, &index)| {
                builder.found(at, results()[index].clone())
            })
            .build();
        prop_assert_eq!(
            shuffled.unwrap().metadata.name,
            builder(&original).build().unwrap().metadata.name
        );
    }

    #[test]
    fn any_text_has_a_name_and_normal_forms(url in "\\PC{0,40}", tag in "\\PC{0,10}") {
        let mut freight = Freight::default();
        freight.images.push(warehouse_spec::Image { repo_url: url.clone(), tag, ..Default::default() });
        prop_assert_eq!(freight_name(&freight).len(), 40);
        for normalize in [freight::normalize_git, freight::normalize_image, freight::normalize_chart] {
            let _ = normalize(&url);
        }
    }
}
