//! The servers of the tutorial, until standard input ends: `cargo run -p guide --bin shop -- FOLDER`.
//!
//! A line `push TAG` publishes the image under that tag.

use std::error::Error;
use std::io::stdin;
use std::path::Path;
use std::process::ExitCode;

use guide::Shop;

/// The day of March 2026 on which what is pushed by hand was built.
const TODAY: u8 = 20;

const USAGE: &str = "usage: shop FOLDER\n\nServers of the tutorial run until Ctrl-C; FOLDER/warehouse.yaml subscribes to them.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match arguments.as_slice() {
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [folder] if !folder.starts_with('-') => folder,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(folder: &Path) -> Result<(), Box<dyn Error>> {
    let shop = Shop::open()?;
    let file = shop.write_manifest(folder)?;
    println!("A registry, a Git server and a chart repository run on this machine.");
    println!("{} subscribes to them.", file.display());
    println!("Type `push 1.3.0` and Enter to publish an image; Ctrl-D or Ctrl-C ends.");
    for line in stdin().lines() {
        match line?.split_whitespace().collect::<Vec<_>>()[..] {
            ["push", tag] => {
                shop.push(tag, TODAY);
                println!("shop/web:{tag} is published.");
            }
            [] => {}
            _ => println!("Type `push TAG`."),
        }
    }
    Ok(())
}
