//! Reads single values, with a message for values of another type.

use go_compat::time::rfc3339_timestamp;
use jiff::Timestamp;
use repository_url::redact_user;
use selection_strategies::UnknownValue;

use crate::decode::context::{Context, Field};
use crate::decode::edit::{Edit, Layout};
use crate::decode::object::{Kind, Object};
use crate::decode::remedy::ascii;
use crate::decode::remedy::constraint;
use crate::decode::remedy::style::Style;
use crate::diagnostic::{Code, Help};
use crate::repo_url::{Beside, Misleading, RepositoryKind};
use crate::rule;
use crate::yaml::written::{self, is_unseen};
use crate::yaml::{Scalar, ScalarKind, Value};

impl Context {
    /// Reports everything below a value that YAML took for something else than it says.
    pub(crate) fn reads_otherwise_within(&mut self, field: &Field<'_>) {
        if self.reads_otherwise(field) {
            return;
        }
        match &field.node.value {
            Value::List(items) => {
                for (index, node) in items.iter().enumerate() {
                    let path = format!("{}[{index}]", field.path);
                    let place = field.place.clone();
                    self.reads_otherwise_within(&Field { node, key: node.mark, path, place });
                }
            }
            Value::Mapping(entries) => {
                for (key, node) in entries {
                    let path = crate::yaml::child(&field.path, key.text().unwrap_or("?"));
                    let place = field.place.clone();
                    self.reads_otherwise_within(&Field { node, key: key.mark, path, place });
                }
            }
            _ => {}
        }
    }

