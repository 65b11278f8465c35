//! How a document writes texts: in YAML, with quotation marks where they are needed, or in JSON.

use crate::diagnostic::Help;
use crate::yaml::written::{plain, quoted};

/// How a document writes texts, and what the field around them is for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    pub(crate) is_json: bool,
    /// Whether `constraint` names a tag, as it does under the strategy `Digest`.
    pub(crate) follows_tag: bool,
}

impl Style {
    /// The text in quotation marks.
    pub(crate) fn quoted(self, text: &str) -> String {
        match self.is_json {
            true => serde_json::Value::from(text).to_string(),
            false => quoted(text),
        }
    }

    /// A pattern as people write one: in single quotation marks, in which backslashes are themselves.
    pub(crate) fn single_quoted(self, pattern: &str) -> String {
        match self.is_json || pattern.contains(char::is_control) {
            true => serde_json::Value::from(pattern).to_string(),
            false => format!("'{}'", pattern.replace('\'', "''")),
        }
    }

    /// The text as it may be written: in quotation marks where it needs them.
    pub(crate) fn form(self, text: &str) -> String {
        match !self.is_json && plain(text) {
            true => text.to_owned(),
            false => self.quoted(text),
        }
    }

    /// Help with the text to write in place of a value.
    pub(crate) fn writing(self, text: &str) -> Help {
        let form = self.form(text);
        Help::writing(format!("write {form}"), form)
    }

    /// A key of a mapping.
    pub(crate) fn key(self, key: &str) -> String {
        if self.is_json { format!("\"{key}\"") } else { key.to_owned() }
    }

    /// An entry of a mapping.
    pub(crate) fn entry(self, key: &str, form: &str) -> String {
        match self.is_json {
            true => format!("\"{key}\": {form}"),
            false => format!("{key}: {form}"),
        }
    }
}
