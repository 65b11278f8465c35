//! The full parsers, for YAML and for JSON.
//!
//! Both read through serde. Everything except charts and their versions is skipped, but a key given twice in the document, in `entries`
//! or in an entry is an error, as in the YAML parser of Kargo.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::marker::PhantomData;

use artifact_source::{printable, redact_url};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, alias_limits, budget, options};

use super::checkpoint::Checkpoint;
use super::digest::EntryDigest;
use super::table::{Index, IndexError};
use super::utf8::{NotUtf8, Utf8Reader};
use crate::index_limits;

/// The limits of the YAML parser. It streams, so only anchors and aliases take memory, and these are limited. Its defaults are meant for
/// configuration files and reject an index of 30 MB. The caller limits the size of the input.
fn limits() -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: index_limits::MAX_ANCHORS,
            max_recorded_anchor_bytes: index_limits::MAX_ANCHOR_BYTES,
            max_depth: index_limits::MAX_DEPTH,
        },
        alias_limits: alias_limits! { max_total_replayed_events: index_limits::MAX_REPEATED_EVENTS },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // A skipped value may be any number, such as a digest that reads `1e999`.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// Reads YAML from a checkpoint to the end. Only the first document of a stream counts. Where that is a mapping in braces, anything may
/// follow its closing brace.
pub(super) fn read_yaml(mut checkpoint: Checkpoint, rest: impl Read) -> Result<Index, IndexError> {
    let offset = LineOffset { prelude: checkpoint.prelude_lines(), skipped: checkpoint.lines };
    let is_flow = checkpoint.head().is_some_and(|head| head.trim_ascii_start().starts_with(b"{"));
    let (text, not_utf8) = Utf8Reader::new(checkpoint.text(rest));
    let mut builder = IndexBuilder::new(&mut checkpoint);
    let mut complete = None;
    let answer = serde_saphyr::with_deserializer_from_reader_with_options(text, limits(), |document| {
        let something = Document::<YamlText>(&mut builder, PhantomData).deserialize(document)?;
        complete = Some(something);
        Ok(())
    });
    match (answer, complete) {
        (Err(error), complete) => match error.without_snippet() {
            serde_saphyr::Error::MultipleDocuments { .. } if complete == Some(true) => builder.finish(),
            _ if is_flow && complete == Some(true) => builder.finish(),
            error => Err(match not_utf8.get() {
                Some(found) => offset.not_utf8(found),
                None => offset.error(error),
            }),
        },
        (Ok(()), Some(true)) => builder.finish(),
        (Ok(()), _) => Err(IndexError::Empty),
    }
}

/// Converts lines of the parsed text to lines of the file.
struct LineOffset {
    prelude: u64,
    skipped: u64,
}

impl LineOffset {
    fn not_utf8(&self, NotUtf8 { line, column, byte }: NotUtf8) -> IndexError {
        IndexError::NotUtf8 { line: line - self.prelude.min(line) + self.skipped, column, byte }
    }

    fn error(&self, error: &serde_saphyr::Error) -> IndexError {
        let location = error.location().filter(|location| location.line() > self.prelude);
        let (line, column) = location
            .map_or((0, 0), |location| (location.line() - self.prelude + self.skipped, location.column()));
        IndexError::Invalid { line, column, what: yaml_message(error) }
    }
}

/// The message without the location, which the parser appends, cut to 200 characters.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let end = text.find(" at line ").unwrap_or(text.len());
    code_points(&text[..end]).chars().take(200).collect()
}

/// The text with each character that the parser writes as `` `\u{7}' `` written as U+0007.
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

/// A version as it is written: an unquoted `1.10` stays that text, null is `None`.
struct YamlText(Option<String>);

impl<'de> Deserialize<'de> for YamlText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

impl VersionText<'_> for YamlText {
    type Digest = YamlDigest;

    fn into_text(self) -> Option<String> {
        self.0
    }
}

