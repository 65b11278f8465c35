//! The state of decoding one document: its diagnostics, the places of its fields, and the messages that every kind of field shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use repository_url::names_secret;

use crate::decode::edit::{self, Edit, Layout};
use crate::decode::remedy::style::Style;
use diagnostics::{Location, Severity};

use crate::decode::remedy::placeholder::{unfilled, unfilled_rule};
use crate::diagnostic::{Code, Diagnostic, Help, explained, location};
use crate::edition::{Edition, OldSpelling};
use crate::rule;
use crate::yaml::written::{self, cut_off, is_json};
use crate::yaml::{Mark, Node, Scalar, ScalarKind, Value};

/// A value under a key (or in a list), with the path it was written under and the path it has in normal form.
#[derive(Clone, Debug)]
pub(crate) struct Field<'t> {
    pub(crate) node: &'t Node,
    /// The key, or the value itself where it has none.
    pub(crate) key: Mark,
    pub(crate) path: String,
    pub(crate) place: String,
}

impl Field<'_> {
    /// Where messages about the value point: at the value; at the key, when there is no value to point at.
    pub(crate) fn at(&self) -> (Mark, &str) {
        let mark = match self.node.is_null() {
            true => self.key,
            false => self.node.mark,
        };
        (mark, &self.path)
    }

    /// The bytes of the key and its value.
    pub(crate) fn entry(&self) -> std::ops::Range<usize> {
        self.key.start..self.node.mark.end.max(self.key.end)
    }

    /// Where messages about the key point.
    pub(crate) fn at_key(&self) -> (Mark, &str) {
        (self.key, &self.path)
    }

    /// The last part of the path as written.
    pub(crate) fn name(&self) -> &str {
        let start = self.path.rfind('.').map_or(0, |dot| dot + 1);
        &self.path[start..]
    }
}

/// The collector of one document.
#[derive(Debug)]
pub(crate) struct Context {
    source: Arc<str>,
    /// The text that is read; empty where there is none.
    text: Arc<str>,
    strict: bool,
    /// Whether what is valid and against a best practice is told, too.
    pub(crate) advises: bool,
    /// The edition whose spellings are those of today.
    pub(crate) edition: Edition,
    /// Whether edits keep what is selected, also where something else was probably meant.
    pub(crate) keeps_selection: bool,
    /// How the document writes texts, and what the constraint that is read at the moment is for.
    pub(crate) style: Style,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many of them are errors. It is asked for each subscription, and a file may have many of both.
    errors: usize,
    pub(crate) places: BTreeMap<String, Location>,
}

impl Context {
    pub(crate) fn new(source: &Arc<str>, text: &Arc<str>, strict: bool) -> Self {
        let style = Style { is_json: text.is_empty() || is_json(text), ..Style::default() };
        let (source, text) = (Arc::clone(source), Arc::clone(text));
        Self {
            source,
            text,
            strict,
            advises: false,
            edition: Edition::NEWEST,
            keeps_selection: false,
            style,
            diagnostics: Vec::new(),
            errors: 0,
            places: BTreeMap::new(),
        }
    }

    /// What was written at a place.
    pub(crate) fn written_at(&self, mark: Mark) -> &str {
        self.text.get(mark.start..mark.end).unwrap_or_default()
    }

    /// Help with the name to write in place of a key, in the quotation marks that the key has.
    pub(crate) fn renaming(&self, text: impl Into<String>, key: Mark, name: &str) -> Help {
        self.editing(text, Some(self.renamed_key(key, name)))
    }

    /// The edit of a key into this name, in the quotation marks that the key has.
    pub(crate) fn renamed_key(&self, key: Mark, name: &str) -> Edit {
        let form = match self.written_at(key).chars().next() {
            Some(mark @ ('"' | '\'')) => format!("{mark}{name}{mark}"),
            _ => name.to_owned(),
        };
        Edit::new(key.start..key.end, form)
    }

