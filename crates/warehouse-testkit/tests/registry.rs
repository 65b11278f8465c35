//! The registry over plain HTTP.

mod common;

use common::{Answer, get, request, send};
use warehouse_testkit::{MediaType, Registry, When};

const EVERYTHING: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

fn manifest(registry: &Registry, reference: &str, accept: &str) -> Answer {
    let target = format!("/v2/demo/app/manifests/{reference}");
    send(registry.address(), request("GET", registry.address(), &target).header("accept", accept), "")
}

#[test]
fn three_thousand_tags_of_six_platforms_are_published_in_memory() {
    let registry = Registry::start().unwrap();
    let start = std::time::Instant::now();
    for number in 0..3000 {
        registry
            .image("demo/app")
            .tag(format!("1.{}.{}", number / 100, number % 100))
            .platforms([
                "linux/amd64",
                "linux/arm64",
                "linux/arm/v7",
                "linux/ppc64le",
                "linux/s390x",
                "windows/amd64",
            ])
            .push();
    }
    eprintln!("3000 tags, 18000 manifests: {:?}", start.elapsed());
    assert_eq!(registry.tags("demo/app").len(), 3000);
    assert_eq!(registry.log().counters().requests, 0);
}

#[test]
fn an_index_leads_to_manifests_configs_and_layers() {
    let registry = Registry::start().unwrap();
    let pushed = registry
        .image("demo/app")
        .tag("1.0.0")
        .platforms(["linux/amd64", "linux/arm64/v8"])
        .annotation("a", "1")
        .manifest_annotation("b", "2")
        .descriptor_annotation("c", "3")
        .label("d", "4")
        .created_on("linux/arm64/v8", "2024-06-01T00:00:00Z")
        .push();
    let index = manifest(&registry, "1.0.0", EVERYTHING);
    assert_eq!(index.status, 200);
    assert_eq!(index.header("content-type"), MediaType::OCI_INDEX);
    assert_eq!(index.header("docker-content-digest"), pushed.digest);
    let index = index.json();
    assert_eq!(index["annotations"]["a"], "1");
    let arm = &index["manifests"][1];
    assert_eq!(arm["platform"]["variant"], "v8");
    assert_eq!(arm["annotations"]["c"], "3");
    assert_eq!(arm["digest"], pushed.platforms[1].digest.as_str());
    let child = manifest(&registry, &pushed.platforms[1].digest, EVERYTHING);
    assert_eq!(child.body.len() as u64, arm["size"].as_u64().unwrap());
    let child = child.json();
    assert_eq!(child["annotations"]["b"], "2");
    let config = child["config"]["digest"].as_str().unwrap();
    let config = get(registry.address(), &format!("/v2/demo/app/blobs/{config}")).json();
    assert_eq!(config["created"], "2024-06-01T00:00:00Z");
    assert_eq!(config["config"]["Labels"]["d"], "4");
    assert_eq!(config["architecture"], "arm64");
}

#[test]
fn the_log_is_exact() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1").push();
    let first = manifest(&registry, "1", EVERYTHING);
    let second = get(registry.address(), "/v2/demo/app/tags/list?n=5");
    let counters = registry.log().counters();
    assert_eq!(counters.requests, 2);
    assert_eq!(counters.body_bytes_sent as usize, first.body.len() + second.body.len());
    assert!(counters.wire_bytes_sent > counters.body_bytes_sent);
    assert_eq!(counters.connections, 2);
    assert_eq!(registry.log().count(&When::get("/v2/**/manifests/*")), 1);
    let seen = registry.log().all();
    assert_eq!(seen[0].header("accept"), Some(EVERYTHING));
    assert_eq!(seen[1].query.as_deref(), Some("n=5"));
    assert_eq!(seen[1].status, Some(200));
}
