//! Whole Warehouses over foreign servers that foreign tools have filled: the reference registry and Debian's old one by
//! `crane` and `helm`, nginx over what `helm repo index` wrote, `git daemon` over what `git` wrote.
//!
//! `scripts/peers` installs the programs; what is absent is skipped loudly, and fails with `CI=true`.

use std::fs;

use artifact_source::AnyArtifact;
use warehouse_discovery::{Freshness, Report};
use warehouse_spec::{
    ChartSubscription, GitSubscription, ImageSelectionStrategy, ImageSubscription, Platform, Subscription,
    Warehouse,
};
use warehouse_testkit::peer::{GitDaemon, Nginx, OldRegistry, ReferenceRegistry, Tool, available};
use warehouse_testkit::{Chart, Commit, GitServer};

use crate::on_loopback;

/// Pushes `shop/web` in these versions as indexes of two platforms, and tags the last one `latest` too.
fn push_images(crane: &Tool, host: &str, versions: &[&str]) {
    let run = |arguments: &[&str]| crane.run(arguments).unwrap();
    for version in versions {
        fs::write(crane.folder().join("layer.tar"), tar(version)).unwrap();
        let image = |suffix: &str| format!("{host}/shop/web:{version}{suffix}");
        let parts = ["-amd64", "-arm64"].map(image);
        for (part, platform) in parts.iter().zip(["linux/amd64", "linux/arm64/v8"]) {
            run(&["append", "--insecure", "--oci-empty-base", "-f", "layer.tar", "-t", part]);
            run(&["mutate", "--insecure", "--set-platform", platform, "-t", part, part]);
        }
        run(&["index", "append", "--insecure", "-m", &parts[0], "-m", &parts[1], "-t", &image("")]);
    }
    run(&["tag", "--insecure", &format!("{host}/shop/web:{}", versions.last().unwrap()), "latest"]);
}

/// An archive with one empty file of this name.
fn tar(name: &str) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000000");
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    header[263..265].copy_from_slice(b"00");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&header[..], &[0; 1024]].concat()
}

/// The names of what a subscription found, best first.
#[track_caller]
fn found(report: &Report, index: usize) -> Vec<String> {
    let subscription = &report.subscriptions[index];
    assert!(subscription.error.is_none(), "{}: {:?}", subscription.id, subscription.error);
    let name = |artifact: &AnyArtifact| match artifact {
        AnyArtifact::Image(image) => format!("{}@{}", image.tag, image.digest),
        AnyArtifact::Commit(commit) => format!("{} {}", commit.id, commit.subject),
        AnyArtifact::Chart(chart) => chart.version.clone(),
        other => format!("{other:?}"),
    };
    subscription.artifacts.iter().map(name).collect()
}

fn image(host: &str) -> ImageSubscription {
    ImageSubscription::new(format!("{host}/shop/web"))
}

/// Images and charts of a registry that `crane` and `helm` filled, found again as those tools see them.
async fn a_foreign_registry(host: &str) {
    let (Some(crane), Some(helm)) = (available(Tool::find("crane")), available(Tool::find("helm"))) else {
        return;
    };
    push_images(&crane, host, &["1.0.0", "1.1.0", "2.0.0"]);
    for version in ["0.9.0", "1.2.3+b1"] {
        fs::write(helm.folder().join("cache.tgz"), Chart::new("cache", version).archive()).unwrap();
        helm.run(["push", "cache.tgz", &format!("oci://{host}/charts"), "--plain-http"]).unwrap();
    }

    let mut newest = image(host);
    newest.constraint = Some("^1.0.0".to_owned());
    newest.platform = Some("linux/arm64".parse::<Platform>().unwrap());
    let mut latest = image(host);
    latest.image_selection_strategy = ImageSelectionStrategy::Digest;
    latest.constraint = Some("latest".to_owned());
    let chart = ChartSubscription::oci(format!("oci://{host}/charts/cache"));
    let warehouse = Warehouse::new(
        "foreign",
        vec![
            Subscription::new(newest).with_name("newest"),
            Subscription::new(latest).with_name("latest"),
            Subscription::new(chart),
        ],
    );
    let report = on_loopback().build().unwrap().run(&warehouse).await;
    let digest = |tag: &str| crane.run(["digest", "--insecure", &format!("{host}/shop/web:{tag}")]).unwrap();
    let named = |tag: &str| format!("{tag}@{}", digest(tag));
    // `1.1.0-amd64` and its like are versions too, prereleases, which `^1.0.0` leaves out.
    assert_eq!(found(&report, 0), [named("1.1.0"), named("1.0.0")]);
    assert_eq!(found(&report, 1), [named("latest")]);
    assert_eq!(digest("latest"), digest("2.0.0"));
    assert_eq!(found(&report, 2), ["1.2.3+b1", "0.9.0"]);
    assert!(report.freight(&warehouse).is_ok());
}

