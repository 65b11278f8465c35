//! The figures beside one another, as Markdown.

use std::time::Duration;

use super::Way;
use super::measure::Cost;
use super::subscription::Work;

/// The poll of a work in one state of the repository, by every way, without delay and with it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The work.
    pub work: Work,
    /// What happened to the repository before.
    pub run: &'static str,
    /// The ways with what each cost, for each delay.
    pub costs: Vec<(Way, Vec<Cost>)>,
}

/// Prints the head of the table. "x" is the cost divided by ours.
pub fn print_head() {
    println!("| work | run | way | requests | received | x | no delay | x | 30 ms | x | peak memory |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

/// Prints the rows of a work.
pub fn print(rows: &[Row]) {
    let (mut work, mut run) = (None, "");
    for row in rows {
        let Some((_, ours)) = row.costs.first() else { continue };
        for (way, costs) in &row.costs {
            let (Some(first), Some(ours_first)) = (costs.first(), ours.first()) else { continue };
            let name = if work == Some(row.work) { String::new() } else { row.work.to_string() };
            let is_same_run = name.is_empty() && run == row.run;
            (work, run) = (Some(row.work), row.run);
            print!("| {name} | {} | {} ", if is_same_run { "" } else { run }, way.name());
            let bytes = first.bytes as f64;
            let times = |ours: f64, other: f64| match way {
                Way::Ours => String::new(),
                _ => figures(other / ours),
            };
            print!("| {} | {} | {} ", first.requests, size(bytes), times(ours_first.bytes as f64, bytes));
            for (cost, ours) in costs.iter().zip(ours) {
                let ratio = times(ours.time.as_secs_f64(), cost.time.as_secs_f64());
                print!("| {} | {ratio} ", time(cost.time));
            }
            println!("| {} |", size(first.peak as f64 * 1024.0));
        }
    }
}

fn size(bytes: f64) -> String {
    match bytes / 1e3 {
        kilobytes if kilobytes < 1e3 => format!("{} kB", figures(kilobytes)),
        kilobytes => format!("{} MB", figures(kilobytes / 1e3)),
    }
}

fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{} ms", figures(seconds * 1e3)),
        seconds => format!("{} s", figures(seconds)),
    }
}

/// With a decimal where it says something.
fn figures(number: f64) -> String {
    if number < 10.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}
