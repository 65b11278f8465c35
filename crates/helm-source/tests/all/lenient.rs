//! Unusual responses that Helm and Kargo read: encodings that are not compressions, YAML that starts like JSON.

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Error, ErrorKind};
use helm_source::{HelmSource, Index};
use warehouse_testkit::{Chart, ChartServer, Fault, Reply, When};

/// An index of the versions 1.2.0 and 1.10.0, as gzip.
const GZIPPED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xcd\x2b\x29\xca\x4c\x2d\xb6\xe2\x52\x50\x28\x4f\x4d\x02\x51\xba\x0a\x65\xa9\x45\xc5\x99\xf9\x79\x56\x0a\x86\x7a\x46\x7a\x06\xe8\x42\x86\x06\x40\x31\x00\xcb\xcd\x14\xc9\x37\x00\x00\x00";

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
async fn a_content_encoding_that_is_not_a_compression_is_ignored() {
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
    // A header that an upload left behind on a file that is not compressed.
    for value in ["br", "zstd", "deflate", "compress", "aws-chunked, br", "gzip", "x-gzip", "gzip, gzip"] {
        server.faults().clear();
        server.faults().add(When::any(), header(value));
        assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "{value}");
    }
    // A compression that was not asked for.
    let brotli = b"\x8b\x1a\x80entries:\n\x03";
    for value in ["br", "zstd", "deflate", "compress", "aws-chunked, br", "gzip, gzip"] {
        server.faults().clear();
        server
            .faults()
            .add(When::any(), Reply::status(200).header("content-encoding", value).body(&brotli[..]));
        let error = versions(&server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadAnswer, "{value}");
        assert!(error.to_string().contains("a compression that was not asked for: "), "{error}");
        assert!(error.hint().unwrap().contains("Content-Encoding"), "{error:?}");
    }
    // An error page has the kind of its status, whatever its encoding.
    server.faults().clear();
    let page = Reply::status(403).header("content-encoding", "br").header("content-type", "text/plain");
    server.faults().add(When::any(), page.body(&brotli[..]));
    let error = versions(&server).await.unwrap_err();
    assert_eq!((error.kind(), error.server_message()), (ErrorKind::Forbidden, None), "{error:?}");
    // The requested compression beside a name that is not a compression.
    let packed = ChartServer::start().unwrap();
    packed.publish(&Chart::new("web", "1.0.0"));
    for value in ["aws-chunked, gzip", "gzip, aws-chunked", "x-gzip"] {
        packed.faults().clear();
        packed.faults().add(When::any(), header(value));
        assert_eq!(versions(&packed).await.unwrap(), ["1.0.0"], "{value}");
    }
    // The same in two headers, as S3-compatible stores send them.
    let index = GZIPPED;
    for values in [["aws-chunked", "gzip"], ["gzip", "aws-chunked"]] {
        packed.faults().clear();
        let reply =
            values.iter().fold(Reply::status(200), |reply, value| reply.header("content-encoding", *value));
        packed.faults().add(When::any(), reply.body(index));
        assert_eq!(versions(&packed).await.unwrap(), ["1.10.0", "1.2.0"], "{values:?}");
    }
}

/// What the header says of the compression, and what the body is: all combinations. The body decides.
#[tokio::test]
async fn every_label_with_every_body() {
    use std::io::Write as _;

    let server = ChartServer::builder().without_gzip().start().unwrap();
    let plain = b"entries:\n  web:\n  - version: 1.2.0\n  - version: 1.10.0\n";
    let json = br#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"}]}}"#;
    let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    twice.write_all(GZIPPED).unwrap();
    let twice = twice.finish().unwrap();
    let brotli = b"\x8b\x1a\x80entries:\n\x03";
    let zstd = b"\x28\xb5\x2f\xfd\x04\x58\x41\0\0entries";
    let labels =
        ["", "identity", "utf-8", "aws-chunked", "gzip", "aws-chunked, gzip", "br", "zstd", "gzip, gzip"];
    // A label that names a compression other than gzip explains a body that is neither text nor a known format.
    let names_another = |label: &str| matches!(label, "br" | "zstd" | "gzip, gzip");
    for label in labels {
        for (body, expected) in [
            (&plain[..], Ok(())),
            (json, Ok(())),
            (GZIPPED, Ok(())),
            (&twice, Err("the index is gzip data, where text is expected".to_owned())),
            (&GZIPPED[..40], Err("the compressed answer is damaged or ends early".to_owned())),
            (
                brotli,
                Err(match names_another(label) {
                    true => format!("a compression that was not asked for: {label}")
                        .replace("gzip, gzip", "gzip twice"),
                    false => "line 1, column 1: the byte 0x8b is not UTF-8".to_owned(),
                }),
            ),
            (
                zstd,
                Err(match names_another(label) {
                    true => "a compression that was not asked for: zstd".to_owned(),
                    false => "the index is zstd data, where text is expected".to_owned(),
                }),
            ),
        ] {
            server.faults().clear();
            let reply = Reply::status(200).body(body.to_vec());
            let reply = if label.is_empty() { reply } else { reply.header("content-encoding", label) };
            server.faults().add(When::any(), reply);
            let case = format!("{label:?}: {}", body.escape_ascii());
            match (versions(&server).await, expected) {
                (Ok(versions), Ok(())) => assert_eq!(versions, ["1.10.0", "1.2.0"], "{case}"),
                (Err(error), Err(message)) => {
                    assert_eq!(error.kind(), ErrorKind::BadAnswer, "{case}");
                    assert!(error.to_string().contains(&message), "{case}: {error}");
                    assert!(error.hint().is_some(), "{case}: {error:?}");
                }
                (answer, _) => panic!("{case}: {answer:?}"),
            }
        }
    }
}

