//! Writes a repository of charts: `cargo run -p benches --bin chart_layout -- DIR [CHARTS [SEED]]`.

use std::path::PathBuf;
use std::process::ExitCode;

use benches::chart_layout::Layout;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: chart_layout DIR [CHARTS [SEED]]");
        return ExitCode::from(2);
    };
    let mut layout = Layout::default();
    let mut numbers = arguments.map(|text| text.parse::<u64>());
    match (numbers.next().transpose(), numbers.next().transpose()) {
        (Ok(charts), Ok(seed)) => {
            layout.charts = charts.and_then(|charts| usize::try_from(charts).ok()).unwrap_or(layout.charts);
            layout.seed = seed.unwrap_or(layout.seed);
        }
        _ => {
            eprintln!("CHARTS and SEED are numbers");
            return ExitCode::from(2);
        }
    }
    match layout.write(&folder) {
        Ok(()) => {
            println!("{} charts in {}", layout.charts, folder.join("charts").display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
