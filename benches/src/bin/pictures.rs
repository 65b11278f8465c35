//! Draws the pictures of the book of the recorded figures: `cargo run -p benches --bin pictures`.

use std::{fs, io};

use benches::picture::{Picture, files};

fn main() -> io::Result<()> {
    for (data, drawn) in files()? {
        fs::write(&drawn, Picture::read(&data)?.svg())?;
        println!("{}", drawn.display());
    }
    Ok(())
}
