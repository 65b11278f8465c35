//! Artifacts that are not images are skipped with their kind (rule 3.10), at the cost of reading them.

use crate::support::answers::{explain, platform, source};
use crate::support::{cost, found};
use artifact_source::ArtifactSource;
use selection_strategies::TagRule;
use serde_json::{Value, json};
use warehouse_testkit::{MediaType, Registry, Reply, When};

const IMAGE_CONFIG: &str = MediaType::OCI_CONFIG;

/// A repository with an old image, `1.0.0`, into which a newer artifact is to be published as `2.0.0`.
fn registry() -> Registry {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1.0.0").single("linux/amd64").created("2020-01-01T00:00:00Z").push();
    registry
}

fn manifest(config: &str, layers: &[&str], artifact_type: Option<&str>) -> Value {
    let digest = |text: &str| oci_registry::Digest::of(text.as_bytes()).to_string();
    let layer = |media_type: &&str| json!({"mediaType": media_type, "digest": digest(media_type), "size": 1});
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": {"mediaType": config, "digest": digest("{}"), "size": 2},
        "layers": layers,
    });
    if let Some(artifact_type) = artifact_type {
        manifest["artifactType"] = artifact_type.into();
    }
    manifest
}

fn index(entries: &[Value]) -> Value {
    let digest = oci_registry::Digest::of(b"x").to_string();
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            entry["digest"] = digest.clone().into();
            entry
        })
        .collect();
    json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries})
}

/// Under every strategy, cold and warm, the artifact is skipped with its reason, and the old image is found.
async fn check(media_type: &str, content: &Value, what: &str) {
    let registry = registry();
    registry.push_blob("demo/app", "{}");
    registry.push_manifest("demo/app", ["2.0.0"], media_type, content.to_string());
    for rule in [TagRule::semver(None), TagRule::lexical(), TagRule::newest()] {
        for wanted in [None, Some("linux/amd64")] {
            let source = || source(&registry).rule(rule.clone()).platform(wanted.map(platform));
            let (tags, why) = explain(source()).await;
            assert_eq!(tags, ["1.0.0"], "{content}");
            assert_eq!(why["2.0.0"], format!("{what}, not an image"), "{content}");

            // It is known what it is, so that nothing but the two tags is asked for, and no body comes.
            registry.log().clear();
            let source = source().build().unwrap();
            let cold = crate::support::discover(&source).await;
            let config =
                u64::from(wanted.is_some() || registry.log().count(&When::get("/v2/**/blobs/*")) > 0);
            cost(&registry, &cold, 1 + 2 + config);
            let warm = crate::support::discover(&source).await;
            assert_eq!(registry.log().count(&When::head("/v2/**/manifests/*")), 2, "{content}");
            cost(&registry, &warm, 1 + 2);
            assert_eq!(found(warm).artifacts[0].tag, "1.0.0");
        }
    }
    let digest = source(&registry).rule(TagRule::digest("2.0.0"));
    let (tags, why) = explain(digest).await;
    assert!(tags.is_empty());
    assert_eq!(why["2.0.0"], format!("{what}, not an image"));
}

