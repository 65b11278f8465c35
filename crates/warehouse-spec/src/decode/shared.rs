//! What the kinds of subscriptions have in common: repository URLs, constraints, and lists of tags old and new.

use crate::decode::context::Context;
use crate::decode::edition::{ALLOW_TAGS, IGNORE_TAGS};
use crate::decode::member;
use crate::decode::object::{Field, Object};
use crate::decode::remedy::Style;
use crate::diagnostic::Code;
use crate::node::{Scalar, Value};
use crate::repo_url::BadUrl;
use crate::rule;

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
    /// `repoURL`, which must be there and of the right form.
    pub(crate) fn repo_url(
        &mut self,
        object: &mut Object<'_>,
        check: fn(&str) -> Result<(), BadUrl>,
    ) -> Option<String> {
        match object.take_even_null(self, "repoURL", "repoURL") {
            Some(field) if !field.node.is_null() => self.checked_url(&field, check),
            Some(field) => {
                let at = (field.key, field.path.as_str());
                self.error_at(Code::Missing, at, "`repoURL` has no value", "write the repository's URL");
                None
            }
            None => {
                self.error_at(Code::Missing, object.at(), "`repoURL` is missing", "add the repository's URL");
                None
            }
        }
    }

    pub(crate) fn checked_url(
        &mut self,
        field: &Field<'_>,
        check: fn(&str) -> Result<(), BadUrl>,
    ) -> Option<String> {
        let text = self.string(field)?;
        if let Err(bad) = check(text) {
            self.error(Code::BadUrl, field, bad.message, bad.help);
        }
        Some(text.to_owned())
    }

    /// A version constraint that must parse, with its field.
    pub(crate) fn constraint<'t>(
        &mut self,
        object: &mut Object<'t>,
        name: &str,
    ) -> Option<(Field<'t>, String)> {
        let field = object.take(self, name)?;
        let text = self.filled(&field)?.to_owned();
        if let Some(reason) = rule::constraint(&text) {
            self.bad_constraint(&field, &text, &reason);
        }
        Some((field, text))
    }

    pub(crate) fn bad_constraint(&mut self, field: &Field<'_>, text: &str, reason: &str) {
        self.error(
            Code::BadConstraint,
            field,
            format!("`{text}` is no version constraint: {reason}"),
            self.style.constraint(),
        );
    }

    pub(crate) fn bad_expression(
        &mut self,
        field: &Field<'_>,
        (text, names): (&str, &[&'static str]),
        reason: &str,
    ) {
        let help = self.cut_off(field).or_else(|| member::call_of_first(text, names)).unwrap_or_default();
        self.error(Code::BadExpression, field, format!("the expression does not compile: {reason}"), help);
    }

    /// What to do where a comment may have cut off a part of the value, so that the rest means nothing.
    fn cut_off(&self, field: &Field<'_>) -> Option<String> {
        let Value::Scalar(Scalar { commented: true, .. }) = &field.node.value else {
            return None;
        };
        let whole = self.style.quoted(field.node.written.as_deref()?);
        Some(format!("` #` starts a comment; if it is part of the value, quote it: {whole}"))
    }

    /// The lists of tags, the old fields included: `allowTags` is one more pattern, `ignoreTags` stay literal.
    pub(crate) fn tag_lists(&mut self, object: &mut Object<'_>) -> TagLists {
        let mut lists = TagLists {
            allow: self.patterns(object, "allowTagsRegexes"),
            ignore: self.patterns(object, "ignoreTagsRegexes"),
            ignore_literals: Vec::new(),
        };
        if let Some(field) = object.take(self, "allowTags") {
            let pattern = self.filled(&field).map(str::to_owned);
            let all = lists.allow.iter().chain(&pattern);
            self.old_spelling_with(
                &field,
                ALLOW_TAGS,
                rewritten(self.style, "allowTagsRegexes", all.cloned()),
            );
            if let Some(pattern) = pattern {
                self.check_pattern(&field, &pattern);
                lists.allow.push(pattern);
            }
        }
        if let Some(field) = object.take(self, "ignoreTags") {
            let literals = self.strings(&field);
            lists.ignore_literals = literals.into_iter().map(|(_, tag)| tag).collect();
            let exact = lists.ignore_literals.iter().map(|tag| exactly(tag));
            let all = lists.ignore.iter().cloned().chain(exact);
            self.old_spelling_with(&field, IGNORE_TAGS, rewritten(self.style, "ignoreTagsRegexes", all));
        }
        lists
    }

    fn patterns(&mut self, object: &mut Object<'_>, name: &str) -> Vec<String> {
        let Some(field) = object.take(self, name) else {
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for (item, pattern) in self.strings(&field) {
            self.check_pattern(&item, &pattern);
            patterns.push(pattern);
        }
        patterns
    }

    fn check_pattern(&mut self, field: &Field<'_>, pattern: &str) {
        if let Some(reason) = rule::regex(pattern) {
            self.error(
                Code::BadRegex,
                field,
                format!("`{pattern}` is no regular expression of Go's syntax: {reason}"),
                "",
            );
        }
    }
}

/// The regular expression of this text alone.
fn exactly(text: &str) -> String {
    let mut pattern = "^".to_owned();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('$');
    pattern
}

/// What to write in place of an old list: the new one, with everything in it.
fn rewritten(style: Style, name: &str, patterns: impl Iterator<Item = String>) -> String {
    let patterns: Vec<String> = patterns
        .map(|pattern| match style.is_json {
            true => style.quoted(&pattern),
            false => format!("'{}'", pattern.replace('\'', "''")),
        })
        .collect();
    let list = patterns.join(", ");
    match list.is_empty() || list.len() > LONGEST_LIST {
        true => {
            let pattern = style.quoted(r"^v1\.1$");
            format!("write `{name}`, a list of regular expressions, such as [{pattern}] for the one tag v1.1")
        }
        false if style.is_json => format!("write `\"{name}\": [{list}]`"),
        false => format!("write `{name}: [{list}]`"),
    }
}
