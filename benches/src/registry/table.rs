//! The figures beside one another, as Markdown.

use std::time::Duration;

use super::exchange::Failure;
use super::measure::Cost;

/// One piece of work, without delay and with it.
#[derive(Clone, Debug)]
pub struct Row {
    name: &'static str,
    run: &'static str,
    theirs: Vec<Option<Cost>>,
    ours: Vec<Cost>,
}

impl Row {
    /// A row for this run of this work.
    pub fn new(name: &'static str, run: &'static str) -> Self {
        Self { name, run, theirs: Vec::new(), ours: Vec::new() }
    }

    /// Adds what it cost under one more delay.
    ///
    /// # Errors
    ///
    /// If the delay changed the number of requests or images: then the figures are not of the same work.
    pub fn add(&mut self, theirs: Option<Cost>, ours: Cost) -> Result<(), Failure> {
        self.theirs.push(theirs);
        self.ours.push(ours);
        let same =
            |costs: &[Cost]| costs.iter().all(|cost| costs.first().is_some_and(|first| first.is_like(cost)));
        let all: Vec<Cost> = self.theirs.iter().flatten().copied().collect();
        if same(&self.ours) && same(&all) {
            Ok(())
        } else {
            Err(format!("{}: the counts differ", self.name).into())
        }
    }
}

/// Prints what was asked and received, then how long it took.
pub fn print(rows: &[Row]) {
    println!("| work | run | found | | requests | | | received | | |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    println!("| | | Kargo's | ours | Kargo's | ours | x | Kargo's | ours | x |");
    for Row { name, run, theirs, ours } in named_once(rows) {
        let (Some(Some(theirs)), Some(ours)) = (theirs.first(), ours.first()) else { continue };
        let requests = ratio(ours.requests as f64, theirs.requests as f64);
        let bytes = ratio(ours.bytes as f64, theirs.bytes as f64);
        println!(
            "| {name} | {run} | {} | {} | {} | {} | {requests} | {} | {} | {bytes} |",
            theirs.found,
            ours.found,
            count(theirs.requests),
            count(ours.requests),
            size(theirs.bytes),
            size(ours.bytes),
        );
    }
    println!("\n| work | run | no delay | | | 30 ms | | |");
    println!("|---|---|---|---|---|---|---|---|");
    println!("| | | Kargo's | ours | x | Kargo's | ours | x |");
    for Row { name, run, theirs, ours } in named_once(rows) {
        print!("| {name} | {run} |");
        for (theirs, ours) in theirs.iter().zip(&ours) {
            match theirs {
                Some(theirs) => {
                    let ratio = ratio(ours.time.as_secs_f64(), theirs.time.as_secs_f64());
                    print!(" {} | {} | {ratio} |", time(theirs.time), time(ours.time));
                }
                None => print!(" not run | {} | |", time(ours.time)),
            }
        }
        println!();
    }
    let connections = rows.iter().flat_map(|row| &row.ours).map(|cost| cost.connections).max();
    println!(
        "\nConnections: Kargo's pattern one for each request, ours {} at most.",
        connections.unwrap_or_default()
    );
}

fn ratio(ours: f64, theirs: f64) -> String {
    figures(theirs / ours)
}

/// The rows, with a name only where it is another than before.
fn named_once(rows: &[Row]) -> impl Iterator<Item = Row> + '_ {
    let mut before = "";
    rows.iter().map(move |row| {
        let name = if row.name == before { "" } else { row.name };
        before = row.name;
        Row { name, ..row.clone() }
    })
}

/// With a comma before each three digits.
fn count(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", count(number / 1000), number % 1000) }
}

fn size(bytes: u64) -> String {
    let kilobytes = bytes as f64 / 1e3;
    if kilobytes < 1e3 {
        format!("{} kB", figures(kilobytes))
    } else {
        format!("{} MB", figures(kilobytes / 1e3))
    }
}

fn time(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 1e3 {
        format!("{} ms", figures(milliseconds))
    } else {
        format!("{} s", figures(milliseconds / 1e3))
    }
}

/// With a decimal where it says something.
fn figures(number: f64) -> String {
    if number < 10.0 { format!("{number:.1}") } else { count(number.round() as u64) }
}