    /// A text. A number, a boolean or a date-like word in its place is refused as the API server refuses it.
    pub(crate) fn string<'t>(&mut self, field: &Field<'t>) -> Option<&'t str> {
        let text = self.any_string(field)?;
        let is_block = matches!(&field.node.value, Value::Scalar(scalar) if scalar.block);
        if is_block && text.ends_with('\n') && !takes_lines(field.name(), text) {
            let form = self.style.quoted(text.trim_end());
            let help = match text.trim_end().contains('\n') {
                true => Help::from("write it on one line"),
                false => Help::writing(format!("write it on one line: {form}"), form),
            };
            let message =
                format!("`{}` ends with a line break, as a text after `|` or `>` does", field.name());
            self.error(Code::WrongType, field, message, help);
            return None;
        }
        if self.is_changed_by_escape(field, text) {
            return None;
        }
        self.tell_cut_off(field, text);
        Some(text)
    }

    /// Reports an escape that put an invisible character into a field that selects, where a backslash was meant.
    fn is_changed_by_escape(&mut self, field: &Field<'_>, text: &str) -> bool {
        let name = field.name().split('[').next().unwrap_or_default();
        let is_blank = |letter| matches!(letter, '\n' | '\r' | '\t');
        let selects = match name {
            "allowTags" | "allowTagsRegexes" | "ignoreTags" | "ignoreTagsRegexes" | "includePaths"
            | "excludePaths" => true,
            // Lines and tabs are blanks there.
            _ if takes_lines(name, text) => text.contains(|letter| is_unseen(letter) && !is_blank(letter)),
            "constraint" | "semverConstraint" => true,
            _ => false,
        };
        let is_expression = matches!(name, "expression" | "expressionFilter");
        let written = field.node.written.as_deref().filter(|_| selects);
        let found = written.and_then(|written| written::first_bad(written, is_expression));
        if let Some((letter, found)) = found.and_then(|found| Some((found.stands_for?, found))) {
            let message =
                format!("`{}` in double quotes is the character U+{:04X}", found.escape, letter as u32);
            let help = self.style.quote(name, &found.text);
            self.error(Code::Unquoted, field, message, help);
            return true;
        }
        // As it is in the text, or by an escape in a text of several lines.
        let is_blank = |letter| is_blank(letter) && takes_lines(name, text);
        let Some(letter) = text.chars().find(|&letter| selects && letter.is_control() && !is_blank(letter))
        else {
            return false;
        };
        let (what, help) = match letter {
            '\n' | '\r' => ("a line break".to_owned(), "write it on one line"),
            letter => (format!("the character U+{:04X}", letter as u32), "delete the character"),
        };
        self.error(Code::BadValue, field, format!("`{}` holds {what}", field.name()), help);
        true
    }

    /// A text, which may end with a line break.
    pub(crate) fn any_string<'t>(&mut self, field: &Field<'t>) -> Option<&'t str> {
        if self.reads_otherwise(field) {
            return None;
        }
        match &field.node.value {
            Value::Scalar(Scalar { text, kind: ScalarKind::Text, .. }) => Some(text),
            Value::Scalar(Scalar { text, kind: ScalarKind::Null, .. }) if text.is_empty() => {
                if self.is_swallowed(field) {
                    return None;
                }
                let message = format!("`{}` must be a string, but it has no value", field.name());
                self.error(Code::WrongType, field, message, "write a string, or delete the line");
                None
            }
            Value::Scalar(scalar) => {
                self.error(
                    Code::WrongType,
                    field,
                    format!("`{}` must be a string, and YAML reads {}", field.name(), field.node.describe()),
                    self.style.quote(field.name(), &scalar.text),
                );
                None
            }
            _ => {
                self.wrong_type(field, "a string");
                None
            }
        }
    }

    /// A text that says something; an empty one is absent, as Go has it.
    pub(crate) fn filled<'t>(&mut self, field: &Field<'t>) -> Option<&'t str> {
        let text = self.string(field).filter(|text| !text.is_empty())?;
        (!self.is_quoted_twice(field, text)).then_some(text)
    }

    /// Reports a value with quotation marks within it, which a text has on both sides of it already.
    fn is_quoted_twice(&mut self, field: &Field<'_>, text: &str) -> bool {
        let name = field.name();
        let code = match name {
            "constraint" | "semverConstraint" => Code::BadConstraint,
            "expression" | "expressionFilter" => Code::BadExpression,
            "branch"
            | "platform"
            | "interval"
            | "since"
            | "imageSelectionStrategy"
            | "commitSelectionStrategy"
            | "freightCreationPolicy" => Code::BadValue,
            _ => return false,
        };
        let inside = ['"', '\''].iter().find_map(|mark| {
            let inside = text.trim().strip_prefix(*mark)?.strip_suffix(*mark)?;
            (!inside.is_empty() && !inside.contains([*mark, '\\'])).then_some(inside)
        });
        let Some(inside) = inside else { return false };
        let help = match self.style.quote(name, inside) {
            help if help.text.starts_with("quote it") => self.style.writing(inside),
            help => help,
        };
        let message =
            format!("`{name}` has quotation marks within it, and they count as a part of the value");
        self.error(code, field, message, help.probable());
        true
    }

    /// `true` or `false`, in any spelling that Kubernetes' YAML library takes.
    pub(crate) fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        if let Value::Scalar(scalar) = &field.node.value {
            match scalar.kind {
                ScalarKind::Boolean(value) => return Some(value),
                ScalarKind::Text if matches!(scalar.text.as_str(), "true" | "false") => {
                    self.error(
                        Code::WrongType,
                        field,
                        format!("`{}` must be true or false, not a quoted text", field.name()),
                        Help::writing("take the quotation marks off", scalar.text.as_str()),
                    );
                    return None;
                }
                _ => {}
            }
        }
        self.wrong_type(field, "true or false");
        None
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, field: &Field<'_>) -> Option<i64> {
        if let Value::Scalar(scalar) = &field.node.value {
            match scalar.kind {
                ScalarKind::Integer(value) => return Some(value),
                ScalarKind::Text if scalar.text.parse::<i64>().is_ok() => {
                    self.error(
                        Code::WrongType,
                        field,
                        format!("`{}` must be a number, not a quoted text", field.name()),
                        Help::writing("take the quotation marks off", scalar.text.as_str()),
                    );
                    return None;
                }
                _ => {}
            }
        }
        self.wrong_type(field, "a whole number");
        None
    }

    /// The items of a list.
    pub(crate) fn list<'t>(&mut self, field: &Field<'t>, items: &str) -> Option<Vec<Field<'t>>> {
        if field.node.misread.is_some() && self.reads_otherwise(field) {
            return None;
        }
        let Value::List(nodes) = &field.node.value else {
            let first = match &field.node.value {
                Value::Scalar(scalar) if scalar.plain => Some(scalar.text.as_str()),
                Value::Mapping(entries) => entries.first().and_then(|(key, _)| key.text()),
                _ => None,
            };
            if first.is_some_and(|first| ascii::tell_marker(self, (field.node.mark, &field.path), first)) {
                return None;
            }
            if matches!(&field.node.value, Value::Scalar(scalar) if scalar.kind == ScalarKind::Text)
                && field.node.misread.is_none()
            {
                self.error(
                    Code::WrongType,
                    field,
                    format!("`{}` must be a list of {items}, not a string", field.name()),
                    "put it on a line of its own, after `- `",
                );
            } else {
                self.wrong_type(field, &format!("a list of {items}"));
            }
            return None;
        };
        let items: Vec<Field<'t>> = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| Field {
                node,
                key: node.mark,
                path: format!("{}[{index}]", field.path),
                place: format!("{}[{index}]", field.place),
            })
            .collect();
        for item in &items {
            self.place(&item.place, item.node.mark);
        }
        Some(items)
    }

    /// A list of texts, each with its field for what is to be said about it.
    pub(crate) fn strings<'t>(&mut self, field: &Field<'t>) -> Vec<(Field<'t>, String)> {
        let items = self.list(field, "strings").unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| {
                if self.is_selector_with_space(&item) {
                    return None;
                }
                let text = self.string(&item)?.to_owned();
                Some((item, text))
            })
            .collect()
    }

    /// Reports `glob: path`, which a space has made a mapping.
    fn is_selector_with_space(&mut self, item: &Field<'_>) -> bool {
        let Value::Mapping(pairs) = &item.node.value else {
            return false;
        };
        let [(key, value)] = pairs.as_slice() else {
            return false;
        };
        let (Some(key @ ("glob" | "regex" | "regexp")), Some(value)) = (key.text(), value.text()) else {
            return false;
        };
        if value.is_empty() {
            let example = if key == "glob" { "glob:apps/**" } else { "regex:^apps/" };
            let message = format!("`{key}:` has nothing after it, so that it is a mapping without a value");
            let help =
                format!("write the pattern right after the colon, as in {example}, or delete the line");
            self.error(Code::WrongType, item, message, help);
            return true;
        }
        self.error(
            Code::WrongType,
            item,
            format!("`{key}: {value}` is a mapping, because of the space after the colon"),
            Help::writing(
                format!("leave the space out: {key}:{value}"),
                self.style.form(&format!("{key}:{value}")),
            ),
        );
        true
    }

    /// A mapping of texts to texts.
    pub(crate) fn string_map(&mut self, field: &Field<'_>) -> std::collections::BTreeMap<String, String> {
        let Some(object) = Object::open(self, field) else {
            return Default::default();
        };
        if field.place.starts_with("metadata.") {
            self.advise_keys(&object, field.name() == "labels");
        }
        let entries = object.rest();
        entries
            .iter()
            .filter_map(|(name, entry)| Some(((*name).to_owned(), self.any_string(entry)?.to_owned())))
            .collect()
    }

    /// One of the words a field takes.
    pub(crate) fn word<T>(&mut self, field: &Field<'_>) -> Option<T>
    where
        T: std::str::FromStr<Err = UnknownValue>,
    {
        let text = self.filled(field)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(unknown) => {
                let help = self.style.word(text, &unknown);
                self.error(Code::BadValue, field, format!("`{}` cannot be `{text}`", field.name()), help);
                None
            }
        }
    }

    /// A moment in RFC 3339.
    pub(crate) fn moment(&mut self, field: &Field<'_>) -> Option<Timestamp> {
        let text = self.filled(field)?;
        let moment = rfc3339_timestamp(text);
        if moment.is_none() {
            self.error(
                Code::BadValue,
                field,
                format!("`{text}` is not a date and time of RFC 3339"),
                self.style.moment(text),
            );
        }
        moment
    }

    /// `discoveryLimit`: 1 to 100, 20 where it is absent or 0.
    pub(crate) fn discovery_limit(&mut self, object: &mut Object<'_>) -> u32 {
        use crate::subscription::{DEFAULT_DISCOVERY_LIMIT, MAXIMUM_DISCOVERY_LIMIT};

        let Some(field) = object.take(self, "discoveryLimit") else {
            return DEFAULT_DISCOVERY_LIMIT;
        };
        let Some(limit) = self.integer(&field) else {
            return DEFAULT_DISCOVERY_LIMIT;
        };
        // YAML reads a number that begins with 0 in base eight.
        let written = field.node.text().unwrap_or_default();
        if let Some(meant) = written
            .strip_prefix('0')
            .filter(|meant| meant.parse() != Ok(limit) && meant.parse::<i64>().is_ok())
        {
            let help = Help::writing(format!("write {meant}"), meant).probable();
            self.warn(
                Code::BadValue,
                &field,
                format!("`{written}` is read as {limit}, as it begins with 0"),
                help,
            );
        }
        if limit == 0 {
            let message = format!("a limit of 0 counts as absent: the limit is {DEFAULT_DISCOVERY_LIMIT}");
            let help = "delete it, or write a number from 1 to 100";
            let help = self.deleting(help, object.node, field.key).probable();
            self.warn(Code::NoEffect, &field, message, help);
            return DEFAULT_DISCOVERY_LIMIT;
        }
        match u32::try_from(limit) {
            Ok(limit) if limit <= MAXIMUM_DISCOVERY_LIMIT => limit,
            _ => {
                self.error(
                    Code::BadValue,
                    &field,
                    format!("`discoveryLimit` is {limit}, and must be from 1 to {MAXIMUM_DISCOVERY_LIMIT}"),
                    format!("write a number from 1 to {MAXIMUM_DISCOVERY_LIMIT}"),
                );
                DEFAULT_DISCOVERY_LIMIT
            }
        }
    }

    /// A switch that is off, or another default, where it is absent.
    pub(crate) fn switch(&mut self, object: &mut Object<'_>, name: &str, default: bool) -> bool {
        let value = object.take(self, name).and_then(|field| self.boolean(&field)).unwrap_or(default);
        if name == "insecureSkipTLSVerify" {
            self.advise_verification(object, value);
        }
        value
    }

    /// A text that may be absent.
    pub(crate) fn optional(&mut self, object: &mut Object<'_>, name: &str) -> Option<String> {
        let field = object.take(self, name)?;
        self.filled(&field).map(str::to_owned)
    }

    /// A text that may be absent, and is empty then.
    pub(crate) fn text(&mut self, object: &mut Object<'_>, name: &str) -> String {
        self.optional(object, name).unwrap_or_default()
    }
}

