//! Prints the shape of every crate: `cargo run -p architecture --bin structure`, or with `-- PATH` that of another checkout.

use std::path::PathBuf;
use std::process::ExitCode;

use architecture::{Shape, Table, root};

fn main() -> ExitCode {
    let checkout = std::env::args_os().nth(1).map_or_else(root, PathBuf::from);
    match Shape::read_all(&checkout) {
        Ok(shapes) if !shapes.is_empty() => {
            print!("{}", Table(shapes));
            ExitCode::SUCCESS
        }
        Ok(_) => {
            eprintln!("{} has no folder `crates` with crates", checkout.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{}: {error}", checkout.display());
            ExitCode::FAILURE
        }
    }
}
