//! Whole processes: their time, and their memory.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use warehouse_testkit::PeakMemory;

use super::Failure;

/// How often a process is run; the fastest time and the smallest peak count.
const RUNS: usize = 7;

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// From start to end.
    pub time: Duration,
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
    let mut best = Whole { time: Duration::MAX, peak: u64::MAX };
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
        best = Whole { time: best.time.min(time), peak: best.peak.min(peak) };
    }
    Ok(best)
}
