//! Pictures of recorded figures: `docs/data/*.json` as SVG for the book.
//!
//! A figure is kept as the text that [the page on speed](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/speed.md) has, so that
//! a picture cannot say something else than the page. `cargo run -p benches --bin pictures` draws them; the same data give the same bytes, and a
//! test compares the pictures of the book with what is drawn of the data.

mod figure;
mod svg;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

pub use figure::Figure;

/// A bar chart on a logarithmic scale: the same work done in several ways.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// What is compared, with the unit.
    pub title: String,
    /// The command that measures it.
    pub command: String,
    /// The ways in which the work is done, ours last.
    pub series: Vec<String>,
    /// The works.
    pub rows: Vec<Row>,
}

/// One piece of work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What is done.
    pub label: String,
    /// The figure of each way, in the order of the series.
    pub values: Vec<Figure>,
}

impl Picture {
    /// Reads a file of recorded figures.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not the JSON of a picture, or has a row without a figure for each way.
    pub fn read(file: &Path) -> io::Result<Self> {
        let invalid =
            |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", file.display()));
        let picture: Self =
            serde_json::from_slice(&fs::read(file)?).map_err(|error| invalid(error.to_string()))?;
        match picture.rows.iter().find(|row| row.values.len() != picture.series.len()) {
            Some(row) => Err(invalid(format!("{}: one figure for each of {:?}", row.label, picture.series))),
            None => Ok(picture),
        }
    }

    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}

/// The files of recorded figures, and the picture that is drawn of each.
///
/// # Errors
///
/// If the folder of the figures cannot be read.
pub fn files() -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut files = Vec::new();
    for entry in fs::read_dir(docs.join("data"))? {
        let data = entry?.path();
        if data.extension().is_some_and(|extension| extension == "json")
            && let Some(name) = data.file_stem()
        {
            let picture = docs.join("src/pictures").join(name).with_extension("svg");
            files.push((data, picture));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(path)
    }

    #[test]
    fn the_pictures_of_the_book_are_drawn_of_the_data() {
        let files = files().unwrap();
        assert!(!files.is_empty());
        for (data, drawn) in &files {
            let current = Picture::read(data).unwrap().svg();
            let kept = fs::read_to_string(drawn).unwrap_or_default();
            assert!(
                kept == current,
                "{}: draw it anew, cargo run -p benches --bin pictures",
                drawn.display()
            );
        }
        let kept = fs::read_dir(docs("src/pictures")).unwrap().count();
        assert_eq!(kept, files.len(), "a picture without its data");
    }

    #[test]
    fn every_figure_is_one_of_the_page_on_speed() {
        let page = fs::read_to_string(docs("src/speed.md")).unwrap();
        let cells: Vec<&str> = page.split(['|', '\n']).map(str::trim).collect();
        for (data, _) in files().unwrap() {
            let picture = Picture::read(&data).unwrap();
            assert!(page.contains(&picture.command), "{}: {}", data.display(), picture.command);
            for row in &picture.rows {
                for value in &row.values {
                    let text = value.text();
                    let found = cells.iter().any(|cell| {
                        // A note may follow.
                        cell.strip_prefix(text)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with([',', ' ']))
                    });
                    assert!(found, "{}: {}: {text}", data.display(), row.label);
                }
            }
        }
    }

    #[test]
    fn every_picture_is_on_a_page_of_the_book() {
        let page = fs::read_to_string(docs("src/performance.md")).unwrap();
        for (_, drawn) in files().unwrap() {
            let name = drawn.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(page.contains(&format!("(pictures/{name})")), "{name}");
        }
    }
}
