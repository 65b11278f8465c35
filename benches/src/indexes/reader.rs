//! The ways to read an index.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Instant;

use helm_source::{IndexReader, Progress, ReadBy};
use serde::{Deserialize, Serialize};
use warehouse_testkit::PeakMemory;

use super::{Failure, process};

/// How often a file is read; the fastest time counts.
const RUNS: u64 = 7;

/// A way to read an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `helm_source::IndexReader`, in pieces as they arrive.
    Ours,
    /// serde-saphyr, from a reader, into versions alone.
    SerdeSaphyr,
    /// serde_json, from a reader, into versions alone.
    SerdeJson,
    /// serde_json, from the whole file in memory.
    SerdeJsonSlice,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 4] = [Self::Ours, Self::SerdeSaphyr, Self::SerdeJson, Self::SerdeJsonSlice];

    /// The name in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::SerdeSaphyr => "serde-saphyr",
            Self::SerdeJson => "serde_json",
            Self::SerdeJsonSlice => "serde_json, whole in memory",
        }
    }
}

/// What reading took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The fastest time.
    pub nanoseconds: u64,
    /// The processor's time of one run, the mean of all: what other programs do on the machine counts less. 0 where it is unknown.
    pub cpu_nanoseconds: u64,
    /// The number of versions that were found.
    pub versions: usize,
    /// The peak memory above what the process had before, in KiB.
    pub peak: u64,
    /// How ours read it.
    pub by: String,
}

#[derive(Deserialize)]
struct Plain {
    entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    version: Option<String>,
}

impl Plain {
    fn versions(&self) -> usize {
        self.entries.values().flatten().filter(|entry| entry.version.is_some()).count()
    }
}

/// Reads the file in this process several times.
///
/// # Errors
///
/// If it cannot be read.
pub fn measure(way: Way, path: &Path) -> Result<Measured, Failure> {
    let memory = PeakMemory::start()?;
    let mut measured =
        Measured { nanoseconds: u64::MAX, cpu_nanoseconds: 0, versions: 0, peak: 0, by: String::new() };
    let before = process::cpu_of_this_thread();
    for _ in 0..RUNS {
        let began = Instant::now();
        (measured.versions, measured.by) = read(way, path)?;
        let time = u64::try_from(began.elapsed().as_nanos())?;
        measured.nanoseconds = measured.nanoseconds.min(time);
    }
    if let Some((before, after)) = before.zip(process::cpu_of_this_thread()) {
        measured.cpu_nanoseconds = u64::try_from(after.saturating_sub(before).as_nanos())? / RUNS;
    }
    measured.peak = memory.kib()?;
    Ok(measured)
}

fn read(way: Way, path: &Path) -> Result<(usize, String), Failure> {
    let mut file = File::open(path)?;
    let buffered = || Ok::<_, Failure>(BufReader::with_capacity(64 << 10, File::open(path)?));
    match way {
        Way::Ours => {
            let mut reader = IndexReader::new();
            let mut piece = vec![0; 64 << 10];
            loop {
                let length = file.read(&mut piece)?;
                if length == 0 || reader.push(piece.get(..length).unwrap_or_default()) == Progress::FinishNow
                {
                    break;
                }
            }
            let (index, by) = reader.finish(file)?;
            let by = match by {
                ReadBy::Lexer => "lexer".to_owned(),
                other => format!("{other:?}"),
            };
            Ok((index.version_count(), by))
        }
        Way::SerdeSaphyr => {
            let options = serde_saphyr::options! {
                budget: serde_saphyr::budget! {
                    max_reader_input_bytes: None,
                    max_events: usize::MAX,
                    max_nodes: usize::MAX,
                    max_total_scalar_bytes: usize::MAX,
                },
                with_snippet: false,
            };
            let plain: Plain = serde_saphyr::from_reader_with_options(buffered()?, options)?;
            Ok((plain.versions(), String::new()))
        }
        Way::SerdeJson => Ok((serde_json::from_reader::<_, Plain>(buffered()?)?.versions(), String::new())),
        Way::SerdeJsonSlice => {
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok((serde_json::from_slice::<Plain>(&text)?.versions(), String::new()))
        }
    }
}
