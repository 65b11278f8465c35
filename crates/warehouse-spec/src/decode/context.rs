//! What decoding collects on its way: diagnostics, and the places of fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decode::object::Field;
use crate::decode::remedy::Style;
use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::node::Mark;

/// The collector of one document.
#[derive(Debug)]
pub(crate) struct Context {
    source: Arc<str>,
    strict: bool,
    /// How the document writes texts, and what the constraint that is read at the moment is for.
    pub(crate) style: Style,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) places: BTreeMap<String, Location>,
}

impl Context {
    pub(crate) fn new(source: &Arc<str>, strict: bool, is_json: bool) -> Self {
        let style = Style { is_json, ..Style::default() };
        Self { source: Arc::clone(source), strict, style, diagnostics: Vec::new(), places: BTreeMap::new() }
    }

    pub(crate) fn location(&self, mark: Mark) -> Location {
        Location::new(&self.source, mark)
    }

    /// Remembers where the field of this path in normal form was written.
    pub(crate) fn place(&mut self, path: &str, mark: Mark) {
        let location = self.location(mark);
        self.places.insert(path.to_owned(), location);
    }

    /// Whether the document is unusable so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.is_error()).count()
    }

    fn push(&mut self, severity: Severity, code: Code, at: (Mark, &str), message: &str, help: &str) {
        let (mark, path) = at;
        let location = self.location(mark);
        let diagnostic = Diagnostic::new(severity, code, location, path, message);
        self.diagnostics.push(match help {
            "" => diagnostic,
            help => diagnostic.with_help(help),
        });
    }

    /// Reports an error at a place; an empty help is none.
    pub(crate) fn error_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        self.push(Severity::Error, code, at, message.as_ref(), help.as_ref());
    }

    /// Reports an error in the value of a field.
    pub(crate) fn error(
        &mut self,
        code: Code,
        field: &Field<'_>,
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        // What stands for a value is wrong in every field, and in every field for the same reason.
        let text = field.node.text().or(field.node.written.as_deref());
        match text.and_then(|text| unfilled(field.name(), text)) {
            Some(remedy) if code != Code::Unquoted => {
                self.error_at(code, field.at(), message, remedy);
            }
            _ => self.error_at(code, field.at(), message, help),
        }
    }

    /// Reports a warning at a place.
    pub(crate) fn warn_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        self.push(Severity::Warning, code, at, message.as_ref(), help.as_ref());
    }

    /// Reports a warning about the value of a field.
    pub(crate) fn warn(
        &mut self,
        code: Code,
        field: &Field<'_>,
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        self.warn_at(code, field.at(), message, help);
    }

    /// Reports what is an error to the strict and a warning to everyone else: keys that would be ignored.
    pub(crate) fn ignored_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        let severity = match self.strict {
            true => Severity::Error,
            false => Severity::Warning,
        };
        self.push(severity, code, at, message.as_ref(), help.as_ref());
    }
}

/// What to do about a value that is not one yet: a variable, a template, a placeholder.
fn unfilled(name: &str, text: &str) -> Option<&'static str> {
    if text.contains("${{") {
        return Some(match name {
            "expression" | "expressionFilter" => {
                "leave `${{` and `}}` out and write what is between them: the whole field is an expression"
            }
            _ => "write the value itself: `${{ }}` is not evaluated in a Warehouse",
        });
    }
    if text.contains("{{") {
        return Some("render the template first, for example with `helm template`");
    }
    if text.contains("${") || text.starts_with('$') {
        return Some("fill in the variable first, for example with `envsubst`");
    }
    let (_, after) = text.split_once('<')?;
    let (inside, _) = after.split_once('>')?;
    inside.contains(char::is_alphabetic).then_some("put the real value in place of the <placeholder>")
}
