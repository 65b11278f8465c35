//! How long it takes to judge and order a hundred thousand tags, and where the time goes.
//!
//! `cargo run --release -p selection-strategies --example hundred_thousand_tags`

use std::hint::black_box;
use std::time::{Duration, Instant};

use selection_strategies::{Constraint, Strictness, TagFilter, TagRule, VersionRef};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tags = tags();
    let names = || tags.iter().map(String::as_str);

    measure("read every byte", || names().flat_map(str::bytes).map(usize::from).sum());
    measure("parse", || names().filter(|name| VersionRef::parse(name).is_ok()).count());
    for text in [">=1.0.0", "^12.3.0 || ~15.2"] {
        let constraint: Constraint = text.parse()?;
        let rule = TagRule::semver(Some(constraint)).with_strictness(Strictness::Loose);
        measure(&format!("{text}: judge"), || names().filter(|name| rule.judge(name).is_accepted()).count());
        measure(&format!("{text}: best 20"), || rule.rank(names(), |_, _| {}).take(20).count());
        measure(&format!("{text}: all in order"), || rule.rank(names(), |_, _| {}).into_sorted().len());
        measure(&format!("{text}: select 20, with reasons"), || rule.select(names()).limit(20).chosen.len());
    }
    let filter = TagFilter::builder()
        .allow_all([r"^v?\d+\.", r"^sha-[0-9a-f]+$", "^main"])
        .ignore_all(["-rc", "alpha$", r"debug|nightly", r"\.99\."])
        .build()?;
    measure("7 patterns", || names().filter(|name| filter.allows(name)).count());
    let rule = TagRule::semver(Some(">=1.0.0".parse()?))
        .with_strictness(Strictness::Loose)
        .with_filter(filter.clone());
    measure("7 patterns, >=1.0.0: all in order", || rule.rank(names(), |_, _| {}).into_sorted().len());
    let rule = TagRule::lexical().with_filter(filter);
    measure("7 patterns, lexical: all in order", || rule.rank(names(), |_, _| {}).into_sorted().len());
    Ok(())
}

fn measure(name: &str, mut run: impl FnMut() -> usize) {
    let mut best = Duration::MAX;
    let mut answer = 0;
    for _ in 0..15 {
        let start = Instant::now();
        answer = black_box(run());
        best = best.min(start.elapsed());
    }
    println!("{:9.3} ms  {answer:>8}  {name}", best.as_secs_f64() * 1e3);
}

/// Releases, prereleases, dates, branches, commits: what registries hold.
fn tags() -> Vec<String> {
    let mut state = 42_u64;
    let mut next = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    (0..100_000)
        .map(|_| {
            let (a, b, c, n) = (next(20), next(100), next(100), next(100_000));
            match next(10) {
                0 | 1 => format!("v{a}.{b}.{c}"),
                2 => format!("{a}.{b}.{c}"),
                3 => format!("{a}.{b}.{c}-rc.{}", next(10)),
                4 => format!("{a}.{b}.{c}-alpine3.{}", next(20)),
                5 => format!("sha-{n:05x}{:07x}", next(1 << 28)),
                6 => format!("main-{n:05x}"),
                7 => format!("nightly-2024{:02}{:02}", 1 + next(12), 1 + next(28)),
                8 => format!("pr-{n}"),
                _ => format!("feature_{n}-debug"),
            }
        })
        .collect()
}
