//! Servers that want to exhaust their client, over the wire: the outcome of each, and the peak memory of a process of its own.

mod pack;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use artifact_http::{HttpClient, LeastProgress};
use artifact_source::{ArtifactSource, DiscoverRequest};
use git_source::GitSource;
use gix::ObjectId;
use warehouse_testkit::{Fault, GitServer, PeakMemory, Reply, When};

use crate::support::{rule, server_with};
use pack::{Content, Kind, Pack, answer, delta, listing, result};

const POST: &str = "/demo.git/git-upload-pack";
const HANDSHAKE: &str = "/demo.git/info/refs";

/// The URL that the child process discovers.
const URL: &str = "GIT_SOURCE_HOSTILE_URL";
/// Whether it wants to know paths.
const PATHS: &str = "GIT_SOURCE_HOSTILE_PATHS";
/// What the line of the outcome begins with.
const MARK: &str = "OUTCOME ";

/// The most bytes that the child receives, where [`SMALL`] does not say less.
const MAX_BYTES: u64 = 64 << 20;
/// That it receives a quarter of this at most.
const SMALL: &str = "GIT_SOURCE_HOSTILE_SMALL";

/// What the client takes in any case: its connections, threads and the cache of objects, in a build without optimizations.
const USUAL: u64 = 32;

/// What a discovery came to.
#[derive(Debug)]
struct Outcome {
    /// The kind of the error, or `found`.
    kind: String,
    /// The error, or the subjects of the commits.
    text: String,
    /// The memory that it took, in MiB.
    mib: u64,
}

/// Not a test of its own: what the child process does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let paths = std::env::var_os(PATHS).is_some();
    let stall = Duration::from_millis(500);
    let least = LeastProgress::new(200, Duration::from_secs(2));
    let http = HttpClient::builder().attempts(1).stall_timeout(stall).build().unwrap();
    let memory = PeakMemory::start().unwrap();
    let rule = rule(|rule| {
        let rule = rule.branch("main");
        if paths { rule.include_paths(["apps/a"]) } else { rule }
    });
    let max_bytes = if std::env::var_os(SMALL).is_some() { MAX_BYTES / 4 } else { MAX_BYTES };
    let source = GitSource::builder(url).http(http).rule(rule).limit(3).max_bytes(max_bytes);
    let source = source.stall_timeout(stall).least_progress(least).build().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = source.discover(DiscoverRequest::new().with_deadline(deadline)).await;
    let (kind, text) = match answer {
        Ok(found) => {
            let found = found.found().unwrap();
            let subjects: Vec<String> =
                found.artifacts.iter().map(|commit| commit.subject.chars().take(20).collect()).collect();
            ("found".to_owned(), subjects.join(","))
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            (error.kind().as_str().to_owned(), format!("{error} {cause}"))
        }
    };
    println!("\n{MARK}{}\t{kind}\t{}", memory.kib().unwrap() >> 10, text.replace('\n', " "));
}

/// Discovers in a process of its own, with these variables set.
#[track_caller]
fn discover(url: &str, set: &[&str]) -> Outcome {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "hostile::child", "--nocapture"]).env(URL, url);
    command.envs(set.iter().map(|variable| (variable, "1")));
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(MARK));
    let line = line.unwrap_or_else(|| panic!("the process ended without an outcome: {text}"));
    let [mib, kind, text] = line.splitn(3, '\t').collect::<Vec<_>>().try_into().unwrap();
    Outcome { kind: kind.to_owned(), text: text.to_owned(), mib: mib.parse().unwrap() }
}

/// Checks the outcome and the memory.
#[track_caller]
fn check(what: &str, outcome: &Outcome, kinds: &[&str], most_mib: u64) {
    let shown: String = outcome.text.chars().take(200).collect();
    eprintln!("| {what} | {} | {} MiB | {shown} |", outcome.kind, outcome.mib);
    assert!(kinds.contains(&&*outcome.kind), "{what}: {outcome:?}");
    assert!(outcome.mib <= most_mib, "{what}: {} MiB, of at most {most_mib}", outcome.mib);
}

/// Whether the memory of a process can be known. Says so where it cannot.
fn is_known() -> bool {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: only Linux says how much memory a process needed");
    }
    cfg!(target_os = "linux")
}

/// A server whose branch `main` is this commit, and that answers every fetch with this.
#[track_caller]
fn attack(what: &str, tip: ObjectId, fetch: impl Into<Fault>, set: &[&str], kinds: &[&str], most: u64) {
    if !is_known() {
        return;
    }
    let (server, repository) = server_with(1);
    server.faults().add(When::post(POST).nth(1), listing(tip));
    let fetch = fetch.into();
    server.faults().add(When::post(POST).after(1), fetch);
    check(what, &discover(repository.url(), set), kinds, most);
}

