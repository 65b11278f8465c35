//! Chart repositories that are damaged, overloaded or taken over: whatever they send, the memory stays bounded, and the error says what is
//! wrong, where, and what to do. Each case is measured in a process of its own, which runs this test binary as the client of the server
//! here.

use std::process::Stdio;
use std::time::{Duration, Instant};

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest};
use helm_source::HelmSource;
use tokio::process::Command;
use warehouse_testkit::{Chart, ChartServer, Fault, PeakMemory, Reply, When};

/// The largest memory that a case may take above what the process had before, in MiB. An entry is up to 16 MiB, and the parsers hold it a
/// few times.
const LIMIT: u64 = 96;

#[tokio::test]
#[ignore = "a part of the other tests here, in a process of its own"]
async fn the_client() {
    let Ok(url) = std::env::var("THE_CLIENT_URL") else { return };
    let client = HttpClient::builder().attempts(1).build().unwrap();
    let source = |url: &str| HelmSource::builder(url).chart("web").http(client.clone()).build().unwrap();
    // The memory of a first connection is not counted.
    let _ = source(&format!("{url}/none")).discover(DiscoverRequest::new()).await;
    let memory = PeakMemory::start().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let outcome = match source(&url).discover(DiscoverRequest::new().with_deadline(deadline)).await {
        Ok(discovery) => {
            let found = discovery.found().unwrap().artifacts;
            let versions: Vec<_> = found.into_iter().map(|chart| chart.version).collect();
            format!("found {}", versions.join(" "))
        }
        Err(error) => format!("{:?}: {error}; {}", error.kind(), error.hint().unwrap_or("no hint")),
    };
    println!("\nMEASURED {} KiB, {outcome}", memory.kib().unwrap());
}

/// What a client makes of this server, which must fit into the limit.
async fn outcome(server: &ChartServer, case: &str) -> String {
    outcome_within(server, case, LIMIT).await
}

async fn outcome_within(server: &ChartServer, case: &str, limit: u64) -> String {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: only Linux says how much memory a process needed");
        return String::new();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "hostile::the_client", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("THE_CLIENT_URL", server.url());
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case}: {text}");
    let measured = text.lines().find_map(|line| Some(line.split_once("MEASURED ")?.1)).unwrap();
    let (needed, outcome) = measured.split_once(" KiB, ").unwrap();
    let needed: u64 = needed.parse().unwrap();
    let (seconds, mebibytes) = (started.elapsed().as_secs_f64(), needed as f64 / 1024.0);
    println!("\n| {case} | {seconds:.1} s | {mebibytes:.1} of {limit} MiB | {outcome} |");
    assert!(needed <= limit * 1024, "{case}: {measured}");
    outcome.to_owned()
}

fn server() -> ChartServer {
    ChartServer::builder().without_gzip().start().unwrap()
}

async fn of_index(case: &str, index: impl Into<Vec<u8>>) -> String {
    let server = server();
    server.set_index(index.into());
    outcome(&server, case).await
}

async fn of_fault(case: &str, fault: impl Into<Fault>) -> String {
    let server = server();
    server.publish(&Chart::new("web", "1.0.0"));
    server.faults().add(When::path("/index.yaml"), fault);
    outcome(&server, case).await
}

#[track_caller]
fn assert_told(outcome: &str, parts: &[&str]) {
    if cfg!(target_os = "linux") {
        for part in parts {
            assert!(outcome.contains(part), "{part:?} in {outcome:?}");
        }
        assert!(!outcome.contains("no hint"), "{outcome}");
        // No sentence of a parser.
        for word in ["deserializ", "serde", "EOF", "sequence", "scalar", "budget", "panicked"] {
            assert!(!outcome.contains(word), "{word:?} in {outcome:?}");
        }
    }
}

/// A body of `head`, then `line` again and again.
fn endless(head: &str, line: &str) -> Fault {
    let repeat = line.repeat((64 << 10) / line.len().max(1) + 1);
    Fault::Endless { head: head.to_owned().into(), repeat: repeat.into() }
}

