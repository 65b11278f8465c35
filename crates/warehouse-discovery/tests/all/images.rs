//! What a run tells of images: warnings, and the time of a build where Freight's criteria read it.

use std::sync::{Arc, Mutex};

use artifact_source::{AnyArtifact, Candidate, Rejection, Trace, Warning};
use warehouse_discovery::{Freshness, Observer, Report};
use warehouse_spec::{Options, Warehouse};
use warehouse_testkit::{Registry, Reply, When};

use crate::on_loopback;

fn registry() -> Registry {
    let registry = Registry::start().unwrap();
    for version in 0..3 {
        for repository in ["demo/app", "demo/db"] {
            let image = registry.image(repository).tag(format!("1.{version}.0")).single("linux/amd64");
            image.created(format!("2024-01-0{}T00:00:00Z", version + 1)).push();
        }
    }
    registry
}

/// A Warehouse of two images, with these criteria.
fn warehouse(registry: &Registry, criteria: &str, more: &str) -> Warehouse {
    let host = registry.host();
    let criteria = criteria.replace("HOST", &host);
    let text = format!(
        r#"
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{name: shop, namespace: shop}}
spec:
  {criteria}
  subscriptions:
  - image: {{repoURL: {host}/demo/app{more}}}
  - image: {{repoURL: {host}/demo/db}}
"#
    );
    let mut manifest = warehouse_spec::parse("w.yaml", &text, &Options::default());
    assert!(manifest.is_valid(), "{text}: {:?}", manifest.diagnostics);
    manifest.warehouses.remove(0).into_inner()
}

fn criteria(expression: &str) -> String {
    format!("freightCreationCriteria: {{expression: {expression:?}}}")
}

fn created(report: &Report) -> Vec<Vec<bool>> {
    let is_dated = |artifact: &AnyArtifact| match artifact {
        AnyArtifact::Image(image) => image.created_at.is_some(),
        other => panic!("{other:?}"),
    };
    report.subscriptions.iter().map(|report| report.artifacts.iter().map(is_dated).collect()).collect()
}

#[tokio::test]
async fn criteria_that_read_created_at_have_it_of_the_best_image_and_of_nothing_else() {
    let (none, best) = (vec![false; 3], vec![true, false, false]);
    let app = "imageFrom('HOST/demo/app').CreatedAt != nil";
    let year = "imageFrom('HOST/demo/app').CreatedAt.Year() == 2024";
    for (criteria, more, expected, is_built) in [
        (String::new(), 0, [&none, &none], true),
        (criteria("imageFrom('HOST/demo/app').Tag == '1.2.0'"), 0, [&none, &none], true),
        (criteria(app), 1, [&best, &none], true),
        (criteria(year), 1, [&best, &none], true),
        (criteria("imageFrom('HOST/demo/db').CreatedAt.Year() == 2023"), 1, [&none, &best], false),
        (criteria("imageFrom('HOST/demo/' + 'app').CreatedAt != nil"), 1, [&best, &none], true),
        // Nobody asks criteria then.
        (format!("freightCreationPolicy: Manual\n  {}", criteria(app)), 0, [&none, &none], false),
    ] {
        let registry = registry();
        let warehouse = warehouse(&registry, &criteria, "");
        let discoverer = on_loopback().build().unwrap();
        let report = discoverer.run(&warehouse).await;
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(created(&report).iter().collect::<Vec<_>>(), expected, "{criteria}");
        assert_eq!(registry.log().counters().requests, 2 * (1 + 3) + more, "{criteria}");
        assert_eq!(report.freight(&warehouse).is_ok(), is_built, "{criteria}");

        // Content does not change, so that it is read once.
        registry.log().clear();
        let snapshot = report.snapshot();
        let again = discoverer.run(&warehouse).with_previous(&snapshot).await;
        assert_eq!(registry.log().counters().requests, 2 * (1 + 3), "{criteria}");
        assert!(again.subscriptions.iter().all(|report| report.freshness == Freshness::Unchanged));
        assert_eq!(created(&again).iter().collect::<Vec<_>>(), expected, "{criteria}");
    }
}