/// The field that says what a URL was meant to say, as an entry.
fn entry_of(style: Style, beside: &Beside) -> String {
    match beside {
        Beside::Text(name, text) => style.entry(name, &style.form(text)),
        Beside::List(name, text) => style.entry(name, &format!("[{}]", style.form(text))),
    }
}

/// Whether this field means the same with a line break at its end.
fn takes_lines(name: &str, text: &str) -> bool {
    match name {
        "expression" | "expressionFilter" => true,
        "constraint" | "semverConstraint" => crate::rule::constraint(text).is_none(),
        _ => false,
    }
}

impl Context {
    /// `repoURL`, which must be there and of the right form.
    pub(crate) fn repo_url(
        &mut self,
        object: &mut Object<'_>,
        kind: Kind<'_>,
        repository: RepositoryKind,
    ) -> Option<String> {
        match object.take_even_null(self, "repoURL", "repoURL") {
            Some(field) if !field.node.is_null() => self.checked_url(object, &field, repository),
            Some(field) => {
                let at = (field.key, field.path.as_str());
                self.error_at(Code::Missing, at, "`repoURL` has no value", "write the repository's URL");
                None
            }
            None => {
                if !self.tell_misnamed(object, kind, "repoURL", "`repoURL` is missing") {
                    let help = "add the repository's URL";
                    self.error_at(Code::Missing, object.at(), "`repoURL` is missing", help);
                }
                None
            }
        }
    }

