//! Showing times beside one another.

use std::time::Duration;

/// Rows of one piece of work done in several ways.
#[derive(Debug)]
pub struct Table {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    way: String,
    time: Duration,
    chosen: usize,
}

impl Table {
    /// A table for one piece of work.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds one way of doing it. The first is the one that the others are compared with.
    pub fn row(&mut self, way: &str, (time, chosen): (Duration, usize)) {
        self.rows.push(Row { way: way.to_owned(), time, chosen });
    }

    /// Prints the table: milliseconds, how many times the first row's time that is, and how much was chosen, which must be
    /// the same for all ways that follow the same rules.
    pub fn print(&self) {
        println!("\n{}", self.title);
        let first = self.rows.first().map_or(1.0, |row| row.time.as_secs_f64());
        for Row { way, time, chosen } in &self.rows {
            let (time, ratio) = (time.as_secs_f64() * 1e3, time.as_secs_f64() / first);
            println!("  {way:<44} {time:>10.3} ms {ratio:>8.2} x   {chosen:>7} chosen");
        }
    }
}
