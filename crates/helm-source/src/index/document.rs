//! The full parsers, for YAML and for JSON.
//!
//! Both read through serde. Everything except charts and their versions is skipped, but a key given twice in the document, in `entries`
//! or in an entry is an error, as in the YAML parser of Kargo.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufReader, Cursor, Read};
use std::marker::PhantomData;
use std::rc::Rc;

use artifact_source::{printable, redact_url};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Options;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use super::checkpoint::Checkpoint;
use super::created::Created;
use super::digest::EntryDigest;
use super::limit::{PartMeter, PartReader};
use super::mask::{Mask, MaskReader};
use super::message::{self, fault};
use super::table::{Index, IndexError, NotAdded};
use super::utf8::{NotUtf8, Utf8Reader};
use super::value::{JsonText, VersionText, YamlText};
use crate::index_limits;

/// The largest number of fields in an entry, and of fields beside `entries`.
const MAX_FIELDS: usize = 10_000;

/// The limits of the YAML parser. A skipped value may be any number, such as a digest that reads `1e999`.
fn limits() -> Options {
    let mut limits = index_limits::yaml_options(DuplicateKeyPolicy::PassThrough);
    limits.non_finite_float_policy = NonFiniteFloatPolicy::PassThrough;
    limits
}

/// Reads YAML from a checkpoint to the end. Only the first document of a stream counts. Where that is a mapping in braces, anything may
/// follow its closing brace.
pub(super) fn read_yaml(mut checkpoint: Checkpoint, rest: impl Read) -> Result<Index, IndexError> {
    let offset = LineOffset::of(&checkpoint);
    let is_flow = checkpoint.flow.is_some()
        || checkpoint.head().is_some_and(|head| head.trim_ascii_start().starts_with(b"{"));
    let mut builder = IndexBuilder::new(&mut checkpoint);
    let (text, not_utf8) = Utf8Reader::new(PartReader::new(checkpoint.text(rest), &builder.meter));
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
            error => {
                let (line, column) = offset.location(error);
                Err(match (builder.meter.exceeded_at(), not_utf8.get()) {
                    (Some(line), _) => part_too_large(offset.line(line)),
                    (None, Some(found)) => offset.not_utf8(found),
                    _ if builder.is_full => table_too_large(line),
                    _ => IndexError::Invalid { line, column, what: message::of_yaml(error) },
                })
            }
        },
        (Ok(()), Some(true)) => builder.finish(),
        (Ok(()), _) => Err(IndexError::Empty),
    }
}

fn part_too_large(line: u64) -> IndexError {
    let what = "an entry, or a field beside `entries`, is larger than 16 MiB";
    IndexError::TooLarge { line, what }
}

pub(super) fn table_too_large(line: u64) -> IndexError {
    IndexError::TooLarge { line, what: "the names and versions of its charts take more than 32 MiB" }
}

/// Converts lines and columns of the parsed text to those of the file.
struct LineOffset {
    prelude: u64,
    skipped: u64,
    /// For a prelude that ends within a line: the length of its last line, and of what stands there in the file.
    within: (u64, u64),
}

impl LineOffset {
    fn of(checkpoint: &Checkpoint) -> Self {
        let within = checkpoint.flow.as_ref().map_or((0, 0), |flow| (flow.text.len() as u64, flow.column));
        Self { prelude: checkpoint.prelude_lines(), skipped: checkpoint.lines, within }
    }

    fn line(&self, line: u64) -> u64 {
        line - self.prelude.min(line) + self.skipped
    }

    fn place(&self, line: u64, column: u64) -> (u64, u64) {
        let column = match line == 1 + self.prelude {
            true => column - self.within.0.min(column) + self.within.1,
            false => column,
        };
        (self.line(line), column)
    }

    fn not_utf8(&self, NotUtf8 { line, column, byte }: NotUtf8) -> IndexError {
        let (line, column) = self.place(line, column);
        IndexError::NotUtf8 { line, column, byte }
    }

    /// The line and the column of an error; 0 if they are unknown.
    fn location(&self, error: &serde_saphyr::Error) -> (u64, u64) {
        let location = error.location().filter(|location| location.line() > self.prelude);
        location.map_or((0, 0), |location| self.place(location.line(), location.column()))
    }
}

/// How much of a file that starts like JSON is retained for the YAML parser, in bytes.
const MAX_RETAINED: usize = 4 << 20;

/// Whether a file that starts with these bytes is JSON rather than YAML.
pub(super) fn is_json(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'{') && matches!(bytes.next(), Some(b'"' | b'}') | None)
}

