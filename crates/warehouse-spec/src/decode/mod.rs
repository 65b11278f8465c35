//! From trees to the types of this crate: every spelling is accepted, every problem is reported, and every assumption is a warning.

pub(crate) mod context;
mod edit;
mod expression;
mod freight;
mod object;
mod practice;
pub(crate) mod remedy;
mod subscription;
mod syntax;
mod value;
mod warehouse;

pub use remedy::foreign::ForeignPattern;
pub use remedy::pattern::{looks_around, regex_of_shell};
pub(crate) use subscription::chart::chart;
pub(crate) use subscription::git::git;
pub(crate) use subscription::image::image;
pub(crate) use subscription::subscription;
pub(crate) use syntax::{diagnostics as syntax_errors, glued_field, stand_in, unclosed};
pub(crate) use warehouse::spec as warehouse_spec;

use std::collections::HashMap;
use std::sync::Arc;

use go_compat::RegexBudget;
use serde_json::Value as Json;

use crate::decode::context::{Context, Field};
use crate::decode::freight::freight;
use crate::decode::warehouse::warehouse;
use diagnostics::Severity;

use crate::diagnostic::{Code, Diagnostic, Help, location};
use crate::edition::Edition;
use crate::freight::Freight;
use crate::manifest::{Located, Parsed, Skipped};
use crate::metadata::API_VERSION;
use crate::rule::nearest;
use crate::warehouse::Warehouse;
use crate::yaml::{Limits, Mark, Node, Value};

const GROUP: &str = "kargo.akuity.io/";

/// The kinds of Kargo's API, and lists of those that are read here.
const KINDS: &[&str] = &[
    "Warehouse",
    "Freight",
    "WarehouseList",
    "FreightList",
    "Stage",
    "StageList",
    "Promotion",
    "PromotionList",
    "PromotionTask",
    "ClusterPromotionTask",
    "Project",
    "ProjectList",
    "ProjectConfig",
    "ClusterConfig",
];

/// What the documents of a file held.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) warehouses: Vec<Located<Warehouse>>,
    pub(crate) freights: Vec<Located<Freight>>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Decodes a Warehouse out of JSON.
pub(crate) fn warehouse_object(context: &mut Context, document: &Field<'_>) -> Option<Warehouse> {
    check_identity(context, document, "Warehouse");
    warehouse(context, document)
}

/// Decodes Freight out of JSON.
pub(crate) fn freight_object(context: &mut Context, document: &Field<'_>) -> Option<Freight> {
    check_identity(context, document, "Freight");
    freight(context, document)
}

/// What is decoded, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Arc<str>,
    pub(crate) text: &'a str,
    /// Whether keys that would be ignored are errors.
    pub(crate) strict: bool,
    pub(crate) purpose: Purpose,
}

/// What a manifest is read for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Purpose {
    /// Whether what is valid and against a best practice is told, too.
    pub(crate) advises: bool,
    /// The edition whose spellings are those of today.
    pub(crate) edition: Edition,
    /// Whether edits keep what is selected, also where something else was probably meant.
    pub(crate) keeps_selection: bool,
}

/// Decodes every document, and the items of lists. One that is broken tells its errors, and is not among the documents.
pub(crate) fn documents(
    reading: Reading<'_>,
    nodes: &[Node],
    is_broken: impl Fn(&Node) -> bool,
) -> Documents {
    let text = &Arc::from(reading.text);
    let mut decoder = Decoder { reading, text, documents: Documents::default(), names: HashMap::new() };
    let decode = |node: &Node| {
        let (warehouses, freights) = (decoder.documents.warehouses.len(), decoder.documents.freights.len());
        decoder.document(node, "");
        if is_broken(node) {
            decoder.documents.warehouses.truncate(warehouses);
            decoder.documents.freights.truncate(freights);
        }
    };
    RegexBudget::new().install(|| nodes.iter().for_each(decode));
    decoder.documents
}

struct Decoder<'a> {
    reading: Reading<'a>,
    text: &'a Arc<str>,
    documents: Documents,
    /// The kind, namespace and name of each document, and its line.
    names: HashMap<(&'static str, String, String), usize>,
}

