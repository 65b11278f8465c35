//! Releases that are killed at any moment: the same command again ends where an undisturbed one ends.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use artifact_http::{HttpService, Method, ServiceRequest, ServiceResponse};
use artifact_source::Error;
use async_trait::async_trait;
use bytes::Bytes;
use chart_release::store::{
    Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Random, Store,
};
use chart_release::{Action, ChartRepository, ReleaseObserver, Request, StepKind};

use super::world::{NOW, State, World, builder, client};

const CLONE: &str = "CHART_RELEASE_TEST_CLONE";
const REGISTRY: &str = "CHART_RELEASE_TEST_REGISTRY";
const STORE: &str = "CHART_RELEASE_TEST_STORE";
/// Whether the store keeps no conditions, so that a lock decides who writes.
const LOCKED: &str = "CHART_RELEASE_TEST_LOCKED";
/// At which moment the child is killed.
const KILL: &str = "CHART_RELEASE_TEST_KILL";

/// The charts that are released, with the library chart that two of them embed.
const RELEASED: [&str; 3] = ["common", "web", "worker"];

/// Counts the moments of a release, and kills the process at one of them. Moments are: a step begins, a step is done; before, within and after each
/// request to the registry; before, within and after each operation of the store.
#[derive(Debug)]
struct Moments {
    count: AtomicU64,
    kill: Option<u64>,
}

impl Moments {
    fn pass(&self) {
        self.pass_with(|| ());
    }

    /// `half` does the half of what comes next, before the process is killed.
    fn pass_with(&self, half: impl FnOnce()) {
        let moment = self.count.fetch_add(1, Ordering::SeqCst);
        if self.kill == Some(moment) {
            half();
            let process = rustix::process::getpid();
            rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}

impl ReleaseObserver for Moments {
    fn started(&self, _: &str, _: StepKind, _: &str) {
        self.pass();
    }

    fn finished(&self, _: &str, _: StepKind, _: Action) {
        self.pass();
    }
}

/// Requests to the registry.
#[derive(Debug)]
struct Service {
    inner: Arc<dyn HttpService>,
    moments: Arc<Moments>,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.moments.pass();
        if request.method != Method::GET && request.method != Method::HEAD {
            self.moments.pass_with(|| send_half(&request));
        }
        let response = self.inner.call(request).await;
        self.moments.pass();
        response
    }
}

/// Sends a request whose body breaks off.
fn send_half(request: &ServiceRequest) {
    let url = &request.url;
    let host = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
    let path = &url[url::Position::BeforePath..];
    let mut head = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\n", request.method);
    head += &format!("Content-Length: {}\r\n", request.body.len());
    for (name, value) in &request.headers {
        if name != "host" && name != "content-length" {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
    }
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(&request.body[..request.body.len() / 2]).unwrap();
    stream.flush().unwrap();
}

/// Operations of the store.
#[derive(Debug)]
struct Storage {
    inner: Store,
    folder: PathBuf,
    moments: Arc<Moments>,
    conditional: ConditionalPut,
}

#[async_trait]
impl ObjectStorage for Storage {
    async fn get(&self, name: &str, _: u64) -> Result<Option<Object>, Error> {
        self.moments.pass();
        self.inner.get(name).await
    }

    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        self.moments.pass();
        // What a killed put leaves: a part of the object, beside its place.
        let part = self.folder.join(format!("{name}#1"));
        self.moments.pass_with(|| {
            std::fs::create_dir_all(part.parent().unwrap()).unwrap();
            std::fs::write(part, &body[..body.len() / 2]).unwrap();
        });
        let outcome = self.inner.put(name, body, condition).await;
        self.moments.pass();
        outcome
    }

    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        self.inner.list(folder).await
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        self.moments.pass();
        self.inner.delete(name).await
    }

    fn conditional_put(&self) -> ConditionalPut {
        self.conditional
    }

    fn has_own_clock(&self) -> bool {
        true
    }
}

