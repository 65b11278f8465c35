//! Reading an index through serde, whatever the format.
//!
//! Only what is needed is looked at: a repeated key is an error in the document, in `entries` and in an
//! entry, as it is for the YAML reader that Kargo uses, and everything else is skipped.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use artifact_source::{printable, redact_url};

use super::error::IndexError;
use super::handover::Handover;
use super::table::Index;

/// What is read so far.
#[derive(Debug)]
pub(super) struct Building {
    index: Index,
    fields: HashSet<Box<str>>,
    open_chart: Option<Box<str>>,
    /// Whether what is listed stands under a key that is spelled otherwise than `entries`.
    is_folded: bool,
}

impl Building {
    pub(super) fn new(handover: &mut Handover) -> Self {
        Self {
            fields: handover.fields_seen().map(Into::into).collect(),
            open_chart: handover.open_chart().map(Into::into),
            is_folded: false,
            index: std::mem::take(&mut handover.index),
        }
    }

    /// The index, if the document was one.
    pub(super) fn finish(self) -> Result<Index, IndexError> {
        let is_of_an_index =
            |field: &str| ["entries", "apiVersion"].iter().any(|known| field.eq_ignore_ascii_case(known));
        match self.fields.iter().any(|field| is_of_an_index(field)) {
            true => Ok(self.index),
            false => Err(IndexError::NoIndex),
        }
    }
}

/// A key that must not be given twice. The error is made while the key is read, as both formats know where they are by then.
struct Unique<'s> {
    seen: &'s mut HashSet<Box<str>>,
    of: &'static str,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for Unique<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        match self.seen.insert(name.into()) {
            true => Ok(name.to_owned()),
            false => Err(E::custom(format_args!("the field {} of {} is given twice", shown(name), self.of))),
        }
    }
}

/// The name of a chart, which is opened in the index.
struct Chart<'b>(&'b mut Building);

impl<'de> DeserializeSeed<'de> for Chart<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_string(self)
    }
}

impl Visitor<'_> for Chart<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a chart")
    }

    fn visit_str<E: Error>(self, chart: &str) -> Result<(), E> {
        let continues = self.0.open_chart.take().is_some_and(|open| *open == *chart);
        match continues || self.0.index.open(chart) {
            true => Ok(()),
            false => Err(E::custom(format_args!("the chart {} is listed twice", shown(chart)))),
        }
    }
}

/// A key as it can stand in a message.
fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    let name = if name.contains("://") { redact_url(name) } else { name.to_owned() };
    let cut: String = name.chars().take(LONGEST).collect();
    let end = if cut.len() < name.len() { "..." } else { "" };
    format!("\"{}{end}\"", printable(&cut))
}

/// The text of a version, in whichever way the format tells it.
pub(super) trait VersionText<'de>: Deserialize<'de> {
    fn into_text(self) -> Option<String>;
}

/// The whole document; `true` unless it is null or there is nothing in it.
pub(super) struct Document<'b, V>(pub(super) &'b mut Building, pub(super) PhantomData<V>);
struct Entries<'b, V>(&'b mut Building, PhantomData<V>);
struct Versions<'b, V>(&'b mut Building, PhantomData<V>);
struct Entry<'b, V>(&'b mut Building, PhantomData<V>);

/// Gives each of the above its seed, for which null is as good as empty.
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
    /// An entry of nothing is an entry without a version.
    fn null(self) -> bool {
        self.0.index.push("");
        false
    }
}

impl<'de, V: VersionText<'de>> Visitor<'de> for Document<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with `entries`, as an index is")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Unique { seen: &mut self.0.fields, of: "the index" })? {
            let is_exact = field == "entries";
            // Helm reads `Entries` as well, as Go's JSON decoder does. Where both are given, `entries` counts.
            let is_other = !is_exact && field.eq_ignore_ascii_case("entries");
            if is_other && self.0.fields.contains("entries") {
                map.next_value::<IgnoredAny>()?;
            } else if is_other && self.0.is_folded {
                return Err(A::Error::custom("the field `entries` is given twice, in other cases"));
            } else if is_exact || is_other {
                if std::mem::replace(&mut self.0.is_folded, is_other) {
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
        while map.next_key_seed(Chart(self.0))?.is_some() {
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
        let mut is_exact = false;
        let mut fields = HashSet::new();
        while let Some(field) = map.next_key_seed(Unique { seen: &mut fields, of: "an entry" })? {
            // As with `entries`, Helm takes any case, and the usual one counts where there are two.
            if field == "version" || !is_exact && field.eq_ignore_ascii_case("version") {
                is_exact = field == "version";
                version = map.next_value::<V>()?.into_text();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.0.index.push(version.as_deref().unwrap_or_default());
        Ok(())
    }
}
