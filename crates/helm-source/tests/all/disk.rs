//! Indexes that outlive the process, and servers that are wrong about what has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Recorder};
use helm_source::{DiskIndexCache, HelmSource, HelmSourceBuilder, IndexCache};
use warehouse_testkit::{Chart, ChartIndex, ChartServer, Fault, Reply, When};

fn client() -> HttpClient {
    HttpClient::builder().attempts(1).build().unwrap()
}

/// What a new process has: nothing but the folder.
fn next_process(folder: &Path) -> (IndexCache, DiskIndexCache) {
    let disk = DiskIndexCache::new(folder);
    (IndexCache::new(client()).with_disk(disk.clone()), disk)
}

fn web(server: &ChartServer, cache: &IndexCache) -> HelmSourceBuilder {
    HelmSource::builder(server.url()).chart("web").cache(cache.clone())
}

/// The versions that a source finds, the requests, and the bytes of bodies that the server sent.
async fn run(server: &ChartServer, source: HelmSourceBuilder) -> (Vec<String>, u64, u64) {
    server.log().clear();
    let found = source.build().unwrap().discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    let counters = server.log().counters();
    let versions = found.artifacts.into_iter().map(|chart| chart.version).collect();
    (versions, counters.requests, counters.body_bytes_sent)
}

/// The same in a new process, without a problem.
async fn run_anew(server: &ChartServer, folder: &Path) -> (Vec<String>, u64, u64) {
    let (cache, disk) = next_process(folder);
    let ran = run(server, web(server, &cache)).await;
    assert_eq!(disk.take_problem(), None);
    ran
}

async fn warnings(source: HelmSourceBuilder) -> Vec<String> {
    let trace = Recorder::new();
    source.build().unwrap().discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap();
    trace.warnings().iter().map(ToString::to_string).collect()
}

/// The time of each candidate, with `-` where there is none.
async fn times(source: HelmSourceBuilder) -> Vec<String> {
    let trace = Recorder::new();
    source.build().unwrap().discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap();
    let text = |judgement: artifact_source::Judgement| {
        judgement.details.time.map_or("-".to_owned(), |time| time.to_string())
    };
    trace.into_judgements().into_iter().map(text).collect()
}

