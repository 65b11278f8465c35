//! Normal forms and names, row by row as Kargo's own functions answer.
//!
//! The rows are this crate's copy in `tests/vectors`, or those of the folder that `CONFORMANCE_VECTORS` names.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use warehouse_spec::Freight;

fn rows(file: &str) -> Vec<Value> {
    let folder = std::env::var_os("CONFORMANCE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from);
    let path = folder.join(file);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn report(file: &str, rows: usize, mismatches: &[String]) {
    let _ = writeln!(std::io::stderr(), "{file}: {rows} rows, {} mismatches", mismatches.len());
    assert!(rows > 0, "{file} has no rows");
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn every_url_has_kargos_normal_form() {
    let rows = rows("urls.jsonl");
    let mut mismatches = Vec::new();
    for row in &rows {
        let input = row["in"].as_str().unwrap();
        let expected = row["out"].as_str().unwrap();
        let function = row["fn"].as_str().unwrap();
        let answer = match function {
            "git" => freight::normalize_git(input),
            "image" => freight::normalize_image(input),
            "chart" => freight::normalize_chart(input),
            other => panic!("no function {other}"),
        };
        if answer != expected {
            mismatches.push(format!("{function} {input:?}: {answer:?}, not {expected:?}"));
        }
    }
    report("urls.jsonl", rows.len(), &mismatches);
}

#[test]
fn every_freight_has_kargos_name() {
    let rows = rows("freight-ids.jsonl");
    let mut mismatches = Vec::new();
    for row in &rows {
        let expected = row["id"].as_str().unwrap();
        let freight: Freight = serde_json::from_value(row["freight"].clone()).unwrap();
        let answer = freight::freight_name(&freight);
        if answer != expected {
            mismatches.push(format!("{answer}, not {expected}: {}", row["freight"]));
        }
    }
    report("freight-ids.jsonl", rows.len(), &mismatches);
}
