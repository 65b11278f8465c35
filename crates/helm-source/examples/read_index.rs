//! Prints how index files are read, and how fast: `cargo run --release -p helm-source --example read_index
//! -- FILE...`

use std::time::{Duration, Instant};

use helm_source::{IndexReader, Progress};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let file = std::fs::read(&path)?;
        let mut best = Duration::MAX;
        let mut result = String::new();
        // The best of several: other load only makes a run slower.
        for _ in 0..10 {
            let start = Instant::now();
            let mut reader = IndexReader::new();
            let mut pieces = file.chunks(64 << 10);
            let mut taken = 0;
            for piece in pieces.by_ref() {
                taken += piece.len();
                if reader.push(piece) == Progress::FinishNow {
                    break;
                }
            }
            let answer = reader.finish(&file[taken..]);
            best = best.min(start.elapsed());
            result = match answer {
                Ok((index, by)) => {
                    format!("{} charts, {} versions, by {by:?}", index.chart_count(), index.version_count())
                }
                Err(error) => error.to_string(),
            };
        }
        let speed = file.len() as f64 / 1e6 / best.as_secs_f64();
        println!(
            "{path}: {} bytes, {:.2} ms, {speed:.0} MB/s: {result}",
            file.len(),
            best.as_secs_f64() * 1e3
        );
    }
    Ok(())
}
