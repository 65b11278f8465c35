//! Memory stays bounded, whatever a registry sends: measured in a process of its own, which runs this test binary as a client of
//! the servers here.

use std::process::Stdio;
use std::time::{Duration, Instant};

use artifact_http::{Call, Credential};
use artifact_source::Error;
use tokio::process::Command;
use warehouse_testkit::{Fault, PeakMemory, Registry, RegistryBuilder, Reply, When};

use crate::hostile::long_tags;
use crate::raw::{Answer, RawServer, Then, answer};
use crate::setup::{client, read_many, with_image, with_tags};

const MIB: u64 = 1 << 20;

/// The limit for one read.
const ONE: u64 = 64;
/// The limit for a list: 64 MiB of tags in a million pieces at most, a page, and the list that is returned.
const LIST: u64 = 192;
/// The limit for 32 concurrent reads of manifests: 4 MiB each, and twice that for the parsed ones.
const MANY: u64 = 384;

#[tokio::test]
#[ignore = "a part of the other test here, in a process of its own"]
async fn the_client() {
    let Ok(host) = std::env::var("THE_CLIENT_READS") else { return };
    let repository = client(Some(Credential::password("me", "SECRET")));
    let repository = repository.repository(&format!("{host}/demo/app")).unwrap();
    let call = Call::new();
    // The memory of a first connection is not counted.
    let _ = repository
        .head_manifest("none", &Call::new().with_deadline(Instant::now() + Duration::from_secs(1)))
        .await;
    let memory = PeakMemory::start().unwrap();
    let outcome = match std::env::var("THE_CLIENT_COUNTS").unwrap().parse() {
        Err(_) => {
            format!("{:?}", repository.tags(&call).await.map(|tags| tags.len()).map_err(|error| error.kind()))
        }
        Ok(count) => {
            let outcomes = read_many(&repository, count, &call).await;
            let outcomes: Vec<_> =
                outcomes.iter().map(|outcome| outcome.as_ref().map(drop).map_err(Error::kind)).collect();
            format!("{:?}", outcomes[0])
        }
    };
    println!("\nMEASURED {} KiB, {outcome}", memory.kib().unwrap());
}

/// Registries and servers, and the reads from them.
#[derive(Default)]
struct Cases {
    registries: Vec<Registry>,
    servers: Vec<RawServer>,
    reads: Vec<Read>,
}

/// A read, its host, and its limit in MiB.
struct Read {
    name: String,
    host: String,
    what: &'static str,
    limit: u64,
}

impl Cases {
    fn read(&mut self, name: &str, host: &str, what: &'static str, limit: u64) {
        self.reads.push(Read { name: name.to_owned(), host: host.to_owned(), what, limit });
    }

    fn registry(&mut self, builder: RegistryBuilder, path: &str, fault: impl Into<Fault>) -> String {
        let registry = with_tags(builder, 32);
        registry.faults().add(When::path(path), fault);
        let host = registry.host();
        self.registries.push(registry);
        host
    }

    fn list(&mut self, name: &str, fault: impl Into<Fault>) {
        let host = self.registry(Registry::builder(), "/v2/**/tags/list", fault);
        self.read(name, &host, "tags", ONE);
    }

    fn manifest(&mut self, name: &str, fault: impl Into<Fault>) {
        let host = self.registry(Registry::builder(), "/v2/**/manifests/*", fault);
        self.read(name, &host, "1", ONE);
        self.read(name, &host, "32", MANY);
    }

    fn token(&mut self, name: &str, fault: impl Into<Fault>) {
        let host = self.registry(Registry::builder().bearer("me", "SECRET"), "/token", fault);
        self.read(name, &host, "1", ONE);
    }

    async fn raw(
        &mut self,
        name: &str,
        what: &'static str,
        limit: u64,
        reply: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) {
        let server = RawServer::start(reply).await;
        self.read(name, &server.host, what, limit);
        self.servers.push(server);
    }
}

fn body(body: String) -> Reply {
    Reply::status(200).body(body)
}

