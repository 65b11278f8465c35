//! What is refused, each with its own message, and with a remedy that works.

use artifact_http::SourceContext;
use chart_release::git::GitRepository;
use chart_release::{DevVersion, ImageLocation, Plan, Refusal, Release, Request};
use oci_registry::RegistryClient;
use warehouse_testkit::Commit;

use super::world::{World, chart, client};

async fn plan_of(release: &Release, request: &Request) -> Plan {
    release.plan(request, &(), None).await.unwrap()
}

fn request(names: &[&str]) -> Request {
    Request::Release(names.iter().map(|&name| name.to_owned()).collect())
}

/// The refusals of a plan, each with its remedy, after which nothing is published.
async fn refused(world: &World, release: &Release, request: &Request) -> Vec<(String, String)> {
    let before = world.state().await;
    let plan = plan_of(release, request).await;
    let shown: Vec<_> = plan.refusals().map(|(_, refusal)| (refusal.to_string(), refusal.remedy())).collect();
    assert!(!plan.is_possible());
    let report = release.execute(plan, &(), None).await;
    assert!(!report.is_complete() && !report.failures.is_empty());
    assert_eq!(world.state().await, before, "nothing is published");
    shown
}

#[tokio::test]
async fn a_chart_that_does_not_exist() {
    let world = World::new();
    let refusals = refused(&world, &world.release(), &request(&["wbe", "web", "web"])).await;
    assert_eq!(
        refusals[0],
        ("there is no chart \"wbe\" in charts".to_owned(), "did you mean web?".to_owned())
    );
    assert_eq!(refusals[1].0, "the chart web is named twice");
}

#[tokio::test]
async fn a_work_tree_with_changes() {
    let world = World::new();
    std::fs::write(world.clone_folder().join("charts/web/values.yaml"), "changed: true\n").unwrap();
    std::fs::write(world.clone_folder().join("charts/web/new.yaml"), "new: true\n").unwrap();
    let refusals = refused(&world, &world.release(), &request(&["web"])).await;
    assert_eq!(
        refusals[0].0,
        "the work tree differs from its commit: charts/web/new.yaml, charts/web/values.yaml"
    );
    // The remedy, as it is written.
    assert!(refusals[0].1.contains("`git stash --include-untracked`"));
    world.git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "stash", "--include-untracked"]);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
}

#[tokio::test]
async fn a_commit_that_is_not_on_the_default_branch() {
    let world = World::new();
    world.remote.commit("feature", chart(Commit::new("Web 2"), "web", "2.0.0", true, "x")).unwrap();
    world.git(&["fetch", "--quiet"]);
    world.git(&["checkout", "--quiet", "origin/feature"]);
    let refusals = refused(&world, &world.release(), &request(&["web"])).await;
    let commit = world.git(&["rev-parse", "HEAD"]);
    assert_eq!(refusals[0].0, format!("the commit {} is not on origin/main", &commit[..12]));
    assert_eq!(refusals[0].1, "merge the commit into origin/main and push it, then release from there");

    // A commit that follows main is to be pushed.
    world.git(&["checkout", "--quiet", "main"]);
    std::fs::write(world.clone_folder().join("charts/web/values.yaml"), "changed: true\n").unwrap();
    let person = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    world.git(&[&person[..], &["commit", "--quiet", "--all", "--message", "Ahead"]].concat());
    let refusals = refused(&world, &world.release(), &request(&["web"])).await;
    assert_eq!(refusals[0].1, "push it to origin/main first");
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
}

#[tokio::test]
async fn a_tag_that_stands_on_another_commit() {
    let world = World::new();
    let first = world.git(&["rev-parse", "HEAD"]);
    // A tag of another name that merely ends so is another tag.
    world.git(&["tag", "x/web-1.4.0"]);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
    world.git(&["tag", "web-1.4.0"]);
    world.remote.commit("main", Commit::new("More").file("README.md", "More\n")).unwrap();
    world.git(&["pull", "--quiet"]);
    let refusals = refused(&world, &world.release(), &request(&["web"])).await;
    let second = world.git(&["rev-parse", "HEAD"]);
    let (first, second) = (&first[..12], &second[..12]);
    assert_eq!(
        refusals[0].0,
        format!("the tag web-1.4.0 stands on another commit (this clone: {first}; to release: {second})")
    );
    assert!(refusals[0].1.contains(&format!("`git checkout {first}`")));
    world.git(&["checkout", "--quiet", first]);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
}

