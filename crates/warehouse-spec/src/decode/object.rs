//! A mapping that is read field by field, and that reports at the end which of its keys were not read.

use std::collections::HashMap;

use crate::decode::context::{Context, Field};
use crate::decode::edit;
use crate::decode::remedy::ascii;
use crate::diagnostic::{Code, Help};
use crate::edition::fields_of;
use crate::rule::nearest;
use crate::yaml::{Mark, Node, Value, child};

/// The fields whose text may be `null` or `~`, and whose absence selects something else.
const SELECTS: &[&str] =
    &["allowTags", "branch", "constraint", "expression", "expressionFilter", "semverConstraint"];

/// How many unknown keys of one mapping are compared with the known ones.
const NEAREST_LIMIT: usize = 50;

/// What a mapping is in messages, and the names of its fields of today.
pub(crate) type Kind<'k> = (&'k str, &'k [&'k str]);

/// A mapping being read.
#[derive(Debug)]
pub(crate) struct Object<'t> {
    pub(crate) node: &'t Node,
    pub(crate) key: Mark,
    pub(crate) path: String,
    pub(crate) place: String,
    entries: Vec<Entry<'t>>,
}

#[derive(Debug)]
struct Entry<'t> {
    name: &'t str,
    key: &'t Node,
    value: &'t Node,
    taken: bool,
}

impl Entry<'_> {
    /// Whether two keys differ in their capitals alone.
    fn is_same(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
    }
}

impl<'t> Object<'t> {
    /// Opens a field that must be a mapping. Duplicate keys are reported, merge keys (`<<`) are followed.
    pub(crate) fn open(context: &mut Context, field: &Field<'t>) -> Option<Self> {
        if field.node.misread.is_some() && context.reads_otherwise(field) {
            return None;
        }
        let Value::Mapping(pairs) = &field.node.value else {
            context.wrong_type(field, "a mapping");
            return None;
        };
        context.place(&field.place, field.key);
        let mut object = Self {
            node: field.node,
            key: field.key,
            path: field.path.clone(),
            place: field.place.clone(),
            entries: Vec::new(),
        };
        object.add(context, pairs);
        Some(object)
    }

    fn add(&mut self, context: &mut Context, pairs: &'t [(Node, Node)]) {
        let (mut merged, mut is_second_document) = (Vec::new(), false);
        let mut places: HashMap<&'t str, usize> = HashMap::new();
        for (key, value) in pairs {
            let Some(name) = key.text() else {
                let message = format!("a key must be a string, not {}", key.describe());
                context.error_at(Code::WrongType, (key.mark, &self.path), message, "");
                continue;
            };
            if let Some(misread) = key.misread {
                let written =
                    key.written.as_deref().and_then(|written| written.split(' ').next()).unwrap_or("it");
                let message = format!("`{written}` is read as {}", misread.what());
                context.error_at(
                    Code::Unquoted,
                    (key.mark, &self.path),
                    message,
                    format!("delete `{written}`"),
                );
            }
            if key.is_merge_key() {
                self.check_merge(context, (key, value), !merged.is_empty());
                merged.extend(match &value.value {
                    Value::List(items) => items.iter().collect(),
                    _ => vec![value],
                });
                continue;
            }
            let entry = Entry { name, key, value, taken: false };
            match places.get(name) {
                Some(&earlier) if is_second_document || self.is_second_document(key, name) => {
                    if !is_second_document {
                        self.tell_second_document(context, key, name);
                    }
                    is_second_document = true;
                    self.entries[earlier] = entry;
                }
                Some(&earlier) => {
                    let lost = self.entries[earlier].key.mark;
                    self.entries[earlier] = entry;
                    context.ignored_at(
                        Code::DuplicateKey,
                        (key.mark, &child(&self.path, name)),
                        format!("`{name}` occurs twice; the last one counts"),
                        context.deleting("delete one of them", self.node, lost).probable(),
                    );
                }
                None => {
                    places.insert(name, self.entries.len());
                    self.entries.push(entry);
                }
            }
        }
        for node in merged {
            self.merge(node, &mut places);
        }
    }

    /// Whether a key that is there already starts a second document, which no `---` separates from this one.
    fn is_second_document(&self, key: &Node, name: &str) -> bool {
        self.path.is_empty() && key.mark.column == 1 && matches!(name, "apiVersion" | "kind")
    }

    fn tell_second_document(&self, context: &mut Context, key: &Node, name: &str) {
        let message =
            format!("`{name}` occurs twice: a second document starts here, and the first one is lost");
        let line_break = edit::line_break(&context.text_read());
        let first = format!("---{line_break}{}", context.written_at(key.mark));
        let help = Help::rewriting("write `---` on a line before it", key.mark.start..key.mark.end, first);
        context.error_at(Code::Syntax, (key.mark, &child(&self.path, name)), message, help);
    }