/// Reads JSON from a checkpoint to the end. Returns `true` if it turned out to be YAML: with a trailing comma or a comment, for example.
/// Helm reads valid JSON as JSON and everything else as YAML, of which the first document counts. So anything may follow the JSON value.
pub(super) fn read_json(mut checkpoint: Checkpoint, rest: impl Read) -> Result<(Index, bool), IndexError> {
    let (is_json, is_yaml) =
        checkpoint.flow.as_ref().map_or((true, true), |flow| (flow.is_json, flow.is_yaml));
    if !is_json && is_yaml {
        return read_yaml(checkpoint, rest).map(|index| (index, true));
    }
    if !is_json {
        let column = checkpoint.flow.map_or(0, |flow| flow.column + 1);
        let what = "there is a comma before a closing bracket".to_owned();
        return Err(IndexError::Invalid { line: checkpoint.lines + 1, column, what });
    }
    let again = Checkpoint {
        index: checkpoint.index.clone(),
        position: checkpoint.position.clone(),
        fields: checkpoint.fields.clone(),
        pending: Vec::new(),
        flow: checkpoint.flow.clone(),
        ..checkpoint
    };
    let prelude = checkpoint.prelude().into_bytes();
    let pending = Cursor::new(std::mem::take(&mut checkpoint.pending));
    let mut text = Retained { reader: pending.chain(rest), retained: Some(Vec::new()) };
    let error = match parse_json(checkpoint, Cursor::new(prelude).chain(&mut text)) {
        Err(error @ IndexError::Invalid { .. }) => error,
        answer => return answer.map(|index| (index, false)),
    };
    let Some(pending) = text.retained.filter(|_| is_yaml) else { return Err(error) };
    // For a file that is neither, the error of the JSON parser is the clearer one.
    read_yaml(Checkpoint { pending, ..again }, text.reader).map(|index| (index, true)).map_err(|again| {
        match again {
            IndexError::NotUtf8 { .. } => again,
            _ => error,
        }
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

fn parse_json(mut checkpoint: Checkpoint, text: impl Read) -> Result<Index, IndexError> {
    let offset = LineOffset::of(&checkpoint);
    let mut builder = IndexBuilder::new(&mut checkpoint);
    let text = BufReader::with_capacity(64 << 10, PartReader::new(text, &builder.meter));
    let mut json = serde_json::Deserializer::from_reader(MaskReader::new(text, &builder.mask));
    let answer = Document::<JsonText>(&mut builder, PhantomData).deserialize(&mut json);
    let Err(error) = answer else { return builder.finish() };
    let (line, column) = offset.place(error.line() as u64, error.column() as u64);
    if let Some(line) = builder.meter.exceeded_at() {
        return Err(part_too_large(offset.line(line)));
    }
    if builder.is_full {
        return Err(table_too_large(line));
    }
    Err(IndexError::Invalid { line, column, what: message::of_json(&error) })
}

/// The index so far.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    index: Index,
    fields: HashSet<Box<str>>,
    open_chart: Option<Box<str>>,
    /// Whether the charts so far are those of a key in another case than `entries`.
    is_other_case: bool,
    /// Whether the index was too large for the next chart or version.
    is_full: bool,
    entry_fields: FieldSet,
    meter: Rc<PartMeter>,
    mask: Rc<Mask>,
}

impl IndexBuilder {
    pub(super) fn new(checkpoint: &mut Checkpoint) -> Self {
        Self {
            fields: checkpoint.fields_before().map(Into::into).collect(),
            open_chart: checkpoint.open_chart().map(Into::into),
            is_other_case: false,
            is_full: false,
            entry_fields: FieldSet::default(),
            meter: Rc::default(),
            mask: Rc::default(),
            index: std::mem::take(&mut checkpoint.index),
        }
    }

    pub(super) fn has_field(&self, field: &str) -> bool {
        self.fields.contains(field)
    }

    pub(super) fn add_field(&mut self, field: String) {
        self.fields.insert(field.into());
    }

    pub(super) fn open(&mut self, chart: &str) -> Result<(), NotAdded> {
        let added = self.index.open(chart);
        self.is_full |= added == Err(NotAdded::Full);
        added
    }

    /// Adds an entry to the chart that was opened last.
    pub(super) fn add(
        &mut self,
        version: &str,
        digest: EntryDigest,
        created: Created,
    ) -> Result<(), NotAdded> {
        let added = self.index.push(version, digest, created);
        self.is_full |= added == Err(NotAdded::Full);
        added
    }

    /// Whether the index was too large for the next chart or version.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The index, and the fields beside and including `entries`.
    pub(super) fn into_parts(self) -> (Index, Vec<Box<str>>) {
        (self.index, self.fields.into_iter().collect())
    }

    /// The same while a parser reads.
    fn push<E: Error>(&mut self, version: &str, digest: EntryDigest, created: Created) -> Result<(), E> {
        self.meter.next_part();
        self.index.push(version, digest, created).map_err(|why| self.not_added(why, ""))
    }

    fn not_added<E: Error>(&mut self, why: NotAdded, chart: &str) -> E {
        match why {
            NotAdded::Duplicate => fault(format_args!("the chart {} is listed twice", quoted_key(chart))),
            NotAdded::Full => {
                self.is_full = true;
                fault("the index is full")
            }
        }
    }

    /// The index.
    ///
    /// # Errors
    ///
    /// [`NotAnIndex`](IndexError::NotAnIndex) for a document with neither of the fields that make one.
    pub(super) fn finish(self) -> Result<Index, IndexError> {
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
        if self.seen.len() >= MAX_FIELDS {
            return Err(fault(format_args!("{} has more than {MAX_FIELDS} fields", self.of)));
        }
        match self.seen.insert(name.into()) {
            true => Ok(name.to_owned()),
            false => Err(fault(format_args!("the field {} of {} is given twice", quoted_key(name), self.of))),
        }
    }
}

/// What a field of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldOfEntry {
    Version {
        /// Whether it is written so, and not in another case.
        exact: bool,
    },
    Digest,
    Created,
    Other,
}

/// The key of a field of an entry, which must be unique.
struct EntryField<'s>(&'s mut FieldSet);