fn server(versions: &[&str]) -> ChartServer {
    let server = ChartServer::start().unwrap();
    for version in versions {
        server.publish(&Chart::new("web", *version));
    }
    server
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn the_next_process_sends_one_conditional_request_and_gets_no_body() {
    let (server, folder) = (server(&["1.0.0", "1.1.0"]), tempfile::tempdir().unwrap());
    server.publish(&Chart::new("api", "3.0.0"));
    let folder = folder.path().join("a").join("charts");
    let (versions, requests, bytes) = run_anew(&server, &folder).await;
    assert_eq!((versions.join(" ").as_str(), requests, bytes > 0), ("1.1.0 1.0.0", 1, true));
    for _ in 0..2 {
        assert_eq!(run_anew(&server, &folder).await, (versions.clone(), 1, 0));
        assert_eq!(server.log().all()[0].status, Some(304));
    }
    // Another chart of the repository has its versions from the same file.
    let (cache, _) = next_process(&folder);
    let api = run(&server, HelmSource::builder(server.url()).chart("api").cache(cache)).await;
    assert_eq!(api, (vec!["3.0.0".to_owned()], 1, 0));
    assert_eq!(files(&folder).len(), 1);

    server.publish(&Chart::new("web", "1.2.0"));
    let (versions, requests, bytes) = run_anew(&server, &folder).await;
    assert_eq!((versions.join(" ").as_str(), requests, bytes > 0), ("1.2.0 1.1.0 1.0.0", 1, true));
    assert_eq!(run_anew(&server, &folder).await, (versions, 1, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_may_read_it_and_it_has_no_credential() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("charts");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let server = ChartServer::builder().basic("me", "SECRET").require_query("token=SECRET").start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    let url = server.url().replace("http://", "http://me:SECRET@") + "?token=SECRET";
    for bytes_are_sent in [true, false] {
        let (cache, disk) = next_process(&folder);
        let (versions, requests, bytes) =
            run(&server, HelmSource::builder(&url).chart("web").cache(cache)).await;
        assert_eq!((versions.len(), requests, bytes > 0), (1, 1, bytes_are_sent));
        assert_eq!(disk.take_problem(), None);
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in files(&folder) {
        assert_eq!(mode(&file), 0o600);
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("SECRET") && !file.display().to_string().contains("SECRET"), "{text}");
    }
}

/// What one credential may see is not what another one may, and so on.
#[tokio::test]
async fn credentials_verification_and_limits_are_kept_apart() {
    let (server, folder) = (server(&["1.0.0"]), tempfile::tempdir().unwrap());
    let ask = async |credential: Option<Credential>, unverified: bool, limit: u64| {
        let (cache, disk) = next_process(folder.path());
        let cache = match unverified {
            true => cache.with_disk(disk.for_unverified_tls()),
            false => cache,
        };
        let source = web(&server, &cache).credentials(credential).max_index_bytes(limit);
        run(&server, source).await.2 > 0
    };
    let me = || Some(Credential::password("me", "x"));
    let variants =
        [(None, false, 1 << 20), (me(), false, 1 << 20), (None, true, 1 << 20), (None, false, 2 << 20)];
    for is_first in [true, false] {
        for (credential, unverified, limit) in variants.clone() {
            assert_eq!(ask(credential, unverified, limit).await, is_first);
        }
    }
    assert_eq!(files(folder.path()).len(), variants.len());
}

#[tokio::test]
async fn a_damaged_file_is_replaced() {
    let (server, folder) = (server(&["1.0.0", "1.1.0"]), tempfile::tempdir().unwrap());
    let (truth, _, whole) = run_anew(&server, folder.path()).await;
    let file = files(folder.path()).remove(0);
    let good = fs::read(&file).unwrap();
    let mut damages: Vec<Vec<u8>> = (0..good.len()).step_by(7).map(|end| good[..end].to_vec()).collect();
    for position in (0..good.len()).step_by(3) {
        let mut changed = good.clone();
        changed[position] ^= 1 << (position % 7);
        damages.push(changed);
    }
    damages.push([&good[..], b"\0"].concat());
    damages.push(b"no table\n".to_vec());
    // The layout before this one.
    let rest = good.strip_prefix(b"chart index 2\n").unwrap();
    damages.push([b"chart index 1\n", rest].concat());
    for damage in damages {
        fs::write(&file, &damage).unwrap();
        let ran = run_anew(&server, folder.path()).await;
        assert_eq!(ran, (truth.clone(), 1, whole), "{}", damage.escape_ascii());
        assert_eq!(fs::read(&file).unwrap().len(), good.len());
    }
    assert_eq!(run_anew(&server, folder.path()).await, (truth.clone(), 1, 0));

    // The file of another index under this name.
    let other = self::server(&["9.0.0"]);
    run_anew(&other, folder.path()).await;
    let stranger = files(folder.path()).into_iter().find(|path| *path != file).unwrap();
    fs::copy(&stranger, &file).unwrap();
    assert_eq!(run_anew(&server, folder.path()).await, (truth, 1, whole));
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_other_things_are_neither_followed_nor_fatal() {
    use std::os::unix::fs::symlink;

    let (server, folder) = (server(&["1.0.0"]), tempfile::tempdir().unwrap());
    let (cache_folder, elsewhere) = (folder.path().join("charts"), folder.path().join("elsewhere"));
    let (truth, ..) = run_anew(&server, &cache_folder).await;
    let file = files(&cache_folder).remove(0);
    fs::write(&elsewhere, fs::read(&file).unwrap()).unwrap();
    let target = fs::read(&elsewhere).unwrap();

    let run_with_problem = async |folder: &Path, problem: &str| {
        let (cache, disk) = next_process(folder);
        let (versions, requests, bytes) = run(&server, web(&server, &cache)).await;
        assert_eq!((&versions, requests, bytes > 0), (&truth, 1, true));
        let told = disk.take_problem().unwrap_or_default();
        assert!(told.contains(problem), "{told}");
        assert_eq!(disk.take_problem(), None);
    };
    fs::remove_file(&file).unwrap();
    symlink(&elsewhere, &file).unwrap();
    run_with_problem(&cache_folder, "it is a link, which is not followed").await;
    // The next file takes the place of the link.
    assert_eq!(fs::read(&elsewhere).unwrap(), target);
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    run_with_problem(&cache_folder, "directory").await;

    let real = folder.path().join("real");
    fs::rename(&cache_folder, &real).unwrap();
    symlink(&real, &cache_folder).unwrap();
    run_with_problem(&cache_folder, "it is a link, which is not followed").await;
    run_with_problem(&elsewhere, "it is not a folder").await;
    run_with_problem(&elsewhere.join("charts"), "elsewhere").await;
}

#[tokio::test]
async fn the_files_that_were_not_used_for_longest_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..300).map(|patch| format!("1.0.{patch}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let servers: Vec<_> = (0..4).map(|_| server(&names)).collect();
    run_anew(&servers[0], folder.path()).await;
    let size = fs::metadata(&files(folder.path())[0]).unwrap().len();
    let limit = size * 5 / 2;
    let ask = async |number: usize| {
        let disk = DiskIndexCache::new(folder.path()).with_limit(limit);
        let cache = IndexCache::new(client()).with_disk(disk);
        run(&servers[number], web(&servers[number], &cache)).await.2 > 0
    };
    let age = |file: &Path, hours: u64| {
        let file = fs::File::options().append(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
    };
    let first = files(folder.path()).remove(0);
    age(&first, 5);
    assert!(ask(1).await);
    let second = files(folder.path()).into_iter().find(|path| *path != first).unwrap();
    age(&second, 3);
    // Reading the first one makes the second one the oldest.
    assert!(!ask(0).await);
    // What a killed process left is removed after an hour.
    let (left, new) = (folder.path().join("1-1.tmp"), folder.path().join("1-2.tmp"));
    for path in [&left, &new] {
        fs::write(path, "").unwrap();
    }
    age(&left, 2);
    assert!(ask(2).await);
    assert!(first.exists() && !second.exists() && !left.exists() && new.exists());
    fs::remove_file(new).unwrap();
    let sum: u64 = files(folder.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(sum <= limit && files(folder.path()).len() == 2);
    assert!(!ask(0).await && ask(1).await);

    // One that is larger than the limit is not kept.
    let other = tempfile::tempdir().unwrap();
    let disk = DiskIndexCache::new(other.path().join("charts")).with_limit(size - 1);
    let cache = IndexCache::new(client()).with_disk(disk.clone());
    run(&servers[0], web(&servers[0], &cache)).await;
    assert!(!other.path().join("charts").exists() && disk.take_problem().is_none());
}

#[test]
#[ignore = "a part of the next test, in a process of its own"]
fn the_writer() {
    let Ok(folder) = std::env::var("THE_WRITER_FOLDER") else { return };
    let url = std::env::var("THE_WRITER_URL").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("STARTED");
    loop {
        // Without validators each run stores the index.
        let (cache, _) = next_process(Path::new(&folder));
        let source = HelmSource::builder(&url).chart("web").cache(cache).build().unwrap();
        runtime.block_on(source.discover(DiscoverRequest::new())).unwrap();
    }
}

/// Two processes write at once, and are killed.
#[test]
fn what_killed_processes_leave_is_right_or_nothing() {
    use std::io::{BufRead as _, BufReader};

    let folder = tempfile::tempdir().unwrap();
    let server = ChartServer::builder().without_etag().without_last_modified().start().unwrap();
    let names: Vec<_> = (0..2_000).map(|patch| format!("1.0.{patch}")).collect();
    let file: String = names.iter().map(|version| format!("  - version: {version}\n")).collect();
    server.set_index(format!("entries:\n  web:\n{file}"));
    let rounds: u64 = std::env::var("KILLS").map_or(10, |kills| kills.parse().unwrap());
    let mut unfinished = 0;
    for round in 0..rounds {
        let start = || {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "disk::the_writer", "--ignored", "--nocapture", "--test-threads=1"])
                .env("THE_WRITER_FOLDER", folder.path())
                .env("THE_WRITER_URL", server.url())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut children = [start(), start()];
        for child in &mut children {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().contains("STARTED")));
        }
        // A seeded moment, spread over several runs of a writer.
        std::thread::sleep(Duration::from_micros(20_000 + (round * 7_919) % 40_000));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let is_unfinished = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tmp");
        unfinished += files(folder.path()).iter().filter(|path| is_unfinished(path)).count();
        for path in files(folder.path()).iter().filter(|path| !is_unfinished(path)) {
            // The whole file, or none: the table ends with the last version and its missing digest, and the times, which are missing as well.
            let bytes = fs::read(path).unwrap();
            let end = [b"1.0.1999\0", &[0; 4 * 2_000][..]].concat();
            assert!(bytes.ends_with(&end), "killed in round {round}");
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // A request of a killed process may still be counted.
        let (versions, ..) = runtime.block_on(run_anew(&server, folder.path()));
        assert_eq!(versions[0], "1.0.1999");
        for path in files(folder.path()).iter().filter(|path| is_unfinished(path)) {
            fs::remove_file(path).unwrap();
        }
    }
    println!("{rounds} times two processes killed, {unfinished} files left unfinished");
}

#[tokio::test]
async fn what_the_index_lost_since_the_last_run_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for validators in [true, false] {
        let server = match validators {
            true => ChartServer::start().unwrap(),
            false => ChartServer::builder().without_etag().without_last_modified().start().unwrap(),
        };
        let web = || web(&server, &next_process(folder.path()).0);
        server.set_index(
            "entries:\n  web: [{version: 1.0.0}, {version: 1.1.0}]\n  api: [{version: 1.0.0}]\n  db: [{version: 1.0.0}]\n",
        );
        assert!(warnings(web()).await.is_empty());
        assert!(warnings(web()).await.is_empty());
        // Fewer versions of another chart are not this one's concern.
        server.set_index("entries:\n  web: [{version: 1.2.0}, {version: 1.0.0}]\n  api: []\n");
        let (cache, _) = next_process(folder.path());
        assert_eq!(
            warnings(self::web(&server, &cache)).await,
            [
                "since the last run the index lost 1 version of web: 1.1.0",
                "since the last run the index lost 1 chart: db"
            ]
        );
        // It is told once.
        assert!(warnings(self::web(&server, &cache)).await.is_empty());
        assert!(warnings(web()).await.is_empty());
        server.set_index("entries: {}\n");
        let lost = warnings(web()).await;
        assert_eq!(lost, ["since the last run the index lost 1 chart: web"]);
    }
}

/// A server that gives every index the same `ETag`, and never says 304.
#[tokio::test]
async fn another_index_under_the_same_etag_is_found_and_the_etag_is_not_trusted_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = ChartServer::builder().without_etag().without_last_modified().start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    let lie = || Fault::Header { name: "etag".into(), value: "\"always\"".into() };
    server.faults().add(When::any(), lie());
    let (cache, _) = next_process(folder.path());
    let source = web(&server, &cache).build().unwrap();
    let first = source.discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    // Nothing has changed, and nothing says otherwise.
    let known = DiscoverRequest::new().with_previous(first.observation.as_ref());
    assert!(matches!(source.discover(known).await.unwrap(), Discovery::Unchanged { .. }));

    server.publish(&Chart::new("web", "1.1.0"));
    let known = DiscoverRequest::new().with_previous(first.observation.as_ref());
    let second = source.discover(known).await.unwrap().found().unwrap();
    assert_eq!((second.artifacts.len(), second.observation.is_none()), (2, true));

    // From now on no request has the condition, in the next process neither.
    server.publish(&Chart::new("web", "1.2.0"));
    assert_eq!(run(&server, web(&server, &cache)).await.0.len(), 3);
    assert_eq!(server.log().all()[0].header("if-none-match"), None);
    for patch in 0..2 {
        server.publish(&Chart::new("web", format!("1.3.{patch}")));
        assert_eq!(run_anew(&server, folder.path()).await.0.len(), 4 + patch);
        assert_eq!(server.log().all()[0].header("if-none-match"), None);
    }
}

/// Programs that write an index anew give each entry another time. Nobody who asks for versions is told a lie by that.
#[tokio::test]
async fn other_times_under_the_same_etag_prove_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = ChartServer::builder().without_etag().without_last_modified().start().unwrap();
    let lie = Fault::Header { name: "etag".into(), value: "\"always\"".into() };
    server.faults().add(When::any(), lie);
    let publish = |time: &str| {
        server.set_index(ChartIndex::new().add(&Chart::new("web", "1.0.0").created(time)).render());
    };
    let (cache, _) = next_process(folder.path());
    let source = web(&server, &cache).build().unwrap();
    publish("2024-05-01T12:00:00Z");
    let first = source.discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    publish("2024-06-01T12:00:00Z");
    let known = DiscoverRequest::new().with_previous(first.observation.as_ref());
    assert!(matches!(source.discover(known).await.unwrap(), Discovery::Unchanged { .. }));
    // The condition is still sent, in the next process too, and the time is the new one.
    assert_eq!(run_anew(&server, folder.path()).await.0, ["1.0.0"]);
    assert_eq!(server.log().all()[0].header("if-none-match"), Some("\"always\""));
    assert_eq!(times(web(&server, &next_process(folder.path()).0)).await, ["2024-06-01T12:00:00Z"]);
}

/// What a version was created at is in the file as well.
#[tokio::test]
async fn times_outlive_the_process() {
    let (server, folder) = (server(&[]), tempfile::tempdir().unwrap());
    server.publish(&Chart::new("web", "1.0.0").created("2024-05-01T12:00:00.5+02:00"));
    server.publish(&Chart::new("web", "1.1.0").created("once"));
    for is_sent in [true, false] {
        let (cache, _) = next_process(folder.path());
        server.log().clear();
        let mut times = times(web(&server, &cache)).await;
        times.sort();
        assert_eq!(times, ["-", "2024-05-01T10:00:00Z"]);
        assert_eq!(server.log().counters().body_bytes_sent > 0, is_sent);
    }
}

/// A 304 that has other validators, or another length, than the index that it stands for.
#[tokio::test]
async fn a_304_that_contradicts_itself_is_not_believed() {
    let (server, folder) = (server(&["1.0.0"]), tempfile::tempdir().unwrap());
    run_anew(&server, folder.path()).await;
    let (truth, ..) = run_anew(&server, folder.path()).await;
    let etag = server.log().all()[0].header("if-none-match").unwrap().to_owned();
    for (headers, requests) in [
        (vec![("etag", "\"another\"")], 2),
        (vec![("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")], 2),
        (vec![("etag", &*etag)], 1),
        (vec![], 1),
    ] {
        let reply =
            headers.iter().fold(Reply::status(304), |reply, (name, value)| reply.header(*name, *value));
        server.faults().clear();
        server.faults().add(When::any().nth(1), reply);
        let (versions, sent, _) = run_anew(&server, folder.path()).await;
        assert_eq!((&versions, sent), (&truth, requests), "{headers:?}");
    }
}

/// Indexes in memory are bounded in bytes: the one that was not used for longest is asked for as a whole again.
#[tokio::test]
async fn the_memory_is_bounded_in_bytes() {
    let servers = [server(&["1.0.0"]), server(&["1.0.0"]), server(&["1.0.0"])];
    let rounds = async |cache: IndexCache| {
        let mut bodies = 0;
        for _ in 0..2 {
            for server in &servers {
                bodies += usize::from(run(server, web(server, &cache)).await.2 > 0);
            }
        }
        bodies
    };
    assert_eq!(rounds(IndexCache::new(client())).await, 3);
    assert_eq!(rounds(IndexCache::new(client()).with_limit(3 << 10)).await, 6);
    // The one in use stays, whatever its size.
    let cache = IndexCache::new(client()).with_limit(0);
    assert!(run(&servers[0], web(&servers[0], &cache)).await.2 > 0);
    assert_eq!(run(&servers[0], web(&servers[0], &cache)).await.2, 0);
}