#[tokio::test]
async fn an_image_that_says_when_it_was_built_costs_nothing() {
    let registry = registry();
    let image = registry.image("demo/app").tag("1.3.0").single("linux/amd64");
    image.annotation("org.opencontainers.image.created", "2024-02-01T00:00:00Z").push();
    let warehouse =
        warehouse(&registry, &criteria("imageFrom('HOST/demo/app').CreatedAt.Year() == 2024"), "");
    let report = on_loopback().build().unwrap().run(&warehouse).await;
    assert!(report.freight(&warehouse).is_ok());
    assert_eq!(registry.log().counters().requests, (1 + 4) + (1 + 3));
}

/// Writes down warnings, and counts candidates.
#[derive(Default)]
struct Ears(Mutex<(Vec<String>, usize)>);

impl Trace for Ears {
    fn accepted(&self, _: &Candidate<'_>) {
        self.0.lock().unwrap().1 += 1;
    }

    fn rejected(&self, _: &Candidate<'_>, _: &Rejection) {
        self.0.lock().unwrap().1 += 1;
    }

    fn warned(&self, warning: &Warning) {
        self.0.lock().unwrap().0.push(warning.to_string());
    }
}

struct Watcher(Arc<Ears>);

impl Observer for Watcher {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        if subscription == 0 { &*self.0 } else { &() }
    }
}

#[tokio::test]
async fn warnings_are_in_the_report_each_time_and_reach_the_observer() {
    let registry = registry();
    registry.faults().add(When::path("/v2/demo/app/manifests/1.2.0"), Reply::status(451));
    let warehouse = warehouse(&registry, "", "");
    let discoverer = on_loopback().build().unwrap();
    let expected = "skipped, although it could be the newest: 1.2.0 (the registry refuses it with HTTP 451)";
    let mut snapshot = None;
    for freshness in [Freshness::Found, Freshness::Unchanged] {
        let ears = Arc::new(Ears::default());
        let watcher = Watcher(Arc::clone(&ears));
        let run = discoverer.run(&warehouse).with_observer(&watcher).with_previous(snapshot.as_ref());
        let report = run.await;
        assert!(report.is_complete(), "{report:?}");
        let [app, db] = &report.subscriptions[..] else { panic!("two subscriptions") };
        assert_eq!(app.freshness, freshness);
        assert_eq!(app.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        assert_eq!(db.warnings, []);
        assert_eq!(*ears.0.lock().unwrap(), (vec![expected.to_owned()], 3));
        assert_eq!(app.artifacts.len(), 2);
        snapshot = Some(report.snapshot());
    }
}

#[tokio::test]
async fn builds_of_the_future_are_told_by_the_discoverers_clock() {
    let registry = registry();
    let newest = warehouse(&registry, "", ", imageSelectionStrategy: NewestBuild");
    for (clock, warnings) in [("2024-01-05T00:00:00Z", 0), ("2024-01-01T12:00:00Z", 1)] {
        let clock: jiff::Timestamp = clock.parse().unwrap();
        let report = on_loopback().clock(clock).build().unwrap().run(&newest).await;
        assert_eq!(report.subscriptions[0].warnings.len(), warnings, "{report:?}");
    }
}

/// GitHub shows names as they are written, and its registry knows them in lower case only (semantics, rule 3.10).
#[tokio::test]
async fn upper_case_is_lower_case_for_the_registry_and_stays_in_what_is_found() {
    let registry = registry();
    let host = registry.host();
    let subscription = warehouse_spec::ImageSubscription::new(format!("{host}/Demo/App"));
    let warehouse = Warehouse::new("shop", vec![warehouse_spec::Subscription::new(subscription)]);
    let report = on_loopback().build().unwrap().run(&warehouse).await;
    assert!(report.is_complete(), "{report:?}");
    assert!(registry.log().all().iter().all(|seen| seen.path.starts_with("/v2/demo/app/")));
    let freight = report.freight(&warehouse).unwrap();
    assert_eq!(freight.images[0].repo_url, format!("{host}/Demo/App"));
}
