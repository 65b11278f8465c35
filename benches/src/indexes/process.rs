//! Whole processes: their time, and their memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use warehouse_testkit::PeakMemory;

use super::Failure;

/// How often a process is run; the fastest time and the smallest peak count.
const RUNS: u32 = 7;

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// From start to end.
    pub time: Duration,
    /// The processor's time, the mean of all runs; 0 where it is unknown.
    pub cpu: Duration,
    /// Its peak memory, in KiB.
    pub peak: u64,
}

/// Runs the command several times, each time as `prepare` leaves things.
///
/// # Errors
///
/// If it does not start, or fails.
pub fn whole(
    mut command: impl FnMut() -> Command,
    input: Option<&Path>,
    mut prepare: impl FnMut(),
) -> Result<Whole, Failure> {
    let mut best = Whole { time: Duration::MAX, cpu: Duration::ZERO, peak: u64::MAX };
    let before = cpu_of_children();
    for _ in 0..RUNS {
        prepare();
        let stdin = match input {
            Some(file) => File::open(file)?.into(),
            None => Stdio::null(),
        };
        let began = Instant::now();
        let mut child = command().stdin(stdin).stdout(Stdio::null()).spawn()?;
        let mut peak = 0;
        // The peak only grows, so the last look before the end is at most that much too small.
        let status = loop {
            peak = PeakMemory::of_process(child.id()).unwrap_or(peak).max(peak);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            sleep(Duration::from_micros(500));
        };
        let time = began.elapsed();
        if !status.success() {
            return Err(format!("it failed: {status}").into());
        }
        best = Whole { time: best.time.min(time), cpu: Duration::ZERO, peak: best.peak.min(peak) };
    }
    if let Some((before, after)) = before.zip(cpu_of_children()) {
        best.cpu = after.saturating_sub(before) / RUNS;
    }
    Ok(best)
}

/// The processor's time of the thread that began this process, which is the one that measures. Linux alone says it.
pub fn cpu_of_this_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The processor's time of all processes that this one has waited for, in hundredths of a second. Linux alone says it.
fn cpu_of_children() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold blanks.
    let (_, fields) = text.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(13).map(str::parse::<u64>);
    Some(Duration::from_millis(10 * (ticks.next()?.ok()? + ticks.next()?.ok()?)))
}