impl Decoder<'_> {
    fn document(&mut self, node: &Node, path: &str) {
        let mut context = Context::new(self.reading.source, self.text, self.reading.strict);
        context.advises = self.reading.purpose.advises;
        context.edition = self.reading.purpose.edition;
        context.keeps_selection = self.reading.purpose.keeps_selection;
        let at = (node.mark, path);
        if !matches!(node.value, Value::Mapping(_)) {
            let message = format!("a document must be a mapping, not {}", node.describe());
            let help = "a manifest starts with `apiVersion:` and `kind:`";
            context.error_at(Code::WrongType, at, message, help);
            self.documents.diagnostics.append(&mut context.diagnostics);
            return;
        }
        let text = |name| node.get(name).and_then(Node::text).unwrap_or_default();
        let (kind, api_version) = (text("kind"), text("apiVersion"));
        let is_ours = api_version.is_empty() || is_of_group(node, kind, api_version);
        let document = Field { node, key: node.mark, path: path.to_owned(), place: String::new() };
        // Kubernetes knows a kind in one spelling only.
        let meant = meant_kind(node, kind, api_version).filter(|_| is_ours);
        if let Some(meant) = meant.filter(|meant| *meant != kind) {
            let mark = node.get("kind").map_or(node.mark, |kind| kind.mark);
            let path = crate::yaml::child(path, "kind");
            let message = format!("`{kind}` is not a kind of Kargo's");
            let help = Help::writing(format!("write `kind: {meant}`"), context.style.form(meant)).probable();
            context.error_at(Code::BadValue, (mark, &path), message, help);
        }
        match meant.unwrap_or(kind) {
            "Warehouse" if is_ours => {
                check_version(&mut context, node, path, api_version);
                self.check_name(&mut context, node, path, "Warehouse");
                let value = warehouse(&mut context, &document);
                self.documents.warehouses.extend(self.located(&mut context, node, value));
            }
            "Freight" if is_ours => {
                check_version(&mut context, node, path, api_version);
                self.check_name(&mut context, node, path, "Freight");
                let value = freight(&mut context, &document);
                self.documents.freights.extend(self.located(&mut context, node, value));
            }
            "List" | "WarehouseList" | "FreightList" => {
                self.items(&mut context, node, path);
            }
            "" if looks_like_warehouse(node) => {
                let help = match api_version.is_empty() {
                    true => format!("add `apiVersion: {API_VERSION}` and `kind: Warehouse`"),
                    false => "add `kind: Warehouse`".to_owned(),
                };
                let message = "the document has `spec.subscriptions` and no `kind`";
                context.error_at(Code::Missing, at, message, help);
                // All else that is wrong is told at once, as of a Warehouse.
                if !api_version.is_empty() {
                    check_version(&mut context, node, path, api_version);
                }
                warehouse(&mut context, &document);
            }
            kind => self.skip(node, kind),
        }
        self.documents.diagnostics.append(&mut context.diagnostics);
    }

    /// Reports a document of the kind, namespace and name of an earlier one, which it replaces in a cluster.
    fn check_name(&mut self, context: &mut Context, node: &Node, path: &str, kind: &'static str) {
        let metadata = node.get("metadata");
        let text =
            |name| metadata.and_then(|metadata| metadata.get(name)).and_then(Node::text).unwrap_or_default();
        let (namespace, name) = (text("namespace"), text("name"));
        if !context.advises || name.is_empty() {
            return;
        }
        let line = node.mark.line;
        if let Some(earlier) = self.names.insert((kind, namespace.to_owned(), name.to_owned()), line) {
            let mark = metadata.and_then(|metadata| metadata.get("name")).map_or(node.mark, |name| name.mark);
            let path = crate::yaml::child(&crate::yaml::child(path, "metadata"), "name");
            let message = format!(
                "the {kind} `{name}` is also in line {earlier}, and a cluster keeps the last one only"
            );
            let help = "delete one of them, or give it another name or namespace";
            context.warn_at(Code::DuplicateObject, (mark, &path), message, help);
        }
    }

    fn items(&mut self, context: &mut Context, node: &Node, path: &str) {
        let Some(Value::List(items)) = node.get("items").map(|items| &items.value) else {
            context.error_at(
                Code::Missing,
                (node.mark, path),
                "a list has no `items`",
                "add `items:`, a list of documents",
            );
            return;
        };
        // A list of lists is none of Kubernetes'; the depth of the text bounds the recursion all the same.
        for (index, item) in items.iter().enumerate() {
            let path = match path {
                "" => format!("items[{index}]"),
                path => format!("{path}.items[{index}]"),
            };
            self.document(item, &path);
        }
    }

    fn skip(&mut self, node: &Node, kind: &str) {
        let name = node
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .and_then(Node::text)
            .unwrap_or_default();
        self.documents.skipped.push(Skipped {
            kind: kind.to_owned(),
            name: name.to_owned(),
            location: location(self.reading.source, node.mark),
        });
    }

    /// The value with its places, unless something in it is an error.
    fn located<T>(&self, context: &mut Context, node: &Node, value: Option<T>) -> Option<Located<T>> {
        if context.has_errors() {
            return None;
        }
        let start = location(self.reading.source, node.mark);
        let places = std::mem::take(&mut context.places);
        value.map(|value| Located::new(value, start, places))
    }
}

