//! Beside Helm 3 and 4, in the reference registry and in an old one: what they push and what we push is the same, and they take ours.

use std::fs;
use std::path::Path;

use artifact_http::{Call, Credential, HttpClient};
use chart_release::Overwrite;
use chart_release::Package;
use chart_release::registry::{ChartRegistry, Outcome};
use jiff::Timestamp;
use oci_registry::{Manifest, RegistryClient};
use warehouse_testkit::peer::{OldRegistry, ReferenceRegistry, Tool, available};
use warehouse_testkit::{PasswordRegistry, Registry};

use super::{at, methods};

/// Charts with every field that reaches the configuration or the annotations.
const CHARTS: [(&str, &str); 5] = [
    ("plain", "apiVersion: v2\nname: plain\nversion: 1.0.0\n"),
    (
        "build",
        "apiVersion: v2\nname: build\nversion: 1.0.0-rc.1+build.5\nappVersion: \"2.0\"\ntype: library\n",
    ),
    (
        "texts",
        "apiVersion: v2\nname: texts\nversion: 1.2.3\n\
         description: |\n  <b>bold</b> & 'quoted' \"twice\"\n  é 漢字 \u{1f600} a\u{200b}b\n\
         home: https://example.com/?a=1&b=<2>\nicon: https://example.com/i.svg\n\
         sources: [\"https://example.com/a&b\", https://example.com/c]\nkeywords: [one, \"t>wo\"]\n\
         maintainers:\n- {name: Ann, email: ann@example.com, url: https://example.com}\n- {name: Bob}\n- {name: Eve <e>, email: e@x}\n\
         kubeVersion: \">=1.20.0-0\"\ndeprecated: true\ncondition: a.b\ntags: x\nappVersion: v1.0\n",
    ),
    (
        "noted",
        "apiVersion: v2\nname: noted\nversion: 0.1.0\nannotations:\n  b: \"<x> & y\"\n  a: \"\"\n  empty: \"  \"\n\
         \u{20} org.opencontainers.image.title: not this\n  org.opencontainers.image.version: \"9\"\n\
         \u{20} org.opencontainers.image.url: https://example.com/own\n  artifacthub.io/changes: |\n    - one\n    - two\n",
    ),
    (
        "parent",
        "apiVersion: v2\nname: parent\nversion: 3.0.0\ndependencies:\n- name: sub\n  version: 1.x.x\n  repository: \"\"\n  condition: sub.enabled\n\
         \u{20} tags: [back, \"fro&nt\"]\n  alias: under\n  import-values:\n  - data\n  - {child: a.b, parent: c}\n",
    ),
];

fn tools() -> Option<[Tool; 2]> {
    Some([available(Tool::find("helm"))?, available(Tool::find("helm3"))?])
}

/// The archives of all charts, packaged by this Helm in its folder.
fn archives(helm: &Tool) -> Vec<(String, Vec<u8>)> {
    let write = |folder: &Path, yaml: &str| {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("Chart.yaml"), yaml).unwrap();
        fs::write(folder.join("values.yaml"), "a: 1\n").unwrap();
    };
    let archive = |(name, yaml): &(&str, &str)| {
        let folder = helm.folder().join(name);
        write(&folder, yaml);
        if *name == "parent" {
            write(&folder.join("charts/sub"), "apiVersion: v2\nname: sub\nversion: 1.5.0\n");
        }
        helm.run(["package", name]).unwrap();
        let version = yaml.lines().find_map(|line| line.strip_prefix("version: ")).unwrap();
        let file = format!("{name}-{version}.tgz");
        let bytes = fs::read(helm.folder().join(&file)).unwrap();
        (file, bytes)
    };
    CHARTS.iter().map(archive).collect()
}

/// A manifest of ours or theirs, with the time replaced, and the time.
async fn manifest(
    host: &str,
    parent: &str,
    package: &Package,
    credential: Option<Credential>,
) -> (String, String) {
    let http = HttpClient::builder().build().unwrap();
    let client = RegistryClient::builder(http).credentials(credential).build();
    let repository = client.repository(&format!("oci://{host}/{parent}/{}", package.name())).unwrap();
    let fetched = repository.manifest(&package.version().replace('+', "_"), &Call::new()).await.unwrap();
    let Manifest::Image(image) = &fetched.manifest else { panic!("{fetched:?}") };
    let created = image.annotations["org.opencontainers.image.created"].clone();
    // The configuration is read, too: its digest in the manifest proves its bytes only where the registry has it.
    repository.blob(&image.config.digest, 1 << 20, &Call::new()).await.unwrap();
    let text = String::from_utf8(fetched.bytes.to_vec()).unwrap();
    (text.replace(&created, "TIME"), created)
}

