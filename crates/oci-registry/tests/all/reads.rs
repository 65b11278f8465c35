//! Tags, manifests and blobs.

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::{Digest, Manifest};
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

use crate::raw::{RawServer, answer};
use crate::setup::{check, client, repository, with_image};

#[tokio::test]
async fn tags_manifests_and_blobs() {
    let registry = Registry::start().unwrap();
    let pushed =
        registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).annotation("a", "b").push();
    let (repository, call) = (repository(&registry, None), Call::new());

    assert_eq!(repository.tags(&call).await.unwrap(), ["1.0.0"]);
    let head = repository.head_manifest("1.0.0", &call).await.unwrap();
    assert_eq!(head.digest.unwrap().as_str(), pushed.digest);
    assert_eq!(head.media_type, pushed.media_type);

    let fetched = repository.manifest("1.0.0", &call).await.unwrap();
    assert_eq!((fetched.digest.as_str(), fetched.media_type), (pushed.digest.as_str(), pushed.media_type));
    let Manifest::Index(index) = fetched.manifest else { panic!("it is an index") };
    assert_eq!(index.annotations["a"], "b");
    assert_eq!(index.manifests[0].platform.as_ref().unwrap().to_string(), "linux/amd64");

    let child = repository.manifest(index.manifests[0].digest.as_str(), &call).await.unwrap();
    let Manifest::Image(image) = child.manifest else { panic!("it is an image") };
    let config = repository.blob(&image.config.digest, 1 << 20, &call).await.unwrap();
    assert!(Digest::of(&config) == image.config.digest);

    let counters = registry.log().counters();
    assert_eq!((call.meter.requests(), call.meter.bytes_received()), (5, counters.body_bytes_sent));
    assert_eq!(counters.requests, 5);
}

#[tokio::test]
async fn pages_of_every_kind() {
    let tags: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    let builders: [(&str, RegistryBuilder, u64); 6] = [
        ("one page", Registry::builder(), 1),
        ("pages", Registry::builder().page_size(3), 4),
        ("the last page is full", Registry::builder().page_size(5), 2),
        ("pages by absolute links", Registry::builder().page_size(3).absolute_links(), 4),
        ("pages in no order", Registry::builder().page_size(3).reverse_tags(), 4),
        ("refused page size", Registry::builder().page_size(5).refuse_larger_pages(), 3),
    ];
    for (name, builder, requests) in builders {
        let registry = builder.start().unwrap();
        for tag in &tags {
            registry.image("demo/app").tag(tag).push();
        }
        assert_eq!(repository(&registry, None).tags(&Call::new()).await.unwrap(), tags, "{name}");
        assert_eq!(registry.log().counters().requests, requests, "{name}");
    }
}

#[tokio::test]
async fn an_empty_page_that_links_to_itself_is_not_the_end_of_a_list() {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::get("/v2/**/tags/list"), Fault::link("/v2/demo/app/tags/list?n=1000&last=x"));
    let error = repository(&registry, None).tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::BadAnswer, "the pages of the list of tags repeat");
    assert_eq!(registry.log().counters().requests, 2);
}

#[tokio::test]
async fn lenient_lists() {
    for (body, expected) in [
        (r#"{"name": "demo/app", "tags": null}"#, Some(vec![])),
        (r#"{"name": "demo/app"}"#, Some(vec![])),
        (r#"{"Name": "demo/app", "Tags": ["a"]}"#, Some(vec!["a"])),
        ("{}", None),
        (r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#, None),
        (r#"{"repositories": ["a"]}"#, None),
        (r#"{"tags": ["b", "a", "b"]}"#, Some(vec!["a", "b"])),
        ("<html>", None),
        (r#"{"tags": "a"}"#, None),
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::any(), Reply::status(200).body(body));
        let tags = repository(&registry, None).tags(&Call::new()).await;
        match expected {
            Some(expected) => assert_eq!(tags.unwrap(), expected, "{body}"),
            None => check(&tags.unwrap_err(), ErrorKind::BadAnswer, "the answer is not a list of tags"),
        }
    }
}

/// A blob that something on the way has compressed is unpacked, within the limit. One that is gzip itself stays as it is.
#[tokio::test]
async fn a_blob_that_was_compressed_on_the_way() {
    const PACKED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x54\xb2\x52\xaa\x18\x05\x23\x0e\x28\xd5\x02\x00\x8a\x10\xe5\xdf\xfc\x01\x00\x00";
    let plain = format!("{{\"a\":\"{}\"}}", "x".repeat(500));
    let (unpacked, packed) = (Digest::of(plain.as_bytes()), Digest::of(PACKED));
    let server = RawServer::start(|_| answer("200 OK", &["Content-Encoding: gzip"], PACKED)).await;
    let repository = client(None).repository(&format!("{}/demo/app", server.host)).unwrap();
    let call = Call::new();
    assert_eq!(&repository.blob(&unpacked, 1000, &call).await.unwrap()[..], plain.as_bytes());
    assert_eq!(&repository.blob(&packed, 100, &call).await.unwrap()[..], PACKED);
    for (digest, limit) in [(&unpacked, 100), (&Digest::of(b"x"), 1000)] {
        let error = repository.blob(digest, limit, &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadAnswer);
    }
}

#[tokio::test]
async fn a_list_with_a_byte_order_mark() {
    let registry = with_image(Registry::builder());
    let body = "\u{feff}{\"name\": \"demo/app\", \"tags\": [\"1.0.0\"]}";
    registry.faults().add(When::get("/v2/**/tags/list"), Reply::status(200).body(body));
    assert_eq!(repository(&registry, None).tags(&Call::new()).await.unwrap(), ["1.0.0"]);
}
