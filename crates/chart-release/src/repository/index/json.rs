//! An index in JSON (`helm repo index --json`), with new entries at their places.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::change::{Charts, Edit, Insertions, Known};
use super::entry::{NewEntry, time};
use super::order;

/// Where everything is in the text.
pub(super) struct Layout<'text> {
    text: &'text str,
    /// After the brace that opens the document.
    begin: usize,
    entries: Option<Place<'text>>,
    generated: Option<Place<'text>>,
    charts: Vec<Chart<'text>>,
    is_pretty: bool,
}

struct Chart<'text> {
    name: String,
    list: Place<'text>,
    items: Vec<&'text str>,
}

#[derive(Clone)]
struct Place<'text> {
    raw: &'text str,
    range: Range<usize>,
}

impl<'text> Place<'text> {
    /// Where a piece of the text is in it.
    fn of(text: &'text str, raw: &'text str) -> Option<Self> {
        let start = (raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        let range = start..start + raw.len();
        (text.get(range.clone()) == Some(raw)).then_some(Self { raw, range })
    }
}

/// The fields of an object, in their order.
struct Fields<'text>(Vec<(String, &'text RawValue)>);

impl<'de: 'text, 'text> Deserialize<'de> for Fields<'text> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<'text>(PhantomData<&'text ()>);
        impl<'de: 'text, 'text> Visitor<'de> for InOrder<'text> {
            type Value = Fields<'text>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

impl<'text> Fields<'text> {
    /// The field as Helm finds it: of any case, and the exact one first.
    fn get(&self, name: &str) -> Option<&'text RawValue> {
        let exact = self.0.iter().find(|(key, _)| key == name);
        let found = exact.or_else(|| self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| *value)
    }
}

fn read<'text, T: Deserialize<'text>>(text: &'text str) -> Result<T, String> {
    // Anything may follow the document, as for Helm.
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => {
            Err(format!("line {}, column {}: not the JSON of an index", error.line(), error.column()))
        }
        None => Err("it is empty".to_owned()),
    }
}

