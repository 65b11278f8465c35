//! Manifests and blobs.

use artifact_source::ErrorKind;
use oci_registry::{Digest, Manifest};
use warehouse_testkit::{Fault, MediaType, Registry, Reply, When};

use super::{MIB, Outcome, hint, manifest_under, raw_manifest};
use crate::raw::answer;
use crate::setup::{repository, with_image};

const TOO_LARGE: &str = "the answer is larger than 4194304 bytes";
const BROKE_OFF: &str = "the answer broke off before its end";
const NO_JSON: &str = "the manifest is not JSON of the expected shape";
const NO_MANIFEST: &str = "the answer is not a manifest";
const SHA512: &str = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

fn reply(body: impl Into<String>) -> Reply {
    Reply::status(200).body(body.into())
}

#[tokio::test]
async fn a_manifest_with_a_length_of_400_mb_is_not_read() {
    manifest_under(Fault::oversized(400 * MIB)).await.refused(ErrorKind::TooLarge, TOO_LARGE, 1, 0);
}

#[tokio::test]
async fn an_endless_manifest_is_not_read_to_the_end() {
    manifest_under(Fault::endless()).await.refused(ErrorKind::TooLarge, TOO_LARGE, 1, 5 * MIB);
}

#[tokio::test]
async fn a_gzip_bomb_is_not_read_to_the_end() {
    let bomb = Fault::GzipBomb { bytes: 4 << 30 };
    manifest_under(bomb).await.refused(ErrorKind::TooLarge, TOO_LARGE, 1, MIB);
}

#[tokio::test]
async fn a_truncated_body_is_retried_and_never_used() {
    manifest_under(Fault::Truncate { keep: 20 }).await.refused(ErrorKind::BadAnswer, BROKE_OFF, 4, 80);
}

#[tokio::test]
async fn a_reset_within_the_body() {
    manifest_under(Fault::ResetAfter { keep: 20 }).await.refused(ErrorKind::BadAnswer, BROKE_OFF, 4, 80);
}

#[tokio::test]
async fn a_reset_instead_of_an_answer() {
    for fault in [Fault::Reset, Fault::Close] {
        let message = "the connection broke before an answer came";
        let error = manifest_under(fault).await.refused(ErrorKind::Unreachable, message, 4, 0);
        assert_eq!((error.tries(), error.is_transient()), (4, true));
    }
}

#[tokio::test]
async fn a_wrong_digest_header() {
    let outcome = manifest_under(Fault::WrongDigest).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), outcome.requests), (ErrorKind::BadAnswer, 1));
    assert!(error.message().starts_with("the manifest does not match its digest sha256:"), "{error}");
    hint(&error, "a proxy between this machine and the registry");
}

#[tokio::test]
async fn content_with_another_digest() {
    let registry = with_image(Registry::builder());
    let digest: Digest = registry.digest("demo/app", "1.0.0").unwrap().parse().unwrap();
    registry.faults().add(When::any(), Fault::CorruptBody);
    let repository = repository(&registry, None);
    let outcome = Outcome::of(async |call| repository.manifest(digest.as_str(), call).await).await;
    let message = format!("the manifest does not match its digest {digest}");
    outcome.refused(ErrorKind::BadAnswer, &message, 1, MIB);

    let blob: Digest = registry.push_blob("demo/app", "blob").parse().unwrap();
    let outcome = Outcome::of(async |call| repository.blob(&blob, 100, call).await).await;
    let message = format!("the blob does not match its digest {blob}");
    outcome.refused(ErrorKind::BadAnswer, &message, 1, MIB);
}

#[tokio::test]
async fn a_wrong_digest_header_for_a_known_digest() {
    let registry = with_image(Registry::builder());
    let digest = registry.digest("demo/app", "1.0.0").unwrap();
    registry.faults().add(When::any(), Fault::WrongDigest);
    let repository = repository(&registry, None);
    let fetched = Outcome::of(async |call| repository.manifest(&digest, call).await).await.taken(1);
    assert_eq!(fetched.digest.as_str(), digest, "what was asked for is what came, whatever the header says");
}

