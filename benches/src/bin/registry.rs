//! What discovery asks of a registry: Kargo's pattern of requests beside ours.
//!
//!     cargo run --release -p benches --bin registry            about two minutes
//!     cargo run --release -p benches --bin registry -- --all   half an hour: also what Kargo's pattern takes long for
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
use image_source::{ImageSource, MemoryCache, PlatformConstraint};
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Fault, When};

const DELAY: Duration = Duration::from_millis(30);
/// What took less than this is done again, up to [`RUNS`] times.
const PATIENCE: Duration = Duration::from_secs(2);
const RUNS: usize = 5;

/// What a subscription is, for both.
struct Case {
    /// What to call the first run and the ones after it.
    names: [&'static str; 2],
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
        names: ["`SemVer`, 20 of 3,000", "the same, warm"],
        shape: Shape::versions,
        strategy: Strategy::SemVer,
        filter: None,
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        names: ["`Digest`", "the same, warm"],
        shape: Shape::versions,
        strategy: Strategy::Digest("1.7.0"),
        filter: None,
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        names: ["`SemVer` for linux/arm64 where the index says v8, 20 of 1,400", "the same, warm"],
        shape: Shape::some_versions,
        strategy: Strategy::SemVer,
        filter: None,
        platform: Some("linux/arm64"),
        cache_by_tag: false,
        is_long: true,
    },
    Case {
        names: ["`SemVer` for linux/amd64 of images that are no indexes, 20 of 2,100", "the same, warm"],
        shape: Shape::single_manifests,
        strategy: Strategy::SemVer,
        filter: None,
        platform: Some("linux/amd64"),
        cache_by_tag: false,
        is_long: true,
    },
    Case {
        names: ["`NewestBuild`, 960 annotated indexes", "the same, warm"],
        shape: Shape::builds,
        strategy: Strategy::NewestBuild,
        filter: Some("^cache-"),
        platform: None,
        cache_by_tag: false,
        is_long: false,
    },
    Case {
        names: ["the same with `cacheByTag`", "the same, warm"],
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
        let [mut cold, mut warm] = case.names.map(Row::new);
        for delay in [Duration::ZERO, DELAY] {
            shape.0.faults().clear();
            if !delay.is_zero() {
                shape.0.faults().add(When::any(), Fault::Latency(delay));
            }
            eprintln!("{}, {delay:?}", case.names[0]);
            let ours = twice(&shape, || case.ours(&shape), discover).await?;
            let theirs = if case.is_long && !delay.is_zero() && !all {
                eprintln!("  Kargo's pattern: left out, it takes minutes; --all does not leave it out");
                [None; 2]
            } else {
                twice(&shape, || case.kargo(&shape), async |kargo: &Kargo| case.select(kargo).await)
                    .await?
                    .map(Some)
            };
            for ((row, ours), theirs) in [&mut cold, &mut warm].into_iter().zip(ours).zip(theirs) {
                row.add(theirs, ours)?;
            }
        }
        rows.extend([cold, warm]);
    }
    print(&rows);
    Ok(())
}

/// The cost of a first run and of a second one, the fastest of a few each.
async fn twice<W>(
    shape: &Shape,
    make: impl Fn() -> Result<W, Failure>,
    work: impl AsyncFn(&W) -> Result<usize, Failure>,
) -> Result<[Cost; 2], Failure> {
    let mut best: Option<[Cost; 2]> = None;
    let mut spent = Duration::ZERO;
    for _ in 0..RUNS {
        let made = make()?;
        let cold = Cost::of(&shape.0, work(&made)).await?;
        let warm = Cost::of(&shape.0, work(&made)).await?;
        let [first, second] = best.unwrap_or([cold, warm]);
        best = Some([first.faster(cold)?, second.faster(warm)?]);
        spent += cold.time + warm.time;
        if spent > PATIENCE {
            break;
        }
    }
    let best = best.ok_or("nothing was run")?;
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

    fn ours(&self, shape: &Shape) -> Result<ImageSource, Failure> {
        let rule = match self.strategy {
            Strategy::SemVer => TagRule::semver(None),
            Strategy::Digest(tag) => TagRule::digest(tag),
            Strategy::NewestBuild => TagRule::newest(),
        };
        let platform = self.platform.map(str::parse::<PlatformConstraint>).transpose()?;
        let source = shape.ours(rule.with_filter(self.tag_filter()?))?.platform(platform);
        Ok(source.cache_by_tag(self.cache_by_tag).cache(Arc::new(MemoryCache::default())).build()?)
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