impl<'text> Layout<'text> {
    pub(super) fn read(text: &'text str) -> Result<(Self, Charts), String> {
        let lost = || "a part of it has no place".to_owned();
        let document: Fields<'text> = read(text)?;
        let place = |value: &'text RawValue| Place::of(text, value.get()).ok_or_else(lost);
        let entries = document.get("entries").map(place).transpose()?;
        let generated = document.get("generated").map(place).transpose()?;
        let mut charts = Vec::new();
        let mut known = Charts::new();
        if let Some(entries) = entries.as_ref().filter(|entries| entries.raw != "null") {
            for (name, list) in read::<Fields<'text>>(entries.raw)?.0 {
                let items: Option<Vec<&'text RawValue>> = read(list.get())?;
                let items = items.unwrap_or_default();
                known.push((name.clone(), items.iter().map(|item| of_item(item)).collect::<Result<_, _>>()?));
                let items = items.into_iter().map(RawValue::get).collect();
                charts.push(Chart { name, list: place(list)?, items });
            }
        }
        let begin = text.find('{').ok_or_else(lost)? + 1;
        let is_pretty = text.trim_end().contains('\n');
        Ok((Self { text, begin, entries, generated, charts, is_pretty }, known))
    }

    pub(super) fn edits(
        &self,
        changes: &[(&str, Insertions<'_>)],
        now: Timestamp,
    ) -> Result<Vec<Edit>, crate::Error> {
        let mut edits = Vec::new();
        let mut new = Vec::new();
        for (name, change) in changes {
            match self.charts.iter().find(|chart| chart.name == *name) {
                Some(chart) => {
                    let items = chart.items.iter().map(|item| (*item).to_owned()).collect();
                    let text = self.list(&change.applied(items, |entry| self.entry(entry)));
                    edits.push(Edit { range: chart.list.range.clone(), text });
                }
                None => new.push((*name, change)),
            }
        }
        let list_of = |name: &str| {
            let change = new.iter().find(|(new, _)| *new == name).map(|(_, change)| change);
            let items = change.map(|change| change.applied(Vec::new(), |entry| self.entry(entry)));
            format!("{}{}{}", quoted(name), self.colon(), self.list(&items.unwrap_or_default()))
        };
        let standing: Vec<&str> = self.charts.iter().map(|chart| chart.name.as_str()).collect();
        let places = order::places(&standing, new.iter().map(|(name, _)| *name))?;
        let gap = self.gap(4);
        if standing.is_empty() {
            let lists: Vec<String> =
                places.iter().map(|(_, name)| format!("{gap}{}", list_of(name))).collect();
            if !lists.is_empty() {
                let all = format!("{{{}{}}}", lists.join(","), self.gap(2));
                match &self.entries {
                    Some(entries) => edits.push(Edit { range: entries.range.clone(), text: all }),
                    None => {
                        let text = format!("{}\"entries\"{}{all},", self.gap(2), self.colon());
                        edits.push(Edit { range: self.begin..self.begin, text });
                    }
                }
            }
        } else {
            for (place, name) in places {
                let before =
                    place.unwrap_or(standing.len()).checked_sub(1).and_then(|at| self.charts.get(at));
                let (at, text) = match (before, &self.entries) {
                    (Some(chart), _) => (chart.list.range.end, format!(",{gap}{}", list_of(name))),
                    (None, Some(entries)) => (entries.range.start + 1, format!("{gap}{},", list_of(name))),
                    (None, None) => (self.begin, String::new()),
                };
                edits.push(Edit { range: at..at, text });
            }
        }
        if let Some(generated) = &self.generated {
            edits.push(Edit { range: generated.range.clone(), text: quoted(&time(now)) });
        }
        debug_assert!(edits.iter().all(|edit| self.text.get(edit.range.clone()).is_some()));
        Ok(edits)
    }

    fn list(&self, items: &[String]) -> String {
        let gap = self.gap(6);
        let items: Vec<String> = items.iter().map(|item| format!("{gap}{item}")).collect();
        format!("[{}{}]", items.join(","), self.gap(4))
    }

    fn entry(&self, entry: &NewEntry) -> String {
        let value = in_helms_order(entry.value());
        if !self.is_pretty {
            return value
                .iter()
                .map(|(key, value)| format!("{}:{value}", quoted(key)))
                .collect::<Vec<_>>()
                .join(",")
                .into_braces();
        }
        let field = |(key, value): &(String, Value)| {
            let value = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
            format!("\n        {}: {}", quoted(key), value.replace('\n', "\n        "))
        };
        format!("{{{}\n      }}", value.iter().map(field).collect::<Vec<_>>().join(","))
    }

    fn gap(&self, columns: usize) -> String {
        if self.is_pretty { format!("\n{:columns$}", "") } else { String::new() }
    }

    fn colon(&self) -> &'static str {
        if self.is_pretty { ": " } else { ":" }
    }
}

trait IntoBraces {
    fn into_braces(self) -> String;
}

impl IntoBraces for String {
    fn into_braces(self) -> String {
        format!("{{{self}}}")
    }
}

/// The fields in the order of Helm's type.
fn in_helms_order(value: Value) -> Vec<(String, Value)> {
    const LAST: [&str; 3] = ["urls", "created", "digest"];
    let Value::Object(mut fields) = value else { return Vec::new() };
    let mut last: Vec<(String, Value)> =
        LAST.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?))).collect();
    let mut ordered = helm_order(fields);
    ordered.append(&mut last);
    ordered
}

/// The fields of `Chart.yaml` in the order in which Helm has them.
fn helm_order(mut fields: Map<String, Value>) -> Vec<(String, Value)> {
    const ORDER: [&str; 17] = [
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];
    let mut ordered: Vec<(String, Value)> =
        ORDER.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?))).collect();
    ordered.extend(fields);
    ordered
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What is known of an entry.
fn of_item(item: &RawValue) -> Result<Known, String> {
    if item.get() == "null" {
        return Ok(Known::default());
    }
    let fields: Fields<'_> = read(item.get())?;
    let text = |name: &str| -> Option<String> {
        let raw = fields.get(name)?.get();
        match serde_json::from_str(raw) {
            Ok(Value::String(text)) => Some(text),
            Ok(Value::Null) | Err(_) => None,
            // A number as it is written.
            Ok(_) => Some(raw.to_owned()),
        }
    };
    Ok(Known {
        version: text("version").unwrap_or_default(),
        digest: text("digest").filter(|text| !text.is_empty()),
    })
}
