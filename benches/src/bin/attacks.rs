//! Attacks on a discovery, over the wire: the outcome, the time and the peak memory of each.
//!
//! ```text
//! cargo run -p benches --bin attacks [-- NAME...]
//! ```
//!
//! A name selects the attacks whose names contain it. Fails where an outcome is wrong, or a bound of time, memory or size is broken.

use std::process::ExitCode;

use benches::attacks::{Failure, all, client, run};

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--client") {
        return client().map(|()| ExitCode::SUCCESS);
    }
    let program = std::env::current_exe()?;
    let is_selected =
        |name: &str| arguments.is_empty() || arguments.iter().any(|part| name.contains(part.as_str()));
    println!("| attack | outcome | s | MiB | result, bytes |\n|---|---|---|---|---|");
    let (mut count, mut failures) = (0, Vec::new());
    for attack in all().iter().filter(|attack| is_selected(&attack.name)) {
        let measured = run(attack, &program)?;
        let result = measured.outcome.as_ref().map_or(0, |outcome| outcome.result_bytes);
        let (time, mib) = (measured.time.as_secs_f64(), measured.mib);
        println!("| {} | {} | {time:.1} | {mib} | {result} |", attack.name, measured.summary());
        count += 1;
        failures.extend(measured.broken.iter().map(|broken| format!("{}: {broken}", attack.name)));
    }
    for failure in &failures {
        eprintln!("BROKEN {failure}");
    }
    println!("\n{count} attacks, {} bounds broken", failures.len());
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