#[tokio::test]
async fn versions_that_may_not_be_released() {
    let commit = chart(Commit::new("Charts"), "web", "0.9.0", false, "x");
    let commit = chart(commit, "api", "1.0.0-dev.3", false, "x");
    let fields = "apiVersion: v2\nname: worker\nversion: 1.0.0\ndependencies:\n- name: common\n  version: 0.0.0-dev\n  \
                  repository: file://../common\n";
    let commit = chart(commit, "common", "0.0.0-dev", false, "x").file("charts/worker/Chart.yaml", fields);
    let world = World::of(commit);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
    let deployed = world.builder().deployed(true).build();
    let refusals = refused(&world, &deployed, &request(&["web", "api", "worker"])).await;
    let messages: Vec<_> = refusals.iter().map(|(message, _)| message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "web 0.9.0 is below 1.0.0, and --deployed releases charts that are deployed",
            "the version of api is that of a dev release: 1.0.0-dev.3",
            "worker depends on a dev version: common 0.0.0-dev",
        ]
    );
    // Dev releases have no such rules.
    let dev = Request::Dev(Vec::new(), DevVersion::Fixed);
    assert!(plan_of(&deployed, &dev).await.is_possible());
}

/// Without a lock the same commit would be another archive tomorrow.
#[tokio::test]
async fn a_dependency_that_may_be_another_one_tomorrow() {
    let charts = warehouse_testkit::ChartServer::start().unwrap();
    charts.publish(&warehouse_testkit::Chart::new("redis", "1.2.0"));
    let fields = |version: &str| {
        format!(
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: redis\n  version: {version}\n  repository: {}\n",
            charts.url()
        )
    };
    let world = World::of(Commit::new("Web").file("charts/web/Chart.yaml", fields("^1.0.0")));
    let plan = plan_of(&world.release(), &request(&["web"])).await;
    let error = plan.charts[0].error.as_ref().expect("an error");
    assert!(error.to_string().contains("redis"), "{error}");
    assert!(error.hint().unwrap().contains("warehouse chart dependency lock"), "{:?}", error.hint());
    assert!(!plan.is_possible());
    // An exact version needs no lock.
    world.remote.commit("main", Commit::new("Exact").file("charts/web/Chart.yaml", fields("1.2.0"))).unwrap();
    world.git(&["pull", "--quiet"]);
    assert!(plan_of(&world.release(), &request(&["web"])).await.is_possible());
}

#[tokio::test]
async fn an_image_that_does_not_exist() {
    let world = World::new();
    let repository = ImageLocation::Repository(format!("{}/shop/{{chart}}", world.registry.host()));
    let images = RegistryClient::builder(client()).build();
    let release = world.builder().verify_image(repository, images.clone()).build();
    let refusals = refused(&world, &release, &request(&["web", "common"])).await;
    let image = format!("{}/shop/web:2.1.0", world.registry.host());
    assert_eq!(refusals.len(), 1, "a library chart has no image: {refusals:?}");
    assert!(
        refusals[0].0.starts_with(&format!("the image of web does not exist: {image}: ")),
        "{refusals:?}"
    );
    world.registry.image("shop/web").tag("2.1.0").platforms(["linux/amd64"]).push();
    assert!(plan_of(&release, &request(&["web", "common"])).await.is_possible());

    // Without a repository the values name the image; a chart without one is refused.
    let world = World::of(
        chart(Commit::new("x"), "web", "1.0.0", false, "x").file("charts/web/values.yaml", "a: b\n"),
    );
    let images = RegistryClient::builder(client()).build();
    let values = world.builder().verify_image(ImageLocation::Values, images).build();
    let refusals = refused(&world, &values, &request(&["web"])).await;
    assert_eq!(refusals[0].0, "the image of web is not known: values.yaml has no image.repository");
}

