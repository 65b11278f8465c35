//! What Helm and Kargo read although it is unusual: encodings that are none, and YAML that starts like JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Error, ErrorKind};
use helm_source::{HelmSource, Index};
use warehouse_testkit::{Chart, ChartServer, Fault, When};

async fn versions(server: &ChartServer) -> Result<Vec<String>, Error> {
    let http = HttpClient::builder().attempts(1).build().unwrap();
    let source = HelmSource::builder(server.url()).chart("web").http(http).build().unwrap();
    let found = source.discover(DiscoverRequest::new()).await?.found().unwrap();
    Ok(found.artifacts.iter().map(|chart| chart.version.clone()).collect())
}

fn header(value: &str) -> Fault {
    Fault::Header { name: "content-encoding".to_owned(), value: value.to_owned() }
}

#[tokio::test]
async fn an_encoding_that_is_no_compression() {
    let server = ChartServer::builder().without_gzip().start().unwrap();
    for version in ["1.2.0", "1.10.0"] {
        server.publish(&Chart::new("web", version));
    }
    for value in [
        "aws-chunked",
        "AWS-Chunked",
        "utf-8",
        "UTF8",
        "identity",
        "none",
        "binary",
        "",
        ",",
        "aws-chunked,identity",
    ] {
        server.faults().clear();
        server.faults().add(When::any(), header(value));
        assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "{value}");
    }
    for value in ["br", "zstd", "deflate", "compress", "aws-chunked, br", "gzip, gzip"] {
        server.faults().clear();
        server.faults().add(When::any(), header(value));
        let error = versions(&server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadAnswer, "{value}");
        assert!(error.to_string().contains("a compression that was not asked for: "), "{error}");
        assert!(error.hint().unwrap().contains("Content-Encoding"), "{error:?}");
    }
    // The compression that was asked for, beside a name that is none.
    let packed = ChartServer::start().unwrap();
    packed.publish(&Chart::new("web", "1.0.0"));
    for value in ["aws-chunked, gzip", "gzip, aws-chunked", "x-gzip"] {
        packed.faults().clear();
        packed.faults().add(When::any(), header(value));
        assert_eq!(versions(&packed).await.unwrap(), ["1.0.0"], "{value}");
    }
}

#[tokio::test]
async fn yaml_that_starts_like_json() {
    let server = ChartServer::start().unwrap();
    for index in [
        r#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"},]}}"#,
        "{\"entries\": # charts\n {\"web\": [{\"version\": 1.2.0}, {\"version\": 1.10.0}]}}",
        "{\"entries\": {web: [{'version': '1.2.0'}, {version: 1.10.0}]}}\n",
        "{\"apiVersion\": v1, \"entries\": {\"web\": [{\"version\": \"1.2.0\"}, {\"version\": \"1.10.0\"}]}}\n...\n",
        // Valid JSON stays JSON.
        r#"{"entries": {"web": [{"version": "1.2.0", "d": "\ud83d\ude00"}, {"version": "1.10.0"}]}}"#,
    ] {
        server.set_index(index);
        assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "{index}");
    }
}

/// What is neither is an error, and never an index of fewer versions.
#[test]
fn a_file_that_breaks_off_is_neither() {
    let index = r#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"},]}}"#;
    assert!(Index::from_slice(index.as_bytes()).is_ok());
    for end in 1..index.len() {
        assert!(Index::from_slice(&index.as_bytes()[..end]).is_err(), "{}", &index[..end]);
    }
}

/// So that memory has a bound, YAML that starts like JSON is read again only where no more than this was read.
#[test]
fn what_is_kept_has_a_bound() {
    let entry = r#"{"version": "1.2.0", "description": "0123456789012345678901234567890123456789"},"#;
    let large = |count: usize| format!(r#"{{"entries": {{"web": [{}]}}}}"#, entry.repeat(count));
    assert_eq!(Index::from_slice(large(1000).as_bytes()).unwrap().version_count(), 1000);
    let error = Index::from_slice(large(250_000).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("the index is not valid: line 1"), "{error}");
}