    /// Reports a field that is missing, and an unknown one that was probably meant as it, as the one slip that they are. False where there is none.
    pub(crate) fn tell_misnamed(
        &mut self,
        object: &mut Object<'_>,
        kind: Kind<'_>,
        name: &str,
        message: &str,
    ) -> bool {
        let Some(field) = object.take_misnamed(kind, name) else { return false };
        self.misnamed(&field, (kind.0, name), message);
        true
    }

    /// Reports a field that is missing, and this unknown one of a mapping that was meant as it.
    pub(crate) fn misnamed(&mut self, field: &Field<'_>, (what, name): (&str, &str), message: &str) {
        let message = format!("{message}, and {what} has no field `{}`", field.name());
        let help = self.renaming(format!("did you mean `{name}`?"), field.key, name).probable();
        self.error_at(Code::Missing, field.at_key(), message, help);
    }

    /// The URL of a repository, which is told where it is none, and where it is known that no repository has it.
    pub(crate) fn checked_url(
        &mut self,
        object: &Object<'_>,
        field: &Field<'_>,
        repository: RepositoryKind,
    ) -> Option<String> {
        let text = self.string(field)?;
        match repository.check(text) {
            Ok(()) => {
                self.advise_url(field, text);
                if let Some(found) = repository.misleading(text) {
                    let Misleading { what, meant, hint, besides, .. } = found;
                    let message = format!("`{}` {what}", redact_user(text));
                    let meant = meant.map(|meant| (meant, besides));
                    let help = self.writing_url(object, field, meant, &hint);
                    self.warn(Code::BadUrl, field, message, help);
                }
            }
            Err(bad) => {
                let help = self.writing_url(object, field, bad.meant, &bad.help);
                self.error(Code::BadUrl, field, bad.message, help);
            }
        }
        Some(text.to_owned())
    }

