//! The lists of patterns for tags, and the fields of older editions that became a part of them.

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit, Layout};
use crate::decode::object::Object;
use crate::decode::remedy::foreign::ForeignPattern;
use crate::decode::remedy::pattern::{self, List};
use crate::decode::remedy::style::Style;
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
        let mut allowed = self.patterns(object, "allowTagsRegexes");
        let mut ignored = self.patterns(object, "ignoreTagsRegexes");
        let texts =
            |patterns: &[(Field<'_>, String)]| patterns.iter().map(|(_, text)| text.clone()).collect();
        let mut lists =
            TagLists { allow: texts(&allowed), ignore: texts(&ignored), ignore_literals: Vec::new() };
        if let Some(field) = object.take(self, "allowTags") {
            let pattern = self.filled(&field).map(str::to_owned);
            let all = lists.allow.iter().chain(&pattern).cloned();
            let help = written_as(self.style, "allowTagsRegexes", all);
            let edit = pattern.as_ref().and_then(|pattern| self.pattern_for_old(object, &field, pattern));
            self.old_spelling_with(&field, allow, self.editing(help, edit));
            if let Some(pattern) = pattern {
                self.check_pattern(&field, ("allowTagsRegexes", &pattern));
                lists.allow.push(pattern.clone());
                allowed.push((field, pattern));
            }
        }
        if let Some(field) = object.take(self, "ignoreTags") {
            let literals = self.strings(&field);
            let exact = literals.iter().map(|(_, tag)| pattern::exactly(tag));
            let all = lists.ignore.iter().cloned().chain(exact);
            let help = written_as(self.style, "ignoreTagsRegexes", all);
            let edit = self.patterns_for_old(object, &field, &literals);
            self.old_spelling_with(&field, ignore, self.editing(help, edit));
            literals.iter().for_each(|(item, tag)| self.check_literal(item, tag));
            ignored.extend(literals.iter().map(|(item, tag)| (item.clone(), pattern::exactly(tag))));
            lists.ignore_literals = literals.into_iter().map(|(_, tag)| tag).collect();
        }
        self.check_ignored(&allowed, &ignored);
        lists
    }

    /// The edit that makes `allowTags` one of `allowTagsRegexes`.
    fn pattern_for_old(&self, object: &Object<'_>, field: &Field<'_>, pattern: &str) -> Option<Edit> {
        let text = self.text_read();
        let form = self.style.single_quoted(pattern);
        let Some(list) = object.look("allowTagsRegexes") else {
            return self.rewritten(field, "allowTagsRegexes", &format!("[{form}]"));
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
        let forms: Vec<String> = literals.iter().map(|(_, tag)| form(tag)).collect();
        let Some(list) = object.look("ignoreTagsRegexes") else {
            return self.with_texts(field, "ignoreTagsRegexes", &forms);
        };
        let added = edit::with_items(&text, list.node, &forms)?;
        Edit::together(&text, vec![added, Layout::new(&text, object.node).without(field.key)?])
    }

    fn patterns<'t>(&mut self, object: &mut Object<'t>, name: &str) -> Vec<(Field<'t>, String)> {
        let Some(field) = object.take(self, name) else {
            return Vec::new();
        };
        let patterns = self.strings(&field);
        for (item, pattern) in &patterns {
            self.check_pattern(item, (name, pattern));
        }
        patterns
    }

    /// Warns about a pattern that ignores every tag, or every tag that is allowed by the same pattern.
    fn check_ignored(&mut self, allowed: &[(Field<'_>, String)], ignored: &[(Field<'_>, String)]) {
        let base = |field: &Field<'_>| field.name().split('[').next().unwrap_or_default().to_owned();
        for (field, pattern) in ignored {
            let same = allowed.iter().find(|(_, allowed)| allowed == pattern);
            let message = match same {
                _ if pattern::matches_all(pattern) => {
                    format!("`{pattern}` in `{}` ignores every tag", base(field))
                }
                Some((same, _)) => {
                    let written = field.node.text().unwrap_or(pattern);
                    let allows = if written == pattern { "it".to_owned() } else { format!("`{pattern}`") };
                    format!("`{written}` ignores every tag that {allows} allows in `{}`", base(same))
                }
                None => continue,
            };
            self.warn(Code::BadRegex, field, message, pattern::NAME_WHAT_TO_IGNORE);
        }
    }

    /// Warns about an item of `ignoreTags` that was meant as a pattern: it has a character that no tag has, and therefore no effect.
    fn check_literal(&mut self, field: &Field<'_>, tag: &str) {
        if !tag.contains(['^', '*', '?', '[', '\\']) || tag.contains("{{") {
            return;
        }
        let meant = match pattern::is_of_shell(tag) {
            true => pattern::regex_of_shell(tag),
            false => tag.to_owned(),
        };
        let help = match rule::regex(&meant) {
            None if pattern::matches_all(&meant) => pattern::NAME_WHAT_TO_IGNORE.to_owned(),
            None => {
                let form = self.style.single_quoted(&meant);
                format!("write {form} in `ignoreTagsRegexes` instead of it, or delete it")
            }
            Some(_) => "write it as a regular expression in `ignoreTagsRegexes`, or delete it".to_owned(),
        };
        let message =
            format!("`{tag}` has no effect: `ignoreTags` takes tags as they are, and no tag is called that");
        self.warn(Code::BadRegex, field, message, help);
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
            let is_placeholder = found.is_placeholder();
            let (message, help) = found.explained(self.style, List::named(list));
            match is_placeholder {
                true => self.advise_placeholder(field, &message, help),
                false => self.warn(Code::BadRegex, field, message, help),
            }
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
