//! Charts that Helm packaged and pushed, from foreign servers.

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, Chart, DiscoverRequest, Discovery, Found};
use helm_source::{HelmSource, Index, IndexReader, ReadBy};
use oci_registry::Digest;
use warehouse_testkit::peer::{Nginx, OldRegistry, ReferenceRegistry, Tool, available};
use warehouse_testkit::{ChartServer, Fault, When};

const VERSIONS: [&str; 4] = ["1.9.0", "1.10.0", "1.10.1-rc.1", "1.10.0+build.7"];

/// Helm, with a folder `archives` that has an archive of each version.
fn packaged() -> Option<Tool> {
    let helm = available(Tool::find("helm"))?;
    let chart = helm.folder().join("web");
    std::fs::create_dir(&chart).unwrap();
    // Text that Helm quotes or folds, a list, and a block scalar that looks like an entry.
    let metadata = "apiVersion: v2\nname: web\nversion: 0.0.0\nkeywords: [a, \"b: c\"]\nannotations:\n  changes: |\n    \
                    - kind: added\n      version: 9.9.9\ndescription: 'It''s a text: long enough to be folded by the tool that \
                    writes it, as it goes on and on until nobody would want to read it in one line'\n";
    std::fs::write(chart.join("Chart.yaml"), metadata).unwrap();
    for version in VERSIONS {
        helm.run(["package", "web", "--version", version, "--destination", "archives"]).unwrap();
    }
    Some(helm)
}

fn versions(found: &Found<Chart>) -> Vec<&str> {
    found.artifacts.iter().map(|chart| chart.version.as_str()).collect()
}

async fn found(source: &HelmSource) -> Found<Chart> {
    source.discover(DiscoverRequest::new()).await.unwrap().found().unwrap()
}

#[tokio::test]
async fn an_index_of_helm_behind_nginx() {
    let Some(helm) = packaged() else { return };
    helm.run(["repo", "index", "archives"]).unwrap();
    let archives = helm.folder().join("archives");
    let index = std::fs::read(archives.join("index.yaml")).unwrap();
    let (_, by) = IndexReader::new().finish(&*index).unwrap();
    assert_eq!(by, ReadBy::Lexer);

    let directives = "gzip on; gzip_types *; gzip_min_length 0; location /old/ { return 302 /index.yaml; }";
    let Some(nginx) = available(Nginx::serve_with(&archives, directives)) else { return };
    let build = |repo_url: String| HelmSource::builder(repo_url).chart("web").build().unwrap();
    let source = build(nginx.url());
    let first = found(&source).await;
    assert_eq!(versions(&first), ["1.10.1-rc.1", "1.10.0+build.7", "1.10.0", "1.9.0"]);
    assert!(first.cost.bytes_received < index.len() as u64, "{} of {}", first.cost, index.len());

    for asked in [&source, &build(nginx.url())] {
        let request = DiscoverRequest::new().with_previous(first.observation.as_ref());
        let again = asked.discover(request).await.unwrap();
        assert!(
            matches!(&again, Discovery::Unchanged { cost } if cost.requests == 1 && cost.bytes_received == 0)
        );
    }
    // The digest of an entry is that of the archive beside it.
    let source = HelmSource::builder(nginx.url()).chart("web").follow_digests(true).build().unwrap();
    let digested = found(&source).await;
    assert_eq!((versions(&digested), digested.cost.requests), (versions(&first), 1));
    for chart in &digested.artifacts {
        let archive = std::fs::read(archives.join(format!("web-{}.tgz", chart.version))).unwrap();
        assert_eq!(chart.digest, Some(Digest::of(&archive).to_string()), "{}", chart.version);
    }
    let moved = found(&build(format!("{}/old", nginx.url()))).await;
    assert_eq!((versions(&moved), moved.cost.requests), (versions(&first), 2));
}

