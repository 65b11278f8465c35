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

use super::error::IndexError;
use super::handover::Handover;
use super::table::Index;

/// What is read so far.
#[derive(Debug)]
pub(super) struct Building {
    index: Index,
    fields: HashSet<Box<str>>,
    open_chart: Option<Box<str>>,
}

impl Building {
    pub(super) fn new(handover: &mut Handover) -> Self {
        Self {
            fields: handover.fields_seen().map(Into::into).collect(),
            open_chart: handover.open_chart().map(Into::into),
            index: std::mem::take(&mut handover.index),
        }
    }

    /// The index, if the document was one.
    pub(super) fn finish(self) -> Result<Index, IndexError> {
        match ["entries", "apiVersion"].iter().any(|field| self.fields.contains(*field)) {
            true => Ok(self.index),
            false => Err(IndexError::NoIndex),
        }
    }
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
        while let Some(field) = map.next_key::<String>()? {
            let is_entries = field == "entries";
            if !self.0.fields.insert(field.into()) {
                return Err(A::Error::custom("a field of the index is given twice"));
            }
            if is_entries {
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
        while let Some(chart) = map.next_key::<String>()? {
            let continues = self.0.open_chart.take().is_some_and(|open| *open == *chart);
            if !continues && !self.0.index.open(&chart) {
                return Err(A::Error::custom("a chart is listed twice"));
            }
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
        let mut fields = HashSet::<Box<str>>::new();
        while let Some(field) = map.next_key::<String>()? {
            if field == "version" {
                version = map.next_value::<V>()?.into_text();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if !fields.insert(field.into()) {
                return Err(A::Error::custom("a field of an entry is given twice"));
            }
        }
        self.0.index.push(version.as_deref().unwrap_or_default());
        Ok(())
    }
}
