//! The lists of patterns for tags, and the fields of older editions that became a part of them.

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit, Layout};
use crate::decode::object::Object;
use crate::decode::remedy::alphabet::{self, TagKind};
use crate::decode::remedy::foreign::ForeignPattern;
use crate::decode::remedy::pattern::{self, List};
use crate::decode::remedy::placeholder::placeholder_in_pattern;
use crate::decode::remedy::style::Style;
use crate::diagnostic::{Code, Help};
use crate::edition;
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
    pub(crate) fn tag_lists(&mut self, object: &mut Object<'_>, kind: TagKind) -> TagLists {
        let [allow, ignore] = match kind {
            TagKind::Image => [&edition::ALLOW_TAGS, &edition::IGNORE_TAGS],
            TagKind::Git => [&edition::GIT_ALLOW_TAGS, &edition::GIT_IGNORE_TAGS],
        };
        let mut allowed = self.patterns(object, kind, "allowTagsRegexes");
        let mut ignored = self.patterns(object, kind, "ignoreTagsRegexes");
        let texts =
            |patterns: &[(Field<'_>, String)]| patterns.iter().map(|(_, text)| text.clone()).collect();
        let mut lists =
            TagLists { allow: texts(&allowed), ignore: texts(&ignored), ignore_literals: Vec::new() };
        if let Some(field) = object.take(self, "allowTags").filter(|field| !self.tell_list(object, field)) {
            let pattern = self.filled(&field).map(str::to_owned);
            let all = lists.allow.iter().chain(&pattern).cloned();
            let help = written_as(self.style, "allowTagsRegexes", all);
            let edit = pattern.as_ref().and_then(|pattern| self.pattern_for_old(object, &field, pattern));
            self.old_spelling_with(&field, allow, self.editing(help, edit));
            if let Some(pattern) = pattern {
                self.check_pattern(&field, kind, ("allowTagsRegexes", &pattern));
                lists.allow.push(pattern.clone());
                allowed.push((field, pattern));
            }
        }
        if let Some(field) = object.take(self, "ignoreTags") {
            let literals = self.strings(&field);
            let help = self.patterns_for_old(object, &field, kind, (&lists.ignore, &literals));
            self.old_spelling_with(&field, ignore, help);
            literals.iter().for_each(|(item, tag)| self.check_literal(item, kind, tag));
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

    /// What to write in place of `ignoreTags`: each tag as the pattern of it alone. What is the name of no tag was meant as a pattern, and is written as one unless what is
    /// selected has to stay.
    fn patterns_for_old(
        &self,
        object: &Object<'_>,
        field: &Field<'_>,
        kind: TagKind,
        (patterns, literals): (&[String], &[(Field<'_>, String)]),
    ) -> Help {
        let meant: Vec<Option<String>> = match self.keeps_selection {
            true => vec![None; literals.len()],
            false => literals.iter().map(|(_, tag)| kind.meant_by_literal(tag)).collect(),
        };
        let is_kept = meant.iter().all(Option::is_none);
        let added = || {
            let added = literals.iter().zip(&meant);
            added.map(|((_, tag), meant)| meant.clone().unwrap_or_else(|| pattern::exactly(tag)))
        };
        // What ignores every tag is not written.
        let all: Vec<String> =
            patterns.iter().cloned().chain(added().filter(|added| !pattern::matches_all(added))).collect();
        if all.is_empty() && !literals.is_empty() {
            return pattern::NAME_WHAT_TO_IGNORE.into();
        }
        let edit = match added().any(|added| pattern::matches_all(&added)) {
            true => None,
            false => self.list_for_old(object, field, literals.len(), added()),
        };
        let help = self.editing(written_as(self.style, "ignoreTagsRegexes", all.into_iter()), edit);
        if is_kept { help } else { help.probable() }
    }

    /// The edit that makes `ignoreTags` some of `ignoreTagsRegexes`.
    fn list_for_old(
        &self,
        object: &Object<'_>,
        field: &Field<'_>,
        count: usize,
        added: impl Iterator<Item = String>,
    ) -> Option<Edit> {
        let text = self.text_read();
        let Value::List(items) = &field.node.value else { return None };
        // An item that is not a text has an error of its own.
        if items.len() != count {
            return None;
        }
        if count == 0 {
            return Layout::new(&text, object.node).without(field.key);
        }
        let forms: Vec<String> = added.map(|pattern| self.style.single_quoted(&pattern)).collect();
        let Some(list) = object.look("ignoreTagsRegexes") else {
            return self.with_texts(field, "ignoreTagsRegexes", &forms);
        };
        let added = edit::with_items(&text, list.node, &forms)?;
        Edit::together(&text, vec![added, Layout::new(&text, object.node).without(field.key)?])
    }

    /// Reports several patterns in `allowTags`, which takes one; false where there are none, or where the brackets are those of a class.
    fn tell_list(&mut self, object: &Object<'_>, field: &Field<'_>) -> bool {
        let Value::List(items) = &field.node.value else { return false };
        let is_range = |text: &str| text.contains('\\') || text.len() == 3 && text.as_bytes()[1] == b'-';
        let texts: Vec<&str> = items.iter().filter_map(|item| item.text()).collect();
        if texts.len() < 2
            || texts.len() < items.len()
            || field.node.misread.is_some()
            || items.iter().any(|item| item.misread.is_some())
            || edit::is_flow(&self.text_read(), field.node) && texts.iter().any(|text| is_range(text))
        {
            return false;
        }
        let forms: Vec<String> = texts.iter().map(|text| self.style.single_quoted(text)).collect();
        let help = written_as(self.style, "allowTagsRegexes", texts.iter().map(|text| (*text).to_owned()));
        let edit = match object.look("allowTagsRegexes") {
            Some(_) => None,
            None => self.with_texts(field, "allowTagsRegexes", &forms),
        };
        let message =
            "`allowTags` must be a string, not a list, and `allowTagsRegexes` is the list of patterns";
        self.error(Code::WrongType, field, message, self.editing(help, edit));
        true
    }

    fn patterns<'t>(
        &mut self,
        object: &mut Object<'t>,
        kind: TagKind,
        name: &str,
    ) -> Vec<(Field<'t>, String)> {
        let Some(field) = object.take(self, name) else {
            return Vec::new();
        };
        let patterns = self.strings(&field);
        for (item, pattern) in &patterns {
            self.check_pattern(item, kind, (name, pattern));
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

    /// Warns about an item of `ignoreTags` with a character that no tag has: it has no effect, and was probably meant as a pattern.
    fn check_literal(&mut self, field: &Field<'_>, kind: TagKind, tag: &str) {
        let Some(foreign) = kind.foreign_character(tag).filter(|_| placeholder_in_pattern(tag).is_none())
        else {
            return;
        };
        let help = match kind.meant_by_literal(tag) {
            Some(meant) if pattern::matches_all(&meant) => pattern::NAME_WHAT_TO_IGNORE.to_owned(),
            Some(meant) => {
                let form = self.style.single_quoted(&meant);
                format!("write {form} in `ignoreTagsRegexes` instead of it, or delete it")
            }
            None if tag.contains(['^', '*', '?', '[', '\\']) => {
                "write it as a regular expression in `ignoreTagsRegexes`, or delete it".to_owned()
            }
            None => "delete it, or write the tag as the registry or repository has it".to_owned(),
        };
        let message = format!(
            "`{tag}` has no effect: `ignoreTags` takes tags as they are, and no tag has {}",
            alphabet::shown(foreign)
        );
        self.warn(Code::BadRegex, field, message, help);
    }

    fn check_pattern(&mut self, field: &Field<'_>, kind: TagKind, (list, pattern): (&str, &str)) {
        if let Some(reason) = rule::regex(pattern) {
            let help = pattern::help(self.style, List::named(list), pattern).unwrap_or_default();
            let message = match reason == rule::over_budget() {
                true => format!("`{pattern}` is not compiled: {reason}"),
                false => format!("`{pattern}` is not a regular expression of Go's syntax: {reason}"),
            };
            self.error(Code::BadRegex, field, message, help);
        } else if let Some(found) = ForeignPattern::of_kind(kind, pattern) {
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
