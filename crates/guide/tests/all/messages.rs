//! Every message of the page about troubleshooting is one that the code has.

use std::fs;
use std::path::Path;

use crate::markdown::{Part, code_spans, parts};
use crate::page;

const PAGE: &str = "troubleshooting.md";
/// The page is about this many messages at least.
const LEAST: usize = 40;

#[test]
fn the_code_has_every_message_of_the_page() {
    let mut sources = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
        read(&entry.unwrap().path().join("src"), &mut sources);
    }
    let messages = messages();
    assert!(messages.len() >= LEAST, "{} messages", messages.len());
    let gone: Vec<_> = messages
        .iter()
        .filter(|message| !sources.iter().any(|source| has(source, message)))
        .map(String::as_str)
        .collect();
    assert!(gone.is_empty(), "{PAGE} has messages that no source file has:\n{}", gone.join("\n"));
}

/// The first column of every table.
fn messages() -> Vec<String> {
    let mut messages = Vec::new();
    for part in parts(&page(PAGE)) {
        if let Part::Table(table) = part {
            for row in &table.rows {
                let [message] = code_spans(&row[0])[..] else {
                    panic!("{PAGE}: one message in {:?}", row[0])
                };
                messages.push(message.to_owned());
            }
        }
    }
    messages
}

/// How far apart the parts of one message are at most, in bytes.
const NEAR: usize = 400;

/// Whether a source file has the parts of a message between its `…`, close together and in the order of the message.
fn has(source: &str, message: &str) -> bool {
    let parts: Vec<&str> = message.split('…').map(str::trim).filter(|part| !part.is_empty()).collect();
    let Some((first, others)) = parts.split_first() else { return false };
    source.match_indices(first).any(|(position, _)| {
        let mut rest = &source[position + first.len()..];
        others.iter().all(|part| match rest.find(part) {
            Some(distance) if distance <= NEAR => {
                rest = &rest[distance + part.len()..];
                true
            }
            _ => false,
        })
    })
}

/// Source files, with texts of several lines as one.
fn read(folder: &Path, sources: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push(joined(&text));
        }
    }
}

/// A text that goes on behind a `\` at the end of a line, as one line.
fn joined(source: &str) -> String {
    let mut joined = String::with_capacity(source.len());
    let mut goes_on = false;
    for line in source.lines() {
        let line = if goes_on { line.trim_start() } else { line };
        let (text, more) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
        joined.push_str(text);
        if !more {
            joined.push('\n');
        }
        goes_on = more;
    }
    joined
}

#[test]
fn a_message_is_found_in_the_way_it_is_written() {
    let source = joined("format!(\"the host {host} \\\n    is gone\")\n");
    assert!(has(&source, "the host … is gone"));
    assert!(!has(&source, "the host … is here"));
    assert!(!has(&source, "is gone … the host"));
}