/// The other process: one release, as the command makes it. It prints how many moments there were.
#[test]
#[ignore = "run by the tests of this module"]
fn child() {
    let Some(clone) = std::env::var_os(CLONE).map(PathBuf::from) else { return };
    let folder = std::env::var_os(STORE).map(PathBuf::from).unwrap();
    let kill = std::env::var(KILL).ok().map(|moment| moment.parse().unwrap());
    let moments = Arc::new(Moments { count: AtomicU64::new(0), kill });
    let shared = Arc::clone(&moments);
    let http = client().wrap_service(|inner| Service { inner, moments: shared });
    let inner = Store::open(&format!("file://{}", folder.display())).unwrap();
    let conditional = match std::env::var_os(LOCKED) {
        Some(_) => ConditionalPut::Unsupported,
        None => ConditionalPut::Supported,
    };
    let storage = Storage { inner, folder: folder.clone(), moments: Arc::clone(&moments), conditional };
    let store = Store::from_storage("store", storage);
    let release = builder(&clone, &std::env::var(REGISTRY).unwrap(), &folder, http)
        .repository(ChartRepository::new(store).with_clock(NOW))
        .build();
    let request = Request::Release(RELEASED.map(str::to_owned).to_vec());
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(
        async {
            let plan = release.plan(&request, &*moments, None).await.unwrap();
            let refusals: Vec<_> = plan.refusals().map(|(_, refusal)| refusal.to_string()).collect();
            let report = release.execute(plan, &*moments, None).await;
            let failures: Vec<_> = report.failures.iter().map(|failure| failure.error.to_string()).collect();
            println!("REFUSED {refusals:?} FAILED {failures:?}");
            if report.is_complete() {
                println!("RELEASED {}", moments.count.load(Ordering::SeqCst));
            }
        },
    );
}

/// Runs a child until it ends or is killed. Returns how many moments it had, if it released everything.
fn release(world: &World, kill: Option<u64>, is_locked: bool) -> Result<u64, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["release::killed::child", "--exact", "--ignored", "--nocapture"]);
    command.env(CLONE, world.clone_folder()).env(REGISTRY, world.registry_url()).env(STORE, world.store());
    if is_locked {
        command.env(LOCKED, "1");
    }
    if let Some(moment) = kill {
        command.env(KILL, moment.to_string());
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let released = text.lines().find_map(|line| line.split_once("RELEASED ")?.1.trim().parse().ok());
    released.ok_or_else(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn state(world: &World) -> State {
    tokio::runtime::Runtime::new().unwrap().block_on(world.state())
}

/// Kills at each of these moments in turn, then finishes, and compares.
fn check(kills: &[u64], expected: &State, is_locked: bool) {
    let world = World::new();
    for &kill in kills {
        let _ = release(&world, Some(kill), is_locked);
        crate::kill::age_locks(&world.store());
        assert_consistent(&world, kills);
    }
    if let Err(output) = release(&world, None, is_locked) {
        panic!("killed at {kills:?}, the release could not be finished: {output}");
    }
    let differences = expected.differences(&state(&world));
    assert!(differences.is_empty(), "killed at {kills:?}: {differences:#?}");
}

/// What a reader sees at any moment: each entry of the index has its archive, and each tag has everything before it.
fn assert_consistent(world: &World, kills: &[u64]) {
    let index = std::fs::read_to_string(world.store().join("index.yaml")).unwrap_or_default();
    for name in RELEASED {
        let archive = format!("{name}-1.4.0.tgz");
        let is_listed = index.contains(&archive);
        assert!(
            !is_listed || world.store().join(&archive).is_file(),
            "killed at {kills:?}: {archive} is not there"
        );
        let tag = world.git(&["tag", "--list", &format!("{name}-1.4.0")]);
        let is_pushed = !world.registry.tags(&format!("charts/{name}")).is_empty();
        assert!(
            tag.is_empty() || (is_listed && is_pushed),
            "killed at {kills:?}: {name} is tagged too early"
        );
    }
}

/// How many seeded runs: as many as `CHART_RELEASE_RUNS` says, 200 in CI, 40 otherwise.
pub fn runs() -> u64 {
    let asked = std::env::var("CHART_RELEASE_RUNS").ok().and_then(|runs| runs.parse().ok());
    asked.unwrap_or(if std::env::var_os("CI").is_some() { 200 } else { 40 })
}

fn killed_at_any_moment(is_locked: bool) {
    let world = World::new();
    let moments = release(&world, None, is_locked).unwrap();
    let expected = state(&world);
    assert!(expected.0.len() >= 13, "{:#?}", expected.0.keys());
    let mut random = Random::seeded(20_261_129);
    for run in 0..runs() {
        // Every moment first, spread over the runs there are; then two kills in a row, anywhere.
        let first = if runs() >= moments { run % moments } else { run * moments / runs() };
        let kills = if run < moments.min(runs()) {
            vec![first]
        } else {
            vec![random.next_u64() % moments, random.next_u64() % moments]
        };
        check(&kills, &expected, is_locked);
    }
    eprintln!("{} runs over {moments} moments", runs());
}

#[test]
fn a_release_that_is_killed_at_any_moment_is_finished_by_the_same_command() {
    killed_at_any_moment(false);
}

/// The same where a lock decides who writes. Its lease has ended when the same command runs again.
#[test]
fn a_release_that_is_killed_at_any_moment_under_a_lock_is_finished_by_the_same_command() {
    killed_at_any_moment(true);
}
