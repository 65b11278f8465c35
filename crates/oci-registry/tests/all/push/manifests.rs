//! The push of manifests.

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::{Digest, NewManifest};
use warehouse_testkit::{Fault, Registry, Reply, When};

use super::{OCI_MANIFEST, manifest_of, methods, repository};
use crate::hostile::hint;
use crate::setup::{check, me};

fn put() -> When {
    When::path("/v2/**/manifests/*").method("PUT")
}

fn with_config(registry: Registry) -> Registry {
    registry.push_blob("demo/app", "{}");
    registry
}

#[tokio::test]
async fn a_manifest_is_one_request_to_a_tag_or_a_digest() {
    let registry = with_config(Registry::start().unwrap());
    let (repository, manifest) = (repository(&registry, None), manifest_of(b"{}"));
    let digest = manifest.digest();
    for reference in ["1.0.0", digest.as_str()] {
        let call = Call::new();
        assert_eq!(repository.push_manifest(reference, &manifest, &call).await.unwrap(), digest);
        assert_eq!(call.meter.requests(), 1);
        let seen = registry.log().matching(&put());
        assert_eq!(seen.last().unwrap().header("content-type"), Some(OCI_MANIFEST));
        let (media_type, bytes) = registry.manifest("demo/app", reference).unwrap();
        assert_eq!((&*media_type, bytes), (OCI_MANIFEST, manifest.bytes.clone()));
    }
    for reference in ["", "../x", "a b", "sha256:0", &"x".repeat(129)] {
        let call = Call::new();
        let error = repository.push_manifest(reference, &manifest, &call).await.unwrap_err();
        assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::InvalidInput, 0), "{reference:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for() {
    let registry = with_config(Registry::start().unwrap());
    let (repository, manifest) = (repository(&registry, None), manifest_of(b"{}"));
    registry.faults().add(put().nth(1), Fault::LoseAnswer);
    repository.push_manifest("1.0.0", &manifest, &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "PUT GET", "it is there");

    registry.log().clear();
    registry.faults().add(put().nth(1), Fault::Reset);
    repository.push_manifest("1.1.0", &manifest, &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "PUT GET PUT", "it is not there");

    registry.log().clear();
    registry.faults().add(put(), Fault::status(500));
    let error = repository.push_manifest("1.2.0", &manifest, &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries()), (ErrorKind::Server, 4));
    assert_eq!(methods(&registry), "PUT GET PUT GET PUT GET PUT");
}

#[tokio::test]
async fn a_tag_that_moved_meanwhile_is_not_moved_again() {
    let registry = with_config(Registry::start().unwrap());
    let (repository, ours) = (repository(&registry, None), manifest_of(b"{}"));
    let theirs = NewManifest::new(OCI_MANIFEST, r#"{"schemaVersion": 2, "manifests": []}"#);
    registry.push_manifest("demo/app", ["1.0.0"], OCI_MANIFEST, theirs.bytes.clone());
    registry.faults().add(put().nth(1), Fault::Reset);
    let error = repository.push_manifest("1.0.0", &ours, &Call::new()).await.unwrap_err();
    let message = format!(
        "the tag 1.0.0 of {}/demo/app was moved by another push at the same time: it names {}, not {}",
        registry.host(),
        theirs.digest(),
        ours.digest()
    );
    check(&error, ErrorKind::Refused, &message);
    assert_eq!(registry.digest("demo/app", "1.0.0").as_deref(), Some(theirs.digest().as_str()));

    // A tag that is replaced on purpose is as it was.
    registry.faults().add(put().nth(1), Fault::Reset);
    let ours = ours.replaces(theirs.digest());
    repository.push_manifest("1.0.0", &ours, &Call::new()).await.unwrap();
    assert_eq!(registry.digest("demo/app", "1.0.0").as_deref(), Some(ours.digest().as_str()));
}

#[tokio::test]
async fn another_digest_in_the_answer_is_an_error() {
    let registry = with_config(Registry::start().unwrap());
    registry.faults().add(put(), Fault::WrongDigest);
    let (repository, manifest) = (repository(&registry, None), manifest_of(b"{}"));
    let error = repository.push_manifest("1.0.0", &manifest, &Call::new()).await.unwrap_err();
    let stated = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let message =
        format!("the registry stored the manifest 1.0.0 as {stated}, and not as {}", manifest.digest());
    check(&error, ErrorKind::BadAnswer, &message);
}

#[tokio::test]
async fn what_a_registry_says_about_a_manifest_has_a_remedy() {
    let blob_unknown = "the manifest names unknown content";
    let cases: [(Reply, ErrorKind, &str, &str); 4] = [
        (
            Reply::status(400).oci_error("TAG_INVALID", "The image tag '1.0.0' already exists"),
            ErrorKind::Refused,
            "the registry does not let the manifest 1.0.0 replace what HOST/demo/app has",
            "publish under a new version",
        ),
        (
            Reply::status(412).oci_error("PRECONDITION", "'demo/app:1.0.0' is configured as immutable"),
            ErrorKind::Refused,
            "the registry does not let the manifest 1.0.0 replace what HOST/demo/app has",
            "publish under a new version",
        ),
        (
            Reply::status(413),
            ErrorKind::Refused,
            "the manifest 1.0.0 is larger than the registry of HOST/demo/app takes",
            "limits the size of a request",
        ),
        (
            Reply::status(400).oci_error("MANIFEST_BLOB_UNKNOWN", blob_unknown),
            ErrorKind::BadAnswer,
            "the registry of HOST/demo/app did not take the manifest 1.0.0",
            "",
        ),
    ];
    for (reply, kind, message, remedy) in cases {
        let registry = with_config(Registry::start().unwrap());
        registry.faults().add(put(), reply);
        let repository = repository(&registry, me());
        let error = repository.push_manifest("1.0.0", &manifest_of(b"{}"), &Call::new()).await.unwrap_err();
        check(&error, kind, &message.replace("HOST", &registry.host()));
        if !remedy.is_empty() {
            hint(&error, remedy);
        }
        assert_eq!(methods(&registry), "PUT");
    }
}

#[tokio::test]
async fn a_digest_is_that_of_the_bytes() {
    assert_eq!(NewManifest::new("x", "{}").digest(), Digest::of(b"{}"));
}
