//! Comments that start where the rest of a value was meant: `branch: #1`, `- docs #1`.

use crate::decode::context::Context;
use crate::decode::object::Field;
use crate::diagnostic::Code;
use crate::node::{Scalar, ScalarKind, Value};
use crate::rule;
use crate::written::{self, cut_off};

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
        if is_bad || cut_off(whole) != Some(written::without_comment(whole)) {
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
