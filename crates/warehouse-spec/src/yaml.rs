//! From YAML text to trees, within limits, and with every syntax error in its place.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::node::{Mark, Node, Scalar, ScalarKind, Value};
use crate::options::Limits;
use crate::scalar::resolve;
use crate::syntax::{self, Clues};

/// The documents of a text that could be read, and what is wrong with the others.
pub(crate) struct Documents {
    pub(crate) nodes: Vec<Node>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads every document. One that is no YAML is reported, and reading goes on at the next `---`.
pub(crate) fn read(source: &Arc<str>, text: &str, limits: &Limits) -> Documents {
    let mut documents = Documents { nodes: Vec::new(), diagnostics: Vec::new() };
    let mut reader = Reader::new(text, limits);
    let clues = OnceCell::new();
    loop {
        match reader.next_document() {
            Ok(Some(node)) => documents.nodes.push(node),
            Ok(None) => return documents,
            Err(problem) => {
                let stop = matches!(problem, Problem::Limit { .. });
                let diagnostic =
                    problem.into_diagnostic(source, clues.get_or_init(|| Clues::of(text)), &reader.path());
                documents.diagnostics.push(diagnostic);
                let enough = documents.diagnostics.len() >= limits.diagnostics;
                if stop || enough || !reader.skip_document() {
                    return documents;
                }
            }
        }
    }
}

/// Why a document could not be read.
enum Problem {
    Syntax(ScanError),
    Limit { mark: Mark, message: String },
}

impl Problem {
    fn into_diagnostic(self, source: &Arc<str>, clues: &Clues<'_>, path: &str) -> Diagnostic {
        match self {
            Self::Syntax(error) => syntax::diagnostic(source, clues, &error, path),
            Self::Limit { mark, message } => {
                Diagnostic::new(Severity::Error, Code::Limit, Location::new(source, mark), path, message)
            }
        }
    }
}

/// A collection whose end has not come yet.
struct Open {
    mark: Mark,
    anchor: usize,
    foreign_tag: Option<String>,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>, Option<Node>),
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    limits: &'a Limits,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes_left: usize,
    alias_bytes_left: usize,
    ended: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &'a Limits) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            block_nesting_limit: limits.depth,
            flow_nesting_limit: limits.depth,
        };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            limits,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes_left: limits.nodes,
            alias_bytes_left: limits.alias_bytes,
            ended: false,
        }
    }

    /// Where in the document reading stands: the path of what is being read.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.content {
                Content::List(items) => path = format!("{path}[{}]", items.len()),
                Content::Mapping(_, Some(key)) => {
                    path = crate::path::child(&path, key.text().unwrap_or("?"));
                }
                Content::Mapping(_, None) => {}
            }
        }
        path
    }

    /// Goes on to the next document after an error; false at the end of the text.
    fn skip_document(&mut self) -> bool {
        self.forget_document();
        !self.ended && self.parser.proceed_next_document().unwrap_or(false)
    }

    fn forget_document(&mut self) {
        self.open.clear();
        self.anchors.clear();
    }

    /// The next document, or nothing at the end of the text. An empty document is skipped.
    fn next_document(&mut self) -> Result<Option<Node>, Problem> {
        let mut root = None;
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next.map_err(Problem::Syntax)?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentEnd => {
                    self.forget_document();
                    match root.take() {
                        Some(node) if !Node::is_null(&node) => return Ok(Some(node)),
                        _ => {}
                    }
                }
                event => {
                    if let Some(node) = self.take(event, span)? {
                        root = Some(node);
                    }
                }
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// Takes one event in; gives the document's root when the event completes it.
    fn take(&mut self, event: Event<'a>, span: Span) -> Result<Option<Node>, Problem> {
        let mark = mark(&span);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let mut node = scalar(mark, text.into_owned(), style, tag);
                node.foreign_tag = foreign_tag(tag);
                if node.foreign_tag.is_some() {
                    node.mark = with_tag(mark, &span);
                }
                (node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let content = Content::List(Vec::new());
                return self.start(mark, anchor, tag.as_deref(), content);
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Mapping(Vec::new(), None);
                return self.start(mark, anchor, tag.as_deref(), content);
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let value = match open.content {
                        Content::List(items) => Value::List(items),
                        Content::Mapping(entries, _) => Value::Mapping(entries),
                    };
                    let mut node = Node::new(open.mark, value);
                    node.foreign_tag = open.foreign_tag;
                    (node, open.anchor)
                }
                None => return Ok(None),
            },
            Event::Alias(id) => (self.alias(mark, id)?, 0),
            Event::UnresolvedAlias(name) => (Node::new(mark, Value::UnknownAlias(name.into_owned())), 0),
            _ => return Ok(None),
        };
        if node.size == 1 {
            self.spend_nodes(mark, 1)?;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
            self.spend_nodes(mark, node.size)?;
            self.spend_bytes(mark, node.bytes)?;
        }
        Ok(self.put(node))
    }

    fn start(
        &mut self,
        mark: Mark,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Result<Option<Node>, Problem> {
        self.spend_nodes(mark, 1)?;
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep(mark));
        }
        self.open.push(Open { mark, anchor, foreign_tag: foreign_tag(tag), content });
        Ok(None)
    }

    /// Puts a finished node where it belongs; gives it back when it is the document's root.
    fn put(&mut self, node: Node) -> Option<Node> {
        match self.open.last_mut() {
            None => return Some(node),
            Some(open) => match &mut open.content {
                Content::List(items) => items.push(node),
                Content::Mapping(entries, pending) => match pending.take() {
                    Some(key) => entries.push((key, node)),
                    None => *pending = Some(node),
                },
            },
        }
        None
    }

    /// A copy of what the alias stands for, paid for out of the budgets.
    fn alias(&mut self, mark: Mark, id: usize) -> Result<Node, Problem> {
        let Some((size, bytes, height)) =
            self.anchors.get(&id).map(|target| (target.size, target.bytes, target.height))
        else {
            // An alias to the collection it stands in.
            return Err(Problem::Limit {
                mark,
                message: "a YAML alias refers to the value it is a part of".to_owned(),
            });
        };
        self.spend_nodes(mark, size)?;
        self.spend_bytes(mark, bytes)?;
        if self.open.len() + height > self.limits.depth {
            return Err(self.too_deep(mark));
        }
        let mut node = match self.anchors.get(&id) {
            Some(target) => target.clone(),
            None => Node::new(mark, Value::List(Vec::new())),
        };
        node.mark = mark;
        Ok(node)
    }

    fn spend_nodes(&mut self, mark: Mark, nodes: usize) -> Result<(), Problem> {
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(Problem::Limit {
                mark,
                message: format!(
                    "the manifest holds more than {} values, aliases expanded",
                    self.limits.nodes
                ),
            }),
        }
    }

    fn spend_bytes(&mut self, mark: Mark, bytes: usize) -> Result<(), Problem> {
        match self.alias_bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.alias_bytes_left = left;
                Ok(())
            }
            None => Err(Problem::Limit {
                mark,
                message: format!("aliases repeat more than {} bytes of text", self.limits.alias_bytes),
            }),
        }
    }

    fn too_deep(&self, mark: Mark) -> Problem {
        Problem::Limit {
            mark,
            message: format!("mappings and lists are nested more than {} deep", self.limits.depth),
        }
    }
}