const SHORTEN: &str = "remove old versions from the index, or long texts from its entries";
const CORRECT: &str = "an index is one document of valid YAML or JSON: correct it at its source";

#[tokio::test]
async fn an_alias_bomb() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(',')));
    }
    bomb.push_str("entries:\n  web:\n  - version: 1.0.0\n");
    let told = of_index("alias bomb", bomb).await;
    assert_told(&told, &["BadAnswer", "line ", "anchors and aliases repeat more than is read", CORRECT]);
}

#[tokio::test]
async fn a_long_text_that_aliases_repeat() {
    let text = "x".repeat(6_000);
    let entries = "  - {version: 1.0.0, x: *a}\n".repeat(100_000);
    let told = of_index("repeated text", format!("x: &a {text}\nentries:\n  web:\n{entries}")).await;
    assert_told(&told, &["BadAnswer", "line ", "anchors and aliases repeat more than is read", CORRECT]);
}

#[tokio::test]
async fn a_chart_of_200_000_levels() {
    for (case, index) in [
        ("levels in brackets", format!("entries:\n  web: {}", "[".repeat(200_000))),
        ("levels in braces", format!("entries:\n  web:\n  - x: {}", "{a: ".repeat(200_000))),
        ("levels of dashes", format!("entries:\n  web:\n  - x:\n    {}", "- ".repeat(200_000))),
    ] {
        assert_told(
            &of_index(case, index).await,
            &["BadAnswer", "line ", "nested deeper than 64 levels", CORRECT],
        );
    }
    let json = format!("{{\"entries\":{{\"web\":[{{\"x\":{}", "[".repeat(200_000));
    assert_told(&of_index("levels in JSON", json).await, &["BadAnswer", "line 1", CORRECT]);
}

#[tokio::test]
async fn a_line_of_a_gigabyte() {
    let head = "entries:\n  web:\n  - version: 1.0.0\n    description: ";
    let too_large =
        ["TooLarge", "line 4: an entry, or a field beside `entries`, is larger than 16 MiB", SHORTEN];
    let told = of_fault("a line without end", endless(head, "xxxxxxxx")).await;
    assert_told(&told, &too_large);
    let told = of_fault("a line in quotes without end", endless(&format!("{head}\""), "xxxxxxxx")).await;
    assert_told(&told, &too_large);
    let json = "{\"entries\":\n{\"web\":[\n{\"version\":\"1.0.0\",\n\"description\":\"";
    assert_told(&of_fault("a line of JSON without end", endless(json, "xxxxxxxx")).await, &too_large);
}

#[tokio::test]
async fn one_text_of_255_mebibytes() {
    let too_large = ["TooLarge", "line ", "is larger than 16 MiB", SHORTEN];
    for (case, start) in [("quoted", "\""), ("literal", "|\n      "), ("folded", ">\n      "), ("plain", "")]
    {
        let head = format!("entries:\n  web:\n  - version: 1.0.0\n    description: {start}");
        let line = format!("{}\n      ", "word ".repeat(100));
        assert_told(&of_fault(case, endless(&head, &line)).await, &too_large);
    }
    for (case, head) in
        [("a version", "entries:\n  web:\n  - version: "), ("a chart's name", "entries:\n  w")]
    {
        assert_told(&of_fault(case, endless(head, "0123456789")).await, &too_large);
    }
    let comments = endless("entries:\n  web:\n  - version: 1.0.0\n", "# nothing at all\n");
    assert_told(&of_fault("comments", comments).await, &too_large);
}

#[tokio::test]
async fn seventeen_million_versions() {
    let too_large =
        ["TooLarge", "line ", "the names and versions of its charts take more than 32 MiB", SHORTEN];
    for (case, head, line) in [
        ("versions", "entries:\n  web:\n", "  - version: 1\n"),
        ("versions in JSON", "{\"entries\":{\"web\":[\n", "{\"version\":1},\n"),
        ("entries that are null", "entries:\n  web:\n", "  -\n"),
    ] {
        assert_told(&of_fault(case, endless(head, line)).await, &too_large);
    }
}

