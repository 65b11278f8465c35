//! The full YAML parser, for whatever the lexer is not sure about.

use std::io::Read;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, alias_limits, budget, options};

use super::error::IndexError;
use super::handover::Handover;
use super::table::Index;
use super::utf8::{NotUtf8, Utf8};
use super::visitor::{Building, Document, VersionText};

/// What the parser may spend. It streams, so an input of any size takes little memory as long as
/// nothing has to be remembered or repeated: anchors and aliases are what is, so they are few and
/// small. The defaults are made for configuration files and refuse an index of 30 MB. How large the
/// input may be is for whoever receives it to say.
fn limits() -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: 1_000,
            max_recorded_anchor_bytes: 4 << 20,
            max_depth: 64,
        },
        alias_limits: alias_limits! { max_total_replayed_events: 100_000 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // Whatever is skipped may be any number, such as a digest that reads `1e999`.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// Reads on from a handover. Only the first document of a stream counts: also where it is a mapping in braces, which nothing but its own
/// brace can end, followed by anything.
pub(super) fn read(mut handover: Handover, rest: impl Read) -> Result<Index, IndexError> {
    let shift = Shift { made_up: handover.opening_lines(), skipped: handover.lines };
    let is_flow = handover.head().is_some_and(|head| head.trim_ascii_start().starts_with(b"{"));
    let (text, not_utf8) = Utf8::new(handover.text(rest));
    let mut building = Building::new(&mut handover);
    let mut complete = None;
    let answer = serde_saphyr::with_deserializer_from_reader_with_options(text, limits(), |document| {
        let something = Document::<YamlText>(&mut building, PhantomData).deserialize(document)?;
        complete = Some(something);
        Ok(())
    });
    match (answer, complete) {
        (Err(error), complete) => match error.without_snippet() {
            serde_saphyr::Error::MultipleDocuments { .. } if complete == Some(true) => building.finish(),
            _ if is_flow && complete == Some(true) => building.finish(),
            error => Err(match not_utf8.get() {
                Some(found) => shift.not_utf8(found),
                None => shift.error(error),
            }),
        },
        (Ok(()), Some(true)) => building.finish(),
        (Ok(()), _) => Err(IndexError::Empty),
    }
}

/// From lines of the text that the parser saw to lines of the file.
struct Shift {
    made_up: u64,
    skipped: u64,
}

impl Shift {
    fn not_utf8(&self, NotUtf8 { line, column, byte }: NotUtf8) -> IndexError {
        IndexError::NotUtf8 { line: line - self.made_up.min(line) + self.skipped, column, byte }
    }

    fn error(&self, error: &serde_saphyr::Error) -> IndexError {
        let location = error.location().filter(|location| location.line() > self.made_up);
        let (line, column) = location
            .map_or((0, 0), |location| (location.line() - self.made_up + self.skipped, location.column()));
        IndexError::Invalid { line, column, what: what(error) }
    }
}

/// The message without the place, which the parser appends, and of a length that fits a message.
fn what(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let end = text.find(" at line ").unwrap_or(text.len());
    code_points(&text[..end]).chars().take(200).collect()
}

/// The text with each character that the parser shows as `` `\u{7}' `` written as U+0007.
fn code_points(text: &str) -> String {
    let mut parts = text.split("`\\u{");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("}'").and_then(|(code, rest)| Some((u32::from_str_radix(code, 16).ok()?, rest)))
        {
            Some((code, rest)) => {
                written.push_str(&format!("U+{code:04X}"));
                written.push_str(rest);
            }
            None => {
                written.push_str("`\\u{");
                written.push_str(part);
            }
        }
    }
    written
}

/// A version as it is written: `1.10` stays text, null is none.
struct YamlText(Option<String>);

impl<'de> Deserialize<'de> for YamlText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

impl VersionText<'_> for YamlText {
    fn into_text(self) -> Option<String> {
        self.0
    }
}
