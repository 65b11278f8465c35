//! Taking times.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often each piece of work is done; the fastest time counts, since noise only ever adds.
pub const RUNS: usize = 15;

/// The fastest of [`RUNS`] times, and how much was chosen.
pub fn best(mut work: impl FnMut() -> usize) -> (Duration, usize) {
    let mut fastest = Duration::MAX;
    let mut chosen = 0;
    for _ in 0..RUNS {
        let began = Instant::now();
        chosen = black_box(work());
        fastest = fastest.min(began.elapsed());
    }
    (fastest, chosen)
}