#[tokio::test]
async fn as_many_versions_as_are_read() {
    // Within the limit, but for a few.
    let index = format!("entries:\n  web:\n{}", "  - version: 1.0.0\n".repeat(700_000));
    let server = server();
    server.set_index(index);
    let told = outcome_within(&server, "700,000 versions", 384).await;
    assert!(told.starts_with("found 1.0.0 1.0.0"), "{told}");
}

#[tokio::test]
async fn a_million_charts_and_a_million_fields() {
    let charts: String = (0..1_000_000).map(|number| format!("  chart-{number}: []\n")).collect();
    let told = of_index("charts", format!("entries:\n{charts}")).await;
    assert_told(&told, &["TooLarge", "take more than 32 MiB", SHORTEN]);
    let fields: String = (0..1_000_000).map(|number| format!("    a{number}: b\n")).collect();
    let told = of_index("fields", format!("entries:\n  web:\n  - version: 1.0.0\n{fields}")).await;
    assert_told(&told, &["BadAnswer", "line ", "an entry has more than 10000 fields", CORRECT]);
    let fields: String = (0..1_000_000).map(|number| format!("a{number}: b\n")).collect();
    let told = of_index("fields beside entries", format!("{fields}entries: {{}}\n")).await;
    assert_told(&told, &["BadAnswer", "line ", "the index has more than 10000 fields", CORRECT]);
}

#[tokio::test]
async fn a_body_of_two_gigabytes() {
    assert_told(&of_fault("announced", Fault::oversized(2 << 30)).await, &["TooLarge", "268435456 bytes"]);
    // Fewer versions than are read, with long texts.
    let entry = format!("  - name: web\n    description: {}\n    version: x\n", "word ".repeat(600));
    let told = of_fault("not announced", endless("entries:\n  web:\n", &entry)).await;
    assert_told(&told, &["TooLarge", "268435456 bytes"]);
}

#[tokio::test]
async fn a_gzip_bomb() {
    let told = of_fault("gzip bomb", Fault::GzipBomb { bytes: 8 << 30 }).await;
    assert_told(&told, &["TooLarge"]);
}

#[tokio::test]
async fn a_body_that_is_cut_at_the_end_of_a_line() {
    let server = server();
    for patch in 0..100 {
        server.publish(&Chart::new("web", format!("1.0.{patch}")));
    }
    let index = server.index();
    let cut = index.windows(5).position(|window| window == b"\n  - ").unwrap() + 1;
    server.faults().add(When::path("/index.yaml"), Fault::Truncate { keep: cut });
    assert_told(&outcome(&server, "cut").await, &["BadAnswer", "broke off"]);
}

#[tokio::test]
async fn two_entries_and_a_chart_twice() {
    let told = of_index("two entries", "entries:\n  web: []\nentries:\n  web: []\n").await;
    assert_told(&told, &["line 3, column 1: the field \"entries\" of the index is given twice", CORRECT]);
    let told = of_index("a chart twice", "entries:\n  web: []\n  web: []\n").await;
    assert_told(&told, &["line 3, column 3: the chart \"web\" is listed twice", CORRECT]);
}

/// A reader that looks for the line `  web:` finds the one in the description.
#[tokio::test]
async fn a_chart_that_is_forged_within_a_description() {
    for (quote, escape) in [("\"", "\\n\\"), ("'", "")] {
        let index = format!(
            "entries:\n  api:\n  - description: {quote}{escape}\n\n      web:\n\n      - version: 6.6.6\n\n      {quote}\n    version: 1.0.0\n  web:\n  - version: 2.0.0\n"
        );
        assert_eq!(of_index("forged", index).await.trim_start_matches("found "), "2.0.0");
    }
    let block = "entries:\n  api:\n  - description: |\n      web:\n      - version: 6.6.6\n    version: 1.0.0\n  web:\n  - version: 2.0.0\n";
    assert_eq!(of_index("forged in a block", block).await, "found 2.0.0");
}