/// An empty index under this `Docker-Content-Digest`.
async fn under_digest(digest: &str) -> Outcome<oci_registry::Fetched> {
    manifest_under(reply(r#"{"manifests":[]}"#).header("docker-content-digest", digest)).await
}

#[tokio::test]
async fn invalid_digest_headers_are_ignored() {
    let real = Digest::of(br#"{"manifests":[]}"#);
    let upper_case = format!("sha256:{}", "AB".repeat(32));
    for digest in [upper_case.as_str(), "md5:00", "sha256:", "sha256:../../etc", "nonsense", ""] {
        assert_eq!(under_digest(digest).await.taken(1).digest, real, "{digest:?}");
    }
}

#[tokio::test]
async fn a_sha512_digest_is_checked_as_such() {
    let message = format!("the manifest does not match its digest {SHA512}");
    under_digest(SHA512).await.refused(ErrorKind::BadAnswer, &message, 1, MIB);
}

#[tokio::test]
async fn a_login_page_is_not_a_manifest() {
    for fault in [Fault::login_page(), reply("[]").into(), reply("null").into(), reply("7").into()] {
        manifest_under(fault).await.refused(ErrorKind::BadAnswer, NO_JSON, 1, MIB);
    }
    for body in ["{}", r#"{"error": "log in"}"#] {
        manifest_under(reply(body)).await.refused(ErrorKind::BadAnswer, NO_MANIFEST, 1, MIB);
    }
}

#[tokio::test]
async fn null_layers_are_an_empty_list() {
    let digest = Digest::of(b"x");
    let body = format!(r#"{{"config": {{"digest": "{digest}"}}, "layers": null, "annotations": null}}"#);
    let Manifest::Image(image) = manifest_under(reply(body)).await.taken(1).manifest else {
        panic!("it is an image")
    };
    assert!(image.layers.is_empty() && image.annotations.is_empty() && image.config.media_type.is_empty());
}

#[tokio::test]
async fn missing_fields_of_the_config_are_refused_or_empty() {
    for body in [
        r#"{"schemaVersion": 2, "config": {}}"#,
        r#"{"schemaVersion": 2, "config": {"digest": null}}"#,
        r#"{"schemaVersion": 2, "config": {"digest": "md5:00"}}"#,
        r#"{"schemaVersion": 2, "config": 7}"#,
    ] {
        manifest_under(reply(body)).await.refused(ErrorKind::BadAnswer, NO_JSON, 1, MIB);
    }
    for body in [r#"{"schemaVersion": 2}"#, r#"{"schemaVersion": 2, "config": null}"#] {
        manifest_under(reply(body)).await.refused(ErrorKind::BadAnswer, NO_MANIFEST, 1, MIB);
    }
}

/// A `Content-Type` does not make a manifest of what has no field of one.
#[tokio::test]
async fn json_under_the_type_of_a_manifest_is_not_a_manifest() {
    for media_type in [
        MediaType::OCI_MANIFEST,
        MediaType::OCI_INDEX,
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/json",
    ] {
        for body in [
            "{}",
            r#"{"errors": [{"code": "UNAVAILABLE", "message": "maintenance"}]}"#,
            r#"{"message": "maintenance"}"#,
            r#"{"schemaVersion": 2}"#,
            r#"{"schemaVersion": 2, "config": null, "layers": null}"#,
            r#"{"schemaVersion": 2, "manifests": null}"#,
        ] {
            let reply = reply(body).header("content-type", media_type);
            manifest_under(reply).await.refused(ErrorKind::BadAnswer, NO_MANIFEST, 1, MIB);
        }
        let reply = reply(r#"{"schemaVersion": 2, "manifests": []}"#).header("content-type", media_type);
        assert!(matches!(manifest_under(reply).await.taken(1).manifest, Manifest::Index(_)), "{media_type}");
    }
}

#[tokio::test]
async fn an_index_without_a_readable_entry_is_not_an_empty_one() {
    let message = "no entry of the index is a descriptor with a digest";
    for entries in [r#"{"digest": "md5:00"}"#, r#"null, 7, {}, {"digest": "sha256:zz"}"#] {
        let body = format!(r#"{{"schemaVersion": 2, "manifests": [{entries}]}}"#);
        manifest_under(reply(body)).await.refused(ErrorKind::BadAnswer, message, 1, MIB);
    }
}

#[tokio::test]
async fn entries_of_an_index_that_cannot_be_read_are_left_out() {
    let digest = Digest::of(b"x");
    let body = format!(
        r#"{{"manifests": [null, 7, {{}}, {{"digest": "sha256:zz"}}, {{"digest": "{digest}", "platform": {{}}}},
            {{"digest": "{digest}", "platform": "linux"}}, {{"digest": "{digest}", "platform": null}}]}}"#
    );
    let Manifest::Index(index) = manifest_under(reply(body)).await.taken(1).manifest else {
        panic!("it is an index")
    };
    let platforms: Vec<_> = index.manifests.iter().map(|entry| entry.platform.is_some()).collect();
    assert_eq!(platforms, [true, false]);
    assert_eq!(index.unreadable, 5);
}

#[tokio::test]
async fn depth_is_bounded() {
    let depth = 1 << 20;
    // Without their ends they could have been cut off.
    let deep = [
        ("[".repeat(depth), 4),
        (r#"{"manifests":"#.repeat(depth / 16), 4),
        (format!(r#"{{"manifests": {}"#, "[".repeat(depth)), 4),
        (format!(r#"{{"manifests": [{}{}]}}"#, "[".repeat(depth), "]".repeat(depth)), 1),
        (
            format!(
                r#"{{"manifests": [], "annotations": {{"a": {}{}}}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            ),
            1,
        ),
    ];
    for (body, requests) in deep {
        let outcome = manifest_under(reply(body)).await;
        let error = outcome.result.unwrap_err();
        assert_eq!((error.kind(), outcome.requests), (ErrorKind::BadAnswer, requests), "{error}");
    }
    let beside = format!(r#"{{"manifests": [], "x": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(manifest_under(reply(beside)).await.taken(1).manifest, Manifest::Index(_)));
}

#[tokio::test]
async fn a_million_fields_are_not_parsed() {
    let message = "the manifest has more than 20000 fields";
    for body in [
        format!(r#"{{"manifests": [{}0]}}"#, "0,".repeat(2_000_000)),
        format!(r#"{{"manifests": [], "annotations": {{{}"a":""}}}}"#, r#""":"","#.repeat(600_000)),
    ] {
        manifest_under(reply(body)).await.refused(ErrorKind::TooLarge, message, 1, 4 * MIB);
    }
}

#[tokio::test]
async fn duplicate_fields_are_refused() {
    let body = r#"{"manifests": [], "manifests": []}"#;
    manifest_under(reply(body)).await.refused(ErrorKind::BadAnswer, NO_JSON, 1, MIB);
}

#[tokio::test]
async fn a_tag_that_vanished_after_the_list() {
    let registry = with_image(Registry::builder());
    let repository = repository(&registry, None);
    let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(1);
    registry.delete_tag("demo/app", "1.0.0");
    let message = format!("there is no 1.0.0 in {}/demo/app", registry.host());
    let outcome = Outcome::of(async |call| repository.manifest(&tags[0], call).await).await;
    let error = outcome.refused(ErrorKind::NotFound, &message, 1, MIB);
    assert_eq!(
        (error.status(), error.code(), error.is_transient()),
        (Some(404), Some("MANIFEST_UNKNOWN"), false)
    );
    let outcome = Outcome::of(async |call| repository.head_manifest(&tags[0], call).await).await;
    outcome.refused(ErrorKind::NotFound, &message, 1, 0);
}

#[tokio::test]
async fn an_endless_error_response_is_truncated_and_its_status_counts() {
    let server = crate::raw::RawServer::start(|_| {
        let head = b"HTTP/1.1 404 X\r\nContent-Type: text/html\r\n\r\n".to_vec();
        crate::raw::Answer(head, crate::raw::Then::Repeat(vec![b' '; 65536]))
    })
    .await;
    let repository = super::in_raw(&server, None);
    let message = format!("there is no 1.0.0 in {}/demo/app", server.host);
    let outcome = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await;
    outcome.refused(ErrorKind::NotFound, &message, 1, MIB);
}

#[tokio::test]
async fn an_invalid_error_code_is_not_shown_and_a_message_is_one_line() {
    let body = r#"{"errors":[{"code":"\u001b[31m<script>","message":"gone\n\u001b[31m since https://u:SECRET@x.test/?t=SECRET"}]}"#;
    let outcome = raw_manifest(move |_| answer("404 X", &[], body)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, None));
    assert_eq!(error.server_message(), Some(r"gone \u{1b}[31m since https://x.test/?t=..."));
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test]
async fn a_blob_beyond_its_limit() {
    let registry = with_image(Registry::builder());
    let blob: Digest = registry.push_blob("demo/app", vec![b'x'; 2000]).parse().unwrap();
    let repository = repository(&registry, None);
    let outcome = Outcome::of(async |call| repository.blob(&blob, 1999, call).await).await;
    outcome.refused(ErrorKind::TooLarge, "the answer is larger than 1999 bytes", 1, 0);
    registry.faults().add(When::any(), Fault::endless());
    let outcome = Outcome::of(async |call| repository.blob(&blob, 8 * MIB, call).await).await;
    outcome.refused(ErrorKind::TooLarge, "the answer is larger than 8388608 bytes", 1, 9 * MIB);
}
