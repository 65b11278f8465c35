//! What a poll costs: the bytes and requests at the server, and the time and memory of the process.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use warehouse_testkit::PeakMemory;

use super::subscription::Work;
use super::{Failure, Monorepo, Way};

/// How often memory is looked at.
const INTERVAL: Duration = Duration::from_millis(4);

/// What one poll cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Bytes that the client received, heads included.
    pub bytes: u64,
    /// Of the whole process, from start to end.
    pub time: Duration,
    /// The peak memory in KiB: of ours that of the process, of others that of the programs which it starts, together.
    pub peak: u64,
    /// The ids of commits of each subscription.
    pub found: Vec<Vec<String>>,
}

impl Cost {
    /// Polls once, with what the last poll has left in this folder. `program` is the one that does what [`client`](super::client()) does
    /// where its first argument is `--client`.
    ///
    /// # Errors
    ///
    /// If the process fails.
    pub fn of(
        monorepo: &Monorepo,
        way: Way,
        work: Work,
        folder: &Path,
        program: &Path,
    ) -> Result<Self, Failure> {
        let log = monorepo.server.log();
        log.clear();
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(["--client", way.name(), work.name(), monorepo.url()])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = child.stdout.take().ok_or("the process has no standard output")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut output, &mut text).map(|_| text)
        });
        let (id, mut peak) = (child.id(), 0);
        // Of one process the peak only grows, so the last look before the end is at most that much too small.
        let status = loop {
            let now = match way {
                Way::Ours => PeakMemory::of_process(id).unwrap_or_default(),
                _ => memory_of_programs(id),
            };
            peak = peak.max(now);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            sleep(INTERVAL);
        };
        let time = began.elapsed();
        let text = reader.join().map_err(|_| "the output could not be read")??;
        if !status.success() {
            return Err(format!("{}, {}: {status}", way.name(), work.name()).into());
        }
        let counters = log.counters();
        let found = serde_json::from_str(&text)?;
        Ok(Self { requests: counters.requests, bytes: counters.wire_bytes_sent, time, peak, found })
    }

    /// The same with the smaller time and memory of both.
    #[must_use]
    pub fn best(self, other: &Self) -> Self {
        Self { time: self.time.min(other.time), peak: self.peak.min(other.peak), ..self }
    }
}

/// The memory of all programs that a process has started, and they, at this moment; in KiB. Those that end meanwhile count as nothing.
fn memory_of_programs(process: u32) -> u64 {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name of the program, in parentheses, may have blanks. The parent comes second after it.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(id);
        }
    }
    let (mut kib, mut next) = (0, vec![process]);
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            kib += resident(child);
            next.push(child);
        }
    }
    kib
}

fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}
