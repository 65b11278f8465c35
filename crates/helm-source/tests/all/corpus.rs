//! Published indexes of real chart repositories, if there is a folder of them: see `corpus`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use helm_source::{Index, IndexError, IndexReader, ReadBy};
use sha2::{Digest, Sha256};

/// The folder of published indexes: `CONFORMANCE_CORPUS`, otherwise `shared/corpus` beside the project.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("CONFORMANCE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let folder = folder.join("indexes");
    if folder.join("EXPECTED.tsv").is_file() {
        return Some(folder);
    }
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no real indexes at {}; set CONFORMANCE_CORPUS",
        folder.display()
    );
    None
}

/// The digest that `EXPECTED.tsv` gives: over `chart TAB version LF`, charts by name.
fn digest(index: &Index) -> String {
    let mut hash = Sha256::new();
    for (chart, versions) in index.charts() {
        for version in versions {
            hash.update(format!("{chart}\t{version}\n"));
        }
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn read(file: &[u8], piece: usize) -> Result<(Index, ReadBy), IndexError> {
    let mut reader = IndexReader::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (first, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        if reader.push(first) == helm_source::Progress::FinishNow {
            break;
        }
    }
    reader.finish(rest)
}

#[test]
fn real_indexes_answer_as_expected() {
    let Some(folder) = corpus() else { return };
    let table = std::fs::read_to_string(folder.join("EXPECTED.tsv")).unwrap();
    let (mut rows, mut mismatches) = (0, 0);
    for row in table.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let [name, outcome, charts, versions, expected] = columns[..] else { panic!("{row}") };
        let file = std::fs::read(folder.join(name)).unwrap();
        rows += 1;
        // Pieces of a prime length end at every kind of byte in the course of a file.
        for piece in [usize::MAX, 4099].into_iter().take(if file.len() < 1 << 20 { 2 } else { 1 }) {
            let right = match (read(&file, piece), outcome) {
                (Ok((index, by)), "ok") => {
                    eprintln!("{name}: {by:?}, {} versions", index.version_count());
                    index.chart_count().to_string() == charts
                        && index.version_count().to_string() == versions
                        && digest(&index) == expected
                }
                (Err(error), "not YAML" | "not a mapping") => {
                    eprintln!("{name}: {error}");
                    true
                }
                (answer, _) => {
                    eprintln!("{name}: {outcome} expected, not {:?}", answer.map(|(_, by)| by));
                    false
                }
            };
            mismatches += usize::from(!right);
        }
    }
    let _ = writeln!(std::io::stderr(), "{rows} indexes read, {mismatches} mismatches");
    assert_eq!(mismatches, 0);
    assert!(rows > 0);
}

/// Seven indexes, twice, joined into one of 34.6 MB, as the recipe beside the corpus says.
#[test]
fn a_joined_index_of_34_megabytes_answers_as_expected() {
    let Some(folder) = corpus() else { return };
    let joined = join(&folder);
    assert_eq!(joined.len(), 34_577_200);
    let (index, by) = read(joined.as_bytes(), 64 << 10).unwrap();
    assert_eq!((index.chart_count(), index.version_count(), by), (1_398, 29_208, ReadBy::Lexer));
    assert_eq!(digest(&index), "bc9a965ed66409e3a93607b4fc49c3f28183c51df2a09325c69b8b37977f4a45");
}

fn join(folder: &Path) -> String {
    let files = [
        "bitnami-charts",
        "k8s-at-home-charts",
        "IBM-charts",
        "jupyterhub-helm-chart",
        "cilium-charts",
        "rancher-rke2-charts",
        "camunda-camunda-platform-helm",
    ];
    let files = files.map(|name| std::fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap());
    let mut joined = "apiVersion: v1\nentries:\n".to_owned();
    for copy in 0..2 {
        for (number, file) in files.iter().enumerate() {
            let mut in_entries = false;
            for line in file.lines() {
                if !line.starts_with([' ', '-']) && !line.is_empty() {
                    in_entries = line == "entries:";
                    continue;
                }
                if !in_entries {
                    continue;
                }
                match line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) {
                    Some(chart) if !chart.starts_with([' ', '-']) => {
                        let _ = writeln!(joined, "  {chart}-{copy}-{number}:");
                    }
                    _ => {
                        joined.push_str(line);
                        joined.push('\n');
                    }
                }
            }
        }
    }
    joined.push_str("generated: \"2026-11-21T00:00:00Z\"\n");
    joined
}