/// A digest in YAML. Only a text is one: an unquoted one that reads as a number is malformed, as in the YAML parser of Helm.
struct YamlDigest(EntryDigest);

impl From<YamlDigest> for EntryDigest {
    fn from(digest: YamlDigest) -> Self {
        digest.0
    }
}

impl<'de> Deserialize<'de> for YamlDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DigestVisitor).map(Self)
    }
}

struct DigestVisitor;

/// Implements the methods for values that are no digest.
macro_rules! malformed {
    ($($method:ident($type:ty)),+ $(,)?) => {$(
        fn $method<E>(self, _: $type) -> Result<EntryDigest, E> {
            Ok(EntryDigest::Malformed)
        }
    )+};
}

impl<'de> Visitor<'de> for DigestVisitor {
    type Value = EntryDigest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest")
    }

    malformed!(
        visit_bool(bool),
        visit_i64(i64),
        visit_i128(i128),
        visit_u64(u64),
        visit_u128(u128),
        visit_f64(f64),
        visit_bytes(&[u8]),
    );

    fn visit_str<E>(self, text: &str) -> Result<EntryDigest, E> {
        Ok(EntryDigest::parse(text.as_bytes()))
    }

    fn visit_none<E>(self) -> Result<EntryDigest, E> {
        Ok(EntryDigest::Missing)
    }

    fn visit_unit<E>(self) -> Result<EntryDigest, E> {
        Ok(EntryDigest::Missing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<EntryDigest, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<EntryDigest, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EntryDigest, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(EntryDigest::Malformed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EntryDigest, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(EntryDigest::Malformed)
    }
}

/// How much of a file that starts like JSON is retained for the YAML parser, in bytes.
const MAX_RETAINED: usize = 16 << 20;

/// Whether a file that starts with these bytes is JSON rather than YAML.
pub(super) fn is_json(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'{') && matches!(bytes.next(), Some(b'"' | b'}') | None)
}

/// Reads a file that starts like JSON. Returns `true` if it turned out to be YAML: with a trailing comma or a comment, for example. Helm
/// reads valid JSON as JSON and everything else as YAML, of which the first document counts. So anything may follow the JSON value.
pub(super) fn read_json(mut checkpoint: Checkpoint, rest: impl Read) -> Result<(Index, bool), IndexError> {
    let mut text = Retained { reader: checkpoint.text(rest), retained: Some(Vec::new()) };
    let error = match parse_json(&mut checkpoint, &mut text) {
        Err(error @ IndexError::Invalid { .. }) => error,
        answer => return answer.map(|index| (index, false)),
    };
    let Some(retained) = text.retained else { return Err(error) };
    let again = Checkpoint::at_start(checkpoint.reason, retained);
    // For a file that is neither, the error of the JSON parser is the clearer one.
    read_yaml(again, text.reader).map(|index| (index, true)).map_err(|again| match again {
        IndexError::NotUtf8 { .. } => again,
        _ => error,
    })
}

/// A reader that retains what was read, up to `MAX_RETAINED`.
struct Retained<R> {
    reader: R,
    retained: Option<Vec<u8>>,
}

impl<R: Read> Read for Retained<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.retained = self.retained.take().filter(|retained| retained.len() + read <= MAX_RETAINED).map(
            |mut retained| {
                retained.extend_from_slice(&into[..read]);
                retained
            },
        );
        Ok(read)
    }
}

fn parse_json(checkpoint: &mut Checkpoint, text: impl Read) -> Result<Index, IndexError> {
    let mut builder = IndexBuilder::new(checkpoint);
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, text));
    let answer = Document::<JsonText>(&mut builder, PhantomData).deserialize(&mut json);
    answer.map_err(|error| IndexError::Invalid {
        line: error.line() as u64,
        column: error.column() as u64,
        what: json_message(&error),
    })?;
    builder.finish()
}