    /// Reports what `<<` cannot merge in, and a second one.
    fn check_merge(&self, context: &mut Context, (key, value): (&Node, &Node), is_second: bool) {
        let path = child(&self.path, "<<");
        if is_second {
            let message = "`<<` occurs twice, and a key of YAML occurs once; the earlier one counts where both have a key";
            let help = "write one, with a list of both: `<<: [*a, *b]`";
            context.ignored_at(Code::DuplicateKey, (key.mark, &path), message, help);
        }
        let parts = match &value.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for part in parts {
            let message = match &part.value {
                Value::Mapping(_) => continue,
                Value::UnknownAlias(name) => format!(
                    "`*{name}` refers to an anchor, and there is no `&{name}` before it in the document"
                ),
                _ => format!("`<<` takes a mapping, or a list of mappings, not {}", part.describe()),
            };
            let help = "write the fields themselves, or delete `<<`";
            let help = match parts.len() {
                1 => context.deleting(help, self.node, key.mark).probable(),
                _ => help.into(),
            };
            context.error_at(Code::Syntax, (part.mark, &path), message, help);
        }
    }

    /// Takes over the keys of a merged mapping that are not there yet.
    fn merge(&mut self, node: &'t Node, places: &mut HashMap<&'t str, usize>) {
        let Value::Mapping(pairs) = &node.value else {
            return;
        };
        for (key, value) in pairs {
            let Some(name) = key.text() else { continue };
            if !places.contains_key(name) {
                places.insert(name, self.entries.len());
                self.entries.push(Entry { name, key, value, taken: false });
            }
        }
    }

    /// Where messages about the object as a whole point.
    pub(crate) fn at(&self) -> (Mark, &str) {
        (self.key, &self.path)
    }