fn empty_tree() -> ObjectId {
    ObjectId::empty_tree(gix::hash::Kind::Sha1)
}

/// A pack of one commit that is right.
fn honest() -> (Pack, ObjectId) {
    let mut pack = Pack::new();
    let tip = pack.add(Kind::Commit, &Content::of(Content::commit_text("Honest")));
    (pack, tip)
}

#[test]
fn a_pack_of_one_commit_is_read() {
    let (pack, tip) = honest();
    attack("an honest commit", tip, answer(&pack.finish()), &[], &["found"], USUAL);
}

#[test]
fn a_chain_of_50_000_deltas() {
    const DEPTH: usize = 50_000;
    let mut pack = Pack::new();
    let text = Content::commit_text("");
    let (mut base, mut length) = (pack.place(), text.len());
    pack.add(Kind::Commit, &Content::of(text.clone()));
    let mut last = Vec::new();
    for number in 0..DEPTH {
        let added = format!("{number:08}\n");
        let place = pack.place();
        pack.add_delta(base, &delta(length, text.len(), added.as_bytes()));
        (base, length, last) = (place, text.len() + added.len(), [&text[..], added.as_bytes()].concat());
    }
    let tip = Content::of(last).id(Kind::Commit);
    attack("50,000 deltas in a chain", tip, answer(&pack.finish()), &[], &["found"], 2 * USUAL);
}

#[test]
fn deltas_that_copy_an_object_of_16_mib() {
    const BASE: usize = (1 << 24) - 1;
    let (mut pack, tip) = honest();
    let base = pack.place();
    pack.add(Kind::Blob, &Content::zeros(BASE));
    for number in 0..30_u32 {
        pack.add_delta(base, &delta(BASE, BASE, &number.to_be_bytes()));
    }
    attack("30 copies of 16 MiB", tip, answer(&pack.finish()), &[], &["found"], 3 * USUAL);
}

#[test]
fn a_blob_of_a_gigabyte() {
    let (mut pack, tip) = honest();
    pack.add_unnamed(Kind::Blob, &Content::zeros(1 << 30));
    attack("a blob of 1 GiB", tip, answer(&pack.finish()), &[], &["too large"], USUAL);
}

#[test]
fn a_blob_as_large_as_all_that_may_be_received() {
    let (mut pack, tip) = honest();
    pack.add(Kind::Blob, &Content::zeros(MAX_BYTES as usize - 1000));
    attack("a blob of 64 MiB", tip, answer(&pack.finish()), &[], &["found"], 3 * USUAL);
}

#[test]
fn a_commit_message_of_a_gigabyte() {
    let content = Content::commit(empty_tree(), 0, 1 << 30);
    let mut pack = Pack::new();
    pack.add_unnamed(Kind::Commit, &content);
    attack("a message of 1 GiB", honest().1, answer(&pack.finish()), &[], &["too large"], USUAL);
}

#[test]
fn a_commit_message_of_480_mib() {
    let content = Content::commit(empty_tree(), 0, 480 << 20);
    let mut pack = Pack::new();
    pack.add_unnamed(Kind::Commit, &content);
    attack("a message of 480 MiB", honest().1, answer(&pack.finish()), &[], &["too large"], USUAL);
}

#[test]
fn a_commit_message_of_30_mib() {
    let content = Content::commit(empty_tree(), 0, 30 << 20);
    let mut pack = Pack::new();
    let tip = pack.add(Kind::Commit, &content);
    attack("a message of 30 MiB", tip, answer(&pack.finish()), &[], &["too large"], 3 * USUAL);
}

#[test]
fn a_commit_of_a_million_parents() {
    let mut pack = Pack::new();
    let tip = pack.add(Kind::Commit, &Content::commit(empty_tree(), 1_000_000, 10));
    attack("a million parents", tip, answer(&pack.finish()), &[], &["too large"], 6 * USUAL);
}

#[test]
fn a_tree_of_a_million_entries() {
    let mut entries = Vec::new();
    for number in 0..1_000_000_u32 {
        entries.extend(format!("40000 {number:08}\0").bytes());
        entries.extend([7; 20]);
    }
    let mut pack = Pack::new();
    let tree = pack.add(Kind::Tree, &Content::of(entries));
    let tip = pack.add(Kind::Commit, &Content::commit(tree, 0, 10));
    attack("a tree of a million entries", tip, answer(&pack.finish()), &[PATHS], &["found"], 6 * USUAL);
}