/// The message without the location, which serde_json appends, and without the value, which may be a secret.
fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = &text[..text.rfind(" at line ").unwrap_or(text.len())];
    match text.strip_prefix("invalid type: ").and_then(|text| text.rsplit_once(", expected ")) {
        Some((_, expected)) => format!("expected {expected}"),
        None => text.to_owned(),
    }
}

/// A version as it is written: the number `1.10` stays that text, as in YAML.
struct JsonText(Box<RawValue>);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(['{', '[']) {
            return Err(D::Error::custom("a version is a text"));
        }
        Ok(Self(raw))
    }
}

impl VersionText<'_> for JsonText {
    type Digest = JsonDigest;

    fn into_text(self) -> Option<String> {
        match self.0.get() {
            "null" => None,
            text if text.starts_with('"') => serde_json::from_str(text).ok(),
            text => Some(text.to_owned()),
        }
    }
}

/// A digest in JSON. It is kept as it is written until it is known to be a text, so that no number is too large and no escape wrong.
struct JsonDigest(EntryDigest);

impl From<JsonDigest> for EntryDigest {
    fn from(digest: JsonDigest) -> Self {
        digest.0
    }
}

impl<'de> Deserialize<'de> for JsonDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(match raw.get() {
            "null" => EntryDigest::Missing,
            text if text.starts_with('"') => serde_json::from_str::<String>(text)
                .map_or(EntryDigest::Malformed, |text| EntryDigest::parse(text.as_bytes())),
            _ => EntryDigest::Malformed,
        }))
    }
}

/// The index so far.
#[derive(Debug)]
struct IndexBuilder {
    index: Index,
    fields: HashSet<Box<str>>,
    open_chart: Option<Box<str>>,
    /// Whether the charts so far are those of a key in another case than `entries`.
    is_other_case: bool,
}

impl IndexBuilder {
    fn new(checkpoint: &mut Checkpoint) -> Self {
        Self {
            fields: checkpoint.fields_before().map(Into::into).collect(),
            open_chart: checkpoint.open_chart().map(Into::into),
            is_other_case: false,
            index: std::mem::take(&mut checkpoint.index),
        }
    }

    /// The index.
    ///
    /// # Errors
    ///
    /// [`NotAnIndex`](IndexError::NotAnIndex) for a document with neither of the fields that make one.
    fn finish(self) -> Result<Index, IndexError> {
        let is_of_index =
            |field: &str| ["entries", "apiVersion"].iter().any(|known| field.eq_ignore_ascii_case(known));
        match self.fields.iter().any(|field| is_of_index(field)) {
            true => Ok(self.index),
            false => Err(IndexError::NotAnIndex),
        }
    }
}

/// A key that must be unique. The error is raised while the key is read, so that both parsers add its location.
struct UniqueKey<'s> {
    seen: &'s mut HashSet<Box<str>>,
    of: &'static str,
}

impl<'de> DeserializeSeed<'de> for UniqueKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for UniqueKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        match self.seen.insert(name.into()) {
            true => Ok(name.to_owned()),
            false => {
                Err(E::custom(format_args!("the field {} of {} is given twice", quoted_key(name), self.of)))
            }
        }
    }
}

/// The name of a chart. Reading it opens the chart in the index.
struct ChartKey<'b>(&'b mut IndexBuilder);

impl<'de> DeserializeSeed<'de> for ChartKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for ChartKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a chart")
    }

    fn visit_str<E: Error>(self, chart: &str) -> Result<(), E> {
        let continues = self.0.open_chart.take().is_some_and(|open| *open == *chart);
        match continues || self.0.index.open(chart) {
            true => Ok(()),
            false => Err(E::custom(format_args!("the chart {} is listed twice", quoted_key(chart)))),
        }
    }
}

/// A key in quotes for a message: printable, at most 60 characters, URLs without their secrets.
fn quoted_key(name: &str) -> String {
    const LONGEST: usize = 60;
    let name = if name.contains("://") { redact_url(name) } else { name.to_owned() };
    let cut: String = name.chars().take(LONGEST).collect();
    let end = if cut.len() < name.len() { "..." } else { "" };
    format!("\"{}{end}\"", printable(&cut))
}