#[tokio::test]
async fn a_version_that_is_published_with_other_content() {
    let world = World::new();
    let release = world.release();
    let report = release.execute(plan_of(&release, &request(&["web"])).await, &(), None).await;
    assert!(report.is_complete());
    let published = report.charts[0].digest.clone();
    // The tags are gone, the content changes, the version stays: what scripts published again.
    world.remote.commit("main", chart(Commit::new("Changed"), "web", "1.4.0", true, "second")).unwrap();
    world.remote.git(["tag", "--delete", "web-1.4.0"]).unwrap();
    world.git(&["tag", "--delete", "web-1.4.0"]);
    world.git(&["pull", "--quiet"]);
    let plan = plan_of(&world.release(), &request(&["web"])).await;
    let places: Vec<_> = plan
        .refusals()
        .map(|(_, refusal)| match refusal {
            Refusal::OtherContent(conflict) => {
                assert_eq!((&conflict.published, &conflict.ours), (&published, &plan.charts[0].digest));
                conflict.place.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let store = format!("file://{}", world.store().display());
    assert_eq!(
        places,
        [
            format!("{store}/web-1.4.0.tgz"),
            format!("{}/web:1.4.0", world.registry_url()),
            format!("{store}/index.yaml")
        ]
    );
    refused(&world, &world.release(), &request(&["web"])).await;
}

#[tokio::test]
async fn nowhere_to_publish() {
    let world = World::new();
    let repository = GitRepository::discover(world.clone_folder()).unwrap();
    let release = Release::of_repository(repository, &SourceContext::new(client())).unwrap().build();
    let refusals = refused(&world, &release, &request(&["web"])).await;
    assert_eq!(refusals[0].0, "there is nowhere to publish to");
}

/// As `actions/checkout` leaves it by default: one commit.
#[tokio::test]
async fn a_shallow_clone_releases_the_newest_commit_of_its_branch() {
    let world = World::new();
    world.remote.commit("main", Commit::new("More").file("README.md", "More\n")).unwrap();
    let shallow = world.folder.path().join("shallow");
    let url = world.remote.url();
    super::world::run(
        std::process::Command::new("git").args(["clone", "--quiet", "--depth", "1", url]).arg(&shallow),
    );
    let release = super::world::builder(&shallow, &world.registry_url(), &world.store(), client()).build();
    assert!(plan_of(&release, &request(&["web"])).await.is_possible());
    // Once the branch has moved, it cannot tell.
    world.remote.commit("main", Commit::new("Still more").file("README.md", "Still more\n")).unwrap();
    let plan = plan_of(&release, &request(&["web"])).await;
    let [Refusal::UnknownHistory { command, .. }] = plan.refusals.as_slice() else {
        panic!("{:?}", plan.refusals)
    };
    super::world::run(std::process::Command::new("sh").arg("-c").arg(command).current_dir(&shallow));
    assert!(plan_of(&release, &request(&["web"])).await.is_possible(), "the remedy works: {command}");
}

/// The dependency that a refusal names, with its version.
fn dev_dependencies(plan: &Plan) -> Vec<String> {
    let shown = plan.refusals().filter_map(|(_, refusal)| match refusal {
        Refusal::DevDependency { chart, dependency, version } => {
            Some(format!("{chart}: {dependency} {version}"))
        }
        _ => None,
    });
    shown.collect()
}

/// What is embedded counts, for any constraint and at any depth.
#[tokio::test]
async fn a_dev_version_that_no_chart_yaml_names() {
    let with = |name: &str, version: &str, dependency: Option<(&str, &str)>| {
        let mut text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
        if let Some((dependency, range)) = dependency {
            text += &format!(
                "dependencies:\n- name: {dependency}\n  version: \"{range}\"\n  repository: file://../{dependency}\n"
            );
        }
        text
    };
    let embedded = with("inner", "0.0.0-dev", None);
    let commit = Commit::new("Charts")
        .file("charts/common/Chart.yaml", with("common", "1.0.0-dev.1", None))
        .file("charts/direct/Chart.yaml", with("direct", "1.0.0", Some(("common", ">=0.0.0-0"))))
        .file("charts/between/Chart.yaml", with("between", "1.0.0", Some(("common", ">=0.0.0-0"))))
        .file("charts/indirect/Chart.yaml", with("indirect", "1.0.0", Some(("between", "^1.0.0"))))
        .file("charts/holder/Chart.yaml", with("holder", "1.0.0", None))
        .file("charts/holder/charts/inner/Chart.yaml", embedded);
    let world = World::of(commit);
    for (chart, expected) in [
        ("direct", "direct: common 1.0.0-dev.1"),
        ("indirect", "between: common 1.0.0-dev.1"),
        ("holder", "holder: inner 0.0.0-dev"),
    ] {
        let plan = plan_of(&world.release(), &request(&[chart])).await;
        assert_eq!(dev_dependencies(&plan), [expected], "{chart}");
        assert!(!plan.is_possible());
    }
    let plan = plan_of(&world.release(), &Request::Dev(vec!["direct".into()], DevVersion::Fixed)).await;
    assert!(plan.is_possible(), "a dev release may have it");
}

/// A range of a remote repository, locked to a dev version.
#[tokio::test]
async fn a_dev_version_in_the_lock() {
    let charts = warehouse_testkit::ChartServer::start().unwrap();
    charts.publish(&warehouse_testkit::Chart::new("remote", "2.0.0-dev.7"));
    let dependency = format!("- name: remote\n  version: \">=0.0.0-0\"\n  repository: {}\n", charts.url());
    let mut wanted = helm_chart::Dependency::default();
    wanted.name = "remote".into();
    wanted.version = ">=0.0.0-0".into();
    wanted.repository = charts.url();
    let mut chosen = wanted.clone();
    chosen.version = "2.0.0-dev.7".into();
    let lock = helm_chart::Lock::new(&[wanted], vec![chosen], "2026-11-29T12:00:00Z").unwrap();
    let commit = Commit::new("Charts")
        .file(
            "charts/web/Chart.yaml",
            format!("apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n{dependency}"),
        )
        .file("charts/web/Chart.lock", lock.to_yaml().unwrap());
    let plan = plan_of(&World::of(commit).release(), &request(&["web"])).await;
    assert_eq!(dev_dependencies(&plan), ["web: remote 2.0.0-dev.7"], "{plan:?}");
}

#[tokio::test]
async fn a_folder_with_another_name_than_its_chart() {
    let world = World::of(
        Commit::new("x").file("charts/other/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    );
    let refusals = refused(&world, &world.release(), &request(&["other"])).await;
    assert_eq!(refusals[0].0, "the folder charts/other holds a chart of another name: web");
    assert_eq!(refusals[0].1, "rename the folder to web, or write `name: other` into its Chart.yaml");
}

#[tokio::test]
async fn a_submodule_and_no_chart_at_all() {
    let world = World::of(Commit::new("x").submodule("charts/sub", "1".repeat(40)).file("README.md", ""));
    let refusals = refused(&world, &world.release(), &request(&["sub"])).await;
    assert_eq!(refusals[0].0, "charts/sub is a submodule: its files are not part of the commit to release");
    let auto = Request::Auto(Vec::new(), DevVersion::Fixed);
    let refusals = refused(&world, &world.release(), &auto).await;
    assert_eq!(refusals[0].0, "there are no charts in charts");
    // In a clone with its files it is a chart for everybody who looks.
    std::fs::write(
        world.clone_folder().join("charts/sub/Chart.yaml"),
        "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    )
    .unwrap();
    let plan = plan_of(&world.release(), &auto).await;
    assert!(plan.refusals().any(|(_, refusal)| matches!(refusal, Refusal::Submodule { .. })), "{plan:?}");
    let dev = plan_of(&world.release(), &Request::Dev(Vec::new(), DevVersion::Fixed)).await;
    assert_eq!(dev.charts.len(), 1, "a dev release packages the folder");
}

/// An archive in the store that no index names yet: the release that reserved it is to be finished. Other charts of `auto` go on.
#[tokio::test]
async fn a_version_that_an_unfinished_release_reserved() {
    let world = World::new();
    let other = warehouse_testkit::Chart::new("web", "1.4.0").archive();
    std::fs::write(world.store().join("web-1.4.0.tgz"), &other).unwrap();
    let refusals = refused(&world, &world.release(), &request(&["alone", "web"])).await;
    assert!(
        refusals[0]
            .0
            .starts_with("web 1.4.0 is reserved by an unfinished release with other content: file://"),
        "{refusals:?}"
    );
    assert!(
        refusals[0].1.starts_with("finish that release from its commit: run its job again"),
        "{refusals:?}"
    );
    let release = world.release();
    let plan = plan_of(&release, &Request::Auto(vec!["alone".into(), "web".into()], DevVersion::Fixed)).await;
    assert!(plan.is_possible());
    let report = release.execute(plan, &(), None).await;
    let complete = report.charts.iter().map(|chart| (chart.chart.as_str(), chart.is_complete()));
    assert_eq!(complete.collect::<Vec<_>>(), [("alone", true), ("web", false)]);
    assert!(!report.is_complete() && report.failures.len() == 1);
    // With an entry it is published.
    std::fs::write(
        world.store().join("index.yaml"),
        format!("apiVersion: v1\nentries:\n  web:\n  - version: 1.4.0\n    digest: {}\n", "1".repeat(64)),
    )
    .unwrap();
    let refusals = refused(&world, &world.release(), &request(&["web"])).await;
    assert!(refusals[0].0.starts_with("web 1.4.0 is published with other content"), "{refusals:?}");
}
