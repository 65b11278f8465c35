//! What discovery asks of a registry: Kargo's pattern of requests beside ours.
//!
//! ```text
//! cargo run --release -p benches --bin images            about two minutes
//! cargo run --release -p benches --bin images -- --all   half an hour: also what Kargo's pattern takes long for
//! ```
//!
//! Both ask the same registries, of the testkit, on this machine: with no delay, and with 30 ms before each answer. Nothing holds either to
//! a rate. That the pattern is Kargo's is proven by `cargo test -p benches --test pattern`.

use std::sync::Arc;
use std::time::Duration;

use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
use benches::registry::exchange::Failure;
use benches::registry::kargo::Kargo;
use benches::registry::measure::Cost;
use benches::registry::shape::Shape;
use benches::registry::table::{Row, print};
use image_source::{DiskCache, FactCache, ImageSource, MemoryCache, Platform};
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Fault, When};

const DELAY: Duration = Duration::from_millis(30);
/// What took less than this is done again, up to [`RUNS`] times.
const PATIENCE: Duration = Duration::from_secs(2);
const RUNS: usize = 5;
/// What is shown of each case.
const RUNS_SHOWN: [&str; 3] = ["cold", "warm", "restarted"];

/// What a subscription is, for both.
struct Case {
    name: &'static str,
    shape: fn() -> Result<Shape, Failure>,
    strategy: Strategy,
    filter: Option<&'static str>,
    platform: Option<&'static str>,
    cache_by_tag: bool,
    /// Whether Kargo's pattern takes minutes if every answer is late.
    is_long: bool,
}

#[derive(Clone, Copy)]
enum Strategy {
    SemVer,
    Digest(&'static str),
    NewestBuild,
}

const CASES: [Case; 6] = [
    Case {
        name: "`SemVer`, 20 of 3,000",
        shape: Shape::versions,
        strategy: Strategy::SemVer,
        filter: None,
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        name: "`Digest`",
        shape: Shape::versions,
        strategy: Strategy::Digest("1.7.0"),
        filter: None,
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        name: "`SemVer` for linux/arm64 where the index says v8, 20 of 1,400",
        shape: Shape::some_versions,
        strategy: Strategy::SemVer,
        filter: None,
        platform: Some("linux/arm64"),
        cache_by_tag: false,
        is_long: true,
    },
    Case {
        name: "`SemVer` for linux/amd64 of images that are no indexes, 20 of 2,100",
        shape: Shape::single_manifests,
        strategy: Strategy::SemVer,
        filter: None,
        platform: Some("linux/amd64"),
        cache_by_tag: false,
        is_long: true,
    },
    Case {
        name: "`NewestBuild`, 960 annotated indexes",
        shape: Shape::builds,
        strategy: Strategy::NewestBuild,
        filter: Some("^cache-"),
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        name: "`NewestBuild` with `cacheByTag`",
        shape: Shape::builds,
        strategy: Strategy::NewestBuild,
        filter: Some("^cache-"),
        platform: None,
        cache_by_tag: true,
        is_long: false,
    },
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let all = std::env::args().any(|argument| argument == "--all");
    let mut rows = Vec::new();
    for case in &CASES {
        let shape = (case.shape)()?;
        let mut three = RUNS_SHOWN.map(|run| Row::new(case.name, run));
        for delay in [Duration::ZERO, DELAY] {
            shape.0.faults().clear();
            if !delay.is_zero() {
                shape.0.faults().add(When::any(), Fault::Latency(delay));
            }
            eprintln!("{}, {delay:?}", case.name);
            let ours = best(async || case.run_ours(&shape).await).await?;
            let theirs = if case.is_long && !delay.is_zero() && !all {
                eprintln!("  Kargo's pattern: left out, it takes minutes; --all does not leave it out");
                [None; 3]
            } else {
                best(async || case.run_kargo(&shape).await).await?.map(Some)
            };
            for ((row, ours), theirs) in three.iter_mut().zip(ours).zip(theirs) {
                row.add(theirs, ours)?;
            }
        }
        rows.extend(three);
    }
    print(&rows);
    Ok(())
}

/// The fastest of a few runs each.
async fn best(run: impl AsyncFn() -> Result<[Cost; 3], Failure>) -> Result<[Cost; 3], Failure> {
    let mut best = run().await?;
    let mut spent: Duration = best.iter().map(|cost| cost.time).sum();
    for _ in 1..RUNS {
        if spent > PATIENCE {
            break;
        }
        let again = run().await?;
        spent += again.iter().map(|cost| cost.time).sum::<Duration>();
        for (best, again) in best.iter_mut().zip(again) {
            *best = best.faster(again)?;
        }
    }
    best.iter().for_each(|cost| eprintln!("  {cost}"));
    Ok(best)
}

async fn discover(source: &ImageSource) -> Result<usize, Failure> {
    match source.discover(DiscoverRequest::new()).await? {
        Discovery::Found(found) => Ok(found.artifacts.len()),
        _ => Err("something was found before, though nothing was said of it".into()),
    }
}

impl Case {
    fn tag_filter(&self) -> Result<TagFilter, Failure> {
        Ok(match self.filter {
            Some(pattern) => TagFilter::builder().ignore(pattern).build()?,
            None => TagFilter::default(),
        })
    }