    /// The edit of an entry into another name and value. The quotation marks of the key stay, and so do comments between the key and the value.
    ///
    /// `None` if a tag or an anchor and a comment stand between the two.
    pub(crate) fn rewritten(&self, field: &Field<'_>, name: &str, form: &str) -> Option<Edit> {
        let key = self.renamed_key(field.key, name);
        let value = Edit::new(field.node.mark.start..field.node.mark.end, form);
        let between = self.text.get(field.key.end..field.node.mark.start)?;
        let is_plain = |line: &str| matches!(line.trim_start().bytes().next(), None | Some(b'#'));
        match between.trim_start().strip_prefix(':') {
            // A block may have a comment behind its head.
            Some(between) if between.lines().all(is_plain) && !field.node.is_block() => {
                Edit::together(&self.text, vec![key, value])
            }
            _ => self.on_one_line(field, name, form),
        }
    }

    /// The edit of an entry without comments into another one, on one line.
    pub(crate) fn on_one_line(&self, field: &Field<'_>, name: &str, form: &str) -> Option<Edit> {
        let key = self.renamed_key(field.key, name).text;
        let is_free = edit::comments(&self.text, field.entry(), field.node)?.is_empty();
        is_free.then(|| Edit::new(field.entry(), format!("{key}: {form}")))
    }

    /// The edit of a list into another name, with these texts in place of its items.
    pub(crate) fn with_texts(&self, field: &Field<'_>, name: &str, forms: &[String]) -> Option<Edit> {
        let Value::List(items) = &field.node.value else { return None };
        let key = self.renamed_key(field.key, name);
        let items =
            items.iter().zip(forms).map(|(item, form)| Edit::new(item.mark.start..item.mark.end, form));
        Edit::together(&self.text, std::iter::once(key).chain(items).collect())
    }

    /// Help with the deletion of the entry that has this key.
    pub(crate) fn deleting(&self, text: impl Into<String>, mapping: &Node, key: Mark) -> Help {
        self.editing(text, Layout::new(&self.text, mapping).without(key))
    }

    /// Help with this edit, if there is one.
    pub(crate) fn editing(&self, text: impl Into<String>, edit: Option<Edit>) -> Help {
        match edit {
            Some(edit) => Help::rewriting(text, edit.span, edit.text),
            None => Help::from(text.into()),
        }
    }

    /// The text that is read; empty where there is none.
    pub(crate) fn text_read(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    pub(crate) fn location(&self, mark: Mark) -> Location {
        location(&self.source, mark)
    }

    /// Remembers where the field of this path in normal form was written.
    pub(crate) fn place(&mut self, path: &str, mark: Mark) {
        let location = self.location(mark);
        self.places.insert(path.to_owned(), location);
    }

    /// Whether the document is unusable so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Reads what Kargo ignores: its errors are warnings, except to the strict, and it has no places.
    pub(crate) fn ignoring(&mut self, read: impl FnOnce(&mut Self)) {
        let (before, errors) = (self.diagnostics.len(), self.errors);
        let places = std::mem::take(&mut self.places);
        read(self);
        self.places = places;
        if !self.strict {
            self.errors = errors;
            let found = self.diagnostics.iter_mut().skip(before);
            found.for_each(|found| found.severity = Severity::Warning);
        }
    }

    fn push(&mut self, severity: Severity, code: Code, at: (Mark, &str), message: &str, help: Help) {
        let (mark, path) = at;
        let location = self.location(mark);
        let diagnostic = Diagnostic::new(severity, code, location, path, message);
        self.errors += usize::from(diagnostic.is_error());
        self.diagnostics.push(explained(diagnostic, help));
    }

    /// Reports something of this weight about the value of a field.
    pub(crate) fn tell(
        &mut self,
        (severity, code): (Severity, Code),
        field: &Field<'_>,
        message: &str,
        help: Help,
    ) {
        self.push(severity, code, field.at(), message, help.of(field.node.mark));
    }

    /// Reports something of this weight at a place.
    pub(crate) fn tell_at(
        &mut self,
        (severity, code): (Severity, Code),
        at: (Mark, &str),
        message: &str,
        help: Help,
    ) {
        self.push(severity, code, at, message, help);
    }

    /// Reports an error at a place; an empty help is none.
    pub(crate) fn error_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl Into<Help>,
    ) {
        self.push(Severity::Error, code, at, message.as_ref(), help.into());
    }

