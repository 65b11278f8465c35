//! The servers of the tutorial, until standard input ends: `cargo run -p guide --bin shop -- FOLDER`.
//!
//! A line `push TAG` publishes the image under that tag.

use std::error::Error;
use std::io::stdin;
use std::path::Path;

use guide::Shop;

/// The day of March 2026 on which what is pushed by hand was built.
const TODAY: u8 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder for warehouse.yaml: shop FOLDER")?;
    let shop = Shop::open()?;
    let file = shop.write_manifest(Path::new(&folder))?;
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
