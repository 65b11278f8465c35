//! Discoveries in processes of their own: this very test binary, started again.
//!
//! A test file that uses them has a test of this name, which is ignored unless it is the child:

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use artifact_source::Image;
use image_source::{DiskCache, ImageSource};
use selection_strategies::TagRule;

use super::source_at;

/// What a child does.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    Semver,
    Newest,
    /// Newest build, where tags are taken never to move.
    Trusting,
    /// All of them in turn, five times.
    All,
}

impl Task {
    const EACH: [Self; 3] = [Self::Semver, Self::Newest, Self::Trusting];

    fn word(self) -> String {
        format!("{self:?}")
    }

    pub fn source(self, host: &str, cache: Arc<DiskCache>) -> ImageSource {
        let builder = match self {
            Self::Semver => source_at(host, TagRule::semver(None)),
            Self::Newest => source_at(host, TagRule::newest()),
            Self::Trusting => source_at(host, TagRule::newest()).cache_by_tag(true),
            Self::All => panic!("that is several"),
        };
        builder.cache(cache).build().unwrap()
    }
}

/// Starts a process that discovers from this registry with the disk cache of this folder.
pub fn start(host: &str, folder: &Path, task: Task) -> Child {
    start_with(host, folder, 256 << 20, task)
}

/// The same with a cache of at most this many bytes.
pub fn start_with(host: &str, folder: &Path, limit: u64, task: Task) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "support::process::child", "--ignored", "--nocapture"])
        .env("CHILD_TASK", task.word())
        .env("CHILD_HOST", host)
        .env("CHILD_FOLDER", folder)
        .env("CHILD_LIMIT", limit.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a process that was started found.
pub fn finish(mut child: Child) -> Vec<Image> {
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "{output}");
    // The test harness may have begun the line.
    let answer = output.lines().find_map(|line| line.split_once("ANSWER ")).unwrap().1;
    serde_json::from_str(answer).unwrap()
}

/// The child's side.
#[test]
#[ignore = "started by other tests"]
fn child() {
    let variable = |name| std::env::var(name).unwrap();
    let (host, folder, word) = (variable("CHILD_HOST"), variable("CHILD_FOLDER"), variable("CHILD_TASK"));
    let limit = variable("CHILD_LIMIT").parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let one = |task: Task| {
        let cache = Arc::new(DiskCache::new(&folder).with_limit(limit));
        let images = runtime.block_on(super::images(&task.source(&host, Arc::clone(&cache))));
        assert_eq!(cache.take_problem(), None);
        images
    };
    let images = match Task::EACH.into_iter().find(|task| task.word() == word) {
        Some(task) => one(task),
        None => {
            let mut images = Vec::new();
            for task in [Task::EACH; 5].into_iter().flatten() {
                images = one(task);
            }
            images
        }
    };
    println!("ANSWER {}", serde_json::to_string(&images).unwrap());
}
