//! YAML as Go's `sigs.k8s.io/yaml` writes it, byte for byte: what Helm puts into `Chart.yaml`, `Chart.lock` and `index.yaml`.
//!
//! ```
//! use helm_chart::go_yaml;
//!
//! let value = serde_json::json!({ "version": "1.10", "name": "web", "tags": ["a", "yes"], "notes": "one\ntwo\n" });
//! assert_eq!(
//!     go_yaml::to_string(&value)?,
//!     "name: web\nnotes: |\n  one\n  two\ntags:\n- a\n- \"yes\"\nversion: \"1.10\"\n"
//! );
//! # Ok::<(), helm_chart::Error>(())
//! ```
//!
//! That library turns a value into JSON, reads the JSON as YAML 1.1 and writes what it read. So keys are sorted, where digits are
//! compared as numbers; texts that YAML 1.1 reads as something else are quoted; lines are folded after 80 columns; and some texts
//! change on the way ([`to_string`] has the list). Checked against version 1.6.0 of
//! [`sigs.k8s.io/yaml`](https://pkg.go.dev/sigs.k8s.io/yaml@v1.6.0) on [`go.yaml.in/yaml/v2`](https://pkg.go.dev/go.yaml.in/yaml/v2@v2.4.4)
//! 2.4.4, which Helm 3.22 and 4.3 are built with.

mod emitter;
mod key_order;
mod number;
mod plain;
mod read_back;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use self::emitter::{Emitter, Position};
use self::read_back::Unreadable;
use crate::Error;

/// How deep lists and maps may be nested, as for JSON that `serde_json` reads.
pub const MAX_DEPTH: usize = 128;

/// The YAML of a value, with a line break at the end.
///
/// The value is taken as `serde_json` serializes it: fields that are skipped there are skipped here, and a number that is not finite is
/// `null`.
///
/// Two things are as in Go, and may surprise. A next-line character (U+0085) counts as a line break inside a quoted text of YAML, so one of
/// them is written as a space, and spaces beside it are lost. Keys such as `10`, `1a` and `2` have no order in Go (each is less than the
/// next, in a circle), and Go's output changes from run to run; this function gives one of the possible orders, always the same.
///
/// # Errors
///
/// - A text or key with a control character that YAML does not allow: U+007F to U+009F except U+0085, U+FFFE, U+FFFF. (Those below
///   U+0020 are allowed.)
/// - A key that has more than 1,022 characters when JSON escapes it, or that holds U+0085.
/// - A text in which `---` or `...` and a space follow U+0085.
/// - Lists and maps that are nested more than [`MAX_DEPTH`] deep.
/// - What `serde_json` refuses, such as a map whose keys are not texts.
///
/// Go's library fails on the same values, but for the depth, where its limit is 10,000.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let value = serde_json::to_value(value)
        .map_err(|error| Error::new("the value cannot be written as YAML").with_cause(error))?;
    let mut writer = Writer { emitter: Emitter::default(), path: Vec::new() };
    writer.node(&value, -1, Position::Root)?;
    Ok(writer.emitter.finish())
}

/// Whether YAML 1.1, as Go reads it, takes a text without quotation marks as that text: not as null, a boolean, a number or a time.
///
/// ```
/// use helm_chart::go_yaml::is_text;
///
/// assert!(is_text("1.2.3"));
/// assert!(!is_text("1.10") && !is_text("yes") && !is_text("2026-11-29") && !is_text("1:30"));
/// ```
///
/// A number to base 60, such as `1:30`, counts as none, because other readers of YAML 1.1 take it as a number.
pub fn is_text(text: &str) -> bool {
    plain::is_text(text)
}

/// A walk through a value: what is written, and where the walk is.
struct Writer<'value> {
    emitter: Emitter,
    path: Vec<Cow<'value, str>>,
}

impl<'value> Writer<'value> {
    /// Writes a value below a parent with this indentation; -1 is that of the document.
    fn node(&mut self, value: &'value Value, indent: isize, position: Position) -> Result<(), Error> {
        if self.path.len() > MAX_DEPTH {
            let reason = format!("lists and maps stand more than {MAX_DEPTH} deep in each other");
            return Err(Error::new(reason).with_hint("make the value flatter"));
        }
        match value {
            Value::Null => self.emitter.plain("null"),
            Value::Bool(true) => self.emitter.plain("true"),
            Value::Bool(false) => self.emitter.plain("false"),
            Value::Number(number) => self.emitter.plain(&number::text(number)),
            Value::String(text) => {
                let text = read_back::text(text).map_err(|why| self.unreadable(&why))?;
                self.emitter.text(&text, indent);
            }
            Value::Array(items) if items.is_empty() => self.emitter.empty("[]"),
            Value::Array(items) => {
                let indent = self.emitter.list_indent(indent, position);
                for (index, item) in items.iter().enumerate() {
                    self.emitter.item(indent);
                    self.path.push(Cow::Owned(format!("[{index}]")));
                    self.node(item, indent, Position::Item)?;
                    self.path.pop();
                }
            }
            Value::Object(fields) if fields.is_empty() => self.emitter.empty("{}"),
            Value::Object(fields) => {
                let indent = if indent < 0 { 0 } else { indent + 2 };
                let mut fields = fields.iter().collect::<Vec<_>>();
                key_order::sort(&mut fields);
                for (key, value) in fields {
                    self.path.push(Cow::Borrowed(key));
                    read_back::key(key).map_err(|why| self.unreadable(&why))?;
                    self.emitter.key(key, indent);
                    self.node(value, indent, Position::Value)?;
                    self.path.pop();
                }
            }
        }
        Ok(())
    }

    fn unreadable(&self, why: &Unreadable) -> Error {
        let mut place = String::new();
        for part in &self.path {
            if !place.is_empty() && !part.starts_with('[') {
                place.push('.');
            }
            place.extend(part.chars().take(60));
        }
        let place = if place.is_empty() { String::new() } else { format!("`{place}`: ") };
        Error::new(format!("{place}{why}")).with_hint(why.remedy())
    }
}