#[tokio::test]
async fn the_reference_registry() {
    let Some(registry) = available(ReferenceRegistry::start()) else { return };
    a_foreign_registry(&registry.host()).await;
}

#[tokio::test]
async fn an_old_registry_that_ignores_paging() {
    let Some(registry) = available(OldRegistry::start()) else { return };
    a_foreign_registry(&registry.host()).await;
}

#[tokio::test]
async fn nginx_over_an_index_that_helm_wrote() {
    let (Some(helm), Some(served)) = (available(Tool::find("helm")), tempfile::tempdir().ok()) else {
        return;
    };
    let charts = served.path().join("charts");
    fs::create_dir(&charts).unwrap();
    let publish = |version: &str| {
        let chart = Chart::new("shop", version);
        fs::write(charts.join(chart.file_name()), chart.archive()).unwrap();
        helm.run(["repo", "index", charts.to_str().unwrap()]).unwrap();
    };
    ["0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1"].into_iter().for_each(publish);
    let Some(nginx) = available(Nginx::serve(served.path())) else { return };

    let mut chart =
        ChartSubscription::classic(format!("{}/charts", nginx.url().trim_end_matches('/')), "shop");
    chart.semver_constraint = Some("0.x".to_owned());
    let warehouse = Warehouse::new("foreign", vec![Subscription::new(chart)]);
    let first = on_loopback().build().unwrap().run(&warehouse).await;
    assert_eq!(found(&first, 0), ["0.10.0", "0.2.0", "0.1.0"]);

    // Another process with nothing but the snapshot: nginx proves by its ETag that nothing changed.
    let discoverer = on_loopback().build().unwrap();
    let second = discoverer.run(&warehouse).with_previous(&first.snapshot()).await;
    assert_eq!(second.subscriptions[0].freshness, Freshness::Unchanged);
    assert_eq!((second.cost.requests, second.cost.bytes_received), (1, 0));

    publish("0.11.0");
    let third = discoverer.run(&warehouse).with_previous(&second.snapshot()).await;
    assert_eq!(found(&third, 0), ["0.11.0", "0.10.0", "0.2.0", "0.1.0"]);
}

#[tokio::test]
async fn git_daemon_over_what_git_wrote() {
    // Only its folder is used: the daemon serves it.
    let server = GitServer::start().unwrap();
    let repository = server.create("shop").unwrap();
    let mut history = repository.history().unwrap();
    let first = history.commit("main", Commit::new("Open the shop").file("README.md", "# Shop\n"));
    history.branch("pears", first);
    let pears = history.commit("pears", Commit::new("Sell pears").file("pears", "5\n"));
    history.merge("main", pears, Commit::new("Merge branch 'pears'").file("pears", "5\n"));
    history.write().unwrap();
    let Some(daemon) = available(GitDaemon::serve(&server.root())) else { return };

    let folder = repository.path().file_name().unwrap().to_str().unwrap();
    let mut git = GitSubscription::new(format!("{}/{folder}", daemon.url()));
    git.branch = Some("main".to_owned());
    let warehouse = Warehouse::new("foreign", vec![Subscription::new(git)]);
    let discoverer = on_loopback().build().unwrap();
    let report = discoverer.run(&warehouse).await;
    let log = repository.git(["log", "--first-parent", "--format=%H %s", "main"]).unwrap();
    assert_eq!(found(&report, 0), log.lines().map(str::to_owned).collect::<Vec<_>>());

    let again = discoverer.run(&warehouse).with_previous(&report.snapshot()).await;
    assert_eq!(again.subscriptions[0].freshness, Freshness::Unchanged);
}