#[test]
fn packs_that_are_not_valid() {
    let bad = &["bad answer", "unreachable"];
    let whole = || honest().0.finish();
    let tip = honest().1;
    let cut = whole()[..whole().len() - 30].to_vec();
    attack("a truncated pack", tip, answer(&cut), &[], bad, USUAL);
    let mut wrong = whole();
    *wrong.last_mut().unwrap() ^= 1;
    attack("a wrong checksum", tip, answer(&wrong), &[], bad, USUAL);
    let mut flipped = whole();
    flipped[20] ^= 1;
    attack("a flipped bit", tip, answer(&flipped), &[], bad, USUAL);
    attack("an object fewer than it says", tip, answer(&honest().0.finish_claiming(1)), &[], bad, USUAL);
    let most = honest().0.finish_claiming(u32::MAX - 1);
    attack("four billion objects, by its own account", tip, answer(&most), &[], &["too large"], USUAL);
    let (mut pack, _) = honest();
    pack.add_delta_on(ObjectId::from_hex("7".repeat(40).as_bytes()).unwrap(), &delta(100, 50, b"x"));
    attack("a base that is nowhere", tip, answer(&pack.finish()), &[], bad, USUAL);
    attack("no object at all", tip, answer(&Pack::new().finish()), &[], bad, USUAL);
}

#[test]
fn an_object_that_is_not_the_one_that_was_asked_for() {
    let mut pack = Pack::new();
    pack.add(Kind::Commit, &Content::of(Content::commit_text("Another")));
    attack("another commit", honest().1, answer(&pack.finish()), &[], &["bad answer"], USUAL);
}

/// Packets of this band without end, or this line again and again, as the answer to a request.
fn endless(head: &[u8], packet: &[u8]) -> Fault {
    let packet = [format!("{:04x}", packet.len() + 4).as_bytes(), packet].concat();
    Fault::Endless { head: head.to_vec().into(), repeat: packet.repeat(100).into() }
}

#[test]
fn progress_without_end() {
    let progress = [&b"\x02Counting objects: 1%\r"[..], &[b' '; 900]].concat();
    attack(
        "progress without end",
        honest().1,
        endless(b"000dpackfile\n", &progress),
        &[SMALL],
        &["too large"],
        USUAL,
    );
}

#[test]
fn references_without_end() {
    if !is_known() {
        return;
    }
    for (what, name, most) in [
        ("references without end that were not asked for", "refs/heads/other", USUAL),
        ("references without end that fit", "refs/heads/main", 2 * USUAL),
        (
            "references with `..` and control characters without end",
            "refs/heads/main/../\u{1b}[31m",
            2 * USUAL,
        ),
    ] {
        let (server, repository) = server_with(1);
        let line = format!("{} {name}\n", honest().1);
        server.faults().add(When::post(POST), endless(b"", line.as_bytes()));
        check(what, &discover(repository.url(), &[SMALL]), &["too large"], most);
    }
}

/// Every request of a discovery.
fn stages() -> [(&'static str, When); 3] {
    [
        ("greeting", When::get(HANDSHAKE)),
        ("list", When::post(POST).nth(1)),
        ("fetch", When::post(POST).after(1)),
    ]
}

fn at_every_stage(what: &str, fault: impl Fn(&GitServer) -> Fault, kinds: &[&str]) {
    if !is_known() {
        return;
    }
    for (stage, when) in stages() {
        let (server, repository) = server_with(30);
        server.faults().add(when, fault(&server));
        check(&format!("{what}: {stage}"), &discover(repository.url(), &[]), kinds, USUAL);
    }
}

#[test]
fn a_redirect_loop_at_every_stage() {
    let to_itself = |server: &GitServer| -> Fault {
        Reply::redirect(307, format!("{}{HANDSHAKE}?service=git-upload-pack", server.url())).into()
    };
    at_every_stage("a redirect to the greeting", to_itself, &["bad answer", "refused"]);
    let elsewhere = |_: &GitServer| -> Fault { Reply::redirect(302, "http://127.0.0.1:1/").into() };
    at_every_stage("a redirect to a closed port", elsewhere, &["bad answer", "refused", "unreachable"]);
}

#[test]
fn silence_at_every_stage() {
    at_every_stage("silence", |_| Fault::Stall, &["timed out"]);
    at_every_stage("silence after 20 bytes", |_| Fault::StallAfter { keep: 20 }, &["timed out"]);
}

#[test]
fn a_drip_at_every_stage() {
    let drip = |_: &GitServer| Fault::Drip { bytes: 1, pause: Duration::from_millis(100) };
    at_every_stage("a byte in 100 ms", drip, &["timed out"]);
}

#[test]
fn a_reset_at_every_stage() {
    at_every_stage("a reset", |_| Fault::Reset, &["unreachable"]);
    at_every_stage(
        "a reset after 20 bytes",
        |_| Fault::ResetAfter { keep: 20 },
        &["unreachable", "bad answer"],
    );
}

#[test]
fn an_empty_answer_at_every_stage() {
    at_every_stage("an empty answer", |_| result(Vec::new()).into(), &["bad answer", "unreachable"]);
}