/// Whether a document is of Kargo's API, also where the name of its group is misspelt: such a document is a Warehouse or Freight by its kind.
fn is_of_group(node: &Node, kind: &str, api_version: &str) -> bool {
    if api_version.starts_with(GROUP) {
        return true;
    }
    let name = GROUP.trim_end_matches('/');
    let is_read_here = matches!(nearest(kind, KINDS), Some("Warehouse" | "Freight"));
    let is_near = |group: &str| {
        nearest(group, &[name]).is_some() || group.split('.').any(|part| matches!(part, "kargo" | "akuity"))
    };
    is_read_here
        && match api_version.split_once('/') {
            Some((group, _)) => is_near(group),
            // A version without a group, or a group without a version.
            None => is_near(api_version) || api_version.starts_with('v') && looks_like_warehouse(node),
        }
}

/// The kind that is read here and that a document is of, however it spells it.
fn meant_kind(node: &Node, kind: &str, api_version: &str) -> Option<&'static str> {
    let (has_group, is_warehouse) = (is_of_group(node, kind, api_version), looks_like_warehouse(node));
    if kind.is_empty() || !has_group && !is_warehouse {
        return None;
    }
    let found = nearest(kind, KINDS).filter(|found| has_group || found.eq_ignore_ascii_case(kind));
    ["Warehouse", "Freight"].into_iter().find(|name| found == Some(name))
}

fn check_version(context: &mut Context, node: &Node, path: &str, api_version: &str) {
    if api_version == API_VERSION {
        return;
    }
    let mark = node.get("apiVersion").map_or(node.mark, |version| version.mark);
    let path = crate::yaml::child(path, "apiVersion");
    let help = format!("write `apiVersion: {API_VERSION}`");
    match api_version {
        "" => context.error_at(Code::Missing, (node.mark, &path), "`apiVersion` is missing", help),
        other => context.error_at(
            Code::BadValue,
            (mark, &path),
            format!("`{other}` is not a version of Kargo's API that is read here"),
            Help::writing(help, context.style.form(API_VERSION)).probable(),
        ),
    }
}

fn looks_like_warehouse(node: &Node) -> bool {
    node.get("spec").is_some_and(|spec| spec.get("subscriptions").is_some())
}

/// Decodes JSON that is already parsed. Its diagnostics have paths, and no places.
pub(crate) fn value<T>(json: &Json, decode: impl FnOnce(&mut Context, &Field<'_>) -> Option<T>) -> Parsed<T> {
    let limit = Limits::default().depth;
    let mut context = Context::new(&Arc::from(""), &Arc::from(""), false);
    let Some(node) = Node::from_json(json, limit) else {
        let message = format!("mappings and lists are nested more than {limit} deep");
        let location = context.location(Mark::default());
        let diagnostic = Diagnostic::new(Severity::Error, Code::Limit, location, "", message);
        return Parsed { value: None, diagnostics: vec![diagnostic] };
    };
    let field = Field { node: &node, key: node.mark, path: String::new(), place: String::new() };
    let value = RegexBudget::new().install(|| decode(&mut context, &field));
    let has_errors = context.has_errors();
    Parsed { value: value.filter(|_| !has_errors), diagnostics: context.diagnostics }
}

/// Reports a document of another kind, or of another version of the API. The items of a list that an API server sends say neither.
fn check_identity(context: &mut Context, document: &Field<'_>, expected: &'static str) {
    let text = |name| document.node.get(name).and_then(Node::text).unwrap_or_default();
    let (kind, api_version) = (text("kind"), text("apiVersion"));
    if !kind.is_empty() && kind != expected {
        let message = format!("a document of kind `{kind}` is not a {expected}");
        let help = format!("write `kind: {expected}`");
        context.error_at(Code::BadValue, (document.key, "kind"), message, help);
    }
    if !api_version.is_empty() {
        check_version(context, document.node, "", api_version);
    }
}