    /// The field of this name, also when its capitals differ, with a warning. A field without a value is none, with a
    /// warning too.
    pub(crate) fn take(&mut self, context: &mut Context, name: &str) -> Option<Field<'t>> {
        self.take_as(context, name, name)
    }

    /// Like [`Object::take`], for an old name of a field that has another one in normal form.
    pub(crate) fn take_as(&mut self, context: &mut Context, name: &str, normal: &str) -> Option<Field<'t>> {
        let field = self.take_even_null(context, name, normal)?;
        if field.node.is_null() {
            let word = field.node.text().unwrap_or_default();
            if context.is_swallowed(&field) {
                return None;
            }
            if !word.is_empty() && SELECTS.contains(&name) {
                context.error(
                    Code::WrongType,
                    &field,
                    format!("`{}` must be a string, and YAML reads `{word}` as nothing", field.name()),
                    format!("{}, or delete the line", context.style.quote(name, word).text),
                );
                return None;
            }
            context.warn_at(
                Code::Null,
                field.at_key(),
                format!("`{}` has no value and counts as absent", field.name()),
                "give it a value or delete it",
            );
            return None;
        }
        Some(field)
    }

    /// The field of this name, even when it has no value.
    pub(crate) fn take_even_null(
        &mut self,
        context: &mut Context,
        name: &str,
        normal: &str,
    ) -> Option<Field<'t>> {
        let exact = self.entries.iter().position(|entry| entry.name == name);
        let index = exact.or_else(|| {
            self.entries.iter().position(|entry| !entry.taken && entry.name.eq_ignore_ascii_case(name))
        })?;
        let entry = &mut self.entries[index];
        entry.taken = true;
        let field = Field {
            node: entry.value,
            key: entry.key.mark,
            path: child(&self.path, entry.name),
            place: child(&self.place, normal),
        };
        if exact.is_none() {
            let help = context.renaming(format!("write `{name}`"), field.key, name);
            context.warn_at(
                Code::FieldCase,
                field.at_key(),
                format!("`{}` is taken for `{name}`", entry.name),
                help,
            );
        }
        let mark = match field.node.is_null() {
            true => field.key,
            false => field.node.mark,
        };
        context.place(&field.place, mark);
        Some(field)
    }

    /// The field of this name, also when its capitals differ, without taking it.
    pub(crate) fn look(&self, name: &str) -> Option<Field<'t>> {
        let exact = self.entries.iter().find(|entry| entry.name == name);
        let entry =
            exact.or_else(|| self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)))?;
        Some(self.field(entry, name))
    }

    fn field(&self, entry: &Entry<'t>, normal: &str) -> Field<'t> {
        Field {
            node: entry.value,
            key: entry.key.mark,
            path: child(&self.path, entry.name),
            place: child(&self.place, normal),
        }
    }

    /// Whether the field is there, with any value, also when its capitals differ.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// Takes the unknown field that was probably meant as this one, which is not there.
    pub(crate) fn take_misnamed(&mut self, kind: Kind<'_>, name: &str) -> Option<Field<'t>> {
        let index = self.misnamed(kind, name)?;
        self.entries[index].taken = true;
        Some(self.field(&self.entries[index], name))
    }

    /// The same without taking it.
    pub(crate) fn look_misnamed(&self, kind: Kind<'_>, name: &str) -> Option<Field<'t>> {
        let index = self.misnamed(kind, name).filter(|_| self.look(name).is_none())?;
        Some(self.field(&self.entries[index], name))
    }

    fn misnamed(&self, (what, known): Kind<'_>, name: &str) -> Option<usize> {
        let meant = |other: &str| match known_remedy(what, other) {
            Some(remedy) => name_in(remedy) == Some(name),
            None => !known.contains(&other) && nearest(other, known) == Some(name),
        };
        let candidates = self.entries.iter().take(NEAREST_LIMIT);
        Some(candidates.enumerate().find(|(_, entry)| !entry.taken && meant(entry.name))?.0)
    }

    /// The keys without a value that follow this field, as far as they are such.
    pub(crate) fn keys_behind(&self, name: &str, is_such: impl Fn(&str) -> bool) -> Vec<Field<'t>> {
        let behind = self.entries.iter().skip_while(|entry| entry.name != name).skip(1);
        let has_none = |node: &Node| node.text().is_none_or(str::is_empty) && !node.is_block();
        behind
            .take_while(|entry| has_none(entry.value) && is_such(entry.name))
            .map(|entry| self.field(entry, entry.name))
            .collect()
    }

    /// Marks keys as known that are read nowhere.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        for entry in &mut self.entries {
            entry.taken |= names.contains(&entry.name);
        }
    }

    /// The keys that were not read.
    pub(crate) fn rest(&self) -> Vec<(&'t str, Field<'t>)> {
        self.entries
            .iter()
            .filter(|entry| !entry.taken)
            .map(|entry| (entry.name, self.field(entry, entry.name)))
            .collect()
    }

    /// Reports every key that was not read, with the most similar of the known names.
    pub(crate) fn finish(self, context: &mut Context, what: &str, known: &[&str]) {
        for (_, field) in self.rest() {
            context.reads_otherwise(&field);
        }
        for (index, entry) in self.entries.iter().filter(|entry| !entry.taken).enumerate() {
            if ascii::tell_marker(context, (entry.key.mark, &child(&self.path, entry.name)), entry.name) {
                continue;
            }
            if let Some(counts) = self.entries.iter().find(|other| other.taken && other.is_same(entry)) {
                let (name, counts) = (entry.name, counts.name);
                let message =
                    format!("`{name}` is `{counts}` with other capitals, which is there, too, and counts");
                let help = context.deleting("delete one of them", self.node, entry.key.mark).probable();
                let at = (entry.key.mark, &*child(&self.path, name));
                context.ignored_at(Code::DuplicateKey, at, message, help);
                continue;
            }
            let meant = |name: &str| {
                let help = context.renaming(format!("did you mean `{name}`?"), entry.key.mark, name);
                help.probable().only_if(!self.has(name))
            };
            let help = match known_remedy(what, entry.name) {
                Some(remedy) => match name_in(remedy) {
                    Some(name) => meant(name),
                    None => remedy.into(),
                },
                None => match (index < NEAREST_LIMIT).then(|| nearest(entry.name, known)).flatten() {
                    Some(name) => meant(name),
                    None => match types_with(what, entry.name).as_slice() {
                        [] => "delete it".into(),
                        types => {
                            format!("indent it: it belongs in a subscription, under {}", types.join(" or "))
                                .into()
                        }
                    },
                },
            };
            let code = match (what, entry.name) {
                ("an image subscription" | "a git subscription", "name") => Code::Misplaced,
                _ => Code::UnknownField,
            };
            context.ignored_at(
                code,
                (entry.key.mark, &child(&self.path, entry.name)),
                format!("{what} has no field `{}`; it is ignored", entry.name),
                help,
            );
        }
    }
}

/// The types of subscriptions that have a field, where it is above them by mistake.
fn types_with(what: &str, name: &str) -> Vec<&'static str> {
    let is_above = matches!(what, "a Warehouse" | "the specification of a Warehouse");
    let types = [("image", "`image:`"), ("git", "`git:`"), ("chart", "`chart:`")];
    let has = |of_type: &str| {
        fields_of(of_type).is_some_and(|fields| fields.iter().any(|field| field.name == name))
    };
    types.into_iter().filter(|(of_type, _)| is_above && has(of_type)).map(|(_, shown)| shown).collect()
}

/// The name in a remedy that is a name alone.
fn name_in(remedy: &str) -> Option<&str> {
    remedy
        .strip_prefix("did you mean `")
        .and_then(|rest| rest.strip_suffix("`?"))
        .filter(|name| !name.contains('`'))
}

