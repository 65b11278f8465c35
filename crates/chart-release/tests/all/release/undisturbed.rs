//! Releases that nothing interrupts.

use chart_release::{Action, Channel, DevVersion, Outcome, Plan, Report, Request, StepKind};

use super::world::{CHARTS, World, chart};
use warehouse_testkit::Commit;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn run(world: &World, request: &Request) -> (Plan, Report) {
    let release = world.release();
    let plan = release.plan(request, &(), None).await.unwrap();
    let report = release.execute(release.plan(request, &(), None).await.unwrap(), &(), None).await;
    (plan, report)
}

fn actions(plan: &Plan) -> Vec<(&str, Vec<(StepKind, Action)>)> {
    let steps = |chart: &chart_release::PlannedChart| {
        chart.steps.iter().map(|step| (step.kind, step.action)).collect()
    };
    plan.charts.iter().map(|chart| (chart.chart.as_str(), steps(chart))).collect()
}

#[tokio::test]
async fn a_release_publishes_everything_once() {
    let world = World::new();
    let request = Request::Release(names(&["web", "worker", "common"]));
    let (plan, report) = run(&world, &request).await;
    let all = [StepKind::Archive, StepKind::Push, StepKind::Index, StepKind::Tag, StepKind::PushTag];
    let create = all.map(|kind| (kind, Action::Create)).to_vec();
    assert_eq!(actions(&plan), ["web", "worker", "common"].map(|name| (name, create.clone())));
    assert!(report.is_complete(), "{report:#?}");

    let (commit, state) = (world.git(&["rev-parse", "HEAD"]), world.state().await);
    for chart in ["web", "worker", "common"] {
        for key in [
            format!("registry {chart}:1.4.0"),
            format!("store {chart}-1.4.0.tgz"),
            format!("tag {chart}-1.4.0 {}", commit.trim()),
            format!("remote tag {chart}-1.4.0 {}", commit.trim()),
        ] {
            assert!(state.0.contains_key(&key), "{key} in {:#?}", state.0.keys());
        }
    }
    let index = std::fs::read_to_string(world.store().join("index.yaml")).unwrap();
    assert_eq!(index.matches("  - apiVersion: v2").count(), 3, "{index}");

    // Again: everything is there, so nothing is written.
    let writes = |world: &World| {
        let log = world.registry.log().all();
        log.into_iter().filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD")).count()
    };
    let before = writes(&world);
    let (plan, report) = run(&world, &request).await;
    assert!(plan.is_done() && report.is_complete());
    assert_eq!((writes(&world), world.state().await), (before, state));
}

#[tokio::test]
async fn a_release_is_that_of_the_commit_and_not_of_what_lies_in_the_work_tree() {
    let world = World::new();
    // Git ignores these files, and Helm would package them.
    std::fs::write(world.clone_folder().join(".git/info/exclude"), "*.swp\n").unwrap();
    std::fs::write(world.clone_folder().join("charts/alone/templates/.a.yaml.swp"), "x").unwrap();
    let request = Request::Release(names(&["alone"]));
    let (plan, report) = run(&world, &request).await;
    assert!(report.is_complete());
    let other = World::new();
    let (same, _) = run(&other, &request).await;
    assert_eq!(plan.charts[0].digest, same.charts[0].digest);
}

#[tokio::test]
async fn dev_releases_move_and_one_that_fails_does_not_stop_the_others() {
    let world = World::new();
    let (plan, report) = run(&world, &Request::Dev(Vec::new(), DevVersion::Fixed)).await;
    assert_eq!(plan.charts.iter().map(|chart| chart.chart.as_str()).collect::<Vec<_>>(), CHARTS);
    assert!(report.is_complete(), "{report:#?}");
    assert!(report.charts.iter().all(|chart| chart.version == "0.0.0-dev" && chart.channel == Channel::Dev));

    // Changes on disk are published, and a broken chart is left out.
    std::fs::write(world.clone_folder().join("charts/alone/values.yaml"), "changed: true\n").unwrap();
    std::fs::write(world.clone_folder().join("charts/web/Chart.yaml"), "apiVersion: v2\nname: web\n")
        .unwrap();
    let (_, report) = run(&world, &Request::Dev(Vec::new(), DevVersion::Fixed)).await;
    assert!(!report.is_complete());
    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.failures[0].chart.as_deref(), Some("web"));
    let outcomes = |name: &str| {
        let chart = report.charts.iter().find(|chart| chart.chart == name).unwrap();
        chart.steps.iter().map(|step| step.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes("alone"), [Outcome::Replaced; 3]);
    assert_eq!(outcomes("worker"), [Outcome::Kept; 3]);
    assert_eq!(outcomes("web"), []);
}

#[tokio::test]
async fn dated_dev_releases_follow_the_release() {
    let world = World::new();
    let dated = Request::Dev(names(&["alone"]), DevVersion::Dated);
    let (plan, _) = run(&world, &dated).await;
    assert!(plan.charts[0].version.starts_with("1.4.0-dev."), "{}", plan.charts[0].version);
    run(&world, &Request::Release(names(&["alone"]))).await;
    let (plan, report) = run(&world, &dated).await;
    assert!(plan.charts[0].version.starts_with("1.4.1-dev."), "{}", plan.charts[0].version);
    assert!(report.is_complete());
    // Another commit, another version; a work tree with changes has none.
    std::fs::write(world.clone_folder().join("charts/alone/values.yaml"), "changed: true\n").unwrap();
    let (plan, report) = run(&world, &dated).await;
    assert!(!plan.is_possible());
    assert_eq!(
        plan.refusals[0].to_string(),
        "a dated dev version is that of a commit, and the work tree differs from it: charts/alone/values.yaml"
    );
    assert!(!report.is_complete());
}

#[tokio::test]
async fn auto_releases_what_has_no_tag() {
    let world = World::new();
    run(&world, &Request::Release(names(&["common", "web"]))).await;
    let request = Request::Auto(Vec::new(), DevVersion::Fixed);

    // The same commit again: what is released stays released.
    let (plan, report) = run(&world, &request).await;
    assert!(report.is_complete());
    assert!(plan.charts.iter().all(|chart| chart.channel == Channel::Release));

    // A later commit raises one version.
    world.remote.commit("main", chart(Commit::new("Web 1.5.0"), "web", "1.5.0", true, "second")).unwrap();
    world.git(&["pull", "--quiet"]);
    let (plan, report) = run(&world, &request).await;
    assert!(report.is_complete(), "{report:#?}");
    let course: Vec<_> = plan
        .charts
        .iter()
        .map(|chart| (chart.chart.as_str(), chart.version.as_str(), chart.reason.as_str()))
        .collect();
    assert_eq!(
        course,
        [
            ("alone", "0.0.0-dev", "alone-1.4.0 is released"),
            ("common", "0.0.0-dev", "common-1.4.0 is released"),
            ("web", "1.5.0", "there is no tag web-1.5.0"),
            ("worker", "0.0.0-dev", "worker-1.4.0 is released"),
        ]
    );
}