async fn all() -> Cases {
    let mut cases = Cases::default();
    let digest = oci_registry::Digest::of(b"x");
    let entry = format!(r#"{{"digest":"{digest}","annotations":{{"":""}}}},"#);
    cases.manifest("honest manifest", Fault::Latency(Duration::ZERO));
    cases.manifest("manifest of 400 MB", Fault::oversized(400 * MIB));
    cases.manifest("endless manifest", Fault::endless());
    cases.manifest("gzip bomb", Fault::GzipBomb { bytes: 4 << 30 });
    cases.manifest("manifest of numbers", body(format!(r#"{{"manifests":[{}0]}}"#, "0,".repeat(2_000_000))));
    cases.manifest("manifest of entries", body(format!(r#"{{"manifests":[{}0]}}"#, entry.repeat(9_900))));
    cases.manifest(
        "manifest of too many entries",
        body(format!(r#"{{"manifests":[{}0]}}"#, entry.repeat(38_000))),
    );
    cases.manifest("manifest of annotations", {
        let annotations: String = (0..19_000).map(|number| format!(r#""{number}":"","#)).collect();
        body(format!(r#"{{"manifests":[],"annotations":{{{annotations}"":""}}}}"#))
    });
    cases.manifest(
        "manifest of one long string",
        body(format!(r#"{{"manifests":[],"x":"{}"}}"#, "x".repeat(4_000_000))),
    );
    cases.manifest("deep manifest", body(format!(r#"{{"manifests":{}"#, "[".repeat(1_000_000))));
    cases.list("endless page", Fault::endless());
    cases.list("page of 400 MB", Fault::oversized(400 * MIB));
    cases.list("page that is a gzip bomb", Fault::GzipBomb { bytes: 4 << 30 });
    cases
        .list("page of nothing but commas", body(format!(r#"{{"tags":["a"{}]}}"#, r#","""#.repeat(5 << 20))));
    cases.list("deep page", body(format!(r#"{{"x":{}"#, "[".repeat(16_000_000))));
    cases.list("link loop", Fault::link("/v2/demo/app/tags/list?n=1000"));
    cases.token("endless token", Fault::endless());
    cases.token("token that is a gzip bomb", Fault::GzipBomb { bytes: 4 << 30 });
    cases.token("token of a megabyte", body(format!(r#"{{"token":"{}"}}"#, "x".repeat(1_000_000))));

    let registry = with_image(Registry::builder().page_size(1));
    registry.tag_numbered("demo/app", "1.0.0", u64::MAX).unwrap();
    cases.read("pages without end", &registry.host(), "tags", ONE);
    cases.registries.push(registry);
    let registry = with_image(Registry::builder());
    registry.tag_numbered("demo/app", "1.0.0", u64::MAX).unwrap();
    cases.read("more than a million tags", &registry.host(), "tags", LIST);
    cases.registries.push(registry);
    cases.raw("a million tags of 128 bytes", "tags", LIST, long_tags()).await;

    let header = format!("X-Bomb: {}", "x".repeat(1 << 20));
    cases.raw("header of a megabyte", "32", ONE, move |_| answer("200 OK", &[&header], "")).await;
    let endless = |head: &'static str| move |_: &str| Answer(head.into(), Then::Repeat(vec![b'x'; 65536]));
    cases.raw("header without end", "32", ONE, endless("HTTP/1.1 200 OK\r\nX-Bomb: ")).await;
    cases.raw("error page without end", "32", ONE, endless("HTTP/1.1 404 X\r\n\r\n")).await;
    cases.raw("redirect without end", "32", ONE, endless("HTTP/1.1 307 X\r\nLocation: /\r\n\r\n")).await;
    let trailer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ";
    cases.raw("trailer without end", "32", ONE, endless(trailer)).await;
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_bounded() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: only Linux says how much memory a process needed");
        return;
    }
    let cases = all().await;
    let mut beyond = Vec::new();
    for read in &cases.reads {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "memory::the_client", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("THE_CLIENT_READS", &read.host).env("THE_CLIENT_COUNTS", read.what);
        let started = Instant::now();
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}", read.name);
        let measured = text.lines().find_map(|line| Some(line.split_once("MEASURED ")?.1)).unwrap();
        let needed: u64 = measured.split(' ').next().unwrap().parse().unwrap();
        let line = format!("{} ({}): {measured}, of {} MiB", read.name, read.what, read.limit);
        println!("{line}, {} ms", started.elapsed().as_millis());
        if needed > read.limit * 1024 {
            beyond.push(line);
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}