/// Helm can write JSON into `index.yaml`.
#[test]
fn an_index_of_helm_in_json() {
    let Some(helm) = packaged() else { return };
    helm.run(["repo", "index", "archives"]).unwrap();
    let path = helm.folder().join("archives/index.yaml");
    let yaml = Index::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    helm.run(["repo", "index", "archives", "--json"]).unwrap();
    let (json, by) = IndexReader::new().finish(&*std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(by, ReadBy::Json);
    let listed = |index: &Index| {
        let mut versions: Vec<_> = index.versions("web").unwrap().map(str::to_owned).collect();
        versions.sort();
        versions
    };
    assert_eq!(listed(&json), listed(&yaml));
}

/// Helm and this crate accept and refuse the same files.
#[tokio::test]
async fn unusual_indexes_as_helm_reads_them() {
    let Some(helm) = available(Tool::find("helm")) else { return };
    let server = ChartServer::builder().without_gzip().start().unwrap();
    let yaml = "apiVersion: v1\nentries:\n  web:\n  - {apiVersion: v2, name: web, version: 1.2.0}\n  - apiVersion: v2\n    \
                name: web\n    version: 1.10.0\n";
    let entry = |version: &str| format!(r#"{{"apiVersion":"v2","name":"web","version":"{version}"}}"#);
    let json =
        format!(r#"{{"apiVersion":"v1","entries":{{"web":[{},{}]}}}}"#, entry("1.2.0"), entry("1.10.0"));
    let latin1 = [yaml.as_bytes(), b"    description: M\xfcnchen\n"].concat();
    for (number, (index, encoding)) in [
        (yaml.to_owned().into_bytes(), ""),
        (json.clone().into_bytes(), ""),
        (yaml.replace("entries", "Entries").into_bytes(), ""),
        (yaml.replace("version", "Version").into_bytes(), ""),
        (json.replace("entries", "ENTRIES").into_bytes(), ""),
        (json.replace("\"version", "\"Version").into_bytes(), ""),
        (format!("{json} garbage").into_bytes(), ""),
        (format!("{json}}}").into_bytes(), ""),
        (format!("{json}\n{json}").into_bytes(), ""),
        (format!("{yaml}...\ngarbage: [\n").into_bytes(), ""),
        (latin1, ""),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), ""),
        (format!("{yaml}    version: 2.0.0\n").into_bytes(), ""),
        (yaml.to_owned().into_bytes(), "br"),
        (yaml.to_owned().into_bytes(), "deflate"),
        (yaml.to_owned().into_bytes(), "zstd"),
        (yaml.to_owned().into_bytes(), "compress"),
        (json.into_bytes(), "gzip"),
    ]
    .into_iter()
    .enumerate()
    {
        let described = format!("{} under {encoding:?}", index.escape_ascii());
        server.set_index(index);
        server.faults().clear();
        if !encoding.is_empty() {
            let header = Fault::Header { name: "content-encoding".into(), value: encoding.into() };
            server.faults().add(When::any(), header);
        }
        let name = format!("r{number}");
        let by_helm = helm.run(["repo", "add", &name, &server.url()]).ok().map(|_| {
            let listed = helm
                .run(["search", "repo", &format!("{name}/web"), "--versions", "--output", "json"])
                .unwrap();
            let listed: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
            listed.iter().map(|entry| entry["version"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        });
        let http = HttpClient::builder().attempts(1).build().unwrap();
        let source = HelmSource::builder(server.url()).chart("web").http(http).build().unwrap();
        let ours = source.discover(DiscoverRequest::new()).await.ok().and_then(Discovery::found);
        let ours = ours.map(|found| versions(&found).into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(ours, by_helm, "{described}");
    }
}

async fn check_registry(host: &str, helm: &Tool) {
    for entry in std::fs::read_dir(helm.folder().join("archives")).unwrap() {
        let archive = entry.unwrap().path();
        let archive = archive.to_str().unwrap();
        helm.run(["push", archive, &format!("oci://{host}/charts"), "--plain-http"]).unwrap();
    }
    let client = HttpClient::builder().build().unwrap();
    let builder = HelmSource::builder(format!("oci://{host}/charts/web")).http(client);
    let source = builder.clone().build().unwrap();
    let plain = found(&source).await;
    assert_eq!(versions(&plain), ["1.10.1-rc.1", "1.10.0+build.7", "1.10.0", "1.9.0"]);
    assert_eq!(plain.cost.requests, 1);

    let digested = found(&builder.follow_digests(true).build().unwrap()).await;
    assert_eq!((versions(&digested), digested.cost.requests), (versions(&plain), 1 + 4));
    for chart in &digested.artifacts {
        let digest = chart.digest.as_ref().unwrap();
        let shown = helm
            .run(["show", "chart", &format!("oci://{host}/charts/web@{digest}"), "--plain-http"])
            .unwrap();
        let version = format!("version: {}", chart.version);
        assert!(shown.lines().any(|line| line == version), "{digest}: {shown}");
    }
}

#[tokio::test]
async fn charts_that_helm_pushed() {
    let Some(helm) = packaged() else { return };
    if let Some(registry) = available(ReferenceRegistry::start()) {
        check_registry(&registry.host(), &helm).await;
    }
    if let Some(registry) = available(OldRegistry::start()) {
        check_registry(&registry.host(), &helm).await;
    }
}
