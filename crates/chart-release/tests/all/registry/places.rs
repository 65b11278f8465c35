//! URLs, names and versions, and what discovery finds of a push.

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
use chart_release::Overwrite;
use chart_release::registry::ChartRegistry;
use helm_source::HelmSource;
use warehouse_testkit::{Chart, Registry};

use super::{at, call, charts, package, web};

#[test]
fn urls() {
    for url in ["oci://ghcr.io/org/charts", "oci://ghcr.io/org/charts/", "oci://localhost:5000"] {
        let registry = ChartRegistry::builder(url).build().unwrap();
        assert_eq!(registry.url(), url.trim_end_matches('/'));
    }
    for url in [
        "",
        "oci://",
        "ghcr.io/org",
        "https://ghcr.io/org",
        "oci://me:SECRET@ghcr.io/org",
        "oci://a b/c",
        "oci:///",
    ] {
        let error = ChartRegistry::builder(url).build().unwrap_err();
        assert!(error.hint().is_some(), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
}

#[tokio::test]
async fn names_and_versions_that_no_registry_takes() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    for (name, version) in [
        ("Web", "1.0.0"),
        ("a/b", "1.0.0"),
        ("", "1.0.0"),
        ("web", ""),
        ("web", "1 0"),
        ("web:1", "1.0.0"),
        ("..", "1.0.0"),
    ] {
        let error = charts.standing(name, version, &call()).await.unwrap_err();
        assert!(error.hint().is_some(), "{name} {version}: {error}");
    }
    let long = format!("1.0.0-{}", "a".repeat(130));
    let error =
        charts.push(&package(&Chart::new("web", long)), &Overwrite::Never, &call()).await.unwrap_err();
    assert!(error.to_string().contains("gives no tag"), "{error}");
    assert!(registry.log().all().is_empty());
}

#[tokio::test]
async fn discovery_finds_what_was_pushed() {
    let registry = Registry::start().unwrap();
    let charts = charts(&registry, None);
    for version in ["1.0.0", "1.1.0+build.7", "2.0.0-rc.1"] {
        let pushed = charts.push(&web(version), &Overwrite::Never, &call()).await.unwrap();
        let tag = version.replace('+', "_");
        assert_eq!(pushed.reference, format!("oci://{}/charts/web:{tag}", registry.host()));
    }
    let source = HelmSource::builder(format!("oci://{}/charts/web", registry.host()))
        .http(HttpClient::builder().build().unwrap())
        .constraint(">=1.0.0-0")
        .build()
        .unwrap();
    let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await.unwrap() else { panic!() };
    let versions: Vec<_> = found.artifacts.iter().map(|chart| chart.version.as_str()).collect();
    assert_eq!(versions, ["2.0.0-rc.1", "1.1.0+build.7", "1.0.0"]);
}

#[tokio::test]
async fn a_path_is_not_needed() {
    let registry = Registry::start().unwrap();
    let charts = ChartRegistry::builder(format!("oci://{}", registry.host())).build().unwrap();
    charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(registry.tags("web"), ["1.0.0"]);
    let provenance = at(&registry.host()).build().unwrap();
    provenance.push_with_provenance(&web("1.0.0"), "signed", &Overwrite::Never, &call()).await.unwrap();
    let (_, manifest) = registry.manifest("charts/web", "1.0.0").unwrap();
    assert!(String::from_utf8_lossy(&manifest).contains("vnd.cncf.helm.chart.provenance.v1.prov"));
}
