//! An index in JSON, which Helm has been able to write since 3.13.

use std::io::{self, BufReader, Read};
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed};
use serde_json::value::RawValue;

use super::error::IndexError;
use super::handover::Handover;
use super::table::Index;
use super::visitor::{Building, Document, VersionText};
use super::yaml;

/// How much of a file that starts like JSON is kept, to be read as YAML if it is none.
const MOST_KEPT: usize = 16 << 20;

/// Whether a file that starts with these bytes is JSON rather than YAML.
pub(super) fn is_json(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'{') && matches!(bytes.next(), Some(b'"' | b'}') | None)
}

/// Reads a file that starts like JSON, and that may be YAML: with a comma before a closing bracket, with a comment. Helm reads what is
/// valid JSON as JSON, and everything else as YAML, of which the first document counts; so what follows the JSON is not looked at. `true` for
/// YAML.
pub(super) fn read(mut handover: Handover, rest: impl Read) -> Result<(Index, bool), IndexError> {
    let mut text = Kept { reader: handover.text(rest), kept: Some(Vec::new()) };
    let error = match read_json(&mut handover, &mut text) {
        Err(error @ IndexError::Invalid { .. }) => error,
        answer => return answer.map(|index| (index, false)),
    };
    let Some(kept) = text.kept else { return Err(error) };
    let again = Handover::of_all(handover.doubt, kept);
    // What is neither is told as what it looks like.
    yaml::read(again, text.reader).map(|index| (index, true)).map_err(|again| match again {
        IndexError::NotUtf8 { .. } => again,
        _ => error,
    })
}

/// A reader of which the beginning is kept.
struct Kept<R> {
    reader: R,
    kept: Option<Vec<u8>>,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.kept = self.kept.take().filter(|kept| kept.len() + read <= MOST_KEPT).map(|mut kept| {
            kept.extend_from_slice(&into[..read]);
            kept
        });
        Ok(read)
    }
}

fn read_json(handover: &mut Handover, text: impl Read) -> Result<Index, IndexError> {
    let mut building = Building::new(handover);
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, text));
    let answer = Document::<JsonText>(&mut building, PhantomData).deserialize(&mut json);
    answer.map_err(|error| IndexError::Invalid {
        line: error.line() as u64,
        column: error.column() as u64,
        what: what(&error),
    })?;
    building.finish()
}

/// The message without the place, which serde_json appends, and without the value, which may be a secret.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = &text[..text.rfind(" at line ").unwrap_or(text.len())];
    match text.strip_prefix("invalid type: ").and_then(|text| text.rsplit_once(", expected ")) {
        Some((_, expected)) => format!("expected {expected}"),
        None => text.to_owned(),
    }
}

/// A version as it is written: the number `1.10` stays the text "1.10", as in YAML.
struct JsonText(Box<RawValue>);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(['{', '[']) {
            return Err(serde::de::Error::custom("a version is a text"));
        }
        Ok(Self(raw))
    }
}

impl VersionText<'_> for JsonText {
    fn into_text(self) -> Option<String> {
        match self.0.get() {
            "null" => None,
            text if text.starts_with('"') => serde_json::from_str(text).ok(),
            text => Some(text.to_owned()),
        }
    }
}