#[tokio::test]
async fn bytes_that_are_no_text() {
    for (case, index, parts) in [
        ("NUL", &b"entries:\n  web:\n  - version: 1.0.0\0\n"[..], &["line 3, column 19", "U+0000"][..]),
        ("control character", b"entries:\n  web:\n  - x: \"\x07\"\n", &["line 3, column 9", "U+0007"]),
        ("invalid UTF-8", b"entries:\n  web:\n  - x: \xc3\x28\n", &["line 3, column 8", "the byte 0xc3"]),
        ("UTF-8 of a surrogate", b"entries:\n  web:\n  - x: \xed\xa0\x80\n", &["the byte 0xed"]),
    ] {
        assert_told(&of_index(case, index).await, &[&["BadAnswer"], parts].concat());
    }
    for (case, index) in [
        ("CR LF", &b"entries:\r\n  web:\r\n  - version: 1.0.0\r\n"[..]),
        ("CR", b"entries:\r  web:\r  - version: 1.0.0\r"),
        ("BOM", b"\xef\xbb\xbfentries:\n  web:\n  - version: 1.0.0\n"),
    ] {
        assert_eq!(of_index(case, index).await, "found 1.0.0", "{case}");
    }
}

#[tokio::test]
async fn a_login_page_with_status_200() {
    let told = of_fault("login page", Fault::login_page()).await;
    assert_told(&told, &["BadAnswer", "the index is an HTML page", "check the URL and the credential"]);
    let page = "<html>\n".to_owned() + &"<p>Log in</p>\n".repeat(300_000);
    let told = of_fault("login page of 4 MB", Reply::status(200).body(page)).await;
    assert_told(&told, &["BadAnswer", "the index is an HTML page"]);
}

#[tokio::test]
async fn a_304_that_nobody_asked_for() {
    let told = of_fault("304", Reply::status(304).header("etag", "\"x\"")).await;
    assert_told(
        &told,
        &[
            "BadAnswer",
            "304",
            "the index has not changed, without an index",
            "the request had no condition",
            "`curl -iL`",
        ],
    );
}

#[tokio::test]
async fn redirects_in_a_loop_and_to_other_hosts() {
    let looping = server();
    looping.redirect("index.yaml", format!("{}/index.yaml", looping.url()));
    assert_told(&outcome(&looping, "loop").await, &["BadAnswer", "redirect"]);
    let (one, other) = (server(), server());
    one.redirect("index.yaml", format!("{}/index.yaml", other.url()));
    other.redirect("index.yaml", format!("{}/index.yaml", one.url()));
    assert_told(&outcome(&one, "loop of two").await, &["BadAnswer", "redirect"]);
    other.remove("index.yaml");
    other.set_index("entries:\n  web:\n  - version: 1.0.0\n");
    assert_eq!(outcome(&one, "to another host").await, "found 1.0.0");
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/index.yaml", "data:,entries"] {
        one.redirect("index.yaml", target);
        assert_told(&outcome(&one, target).await, &["BadAnswer"]);
    }
}

/// A signed URL is a secret, and so is the path that a server redirects to.
#[tokio::test]
async fn what_is_wrong_with_an_index_that_a_redirect_led_to_names_its_origin_alone() {
    let (one, other) = (server(), server());
    for (case, body) in [
        ("a page", "<!DOCTYPE html><html></html>"),
        ("no index", "hello: world\n"),
        ("no YAML", "entries: [\n"),
    ] {
        other.put("/signed/PATHSECRET/index.yaml", body, "text/yaml");
        one.redirect("index.yaml", format!("{}/signed/PATHSECRET/index.yaml?sig=QUERYSECRET", other.url()));
        let told = outcome(&one, case).await;
        assert_told(&told, &["BadAnswer", &format!("{}/...", other.url())]);
        assert!(!told.contains("SECRET"), "{case}: {told}");
    }
}