    /// Help with the URL to write in place of another, and with the fields that say what else that one was meant to say.
    fn writing_url(
        &self,
        object: &Object<'_>,
        field: &Field<'_>,
        meant: Option<(String, Vec<Beside>)>,
        hint: &str,
    ) -> Help {
        let Some((meant, besides)) = meant else { return hint.into() };
        let style = self.style;
        let entries: Vec<String> = besides.iter().map(|beside| entry_of(style, beside)).collect();
        let mut words = format!("write {meant}");
        if !entries.is_empty() {
            let shown: Vec<String> = entries.iter().map(|entry| format!("`{entry}`")).collect();
            words = format!("{words}, with {}", shown.join(" and "));
        }
        if !hint.is_empty() {
            words = format!("{words}; {hint}");
        }
        // What says something else already stays.
        let is_free = besides.iter().all(|beside| object.look(beside.name()).is_none())
            && object.look("commitSelectionStrategy").is_none();
        let url = Edit::new(field.node.mark.start..field.node.mark.end, style.form(&meant));
        let edit = match is_free && !entries.is_empty() {
            true => {
                let text = self.text_read();
                let layout = Layout::new(&text, object.node);
                entries
                    .iter()
                    .map(|entry| layout.with_entry(field.key, entry))
                    .collect::<Option<Vec<_>>>()
                    .and_then(|mut edits| {
                        edits.push(url);
                        Edit::together(&text, edits)
                    })
            }
            false => Some(url),
        };
        self.editing(words, edit).probable()
    }

    /// A version constraint that must parse, with its field. One under a name that was meant as this is told of, too.
    pub(crate) fn constraint<'t>(
        &mut self,
        object: &mut Object<'t>,
        kind: Kind<'_>,
        name: &str,
    ) -> Option<(Field<'t>, String)> {
        if let Some(field) = object.look_misnamed(kind, name)
            && let Value::Scalar(Scalar { text, kind: ScalarKind::Text, .. }) = &field.node.value
            && field.node.misread.is_none()
        {
            self.check_constraint(&field, text);
        }
        if self.tell_divided(object, name) {
            return None;
        }
        let field = object.take(self, name)?;
        let text = self.filled(&field)?.to_owned();
        self.check_constraint(&field, &text);
        Some((field, text))
    }

    /// Reports a constraint that does not parse, and one that no version satisfies.
    pub(crate) fn check_constraint(&mut self, field: &Field<'_>, text: &str) {
        if let Some(reason) = rule::constraint(text) {
            self.bad_constraint(field, text, &reason);
        } else if rule::is_unsatisfiable(text) {
            let message = format!("no version satisfies `{text}`: its comparisons exclude each other");
            let help = constraint::satisfiable(self.style, text);
            self.warn(Code::BadConstraint, field, message, help);
        }
    }

    pub(crate) fn bad_constraint(&mut self, field: &Field<'_>, text: &str, reason: &str) {
        let reason = constraint::reason(text).unwrap_or_else(|| reason.to_owned());
        let pattern = ["regexp:", "regex:", "glob:"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let help = match pattern {
            _ if text.eq_ignore_ascii_case("latest") => {
                Some("delete it: without a constraint, the newest version is taken".into())
            }
            // Charts have no lists of patterns.
            Some(_) if field.place.contains(".chart.") => None,
            Some(_) => Some("delete it, and write the pattern as an item of `allowTagsRegexes`".into()),
            None => constraint::meant(self.style, text),
        };
        self.error(
            Code::BadConstraint,
            field,
            format!("`{text}` is not a version constraint: {reason}"),
            help.unwrap_or_else(|| self.style.constraint().into()),
        );
    }

    /// What to do where a comment may have cut off a part of the value, so that the rest means nothing.
    pub(crate) fn cut_off(&self, field: &Field<'_>) -> Option<String> {
        let Value::Scalar(Scalar { commented: true, .. }) = &field.node.value else {
            return None;
        };
        let whole = self.style.quoted(field.node.written.as_deref()?);
        Some(format!("` #` starts a comment; if it is part of the value, quote it: {whole}"))
    }
}