/// Gzip that nothing announces is bounded like the other.
#[tokio::test]
async fn a_bomb_without_a_label_is_too_large() {
    use std::io::Write as _;

    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let line = "# nothing at all\n".repeat(4096);
    for _ in 0..512 {
        bomb.write_all(line.as_bytes()).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let server = ChartServer::builder().without_gzip().start().unwrap();
    server.faults().add(When::any(), Reply::status(200).body(bomb));
    let http = HttpClient::builder().attempts(1).build().unwrap();
    let source = HelmSource::builder(server.url()).chart("web").http(http).max_index_bytes(8 << 20);
    let error = source.build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}

#[tokio::test]
async fn invalid_utf8_in_skipped_json_values_is_ignored() {
    let server = ChartServer::start().unwrap();
    let json = br#"{"entries": {"web": [{"version": "1.2.0", "description": "M"#;
    server.set_index([&json[..], b"\xfcnchen\"}, {\"version\": \"1.10.0\"}]}}"].concat());
    assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"]);
}

#[tokio::test]
async fn a_body_may_arrive_byte_by_byte() {
    let drip = || Fault::Drip { bytes: 1, pause: std::time::Duration::ZERO };
    let plain = ChartServer::builder().without_gzip().start().unwrap();
    plain.publish(&Chart::new("web", "1.0.0"));
    plain.faults().add(When::any(), drip());
    assert_eq!(versions(&plain).await.unwrap(), ["1.0.0"]);
    let packed = ChartServer::start().unwrap();
    packed.publish(&Chart::new("web", "1.0.0"));
    packed.faults().add(When::any(), drip());
    assert_eq!(versions(&packed).await.unwrap(), ["1.0.0"]);
}

#[tokio::test]
async fn text_after_an_index_in_braces_is_ignored() {
    let server = ChartServer::start().unwrap();
    let flow = "{entries: {web: [{version: 1.2.0}, {version: 1.10.0}]}}";
    let json = r#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"}]}}"#;
    for index in [flow, json] {
        for rest in [
            " garbage",
            "\ngarbage\n",
            "\n<!-- generated -->\n",
            "\n{\"entries\":{\"web\":[]}}",
            "\n# x\n",
            "\n---\na: b\n",
        ] {
            server.set_index(format!("{index}{rest}"));
            assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "{index}{rest}");
        }
    }
    server.set_index(format!("{json}}}"));
    assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "a brace too many");
}

#[tokio::test]
async fn fields_may_have_another_case() {
    let server = ChartServer::start().unwrap();
    let yaml = "apiVersion: v1\nentries:\n  web:\n  - version: 1.2.0\n  - version: 1.10.0\n";
    let json = r#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"}]}}"#;
    let more = "  web:\n  - version: 9.0.0\n";
    for index in [
        yaml.replace("entries", "Entries"),
        yaml.replace("entries", "ENTRIES"),
        yaml.replace("version", "Version"),
        yaml.replacen("version", "VERSION", 1),
        json.replace("entries", "Entries"),
        json.replace("version", "Version"),
        // Where both are given, the usual one counts, before or after the other one.
        format!("{yaml}Entries:\n{more}"),
        format!("Entries:\n{more}{yaml}"),
        format!("Entries:\n  api:\n  - version: 9.0.0\n{yaml}"),
        yaml.replace("version: 1.2.0", "version: 1.2.0\n    Version: 9.0.0"),
        yaml.replace("version: 1.2.0", "Version: 9.0.0\n    version: 1.2.0"),
        json.replace("{\"entries", "{\"Entries\": {\"web\": [{\"version\": \"9.0.0\"}]}, \"entries"),
    ] {
        server.set_index(index.clone());
        assert_eq!(versions(&server).await.unwrap(), ["1.10.0", "1.2.0"], "{index}");
    }
}

#[tokio::test]
async fn yaml_may_start_like_json() {
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

/// A truncated file is an error and never an index of fewer versions.
#[test]
fn a_truncated_file_is_neither_json_nor_yaml() {
    let index = r#"{"entries": {"web": [{"version": "1.2.0"}, {"version": "1.10.0"},]}}"#;
    assert!(Index::from_slice(index.as_bytes()).is_ok());
    for end in 1..index.len() {
        assert!(Index::from_slice(&index.as_bytes()[..end]).is_err(), "{}", &index[..end]);
    }
}

/// A file that starts like JSON is read as YAML from the entry on that is not JSON, however much is before it.
#[test]
fn yaml_that_starts_like_json_may_be_large() {
    let entry = r#"{"version": "1.2.0", "description": "0123456789012345678901234567890123456789"},"#;
    let large = |count: usize| format!(r#"{{"entries": {{"web": [{}]}}}}"#, entry.repeat(count));
    for count in [1000, 250_000] {
        assert_eq!(Index::from_slice(large(count).as_bytes()).unwrap().version_count(), count);
    }
}