    /// Reports an error in the value of a field.
    pub(crate) fn error(
        &mut self,
        code: Code,
        field: &Field<'_>,
        message: impl AsRef<str>,
        help: impl Into<Help>,
    ) {
        // What stands for a value is wrong in every field, and in every field for the same reason.
        let text = field.node.text().or(field.node.written.as_deref()).filter(|_| code != Code::Unquoted);
        let help = help.into();
        let is_rule =
            matches!(code, Code::BadExpression | Code::BadRegex | Code::BadConstraint | Code::BadSelector);
        let remedy = text.and_then(|text| match is_rule {
            true => unfilled_rule(field.name(), text, help.has_edit()),
            false => unfilled(field.name(), text),
        });
        match remedy {
            Some(remedy) => self.error_at(code, field.at(), message, remedy),
            None => self.error_at(code, field.at(), message, help.of(field.node.mark)),
        }
    }

    /// Reports a warning at a place.
    pub(crate) fn warn_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl Into<Help>,
    ) {
        self.push(Severity::Warning, code, at, message.as_ref(), help.into());
    }

    /// Reports a warning about the value of a field.
    pub(crate) fn warn(
        &mut self,
        code: Code,
        field: &Field<'_>,
        message: impl AsRef<str>,
        help: impl Into<Help>,
    ) {
        self.warn_at(code, field.at(), message, help.into().of(field.node.mark));
    }

    /// Reports what is an error to the strict and a warning to everyone else: keys that would be ignored.
    pub(crate) fn ignored_at(
        &mut self,
        code: Code,
        at: (Mark, &str),
        message: impl AsRef<str>,
        help: impl Into<Help>,
    ) {
        let severity = match self.strict {
            true => Severity::Error,
            false => Severity::Warning,
        };
        self.push(severity, code, at, message.as_ref(), help.into());
    }
}

impl Context {
    /// Reports a value of the wrong type.
    pub(crate) fn wrong_type(&mut self, field: &Field<'_>, expected: &str) {
        if self.reads_otherwise(field) {
            return;
        }
        let found = field.node.describe();
        let help = self.style.of_type((field.name(), field.node), expected);
        self.error(
            Code::WrongType,
            field,
            format!("`{}` must be {expected}, not {found}", field.name()),
            help,
        );
    }

    /// Reports a value that YAML took for something else than it says: an alias, a tag, an anchor, the head of a block;
    /// false when it is none.
    pub(crate) fn reads_otherwise(&mut self, field: &Field<'_>) -> bool {
        let node = field.node;
        let alias = match &node.value {
            Value::UnknownAlias(name) => Some(format!("*{name}")),
            _ => None,
        };
        let what = match (&alias, node.misread) {
            (Some(_), _) => "a YAML alias",
            (None, Some(misread)) => misread.what(),
            (None, None) => return false,
        };
        let written = match names_secret(field.name()) {
            true => "***",
            false => alias.as_deref().or(node.written.as_deref()).unwrap_or_default(),
        };
        let start = written.split(' ').next().unwrap_or_default();
        let is_text = matches!(node.value, Value::Scalar(_) | Value::UnknownAlias(_));
        let (message, help) = match (written, is_text) {
            ("", _) => (format!("a part of the value is read as {what}"), "quote the value".into()),
            (_, true) => {
                let help = self.style.quote(field.name(), written).only_if(!names_secret(field.name()));
                (format!("`{start}` is read as {what}"), help)
            }
            (_, false) => (format!("`{start}` is read as {what}"), format!("delete `{start}`").into()),
        };
        self.error(Code::Unquoted, field, message, help);
        true
    }
}

impl Context {
    /// Warns about an old spelling.
    pub(crate) fn old_spelling(&mut self, field: &Field<'_>, spelling: &OldSpelling) {
        let normal = spelling.name_in(self.edition).rsplit('.').next().unwrap_or_default();
        let help = match normal {
            "" => Help::default(),
            normal => self.renaming(format!("write `{normal}`"), field.key, normal),
        };
        self.old_spelling_with(field, spelling, help);
    }

