//! Every kind of fault, as a client sees it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Read;
use std::time::Duration;

use crate::client::{Answer, get, request, send, send_limited};
use warehouse_testkit::{ChartServer, Fault, Registry, Reply, When};

const INDEX: &str = "apiVersion: v1\nentries: {}\n";

fn server() -> ChartServer {
    let server = ChartServer::start().unwrap();
    server.set_index(INDEX);
    server
}

/// The answer under a fault, followed by one without.
fn under(fault: impl Into<Fault>) -> Result<Answer, String> {
    let server = server();
    server.faults().add(When::any().nth(1), fault);
    let ask = || request("GET", server.address(), "/index.yaml");
    let answer = send_limited(server.address(), ask(), "", 1 << 22);
    assert_eq!(server.faults().injected(), 1);
    assert_eq!(send(server.address(), ask(), "").text(), INDEX, "no fault any more");
    answer
}

#[test]
fn replies() {
    let answer = under(Fault::too_many_requests(Duration::from_millis(1500))).unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "2"));
    assert_eq!(answer.json()["errors"][0]["code"], "TOOMANYREQUESTS");
    assert_eq!(under(Fault::status(503)).unwrap().status, 503);
    let answer = under(Fault::redirect("http://192.0.2.1/x")).unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("location")), (307, "http://192.0.2.1/x"));
    let answer = under(Fault::login_page()).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    let answer = under(Reply::status(418).header("a", "1").header("a", "2").body("teapot")).unwrap();
    assert_eq!((answer.headers.get_all("a").iter().count(), answer.text().as_str()), (2, "teapot"));
}

#[test]
fn broken_connections() {
    let error = under(Fault::Reset).unwrap_err();
    assert!(error.contains("reset") || error.contains("Reset"), "{error}");
    let error = under(Fault::Close).unwrap_err();
    assert!(error.contains("IncompleteMessage") || error.contains("closed"), "{error}");
    for keep in [0, 1, INDEX.len() - 1] {
        let answer = under(Fault::Truncate { keep }).unwrap();
        assert_eq!(answer.header("content-length"), INDEX.len().to_string());
        assert_eq!(answer.text(), INDEX[..keep]);
        assert!(answer.broken.is_some(), "{answer:?}");
    }
    let answer = under(Fault::ResetAfter { keep: 3 });
    // A reset may overtake what was sent before it.
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.broken.is_some()));
}

#[test]
fn a_long_body_is_cut_exactly() {
    let server = server();
    let long = "0123456789abcdef".repeat(500_000);
    server.set_index(long.clone());
    server.faults().add(When::any(), Fault::Truncate { keep: 7_000_001 });
    let answer = get(server.address(), "/index.yaml");
    assert_eq!(answer.body.len(), 7_000_001);
    assert!(answer.broken.is_some());
    assert_eq!(server.log().counters().body_bytes_sent, 7_000_001);
}

#[test]
fn bent_bodies() {
    assert_eq!(under(Fault::CorruptBody).unwrap().text(), format!("{INDEX} "));
    let answer = under(Fault::link("http://192.0.2.1/next")).unwrap();
    assert_eq!(answer.header("link"), "<http://192.0.2.1/next>; rel=\"next\"");
    let answer = under(Fault::oversized(3_000_000)).unwrap();
    assert_eq!((answer.header("content-length"), answer.body.len()), ("3000000", 3_000_000));
    let answer = under(Fault::endless()).unwrap();
    assert!(answer.body.len() >= 1 << 22 && !answer.headers.contains_key("content-length"));
    let answer = under(Fault::Endless { head: "[".into(), repeat: "\"a\",".into() }).unwrap();
    assert!(answer.text().starts_with("[\"a\",\"a\","));
    let answer = under(Fault::GzipBomb { bytes: 20 << 20 }).unwrap();
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked.len(), 20 << 20);
    assert!(answer.body.len() < 100_000);
}

#[test]
fn slow_answers_arrive_whole() {
    let answer = under(Fault::Drip { bytes: 5, pause: Duration::from_millis(1) }).unwrap();
    assert_eq!((answer.text().as_str(), answer.broken), (INDEX, None));
    let server = server();
    server.faults().add(When::any(), Fault::Latency(Duration::from_millis(1)));
    server.faults().add(When::any(), Fault::status(500));
    assert_eq!(get(server.address(), "/index.yaml").status, 500, "latency leaves room for the next rule");
}

#[test]
fn stalls_last_until_the_client_gives_up() {
    let server = server();
    server.faults().add(When::any().nth(1), Fault::Stall);
    server.faults().add(When::any().nth(2), Fault::StallAfter { keep: 4 });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = server.address();
    let read = |length: usize| {
        runtime.block_on(async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /index.yaml HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut seen = Vec::new();
            let mut byte = [0; 1];
            while seen.len() < length {
                let next = stream.read_exact(&mut byte);
                match tokio::time::timeout(Duration::from_millis(200), next).await {
                    Ok(read) => assert_eq!(read.unwrap(), 1),
                    Err(_) => break,
                }
                seen.push(byte[0]);
            }
            String::from_utf8(seen).unwrap()
        })
    };
    assert_eq!(read(1), "");
    assert!(read(100_000).ends_with("\r\n\r\napiV"));
    // Dropping the server ends what still hangs.
}

#[test]
fn digests_lie_on_request() {
    let registry = Registry::start().unwrap();
    let pushed = registry.image("demo/app").tag("1").push();
    registry.faults().add(When::any().nth(1), Fault::WrongDigest);
    let target = "/v2/demo/app/manifests/1";
    let lied = get(registry.address(), target);
    let honest = get(registry.address(), target);
    assert_ne!(lied.header("docker-content-digest"), pushed.digest);
    assert_eq!(honest.header("docker-content-digest"), pushed.digest);
    assert_eq!(lied.body, honest.body);
}

#[test]
fn rules_count_on_their_own() {
    let server = server();
    server.faults().add(When::get("/index.yaml").after(1), Fault::status(500));
    server.faults().add(When::path("/other*").first(1), Fault::status(502));
    let statuses: Vec<u16> = ["/index.yaml", "/other", "/index.yaml", "/other", "/index.yaml"]
        .iter()
        .map(|target| get(server.address(), target).status.as_u16())
        .collect();
    assert_eq!(statuses, [200, 502, 500, 404, 500]);
    server.faults().clear();
    assert_eq!(get(server.address(), "/index.yaml").status, 200);
    assert_eq!(server.faults().injected(), 3);
}

#[test]
fn requests_that_wait_count_as_concurrent() {
    let server = server();
    server.faults().add(When::any().first(2), Fault::Stall);
    let address = server.address();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    // Bounded in time: both requests are on the way already.
    for _ in 0..1000 {
        if server.log().counters().requests == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    get(address, "/index.yaml");
    assert_eq!(server.log().counters().peak_concurrency, 3);
    assert_eq!(server.log().all().iter().filter(|request| request.status.is_none()).count(), 2);
    drop(waiting);
    server.log().clear();
    assert_eq!(server.log().counters().peak_concurrency, 0);
}
