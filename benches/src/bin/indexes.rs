//! Chart indexes of 30 MB: how fast they are read and in how much memory, beside the general parsers and the one that Kargo uses, and what a
//! whole discovery of one chart takes.
//!
//! ```text
//! cargo build --release -p warehouse-cli && cargo run --release -p benches --bin indexes [-- FILE...]
//! ```
//!
//! Files are further indexes, in YAML. Go's rows appear where Go is installed.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use benches::indexes::input;
use benches::indexes::process::{self, Whole};
use benches::indexes::reader::{Measured, Way, measure};
use warehouse_testkit::ChartServer;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [word, way, file] = &*arguments
        && word == "--read"
    {
        let way = Way::ALL.into_iter().find(|known| known.name() == way).ok_or("no such way")?;
        println!("{}", serde_json::to_string(&measure(way, Path::new(file))?)?);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let go = baseline(folder.path());
    let yaml = input::yaml();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).map(|()| path)
    };
    let (lf, crlf) = (write("LF", &yaml)?, write("CR LF", &yaml.replace('\n', "\r\n"))?);
    let json = write("JSON", &input::json())?;
    println!(
        "| index | MB | way | ms | MB/s | MB/s of processor time | peak MB | versions |\n|---|---|---|---|---|---|---|---|"
    );
    let files = arguments.iter().map(PathBuf::from);
    for (path, is_json) in
        [(lf, false), (crlf, false), (json, true)].into_iter().chain(files.map(|path| (path, false)))
    {
        let size = fs::metadata(&path)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for way in Way::ALL {
            if way == Way::Ours || is_json == matches!(way, Way::SerdeJson | Way::SerdeJsonSlice) {
                match in_process(way, &path) {
                    Ok(measured) => row(&name, size, way.name(), &measured),
                    Err(error) => eprintln!("{name}, {}: {error}", way.name()),
                }
            }
        }
        if let Some(go) = &go {
            match in_go(go, &path) {
                Ok(measured) => row(&name, size, "Go, yaml.v3", &measured),
                Err(error) => eprintln!("{name}, Go: {error}"),
            }
        }
    }
    discoveries(&yaml, go.as_deref(), folder.path())
}

fn row(name: &str, size: u64, way: &str, measured: &Measured) {
    let Measured { nanoseconds, cpu_nanoseconds, versions, peak, by } = measured;
    let by = if by.is_empty() { String::new() } else { format!(" ({by})") };
    #[allow(clippy::cast_precision_loss, reason = "a rounded figure of a table")]
    let (milliseconds, cpu, size, peak) = (
        *nanoseconds as f64 / 1e6,
        *cpu_nanoseconds as f64 / 1e6,
        size as f64 / 1e6,
        *peak as f64 * 1024.0 / 1e6,
    );
    let (speed, of_cpu) = (size / milliseconds * 1e3, size / cpu * 1e3);
    println!(
        "| {name} | {size:.1} | {way}{by} | {milliseconds:.1} | {speed:.0} | {of_cpu:.0} | {peak:.1} | {versions} |"
    );
}

/// Reads the file in a process of its own.
fn in_process(way: Way, file: &Path) -> Result<Measured, Box<dyn Error + Send + Sync>> {
    let output = Command::new(std::env::current_exe()?).arg("--read").arg(way.name()).arg(file).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The Go program that does the same with the modules that Kargo uses.
fn baseline(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("baseline");
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oracle");
    let built =
        Command::new("go").args(["build", "-o"]).arg(&program).arg("./baseline").current_dir(oracle).status();
    if built.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    eprintln!("SKIPPED: Go's rows are missing: `go build` of oracle/baseline did not work; is Go installed?");
    None
}

fn in_go(go: &Path, file: &Path) -> Result<Measured, Box<dyn Error + Send + Sync>> {
    let output = Command::new(go).args(["-best", "3", "index"]).stdin(fs::File::open(file)?).output()?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| answer[name].as_u64().unwrap_or_default();
    // Once, for the memory.
    let command = || {
        let mut command = Command::new(go);
        command.args(["-best", "1", "index"]);
        command
    };
    let Whole { peak, cpu, .. } = process::whole(command, Some(file), || {})?;
    Ok(Measured {
        nanoseconds: number("nanoseconds"),
        cpu_nanoseconds: u64::try_from(cpu.as_nanos())?,
        versions: usize::try_from(number("chosen"))?,
        peak,
        by: "whole process".to_owned(),
    })
}

/// Discoveries of one chart as whole processes, the network and decompression included.
fn discoveries(yaml: &str, go: Option<&Path>, folder: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let server = ChartServer::start()?;
    server.set_index(yaml.to_owned());
    let chart = format!("chart-{}", input::CHARTS / 2);
    let manifest = folder.join("warehouse.yaml");
    fs::write(
        &manifest,
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: bench}}\nspec:\n  subscriptions:\n  - chart: {{repoURL: {}, name: {chart}}}\n",
            server.url()
        ),
    )?;
    println!(
        "\n| one chart of {:.1} MB | ms | ms of processor time | peak MB | bytes of the body |\n|---|---|---|---|---|",
        yaml.len() as f64 / 1e6
    );
    let shown = |way: &str, Whole { time, cpu, peak }: Whole| {
        let body = server.log().all().last().map_or(0, |request| request.body_bytes_sent);
        let (time, cpu) = (milliseconds(time), milliseconds(cpu));
        println!("| {way} | {time:.1} | {cpu:.0} | {:.1} | {body} |", peak as f64 * 1024.0 / 1e6);
    };
    let program = std::env::current_exe()?.with_file_name("warehouse");
    let cache = folder.join("cache");
    let ours = || {
        let mut command = Command::new(&program);
        command
            .args(["discover", "--quiet", "-o", "name", "--cache-dir"])
            .arg(&cache)
            .arg("-f")
            .arg(&manifest);
        command
    };
    if program.is_file() {
        // The server compresses the index at the first request.
        process::whole(&ours, None, || {})?;
        shown(
            "`warehouse discover`, cold",
            process::whole(&ours, None, || drop(fs::remove_dir_all(&cache)))?,
        );
        shown("the same, the next process", process::whole(&ours, None, || {})?);
    } else {
        eprintln!(
            "SKIPPED: whole processes: build `warehouse` first: cargo build --release -p warehouse-cli"
        );
    }
    if let Some(go) = go {
        let command = || {
            let mut command = Command::new(go);
            command.args(["chart", &server.url(), &chart]);
            command
        };
        shown("Kargo's pattern in Go", process::whole(command, None, || {})?);
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