impl<'de> DeserializeSeed<'de> for EntryField<'_> {
    type Value = FieldOfEntry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldOfEntry, D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for EntryField<'_> {
    type Value = FieldOfEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<FieldOfEntry, E> {
        if self.0.len() >= MAX_FIELDS {
            return Err(fault(format_args!("an entry has more than {MAX_FIELDS} fields")));
        }
        if !self.0.insert(name) {
            return Err(fault(format_args!("the field {} of an entry is given twice", quoted_key(name))));
        }
        Ok(match name {
            "version" => FieldOfEntry::Version { exact: true },
            "digest" => FieldOfEntry::Digest,
            "created" => FieldOfEntry::Created,
            name if name.eq_ignore_ascii_case("version") => FieldOfEntry::Version { exact: false },
            _ => FieldOfEntry::Other,
        })
    }
}

/// The names of the fields of one entry after the other, without an allocation for each.
#[derive(Debug, Default)]
struct FieldSet {
    /// The first names, one behind the other, and where each ends.
    text: String,
    ends: Vec<usize>,
    more: HashSet<Box<str>>,
}

impl FieldSet {
    /// The number of names that are compared one by one.
    const FEW: usize = 32;

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.more.clear();
    }

    fn len(&self) -> usize {
        self.ends.len() + self.more.len()
    }

    /// Adds a name; `false` if it is there.
    fn insert(&mut self, name: &str) -> bool {
        let mut start = 0;
        for &end in &self.ends {
            if self.text.get(start..end) == Some(name) {
                return false;
            }
            start = end;
        }
        if self.ends.len() >= Self::FEW {
            return self.more.insert(name.into());
        }
        self.text.push_str(name);
        self.ends.push(self.text.len());
        true
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
        self.0.meter.next_part();
        match continues {
            true => Ok(()),
            false => self.0.index.open(chart).map_err(|why| self.0.not_added(why, chart)),
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

/// The whole document. Deserializes to `false` if it is null or empty.
struct Document<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
struct Entries<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
struct Versions<'b, V>(&'b mut IndexBuilder, PhantomData<V>);
pub(super) struct Entry<'b, V>(&'b mut IndexBuilder, PhantomData<V>);

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

            fn visit_none<E: Error>(self) -> Result<bool, E> {
                self.0.null().map(|()| false)
            }

            fn visit_unit<E: Error>(self) -> Result<bool, E> {
                self.0.null().map(|()| false)
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

/// Implements what null means for each of these: nothing.
macro_rules! null_is_empty {
    ($($name:ident),+) => {$(
        impl<V> $name<'_, V> {
            #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "called as `Entry::null`, which uses both")]
            fn null<E: Error>(self) -> Result<(), E> {
                Ok(())
            }
        }
    )+};
}

null_is_empty!(Document, Entries, Versions);

impl<'b, V> Entry<'b, V> {
    pub(super) fn new(builder: &'b mut IndexBuilder) -> Self {
        Self(builder, PhantomData)
    }

    /// A null entry is an entry without a version.
    fn null<E: Error>(self) -> Result<(), E> {
        self.0.push("", EntryDigest::Missing, Created::NONE)
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Document<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with `entries`, as an index is")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(UniqueKey { seen: &mut self.0.fields, of: "the index" })? {
            self.0.meter.next_part();
            let is_exact = field == "entries";
            // Helm reads `Entries` as well, because Go's JSON decoder does. Where both are given, `entries` counts.
            let is_other = !is_exact && field.eq_ignore_ascii_case("entries");
            if is_other && self.0.fields.contains("entries") {
                map.next_value::<IgnoredAny>()?;
            } else if is_other && self.0.is_other_case {
                return Err(fault("the field `entries` is given twice, in other cases"));
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
        let (mut digest, mut created) = (EntryDigest::Missing, Created::NONE);
        let mut is_exact = false;
        self.0.entry_fields.clear();
        while let Some(field) = map.next_key_seed(EntryField(&mut self.0.entry_fields))? {
            match field {
                // As for `entries`, Helm reads any case, and where two are given, `version` counts.
                FieldOfEntry::Version { exact } if exact || !is_exact => {
                    is_exact = exact;
                    version = map.next_value::<V>()?.into_text();
                }
                FieldOfEntry::Digest => digest = map.next_value::<V::Any>()?.into().into(),
                FieldOfEntry::Created => {
                    let _masked = self.0.mask.mask();
                    created = map.next_value::<V::Any>()?.into().into();
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.0.push(version.as_deref().unwrap_or_default(), digest, created)
    }
}
