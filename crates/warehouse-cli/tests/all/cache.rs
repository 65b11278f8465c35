//! What one run leaves for the next.

use std::fs;
use std::path::Path;

use crate::support::{Ran, warehouse};
use warehouse_testkit::{Chart, ChartServer, Registry, When};

const MANIFEST: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\n\
                        spec: {subscriptions: [{image: {repoURL: HOST/shop/web, imageSelectionStrategy: NewestBuild}}]}\n";

/// A registry that wants a token, with thirty images that do not say when they were built.
fn registry() -> Registry {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    for version in 0..30 {
        let created = format!("2026-03-01T00:00:{version:02}Z");
        registry
            .image("shop/web")
            .tag(format!("1.{version}.0"))
            .platforms(["linux/amd64", "linux/arm64"])
            .created(created)
            .push();
    }
    registry
}

fn discover(registry: &Registry, folder: &Path) -> Ran {
    let secret = format!(
        "kind: Secret\nmetadata: {{name: web, labels: {{kargo.akuity.io/cred-type: image}}}}\n\
         stringData: {{repoURL: {}/shop/web, username: me, password: SECRET}}\n",
        registry.host()
    );
    let file = folder.join("secret.yaml");
    fs::write(&file, secret).unwrap();
    registry.log().clear();
    let cache = folder.join("cache");
    let arguments = [
        "discover",
        "-o",
        "name",
        "--credentials",
        file.to_str().unwrap(),
        "--cache-dir",
        cache.to_str().unwrap(),
        "-f",
        "-",
    ];
    warehouse(&arguments, &MANIFEST.replace("HOST", &registry.host()))
}

#[test]
fn the_next_process_requests_only_whether_tags_have_moved() {
    let (registry, folder) = (registry(), tempfile::tempdir().unwrap());
    let first = discover(&registry, folder.path());
    assert!(first.code == Some(0) && !first.err.contains("warning"), "{}", first.err);
    // A refusal, a token, a page of tags; an index and two manifests with their configurations for each image.
    assert_eq!(registry.log().counters().requests, 2 + 1 + 30 * 5);
    let second = discover(&registry, folder.path());
    assert_eq!((second.code, &second.out), (Some(0), &first.out));
    assert_eq!(registry.log().counters().requests, 2 + 1 + 30);
    assert_eq!(registry.log().count(&When::head("/v2/**/manifests/*")), 30);

    // Nothing of a credential is left on disk.
    let mut folders = vec![folder.path().join("cache")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains("SECRET") && !text.contains("testkit-token"), "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 0);
}

#[test]
fn a_cache_that_cannot_be_used_costs_requests_and_a_warning() {
    let (registry, folder) = (registry(), tempfile::tempdir().unwrap());
    fs::create_dir(folder.path().join("cache")).unwrap();
    fs::write(folder.path().join("cache").join("images"), "no folder").unwrap();
    for _ in 0..2 {
        let ran = discover(&registry, folder.path());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.err.contains("warning: ") && ran.err.contains("images"), "{}", ran.err);
        assert_eq!(registry.log().counters().requests, 2 + 1 + 30 * 5);
    }
}

/// Runs the command with a cache; returns what it printed, the requests, and the bytes of bodies that were sent.
fn discover_charts(server: &ChartServer, cache: &Path) -> (Ran, u64, u64) {
    let subscription = |chart: &str| format!("  - chart: {{repoURL: {}, name: {chart}}}\n", server.url());
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n{}{}",
        subscription("web"),
        subscription("api")
    );
    server.log().clear();
    let arguments = ["discover", "-o", "name", "--cache-dir", cache.to_str().unwrap(), "-f", "-"];
    let ran = warehouse(&arguments, &manifest);
    let counters = server.log().counters();
    (ran, counters.requests, counters.body_bytes_sent)
}

#[test]
fn the_next_process_asks_whether_an_index_has_changed_and_gets_no_body() {
    let folder = tempfile::tempdir().unwrap();
    let server = ChartServer::start().unwrap();
    for version in ["1.0.0", "1.1.0"] {
        server.publish(&Chart::new("web", version));
        server.publish(&Chart::new("api", version));
    }
    let (first, requests, bytes) = discover_charts(&server, folder.path());
    assert_eq!((first.code, requests, bytes > 0), (Some(0), 1, true), "{}", first.err);
    let (second, requests, bytes) = discover_charts(&server, folder.path());
    assert_eq!((second.code, &second.out, requests, bytes), (Some(0), &first.out, 1, 0), "{}", second.err);
    assert!(!second.err.contains("warning"), "{}", second.err);

    server.set_index("entries:\n  web: [{version: 1.1.0}]\n");
    let (third, requests, _) = discover_charts(&server, folder.path());
    assert_eq!(requests, 1);
    assert!(third.err.contains("the index lost 1 version of web: 1.0.0"), "{}", third.err);
    assert!(third.err.contains("the index lost 1 chart: api"), "{}", third.err);
    let (fourth, requests, bytes) = discover_charts(&server, folder.path());
    assert_eq!((requests, bytes, fourth.err.contains("lost")), (1, 0, false), "{}", fourth.err);
}

#[test]
fn a_cache_of_indexes_that_cannot_be_used_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("charts"), "no folder").unwrap();
    let server = ChartServer::start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    for _ in 0..2 {
        let (ran, requests, bytes) = discover_charts(&server, folder.path());
        assert_eq!((ran.code, requests, bytes > 0), (Some(0), 1, true), "{}", ran.err);
        assert!(
            ran.err.contains("warning: ") && ran.err.contains("charts: it is not a folder"),
            "{}",
            ran.err
        );
    }
}
