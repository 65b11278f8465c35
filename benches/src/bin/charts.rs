//! A dev release of 67 charts, 65 of which depend on one library chart: packaged, pushed and indexed by `warehouse chart release-dev`, and by
//! Helm in a loop as scripts have it.
//!
//! ```text
//! cargo build --release -p warehouse-cli && cargo run --release -p benches --bin charts
//! ```
//!
//! Both publish into a registry of the testkit and a folder on this machine. Ours is run with `rclone serve s3` as the store, too.

use std::path::{Path, PathBuf};
use std::process::Command;

use benches::chart_layout::{LIBRARY, Layout};
use benches::charts::Failure;
use benches::charts::helm::Helm;
use benches::charts::measure::{Cost, Seconds};
use benches::charts::place::{Place, StoreKind};
use benches::charts::warehouse::Warehouse;
use tempfile::TempDir;

/// How often our command is run, each time from the beginning; the fastest counts. Helm takes long enough for once.
const RUNS: usize = 5;

/// The runs one after the other, on what the one before left.
const WORK: [&str; 3] = ["nothing is published", "nothing has changed", "the library chart has changed"];

fn main() -> Result<(), Failure> {
    let layout = Layout::default();
    let charts = layout.names();
    let warehouse = Warehouse::find()?;
    let helms: Vec<_> = ["helm", "helm3"]
        .into_iter()
        .filter_map(|program| Helm::find(program).inspect_err(|error| eprintln!("SKIPPED: {error}")).ok())
        .collect();

    let mut rows = Vec::new();
    for kind in [StoreKind::Folder, StoreKind::RcloneS3] {
        if let Err(error) = Place::start(kind) {
            eprintln!("SKIPPED: {error}");
            continue;
        }
        eprintln!("{}", kind.name());
        let mut ours: Option<[Cost; 3]> = None;
        for _ in 0..RUNS {
            let costs =
                three(&layout, &charts, kind, |repository, place| warehouse.release_dev(repository, place))?;
            ours = Some(match ours {
                None => costs,
                Some(before) => std::array::from_fn(|run| before[run].faster(costs[run])),
            });
        }
        let Some(ours) = ours else { continue };
        show("warehouse", &ours);
        let mut theirs = Vec::new();
        // Scripts copy with a tool of their own into other stores; what that takes says nothing of Helm.
        let compared = helms.iter().filter(|_| kind == StoreKind::Folder);
        for helm in compared {
            let version = helm.version()?;
            let costs = three(&layout, &charts, kind, |repository, place| {
                helm.release_dev(repository, &charts, place)
            })?;
            show(&format!("helm {version}"), &costs);
            theirs.push((version, costs));
        }
        rows.push((kind, ours, theirs));
    }
    print(&rows);
    Ok(())
}

/// The three runs of [`WORK`], in a new repository, into new places.
fn three(
    layout: &Layout,
    charts: &[String],
    kind: StoreKind,
    release: impl Fn(&Path, &Place) -> Result<(), Failure>,
) -> Result<[Cost; 3], Failure> {
    let repository = Repository::new(layout)?;
    let place = Place::start(kind)?;
    let cold = Cost::of(&place.registry, || release(repository.path(), &place))?;
    place.check(charts)?;
    let again = Cost::of(&place.registry, || release(repository.path(), &place))?;
    place.check(charts)?;
    repository.change_library()?;
    let changed = Cost::of(&place.registry, || release(repository.path(), &place))?;
    place.check(charts)?;
    Ok([cold, again, changed])
}

/// A Git repository with the charts.
struct Repository(TempDir);

impl Repository {
    fn new(layout: &Layout) -> Result<Self, Failure> {
        let repository = Self(tempfile::tempdir()?);
        layout.write(repository.path())?;
        let author = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"];
        for arguments in
            [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message=Charts"]]
        {
            let status =
                Command::new("git").args(author).args(arguments).current_dir(repository.path()).status()?;
            if !status.success() {
                return Err(format!("git {arguments:?}: {status}").into());
            }
        }
        Ok(repository)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn change_library(&self) -> Result<(), Failure> {
        let values: PathBuf = self.path().join("charts").join(LIBRARY).join("values.yaml");
        let text = std::fs::read_to_string(&values)?;
        Ok(std::fs::write(values, format!("{text}changed: true\n"))?)
    }
}

fn show(way: &str, costs: &[Cost; 3]) {
    for (work, cost) in WORK.iter().zip(costs) {
        eprintln!("  {way}, {work}: {cost}");
    }
}

/// The kind of store, what ours cost, and what each Helm cost.
type Measured = (StoreKind, [Cost; 3], Vec<(String, [Cost; 3])>);

fn print(rows: &[Measured]) {
    for (kind, ours, theirs) in rows {
        println!(
            "\n{} charts of which most depend on one, into {}:\n",
            Layout::default().charts,
            kind.name()
        );
        let names: String = theirs.iter().map(|(version, _)| format!(" helm {version} | x |")).collect();
        println!("| work | ours |{names}");
        println!("|---|---|{}", "---|---|".repeat(theirs.len()));
        let cell = |cost: &Cost| match cost.processor {
            Some(processor) => format!(
                "{}, {} of a processor, {} requests",
                Seconds(cost.time),
                Seconds(processor),
                cost.requests
            ),
            None => format!("{}, {} requests", Seconds(cost.time), cost.requests),
        };
        for ((run, work), ours) in WORK.iter().enumerate().zip(ours) {
            let others: String = theirs
                .iter()
                .filter_map(|(_, costs)| costs.get(run))
                .map(|cost| {
                    format!(" {} | {:.0} |", cell(cost), cost.time.as_secs_f64() / ours.time.as_secs_f64())
                })
                .collect();
            println!("| {work} | {} |{others}", cell(ours));
        }
    }
}
