//! What a run costs.

use std::fmt;
use std::time::{Duration, Instant};

use warehouse_testkit::Registry;

use super::Failure;

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From the start of the first program to the end of the last one.
    pub time: Duration,
    /// The time that the programs had a processor, those that they started included; `None` where `/proc` does not tell.
    pub processor: Option<Duration>,
    /// Requests to the registry.
    pub requests: u64,
}

impl Cost {
    /// The cost of this work, whose programs have ended when it returns.
    ///
    /// # Errors
    ///
    /// Those of the work.
    pub fn of(registry: &Registry, work: impl FnOnce() -> Result<(), Failure>) -> Result<Self, Failure> {
        registry.log().clear();
        let (before, began) = (children(), Instant::now());
        work()?;
        let time = began.elapsed();
        let processor = children().zip(before).map(|(after, before)| after.saturating_sub(before));
        Ok(Self { time, processor, requests: registry.log().counters().requests })
    }

    /// The faster one.
    #[must_use]
    pub fn faster(self, other: Self) -> Self {
        if other.time < self.time { other } else { self }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Seconds(self.time))?;
        if let Some(processor) = self.processor {
            write!(f, ", {} of a processor", Seconds(processor))?;
        }
        write!(f, ", {} requests to the registry", self.requests)
    }
}

/// A time in seconds, with two digits that count.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let digits = if seconds < 10.0 { 2 } else { 0 };
        write!(f, "{seconds:.digits$} s")
    }
}

/// The processor time of all programs that this one started and that have ended.
fn children() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may have blanks. After it the fields begin with the third one.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    // A tick is 10 ms on every Linux.
    Some(Duration::from_millis(10 * (ticks(16)? + ticks(17)?)))
}
