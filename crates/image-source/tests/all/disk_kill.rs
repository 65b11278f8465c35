//! Processes that are killed at any moment, and processes that write at once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::support::Annotated;
use crate::support::process::{self, Task};
use artifact_source::{ArtifactSource, DiscoverRequest, Image};
use image_source::DiskCache;
use warehouse_testkit::Registry;

/// One for the token's refusal, one for the token, one list, and of each of 100 images an index and of each of its six platforms a
/// manifest and a configuration.
const COLD: u64 = 2 + 1 + 100 * 13;
const WARM: u64 = 2 + 1 + 100;

/// Discovers in this process, with a cache of its own on this folder.
fn discover(registry: &Registry, folder: &Path, task: Task) -> (Vec<Image>, u64) {
    registry.log().clear();
    let cache = Arc::new(DiskCache::new(folder));
    let source = task.source(&registry.host(), Arc::clone(&cache));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(source.discover(DiscoverRequest::new())).unwrap();
    assert_eq!(cache.take_problem(), None);
    (answer.found().unwrap().artifacts, registry.log().counters().requests)
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_what_it_had_flushed_and_nothing_wrong() {
    let registry = crate::support::registry(Registry::builder(), 100, Annotated::No);
    let truth = discover(&registry, tempfile::tempdir().unwrap().path(), Task::Newest);
    assert_eq!(truth.1, COLD);
    let truth = truth.0;

    let mut torn = 0;
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        registry.log().clear();
        let mut child = process::start(&registry.host(), folder.path(), Task::Newest);
        // By what the registry saw, not by time: at the very beginning, at the very end, and in between.
        let moment = 3 + (COLD - 3) * round / 19;
        while registry.log().counters().requests < moment {
            assert!(child.try_wait().unwrap().is_none() || round == 19, "it ended too early");
            sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let answered = registry.log().counters().requests;

        let files = fs::read_dir(folder.path()).map(|files| files.count()).unwrap_or_default();
        torn += usize::from(files > 0 && is_torn(folder.path()));

        let (found, requests) = discover(&registry, folder.path(), Task::Newest);
        assert_eq!(found, truth, "killed after {answered} requests");
        // Lost are the facts that were not flushed: some hundred that were pending, as many that came while those before them were written, and
        // what was under way. That an index is known saves no request, it only makes a GET a HEAD.
        let kept = COLD.saturating_sub(requests);
        assert!(kept + 2 * 256 + 32 + WARM >= answered, "of {answered} answers {kept} were kept");

        let (found, requests) = discover(&registry, folder.path(), Task::Newest);
        assert_eq!((found, requests), (truth.clone(), WARM), "killed after {answered} requests");
        let (found, requests) = discover(&registry, folder.path(), Task::Trusting);
        assert_eq!((found, requests), (truth.clone(), 2 + 1));
        println!("killed after {answered} answers: {kept} requests saved");
    }
    println!("{torn} of 20 left a torn line");
}

/// Whether a file ends in the middle of a line.
fn is_torn(folder: &Path) -> bool {
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.last().is_some_and(|last| *last != b'\n'))
}

#[test]
fn one_folder_outlives_any_number_of_kills() {
    let registry = crate::support::registry(Registry::builder(), 60, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20_u64 {
        crate::support::push(
            &registry,
            &format!("2.{round}.0"),
            100 + usize::try_from(round).unwrap(),
            Annotated::No,
        );
        registry.log().clear();
        let mut child = process::start(&registry.host(), folder.path(), Task::All);
        while registry.log().counters().requests < 10 + 20 * round {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended too early, in round {round}: {ended:?}, {:?}", registry.log());
            sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (found, _) = discover(&registry, folder.path(), Task::Newest);
        assert_eq!((found.len(), found[0].tag.as_str()), (20, format!("2.{round}.0").as_str()));
    }
    let (warm, requests) = discover(&registry, folder.path(), Task::Newest);
    assert_eq!(requests, 2 + 1 + 80);
    let (truth, _) = discover(&registry, tempfile::tempdir().unwrap().path(), Task::Newest);
    assert_eq!(warm, truth);
}

#[test]
fn processes_at_once_share_one_folder() {
    let registry = crate::support::registry(Registry::builder(), 100, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> =
        (0..3).map(|_| process::start(&registry.host(), folder.path(), Task::All)).collect();
    let answers: Vec<Vec<Image>> = children.into_iter().map(process::finish).collect();
    println!("{} requests of three processes, each with 15 discoveries", registry.log().counters().requests);
    let (truth, _) = discover(&registry, tempfile::tempdir().unwrap().path(), Task::Newest);
    assert!(answers.iter().all(|answer| *answer == truth));

    for (task, floor) in [(Task::Newest, 2 + 1 + 100), (Task::Semver, 2 + 1 + 20), (Task::Trusting, 2 + 1)] {
        assert_eq!(discover(&registry, folder.path(), task).1, floor, "{task:?}");
    }
}

#[test]
fn processes_at_once_in_a_small_folder_forget_and_are_right() {
    const LIMIT: u64 = 100_000;
    let registry = crate::support::registry(Registry::builder(), 40, Annotated::No);
    let folder = tempfile::tempdir().unwrap();
    let start = || process::start_with(&registry.host(), folder.path(), LIMIT, Task::All);
    let children: Vec<_> = (0..3).map(|_| start()).collect();
    let answers: Vec<Vec<Image>> = children.into_iter().map(process::finish).collect();
    let (truth, _) = discover(&registry, tempfile::tempdir().unwrap().path(), Task::Newest);
    assert!(answers.iter().all(|answer| *answer == truth));
    let lengths = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let size: u64 = lengths.sum();
    assert!((1..=LIMIT / 2).contains(&size), "{size}");
}
