//! The lists of patterns for tags, and the fields of older editions that became a part of them.

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit, Layout};
use crate::decode::foreign::ForeignPattern;
use crate::decode::object::Object;
use crate::decode::pattern::{self, List};
use crate::decode::style::Style;
use crate::diagnostic::Code;
use crate::edition::OldSpelling;
use crate::rule;
use crate::yaml::Value;

/// How long a list is that is written out in a message.
const LONGEST_LIST: usize = 200;

/// The tags a subscription allows and ignores.
#[derive(Debug, Default)]
pub(crate) struct TagLists {
    pub(crate) allow: Vec<String>,
    pub(crate) ignore: Vec<String>,
    pub(crate) ignore_literals: Vec<String>,
}

impl Context {
    /// The lists of tags, the old fields included: `allowTags` is one more pattern, `ignoreTags` stay literal.
    pub(crate) fn tag_lists(
        &mut self,
        object: &mut Object<'_>,
        [allow, ignore]: [&OldSpelling; 2],
    ) -> TagLists {
        let mut lists = TagLists {
            allow: self.patterns(object, "allowTagsRegexes"),
            ignore: self.patterns(object, "ignoreTagsRegexes"),
            ignore_literals: Vec::new(),
        };
        if let Some(field) = object.take(self, "allowTags") {
            let pattern = self.filled(&field).map(str::to_owned);
            let all = lists.allow.iter().chain(&pattern).cloned();
            let help = written_as(self.style, "allowTagsRegexes", all);
            let edit = pattern.as_ref().and_then(|pattern| self.pattern_for_old(object, &field, pattern));
            self.old_spelling_with(&field, allow, self.editing(help, edit));
            if let Some(pattern) = pattern {
                self.check_pattern(&field, ("allowTagsRegexes", &pattern));
                lists.allow.push(pattern);
            }
        }
        if let Some(field) = object.take(self, "ignoreTags") {
            let literals = self.strings(&field);
            let exact = literals.iter().map(|(_, tag)| pattern::exactly(tag));
            let all = lists.ignore.iter().cloned().chain(exact);
            let help = written_as(self.style, "ignoreTagsRegexes", all);
            let edit = self.patterns_for_old(object, &field, &literals);
            self.old_spelling_with(&field, ignore, self.editing(help, edit));
            lists.ignore_literals = literals.into_iter().map(|(_, tag)| tag).collect();
        }
        lists
    }

    /// The edit that makes `allowTags` one of `allowTagsRegexes`.
    fn pattern_for_old(&self, object: &Object<'_>, field: &Field<'_>, pattern: &str) -> Option<Edit> {
        let text = self.text_read();
        let form = self.style.single_quoted(pattern);
        let Some(list) = object.look("allowTagsRegexes") else {
            let is_free = edit::comments(&text, field.entry(), field.node)?.is_empty();
            let entry = self.style.entry("allowTagsRegexes", &format!("[{form}]"));
            return is_free.then(|| Edit::new(field.entry(), entry));
        };
        let added = edit::with_items(&text, list.node, &[form])?;
        Edit::together(&text, vec![added, Layout::new(&text, object.node).without(field.key)?])
    }

    /// The edit that makes `ignoreTags` some of `ignoreTagsRegexes`.
    fn patterns_for_old(
        &self,
        object: &Object<'_>,
        field: &Field<'_>,
        literals: &[(Field<'_>, String)],
    ) -> Option<Edit> {
        let text = self.text_read();
        let Value::List(items) = &field.node.value else { return None };
        // An item that is not a text has an error of its own.
        if items.len() != literals.len() {
            return None;
        }
        let form = |tag: &str| self.style.single_quoted(&pattern::exactly(tag));
        if literals.is_empty() {
            return Layout::new(&text, object.node).without(field.key);
        }
        let Some(list) = object.look("ignoreTagsRegexes") else {
            let key = self.renamed_key(field.key, "ignoreTagsRegexes");
            let items = literals
                .iter()
                .map(|(item, tag)| Edit::new(item.node.mark.start..item.node.mark.end, form(tag)));
            return Edit::together(&text, std::iter::once(key).chain(items).collect());
        };
        let forms: Vec<String> = literals.iter().map(|(_, tag)| form(tag)).collect();
        let added = edit::with_items(&text, list.node, &forms)?;
        Edit::together(&text, vec![added, Layout::new(&text, object.node).without(field.key)?])
    }

    fn patterns(&mut self, object: &mut Object<'_>, name: &str) -> Vec<String> {
        let Some(field) = object.take(self, name) else {
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for (item, pattern) in self.strings(&field) {
            self.check_pattern(&item, (name, &pattern));
            patterns.push(pattern);
        }
        patterns
    }

    fn check_pattern(&mut self, field: &Field<'_>, (list, pattern): (&str, &str)) {
        if let Some(reason) = rule::regex(pattern) {
            let help = pattern::help(self.style, List::named(list), pattern).unwrap_or_default();
            let message = match reason == rule::over_budget() {
                true => format!("`{pattern}` is not compiled: {reason}"),
                false => format!("`{pattern}` is not a regular expression of Go's syntax: {reason}"),
            };
            self.error(Code::BadRegex, field, message, help);
        } else if let Some(found) = ForeignPattern::of(pattern) {
            let (message, help) = found.explained(self.style, List::named(list));
            self.warn(Code::BadRegex, field, message, help);
        } else {
            self.advise_pattern(field, pattern);
        }
    }
}

/// What to write in place of an old list: the new one, with everything in it.
fn written_as(style: Style, name: &str, patterns: impl Iterator<Item = String>) -> String {
    let patterns: Vec<String> = patterns.map(|pattern| style.single_quoted(&pattern)).collect();
    let list = patterns.join(", ");
    match list.is_empty() || list.len() > LONGEST_LIST {
        true => {
            let pattern = style.quoted(r"^v1\.1$");
            format!("write `{name}`, a list of regular expressions, such as [{pattern}] for the one tag v1.1")
        }
        false => format!("write `{}`", style.entry(name, &format!("[{list}]"))),
    }
}