    /// Ours: cold, again, and with a new client and a new source on what the cache on disk has.
    async fn run_ours(&self, shape: &Shape) -> Result<[Cost; 3], Failure> {
        let source = self.ours(shape, Arc::new(MemoryCache::default()))?;
        let cold = Cost::of(&shape.0, discover(&source)).await?;
        let warm = Cost::of(&shape.0, discover(&source)).await?;
        let folder = tempfile::tempdir()?;
        let on_disk = || self.ours(shape, Arc::new(DiskCache::new(folder.path())));
        discover(&on_disk()?).await?;
        let restarted = on_disk()?;
        Ok([cold, warm, Cost::of(&shape.0, discover(&restarted)).await?])
    }

    /// Kargo's pattern: cold and again. It keeps nothing for another process, so a restart is another cold run.
    async fn run_kargo(&self, shape: &Shape) -> Result<[Cost; 3], Failure> {
        let kargo = self.kargo(shape)?;
        let cold = Cost::of(&shape.0, self.select(&kargo)).await?;
        let warm = Cost::of(&shape.0, self.select(&kargo)).await?;
        Ok([cold, warm, cold])
    }

    fn ours(&self, shape: &Shape, cache: Arc<dyn FactCache>) -> Result<ImageSource, Failure> {
        let rule = match self.strategy {
            Strategy::SemVer => TagRule::semver(None),
            Strategy::Digest(tag) => TagRule::digest(tag),
            Strategy::NewestBuild => TagRule::newest(),
        };
        let platform = self.platform.map(str::parse::<Platform>).transpose()?;
        let source = shape.ours(rule.with_filter(self.tag_filter()?))?.platform(platform);
        Ok(source.cache_by_tag(self.cache_by_tag).cache(cache).build()?)
    }

    fn kargo(&self, shape: &Shape) -> Result<Kargo, Failure> {
        let mut kargo = shape.kargo().filter(self.tag_filter()?);
        if let Some(platform) = self.platform {
            kargo = kargo.platform(platform);
        }
        if self.cache_by_tag {
            kargo = kargo.cache_by_tag();
        }
        Ok(kargo)
    }

    async fn select(&self, kargo: &Kargo) -> Result<usize, Failure> {
        let found = match self.strategy {
            Strategy::SemVer => kargo.semver().await?,
            Strategy::Digest(tag) => kargo.digest(tag).await?,
            Strategy::NewestBuild => kargo.newest_build().await?,
        };
        Ok(found.len())
    }
}