fn scalar(mark: Mark, text: String, style: ScalarStyle, tag: Option<&Tag>) -> Node {
    let kind = match tag.and_then(Tag::core_suffix) {
        Some("str") => ScalarKind::Text,
        Some("null") => ScalarKind::Null,
        Some(_) => resolve(&text),
        None if style == ScalarStyle::Plain => resolve(&text),
        None => ScalarKind::Text,
    };
    Node::new(mark, Value::Scalar(Scalar { text, kind, plain: style == ScalarStyle::Plain }))
}

/// The mark of a scalar, widened to the tag before it on the same line.
fn with_tag(mark: Mark, span: &Span) -> Mark {
    match span.tag_start() {
        Some(start) if start.line() == mark.line && start.col() < mark.column => {
            Mark { column: start.col() + 1, width: mark.width + mark.column - (start.col() + 1), ..mark }
        }
        _ => mark,
    }
}

/// The tag as written, when it is none that YAML itself defines.
fn foreign_tag(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    // A lone `!` says no more than that the scalar is a text.
    if tag.is_yaml_core_schema() || (tag.suffix().is_empty() && tag.handle() == "!") {
        return None;
    }
    Some(format!("{}{}", tag.original_handle(), tag.suffix()))
}

fn mark(span: &Span) -> Mark {
    let (start, end) = (&span.start, &span.end);
    let width = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    Mark { line: start.line().max(1), column: start.col() + 1, width: width.max(1) }
}
