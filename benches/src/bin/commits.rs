//! Commits of a repository of 3,000 commits: ours beside Kargo's pattern of commands and beside clones that are kept.
//!
//! ```text
//! cargo run --release -p benches --bin commits [-- WORK...]
//! ```
//!
//! A work is one of `newest`, `path`, `rare-path`, `tags` and `many`; all of them take half an hour. Each way polls in a process of its own:
//! first with nothing, then again, then after ten commits and a tag. All ways have to find the same. Needs Git.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use benches::commits::measure::Cost;
use benches::commits::subscription::Work;
use benches::commits::table::{Row, print, print_head};
use benches::commits::{Failure, Monorepo, client};
use warehouse_testkit::{Fault, When};

const COMMITS: usize = 3000;
const DELAY: Duration = Duration::from_millis(30);
const RUNS: [&str; 3] = ["cold", "unmoved", "after 10 commits"];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "--client"
    {
        return client(rest);
    }
    let is_selected = |work: &Work| arguments.is_empty() || arguments.iter().any(|name| name == work.name());
    let program = std::env::current_exe()?;
    let mut monorepo = Monorepo::new(COMMITS)?;
    println!("A repository of {COMMITS} commits in {} KB.\n", monorepo.size()? / 1000);
    print_head();
    for work in Work::ALL.into_iter().filter(is_selected) {
        let mut three = RUNS.map(|run| {
            let costs = work.ways().iter().map(|way| (*way, Vec::new())).collect();
            Row { work, run, costs }
        });
        for delay in [Duration::ZERO, DELAY] {
            eprintln!("{work}, {delay:?}");
            monorepo.server.faults().clear();
            if !delay.is_zero() {
                monorepo.server.faults().add(When::any(), Fault::Latency(delay));
            }
            // Of what takes minutes, one round.
            let rounds = if matches!(work, Work::RarePath | Work::Many) { 1 } else { 3 };
            let mut best = round(&mut monorepo, work, &program)?;
            for _ in 1..rounds {
                let again = round(&mut monorepo, work, &program)?;
                for (key, cost) in again {
                    if let Some(kept) = best.remove(&key) {
                        best.insert(key, kept.best(&cost));
                    }
                }
            }
            for (run, row) in three.iter_mut().enumerate() {
                for (at, (_, costs)) in row.costs.iter_mut().enumerate() {
                    costs.extend(best.remove(&(run, at)));
                }
            }
        }
        print(&three);
    }
    Ok(())
}

/// Each run by each way, by the places of both.
fn round(
    monorepo: &mut Monorepo,
    work: Work,
    program: &Path,
) -> Result<HashMap<(usize, usize), Cost>, Failure> {
    let folder = tempfile::tempdir()?;
    let mut costs = HashMap::new();
    for (run, name) in RUNS.into_iter().enumerate() {
        if run == 2 {
            monorepo.advance(10)?;
        }
        let mut found = None;
        for (at, way) in work.ways().iter().copied().enumerate() {
            let cost = Cost::of(monorepo, way, work, &folder.path().join(format!("{at}")), program)?;
            if found.as_ref().is_some_and(|found| *found != cost.found) {
                return Err(format!("{work}, {name}: {} finds something else", way.name()).into());
            }
            found.get_or_insert_with(|| cost.found.clone());
            costs.insert((run, at), cost);
        }
    }
    Ok(costs)
}