#[tokio::test]
async fn manifests_of_other_artifacts() {
    let empty = "application/vnd.oci.empty.v1+json";
    for (config, layers, artifact_type, what) in [
        ("application/vnd.cncf.helm.config.v1+json", &[][..], None, "a Helm chart"),
        ("application/vnd.CNCF.Helm.config.v1+json", &[], None, "a Helm chart"),
        ("application/vnd.buildkit.cacheconfig.v0", &["application/x"], None, "a BuildKit build cache"),
        (empty, &[], Some("application/vnd.dev.cosign.artifact.sig.v1+json"), "a Cosign signature"),
        (IMAGE_CONFIG, &["application/vnd.dev.cosign.simplesigning.v1+json"], None, "a Cosign signature"),
        (IMAGE_CONFIG, &["application/vnd.dsse.envelope.v1+json"], None, "an attestation"),
        (IMAGE_CONFIG, &["application/vnd.in-toto+json"; 2], None, "an attestation"),
        (IMAGE_CONFIG, &["text/spdx+json"], None, "a software bill of materials (SBOM)"),
        (empty, &["application/vnd.cyclonedx+json"], None, "a software bill of materials (SBOM)"),
        (empty, &[], Some("application/vnd.dev.sigstore.bundle.v0.3+json"), "a Sigstore bundle"),
        (empty, &[], Some("application/vnd.cncf.notary.signature"), "a Notary Project signature"),
        ("application/vnd.cncf.notary.signature", &[], None, "a Notary Project signature"),
        ("application/vnd.wasm.config.v0+json", &["application/wasm"], None, "a WebAssembly module"),
        ("application/vnd.cncf.flux.config.v1+json", &[], None, "a Flux artifact"),
        ("application/vnd.cncf.openpolicyagent.config.v1+json", &[], None, "an Open Policy Agent bundle"),
        ("application/vnd.docker.plugin.v1+json", &[], None, "a Docker plugin"),
        (
            MediaType::DOCKER_CONFIG,
            &["application/vnd.ollama.image.model", "application/vnd.ollama.image.params"],
            None,
            "a machine-learning model",
        ),
        (
            empty,
            &[],
            Some("application/vnd.acme.rocket"),
            "an artifact of type \"application/vnd.acme.rocket\"",
        ),
        ("application/vnd.acme.v1", &[], None, "an artifact of type \"application/vnd.acme.v1\""),
        (empty, &[], None, "an artifact of type \"application/vnd.oci.empty.v1+json\""),
    ] {
        check(MediaType::OCI_MANIFEST, &manifest(config, layers, artifact_type), what).await;
    }
    let mut tekton = manifest(IMAGE_CONFIG, &[MediaType::OCI_LAYER], None);
    tekton["layers"][0]["annotations"] = json!({"dev.tekton.image.kind": "task"});
    check(MediaType::OCI_MANIFEST, &tekton, "a Tekton bundle").await;
}

#[tokio::test]
async fn indexes_without_an_image() {
    let real = || json!({"os": "linux", "architecture": "amd64"});
    let unknown = || json!({"os": "unknown", "architecture": "unknown"});
    let image = MediaType::OCI_MANIFEST;
    let chart = "application/vnd.cncf.helm.config.v1+json";
    for (entries, what) in [
        (vec![], "an index without entries"),
        (vec![json!({"mediaType": image, "platform": unknown()})], "an index of attestations"),
        (
            vec![
                json!({"platform": real(), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}),
            ],
            "an index of attestations",
        ),
        (
            vec![
                json!({"mediaType": MediaType::OCI_LAYER}),
                json!({"mediaType": "application/vnd.buildkit.cacheconfig.v0"}),
            ],
            "a BuildKit build cache",
        ),
        (
            vec![json!({"mediaType": image, "artifactType": chart})],
            "an index that lists a Helm chart and no image",
        ),
        (
            vec![
                json!({"artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json", "platform": real()}),
            ],
            "an index that lists a Cosign signature and no image",
        ),
        (
            vec![json!({"artifactType": "application/x", "platform": real()})],
            "an index that lists an artifact of type \"application/x\" and no image",
        ),
        (
            vec![
                json!({"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws", "platform": real()}),
            ],
            "an index that lists a Docker schema 1 manifest and no image",
        ),
        (vec![json!({"mediaType": image})], "an index that states no platform for any of its entries"),
        (
            vec![json!({"mediaType": image, "platform": {"os": "linux"}})],
            "an index that states no platform for any of its entries",
        ),
    ] {
        check(MediaType::OCI_INDEX, &index(&entries), what).await;
        check(MediaType::DOCKER_LIST, &index(&entries), what).await;
    }
    let mut provider = index(&[json!({"mediaType": image, "platform": real()})]);
    provider["artifactType"] = "application/vnd.opentofu.provider".into();
    check(MediaType::OCI_INDEX, &provider, "an OpenTofu package").await;
}

#[tokio::test]
async fn manifests_of_other_kinds() {
    let artifact = "application/vnd.oci.artifact.manifest.v1+json";
    let schema1 = json!({"schemaVersion": 1, "name": "demo/app", "fsLayers": [], "history": []});
    let sbom = json!({"mediaType": artifact, "artifactType": "application/spdx+json", "blobs": []});
    check("application/vnd.docker.distribution.manifest.v1+json", &schema1, "a Docker schema 1 manifest")
        .await;
    check("application/json", &schema1, "a Docker schema 1 manifest").await;
    check(artifact, &sbom, "a software bill of materials (SBOM)").await;
    check(artifact, &json!({"blobs": []}), &format!("an artifact of type {artifact:?}")).await;
    check("application/json", &json!({"schemaVersion": 7}), "a manifest of schema version 7").await;
}

