//! Everything at once, and what another tenant sees of it.

use warehouse_testkit::{Chart, ChartServer, Fault, Registry, When};

use super::charts::{zipped, zipped_reply};
use super::lists::{long_names, with_one_tag};
use super::stage::{Outcome, Stage, chart, image, newest_image, tagged, warehouse};
use super::{Attack, Expected, Failure, git, manifests};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack::new("crowds/everything at once, from sixteen servers", Expected::Bounded, || all_at_once(4))
            .within_seconds(600),
        Attack::new("crowds/everything at once, and another tenant", Expected::Bounded, || {
            let registry = Registry::start()?;
            for tag in 0..50 {
                registry.image("demo/app").tag(format!("1.{tag}.0")).push();
            }
            let charts = ChartServer::start()?;
            charts.publish(&Chart::new("web", "1.2.3"));
            let other = warehouse([
                format!("image: {{repoURL: {}/demo/app, discoveryLimit: 3}}", registry.host()),
                chart(&charts.url()),
            ])
            .replace("team-a", "team-b");
            Ok(all_at_once(3)?.beside(other).keeping(registry).keeping(charts).checking(other_tenant))
        })
        .within_seconds(600),
    ]
}

/// Servers of four kinds, this many of each.
fn all_at_once(each: usize) -> Result<Stage, Failure> {
    let mut stage = Stage::of(String::new());
    let mut subscriptions = Vec::new();
    let text = zipped(
        &format!("entries:\n  web:\n  - version: 1.0.0\n    description: {}", "x".repeat(1 << 20)),
        &"x".repeat(1 << 20),
        253,
    )?;
    for _ in 0..each {
        let charts = ChartServer::builder().without_gzip().start()?;
        charts.publish(&Chart::new("web", "1.0.0"));
        charts.faults().add(When::path("/index.yaml"), zipped_reply(&text));
        subscriptions.push(chart(&charts.url()));
        let lists = with_one_tag()?;
        lists.faults().add(When::path("/v2/**/tags/list"), Fault::clone(&long_names()));
        subscriptions.push(image(&lists.host()));
        let annotations = manifests::with_annotations(20, 10_000, 4 << 20)?;
        subscriptions.push(newest_image(&annotations.host(), 20));
        let capabilities = git::with_capabilities()?;
        subscriptions.push(tagged(&format!("{}/a.git", capabilities.url())));
        stage = stage.keeping(charts).keeping(lists).keeping(annotations).keeping(capabilities);
    }
    // The names are those of no manifest, and to find that out for all of them takes hours.
    let mut stage = stage.deadline(60);
    stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
    Ok(stage)
}

/// The other tenant gets the right answer each time, within twice its usual time (and 20 ms for the noise of the machine).
fn other_tenant(outcome: &Outcome) -> Result<(), String> {
    let other = outcome.other_tenant.as_ref().ok_or("the other tenant was not run")?;
    if !other.errors.is_empty() {
        return Err(format!("errors of the other tenant: {:?}", other.errors));
    }
    let expected: Vec<Vec<String>> = [&["1.49.0", "1.48.0", "1.47.0"][..], &["1.2.3"]]
        .map(|names| names.iter().map(ToString::to_string).collect())
        .to_vec();
    if other.found != expected {
        return Err(format!("the other tenant found {:?}", other.found));
    }
    match other.beside > 2 * other.alone + 20 {
        true => Err(format!("the other tenant waited {} ms, and {} ms alone", other.beside, other.alone)),
        false => Ok(()),
    }
}