/// The text of a version in one of the formats.
trait VersionText<'de>: Deserialize<'de> {
    /// A digest in the same format, which accepts every value that [`IgnoredAny`] does.
    type Digest: Deserialize<'de> + Into<EntryDigest>;

    fn into_text(self) -> Option<String>;
}

/// The whole document. Deserializes to `false` if it is null or empty.
struct Document<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
struct Entries<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
struct Versions<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
struct Entry<'b, V>(&'b mut IndexBuilder, PhantomData<V>);

/// Implements the seed of each type above: null reads as empty.
macro_rules! nullable {
    ($($name:ident => $method:ident),+ $(,)?) => {$(
        impl<'de, V: VersionText<'de>> DeserializeSeed<'de> for $name<'_, V> {
            type Value = bool;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
                deserializer.deserialize_option(Nullable(self))
            }
        }

        impl<'de, V: VersionText<'de>> Visitor<'de> for Nullable<$name<'_, V>> {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.expecting(f)
            }

            fn visit_none<E>(self) -> Result<bool, E> {
                Ok(self.0.null())
            }

            fn visit_unit<E>(self) -> Result<bool, E> {
                Ok(self.0.null())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
                deserializer.$method(self.0).map(|()| true)
            }
        }
    )+};
}

struct Nullable<S>(S);

nullable!(
    Document => deserialize_map,
    Entries => deserialize_map,
    Versions => deserialize_seq,
    Entry => deserialize_map,
);

impl<V> Document<'_, V> {
    fn null(self) -> bool {
        false
    }
}

impl<V> Entries<'_, V> {
    fn null(self) -> bool {
        false
    }
}

impl<V> Versions<'_, V> {
    fn null(self) -> bool {
        false
    }
}

impl<V> Entry<'_, V> {
    /// A null entry is an entry without a version.
    fn null(self) -> bool {
        self.0.index.push("", EntryDigest::Missing);
        false
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Document<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with `entries`, as an index is")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(UniqueKey { seen: &mut self.0.fields, of: "the index" })? {
            let is_exact = field == "entries";
            // Helm reads `Entries` as well, because Go's JSON decoder does. Where both are given, `entries` counts.
            let is_other = !is_exact && field.eq_ignore_ascii_case("entries");
            if is_other && self.0.fields.contains("entries") {
                map.next_value::<IgnoredAny>()?;
            } else if is_other && self.0.is_other_case {
                return Err(A::Error::custom("the field `entries` is given twice, in other cases"));
            } else if is_exact || is_other {
                if std::mem::replace(&mut self.0.is_other_case, is_other) {
                    self.0.index = Index::default();
                }
                map.next_value_seed(Entries::<V>(self.0, PhantomData))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Entries<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of chart names to their versions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(ChartKey(self.0))?.is_some() {
            map.next_value_seed(Versions::<V>(self.0, PhantomData))?;
        }
        Ok(())
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Versions<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of the versions of a chart")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Entry::<V>(self.0, PhantomData))?.is_some() {}
        Ok(())
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Entry<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with the `version` of a chart")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut version = None;
        let mut digest = EntryDigest::Missing;
        let mut is_exact = false;
        let mut fields = HashSet::new();
        while let Some(field) = map.next_key_seed(UniqueKey { seen: &mut fields, of: "an entry" })? {
            // As for `entries`, Helm reads any case, and where two are given, `version` counts.
            if field == "version" || !is_exact && field.eq_ignore_ascii_case("version") {
                is_exact = field == "version";
                version = map.next_value::<V>()?.into_text();
            } else if field == "digest" {
                digest = map.next_value::<V::Digest>()?.into();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.0.index.push(version.as_deref().unwrap_or_default(), digest);
        Ok(())
    }
}
