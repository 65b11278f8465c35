//! Blobs that are sent in portions, and uploads that are resumed.

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::BlobPush;
use warehouse_testkit::{Fault, Registry, Reply, When};

use super::{assert_stored, blob, methods, repository, uploads};
use crate::hostile::hint;

const KIB: usize = 1 << 10;

fn put() -> When {
    When::path("/v2/**/blobs/uploads/*").method("PUT")
}

fn patch() -> When {
    When::path("/v2/**/blobs/uploads/*").method("PATCH")
}

fn header(name: &str, value: &str) -> Fault {
    Fault::Header { name: name.into(), value: value.into() }
}

/// A registry behind a proxy that takes no body of more than 1 MiB.
fn behind_proxy() -> Registry {
    let registry = Registry::start().unwrap();
    registry.faults().add(put().nth(1), Fault::status(413));
    registry
}

#[tokio::test]
async fn a_blob_that_is_too_large_for_one_request_is_sent_in_portions() {
    let registry = behind_proxy();
    let (bytes, call) = (blob(1200 * KIB), Call::new());
    assert_eq!(repository(&registry, None).push_blob(bytes.clone(), &call).await.unwrap(), BlobPush::Sent);
    assert_eq!(methods(&registry), "HEAD POST PUT POST PATCH PATCH PUT");
    let ranges: Vec<_> = uploads(&registry, "PATCH")
        .into_iter()
        .chain(uploads(&registry, "PUT").into_iter().skip(1))
        .map(|seen| seen.header("content-range").unwrap().to_owned())
        .collect();
    assert_eq!(ranges, ["0-524287", "524288-1048575", "1048576-1228799"]);
    assert_stored(&registry, &bytes);
}

#[tokio::test]
async fn a_portion_is_as_long_as_the_registry_requires() {
    for (least, portions) in [("1", 2), ("614400", 1), ("nonsense", 2)] {
        let registry = behind_proxy();
        registry.faults().add(When::post("/v2/**/blobs/uploads/"), header("oci-chunk-min-length", least));
        let bytes = blob(1200 * KIB);
        repository(&registry, None).push_blob(bytes.clone(), &Call::new()).await.unwrap();
        assert_eq!(uploads(&registry, "PATCH").len(), portions, "{least}");
        assert_stored(&registry, &bytes);
    }
}

#[tokio::test]
async fn what_no_portion_helps_is_too_large() {
    // Smaller than a portion; and a registry whose portions are larger than the blob.
    for (size, least) in [(100 * KIB, "0"), (1200 * KIB, "99999999999")] {
        let registry = behind_proxy();
        registry.faults().add(When::post("/v2/**/blobs/uploads/"), header("oci-chunk-min-length", least));
        let error = repository(&registry, None).push_blob(blob(size), &Call::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Refused, Some(413)), "{error}");
        hint(&error, "client_max_body_size");
        assert_eq!(methods(&registry), "HEAD POST PUT");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_goes_on_where_the_session_stands() {
    let registry = behind_proxy();
    registry.faults().add(patch().nth(2), Fault::Reset);
    let bytes = blob(1200 * KIB);
    repository(&registry, None).push_blob(bytes.clone(), &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "HEAD POST PUT POST PATCH PATCH GET PATCH PUT");
    let resumed = &uploads(&registry, "PATCH")[2];
    assert_eq!(
        resumed.header("content-range"),
        Some("524288-1048575"),
        "the first portion is not sent again"
    );
    assert_stored(&registry, &bytes);
}

#[tokio::test]
async fn a_portion_whose_answer_is_lost_is_not_sent_again() {
    let registry = behind_proxy();
    registry.faults().add(patch().nth(1), Fault::LoseAnswer);
    let bytes = blob(1200 * KIB);
    repository(&registry, None).push_blob(bytes.clone(), &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "HEAD POST PUT POST PATCH GET PATCH PUT");
    assert_stored(&registry, &bytes);
}

#[tokio::test]
async fn a_session_that_tells_nothing_is_left_and_the_upload_begins_anew() {
    for answer in
        [Fault::status(404), Fault::status(405), Fault::status(500), header("range", "0-0"), Fault::Reset]
    {
        let registry = behind_proxy();
        registry.faults().add(patch().nth(2), Fault::Reset);
        registry.faults().add(When::get("/v2/**/blobs/uploads/*"), answer.clone());
        let bytes = blob(1200 * KIB);
        repository(&registry, None).push_blob(bytes.clone(), &Call::new()).await.unwrap();
        let expected = "HEAD POST PUT POST PATCH PATCH GET HEAD POST PATCH PATCH PUT";
        assert_eq!(methods(&registry), expected, "{answer:?}");
        assert_stored(&registry, &bytes);
    }
}

#[tokio::test]
async fn a_range_that_was_not_sent_is_an_error() {
    for range in ["0-9999999", "0-524288"] {
        let registry = behind_proxy();
        registry.faults().add(patch().nth(1), header("range", range));
        let error = repository(&registry, None).push_blob(blob(1200 * KIB), &Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadAnswer);
        assert!(error.message().ends_with("bytes after 524288 were sent"), "{error}");
    }
}

#[tokio::test]
async fn a_portion_of_which_a_part_arrived_is_completed() {
    let registry = behind_proxy();
    // The server tells of less than it has; what it tells is where the next portion begins.
    registry.faults().add(patch().nth(1), header("range", "0-99999"));
    let error = repository(&registry, None).push_blob(blob(1200 * KIB), &Call::new()).await.unwrap_err();
    assert_eq!(uploads(&registry, "PATCH")[1].header("content-range"), Some("100000-624287"));
    assert!(error.message().ends_with("bytes after 624288 were sent"), "it contradicts itself then: {error}");
}

#[tokio::test]
async fn a_portion_out_of_place_is_answered_by_what_the_session_has() {
    let registry = behind_proxy();
    registry.faults().add(patch().nth(2), Reply::status(416));
    let bytes = blob(1200 * KIB);
    repository(&registry, None).push_blob(bytes.clone(), &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "HEAD POST PUT POST PATCH PATCH GET PATCH PUT");
    assert_stored(&registry, &bytes);
}