    /// Warns about an old spelling, with more to do than to write another name. In an edition that does not know the field of today yet, it is right.
    pub(crate) fn old_spelling_with(
        &mut self,
        field: &Field<'_>,
        spelling: &OldSpelling,
        help: impl Into<Help>,
    ) {
        let message = format!("`{}` is an old spelling: {}", field.name(), spelling.dropped);
        self.tell_old_spelling(field, spelling, &message, help);
    }

    /// The same with a message of its own.
    pub(crate) fn tell_old_spelling(
        &mut self,
        field: &Field<'_>,
        spelling: &OldSpelling,
        message: &str,
        help: impl Into<Help>,
    ) {
        if spelling.is_old_in(self.edition) {
            self.warn_at(Code::OldSpelling, field.at_key(), message, help);
        }
    }
}

/// The fields whose value decides about what is selected, or about what becomes of it.
const SELECTS: &[&str] = &[
    "allowTags",
    "allowTagsRegexes",
    "branch",
    "commitSelectionStrategy",
    "constraint",
    "excludePaths",
    "expression",
    "expressionFilter",
    "freightCreationPolicy",
    "ignoreTags",
    "ignoreTagsRegexes",
    "imageSelectionStrategy",
    "includePaths",
    "platform",
    "semverConstraint",
    "since",
    "strictSemvers",
];
/// Those that are lists.
const LISTS: &[&str] =
    &["allowTagsRegexes", "excludePaths", "ignoreTags", "ignoreTagsRegexes", "includePaths"];

impl Context {
    /// Reports a field that has a comment in place of its value; false where it has none, or a remark, which has a blank
    /// after its `#`.
    pub(crate) fn is_swallowed(&mut self, field: &Field<'_>) -> bool {
        let (name, is_item) = base(field);
        let Value::Scalar(Scalar { commented: true, .. }) = &field.node.value else {
            return false;
        };
        let Some(written) = field.node.written.as_deref().filter(|_| SELECTS.contains(&name)) else {
            return false;
        };
        if cut_off(written) != Some("") {
            return false;
        }
        let quoted = match LISTS.contains(&name) && !is_item {
            true => format!("[{}]", self.style.quoted(written)),
            false => self.style.quoted(written),
        };
        let message = format!("`#` starts a comment, so that `{}` has no value", field.name());
        let help = format!("if `{written}` is the value, quote it: {quoted}; otherwise delete the line");
        self.error(Code::Unquoted, field, message, help);
        true
    }

    /// Whether a field takes this text, which has a blank before a `#`: no tag has a blank.
    fn may_be_whole(&self, name: &str, text: &str) -> bool {
        !name.ends_with("TagsRegexes")
            && !name.ends_with("Tags")
            && self.style.quote(name, text).text.starts_with("quote it")
    }

    /// Warns about a text from which a comment may have cut off a part.
    pub(crate) fn tell_cut_off(&mut self, field: &Field<'_>, text: &str) {
        let Value::Scalar(Scalar { commented: true, kind: ScalarKind::Text, .. }) = &field.node.value else {
            return;
        };
        let (name, _) = base(field);
        let Some(whole) = field.node.written.as_deref().filter(|_| SELECTS.contains(&name)) else {
            return;
        };
        // An expression that means nothing without the rest is an error, which says so.
        let is_bad = match name {
            "expressionFilter" => rule::filter(text).is_some(),
            "expression" => rule::criteria(text).is_some(),
            _ => false,
        };
        if is_bad
            || cut_off(whole) != Some(written::without_comment(whole))
            || !self.may_be_whole(name, whole)
        {
            return;
        }
        let message = format!("` #` starts a comment, so that `{}` is `{text}`", field.name());
        let quoted = self.style.quoted(whole);
        let help =
            format!("if it is part of the value, quote it: {quoted}; otherwise write a blank after the `#`");
        self.warn(Code::Unquoted, field, message, help);
    }
}

/// The name of a field without the number of an item, and whether it had one.
fn base<'a>(field: &'a Field<'_>) -> (&'a str, bool) {
    match field.name().split_once('[') {
        Some((name, _)) => (name, true),
        None => (field.name(), false),
    }
}