/// What to do about unknown keys that occur in practice and that no similarity of letters would resolve.
fn known_remedy(what: &str, name: &str) -> Option<&'static str> {
    Some(match (what, name) {
        ("an image subscription", "name") => {
            "write it beside `image:`, not in it: `- {name: one, image: {...}}`"
        }
        ("a git subscription", "name") => "write it beside `git:`, not in it: `- {name: one, git: {...}}`",
        ("an image subscription", "commitSelectionStrategy" | "strategy" | "update-strategy") => {
            "the field is `imageSelectionStrategy`, with values Digest, Lexical, NewestBuild and SemVer"
        }
        (
            "an image subscription",
            "semver" | "version" | "semverRange" | "versionConstraint" | "allowedVersions",
        ) => "did you mean `constraint`?",
        ("an image subscription", "expressionFilter") => {
            "delete it, or select tags with `allowTagsRegexes`: commits and Git tags alone are filtered by expressions"
        }
        ("an image subscription" | "a git subscription" | "a chart subscription", "limit") => {
            "did you mean `discoveryLimit`?"
        }
        (
            "an image subscription" | "a git subscription" | "a chart subscription" | "a subscription",
            "interval",
        ) => "write it beside `subscriptions`: it is that of the whole Warehouse",
        ("an image subscription", "tag") => {
            "to follow a tag, write it as `constraint`, with `imageSelectionStrategy: Digest`; to select among tags, write `allowTagsRegexes`, a list of regular expressions"
        }
        ("an image subscription", "tags" | "allow-tags" | "tagRegex" | "tagPattern" | "include") => {
            "the field is `allowTagsRegexes`, a list of regular expressions"
        }
        ("an image subscription", "ignore-tags" | "exclude") => {
            "the field is `ignoreTagsRegexes`, a list of regular expressions"
        }
        ("an image subscription", "filterTags") => {
            "write its `pattern` as an item of `allowTagsRegexes`, a list of regular expressions"
        }
        ("an image subscription", "policy") => {
            "write `constraint` with the range of `semver`; with `imageSelectionStrategy: Lexical` in place of `alphabetical`"
        }
        ("an image subscription", "insecure") => "did you mean `insecureSkipTLSVerify`?",
        (
            "an image subscription" | "a git subscription" | "a chart subscription",
            "pullSecret" | "secret" | "credentials",
        ) => "Kargo finds credentials by the labels of Secrets in the Project, not by a field",
        ("a git subscription", "url" | "repo" | "repository") => "did you mean `repoURL`?",
        ("an image subscription", "url" | "repo" | "repository" | "image") => "did you mean `repoURL`?",
        ("a git subscription", "revision" | "ref" | "targetRevision") => "did you mean `branch`?",
        ("a git subscription", "include") => "did you mean `includePaths`?",
        ("a git subscription", "exclude") => "did you mean `excludePaths`?",
        (
            "a git subscription",
            "constraint" | "version" | "semver" | "semverRange" | "versionConstraint" | "allowedVersions",
        ) => "write `semverConstraint`, with `commitSelectionStrategy: SemVer`",
        ("a git subscription", "tag" | "tags" | "tagRegex" | "tagPattern") => {
            "write `allowTagsRegexes`, a list of regular expressions, with `commitSelectionStrategy: SemVer`, Lexical or NewestTag"
        }
        ("a git subscription", "paths" | "path" | "directory") => "did you mean `includePaths`, a list?",
        ("a git subscription", "commitExpressionFilter" | "tagExpressionFilter") => {
            "did you mean `expressionFilter`?"
        }
        ("a chart subscription", "chart" | "chartName") => "did you mean `name`?",
        ("a chart subscription", "repository" | "url" | "repo") => "did you mean `repoURL`?",
        (
            "a chart subscription",
            "constraint" | "version" | "versions" | "targetRevision" | "semver" | "semverRange"
            | "versionConstraint" | "allowedVersions",
        ) => "did you mean `semverConstraint`?",
        ("an item of `commits`", "commit" | "commitID" | "hash" | "ref" | "revision" | "sha") => {
            "did you mean `id`?"
        }
        ("an item of `images`", "image" | "name") => "did you mean `repoURL`?",
        ("an item of `images`", "version") => "did you mean `tag`?",
        ("an item of `charts`", "chart") => "did you mean `name`?",
        ("an item of `charts`", "tag") => "did you mean `version`?",
        (
            "an item of `commits`" | "an item of `images`" | "an item of `charts`",
            "repo" | "repository" | "url",
        ) => "did you mean `repoURL`?",
        (_, "description") => "delete it",
        ("Freight", "spec") => "Freight has no `spec`: its fields are beside `metadata`",
        _ => return None,
    })
}