/// The digest of a signed manifest of the first schema is that of its payload, so it cannot be held against what came. What was
/// not is not kept.
#[tokio::test]
async fn a_signed_schema_1_manifest() {
    let registry = registry();
    let real = registry.image("demo/app").tag("1.1.0").single("linux/amd64").push();
    let signed =
        r#"{"schemaVersion": 1, "fsLayers": [], "signatures": [{"signature": "c", "protected": "p"}]}"#;
    let reply = |body: &str| {
        let reply = Reply::status(200).header("docker-content-digest", &real.digest);
        reply
            .header("content-type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
            .body(body.to_owned())
    };
    registry.image("demo/app").tag("1.2.0").push();
    registry.faults().add(When::get("/v2/**/manifests/1.2.0"), reply(signed));
    for rule in [TagRule::semver(None), TagRule::newest()] {
        // 1.1.0 has the digest that the signed one claims, and is found all the same, again and again.
        let source = || source(&registry).rule(rule.clone());
        let kept = source().build().unwrap();
        for _ in 0..2 {
            assert_eq!(
                crate::support::found(crate::support::discover(&source().build().unwrap()).await)
                    .artifacts
                    .len(),
                2
            );
            let recorder = artifact_source::Recorder::new();
            let request = artifact_source::DiscoverRequest::new().with_trace(&recorder);
            kept.discover(request).await.unwrap();
            let why = recorder.into_judgements().into_iter().find(|judgement| judgement.name == "1.2.0");
            assert_eq!(
                why.unwrap().rejection.unwrap().to_string(),
                "a Docker schema 1 manifest, not an image"
            );
        }
    }
    // Whatever is not signed has to have its digest.
    for body in [r#"{"schemaVersion": 1, "fsLayers": []}"#, r#"{"schemaVersion": 3, "signatures": []}"#] {
        registry.faults().clear();
        registry.faults().add(When::get("/v2/**/manifests/1.2.0"), reply(body));
        let error = crate::support::answers::discover(source(&registry)).await.unwrap_err();
        assert_eq!(error.kind(), artifact_source::ErrorKind::BadAnswer, "{body}");
    }
}

/// What is careless, and an image all the same.
#[tokio::test]
async fn images_stay_images() {
    let wasm = ["application/vnd.wasm.content.layer.v1+wasm"];
    for (config, layers, artifact_type) in [
        (IMAGE_CONFIG, &[MediaType::OCI_LAYER][..], None),
        (MediaType::DOCKER_CONFIG, &[MediaType::DOCKER_LAYER], None),
        (IMAGE_CONFIG, &[], None),
        ("", &[], None),
        ("application/json", &["application/octet-stream"], None),
        ("application/octet-stream", &[], None),
        (
            IMAGE_CONFIG,
            &["application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.in-toto+json"],
            None,
        ),
        (IMAGE_CONFIG, &["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"], None),
        // Runtimes for modules take images of them.
        (IMAGE_CONFIG, &wasm, None),
        (IMAGE_CONFIG, &[MediaType::OCI_LAYER], Some(IMAGE_CONFIG)),
        (IMAGE_CONFIG, &[MediaType::OCI_LAYER], Some("application/vnd.acme.app")),
    ] {
        let registry = registry();
        let content = manifest(config, layers, artifact_type).to_string();
        registry.push_manifest("demo/app", ["2.0.0"], MediaType::OCI_MANIFEST, content);
        let (tags, _) = explain(source(&registry)).await;
        assert_eq!(tags, ["2.0.0", "1.0.0"], "{config} {layers:?} {artifact_type:?}");
    }
    let platform = json!({"os": "linux", "architecture": "amd64"});
    for entry in [
        json!({"platform": platform}),
        json!({"mediaType": MediaType::DOCKER_MANIFEST, "platform": platform}),
        json!({"mediaType": MediaType::OCI_MANIFEST, "artifactType": IMAGE_CONFIG, "platform": platform}),
    ] {
        let registry = registry();
        let unknown = json!({"platform": {"os": "unknown", "architecture": "unknown"}});
        registry.push_manifest(
            "demo/app",
            ["2.0.0"],
            MediaType::OCI_INDEX,
            index(&[unknown, entry]).to_string(),
        );
        assert_eq!(explain(source(&registry)).await.0, ["2.0.0", "1.0.0"]);
    }
}