async fn check(host: &str, credential: Option<Credential>) {
    let Some(helms) = tools() else { return };
    let blocking = |helm: &Tool, arguments: &[&str]| helm.run(arguments.iter().copied()).unwrap();
    let ours = at(host).credentials(credential.clone()).build().unwrap();
    if credential.is_some() {
        for helm in &helms {
            let (user, password) = (PasswordRegistry::USER, PasswordRegistry::PASSWORD);
            blocking(helm, &["registry", "login", host, "-u", user, "-p", password, "--plain-http"]);
        }
    }
    for (file, archive) in archives(&helms[0]) {
        let package = Package::from_archive(archive.clone()).unwrap();
        let pushed = ours.push(&package, &Overwrite::Never, &Call::new()).await.unwrap();
        assert_eq!(pushed.outcome, Outcome::Pushed);
        let (written, created) = manifest(host, "charts", &package, credential.clone()).await;
        assert_eq!(created, "2026-11-29T12:00:00Z");
        for (number, helm) in helms.iter().enumerate() {
            let parent = format!("helm{number}");
            fs::write(helm.folder().join(&file), &archive).unwrap();
            blocking(helm, &["push", &file, &format!("oci://{host}/{parent}"), "--plain-http"]);
            let (theirs, created) = manifest(host, &parent, &package, credential.clone()).await;
            assert_eq!(
                written, theirs,
                "{file} of Helm {number}: the manifest, and so the digests of config and chart"
            );
            assert!(created.parse::<Timestamp>().is_ok(), "{created}");

            let reference = format!("oci://{host}/charts/{}", package.name());
            let place = ["--version", package.version(), "--plain-http"];
            let shown = blocking(helm, &[&["show", "chart", &reference], &place[..]].concat());
            assert!(shown.contains(&format!("name: {}", package.name())), "{shown}");
            fs::remove_file(helm.folder().join(&file)).unwrap();
            blocking(helm, &[&["pull", &reference], &place[..]].concat());
            assert_eq!(fs::read(helm.folder().join(&file)).unwrap(), archive, "{file}");
        }
        // What Helm pushed is recognised.
        let theirs = ChartRegistry::builder(format!("oci://{host}/helm0"))
            .credentials(credential.clone())
            .build()
            .unwrap();
        let again = theirs.push(&package, &Overwrite::Never, &Call::new()).await.unwrap();
        assert_eq!((again.outcome, again.blobs_sent), (Outcome::AlreadyThere, 0));
    }
}

#[tokio::test]
async fn the_reference_registry() {
    let Some(registry) = available(ReferenceRegistry::start()) else { return };
    check(&registry.host(), None).await;
}

#[tokio::test]
async fn an_old_registry() {
    let Some(registry) = available(OldRegistry::start()) else { return };
    check(&registry.host(), None).await;
}

#[tokio::test]
async fn registries_with_a_password() {
    for program in ["registry", "docker-registry"] {
        let Some(registry) = available(PasswordRegistry::start(program)) else { return };
        check(
            &registry.host(),
            Some(Credential::password(PasswordRegistry::USER, PasswordRegistry::PASSWORD)),
        )
        .await;
    }
}

#[tokio::test]
async fn provenance_is_the_layer_that_helm_writes() {
    let Some(registry) = available(ReferenceRegistry::start()) else { return };
    let Some(helms) = tools() else { return };
    let host = registry.host();
    let (file, archive) = archives(&helms[0]).swap_remove(0);
    let package = Package::from_archive(archive).unwrap();
    fs::write(helms[0].folder().join(format!("{file}.prov")), "signed").unwrap();
    helms[0].run(["push", &file, &format!("oci://{host}/helm0"), "--plain-http"]).unwrap();
    at(&host)
        .build()
        .unwrap()
        .push_with_provenance(&package, "signed", &Overwrite::Never, &Call::new())
        .await
        .unwrap();
    let (ours, _) = manifest(&host, "charts", &package, None).await;
    let (theirs, _) = manifest(&host, "helm0", &package, None).await;
    assert_eq!(ours, theirs);
}

/// The number of requests of `helm push`, for the table in `docs/src/cost.md`.
#[tokio::test]
async fn helm_sends_more_requests() {
    let Some(helms) = tools() else { return };
    for helm in &helms {
        let registry = Registry::start().unwrap();
        let (file, _) = archives(helm).swap_remove(0);
        let push = || {
            helm.run(["push", &file, &format!("oci://{}/charts", registry.host()), "--plain-http"]).unwrap()
        };
        push();
        let cold = methods(&registry);
        registry.log().clear();
        push();
        let count = |methods: &str| methods.split(' ').count();
        assert_eq!((count(&cold), count(&methods(&registry))), (10, 3), "{cold}; {}", methods(&registry));
        assert!(methods(&registry).contains("PUT"), "the manifest is sent again");
    }
}
