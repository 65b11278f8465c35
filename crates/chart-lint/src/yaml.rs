//! YAML with places, within limits.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span};

/// The largest file that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 64;
/// How many values a file may have, those that aliases repeat included.
const MAX_NODES: usize = 200_000;

/// A value, and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A text, and whether it has no quotation marks.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Node, &Node)> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter_map(|(key, value)| Some((key.scalar()?, key, value)))
    }

    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entries().find(|(key, ..)| *key == name).map(|(.., value)| value)
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The text of a scalar of any type.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().filter(|_| !self.is_null())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Null, an empty text, list or map.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Scalar { text, .. } => text.is_empty() || self.is_null(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    /// Whether Go's YAML reads a scalar as something else than a text, such as a number.
    pub(crate) fn is_no_text(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if !helm_chart::go_yaml::is_text(text))
    }
}

/// Why a text could not be read, and where.
pub(crate) struct Problem {
    pub(crate) at: usize,
    pub(crate) reason: String,
}

/// The first document of a text, or nothing if it is empty.
pub(crate) fn read(text: &str) -> Result<Option<Node>, Problem> {
    let mut reader = Reader { open: Vec::new(), anchors: HashMap::new(), nodes: 0 };
    let options = granit_parser::options! {
        emit_comments: false,
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| Problem {
            at: error.marker().byte_offset().unwrap_or(0),
            reason: format!("the file is not valid YAML: {}", error.info()),
        })?;
        if let Some(root) = reader.take(event, &span, text)? {
            return Ok(Some(root));
        }
    }
    Ok(None)
}

/// A list or map whose end has not come yet.
struct Open {
    at: usize,
    anchor: usize,
    is_map: bool,
    children: Vec<Node>,
}

struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: &Span, text: &str) -> Result<Option<Node>, Problem> {
        let at = span.start.byte_offset().unwrap_or(0);
        let start = |anchor, is_map| Open { at, anchor, is_map, children: Vec::new() };
        let (node, anchor) = match event {
            Event::Scalar(value, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                // The parser gives `~` for a value that is not there.
                let is_absent = plain && span.start.index() == span.end.index();
                let value = if is_absent { String::new() } else { value.into_owned() };
                (Node { at, value: Value::Scalar { text: value, plain } }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open.push(start(anchor, false));
                return self.spend(1, at).map(|()| None);
            }
            Event::MappingStart(_, anchor, _) => {
                self.open.push(start(anchor, true));
                return self.spend(1, at).map(|()| None);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(None) };
                let value = if open.is_map { map(open.children) } else { Value::List(open.children) };
                (Node { at: open.at, value }, open.anchor)
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(Problem { at, reason: "the alias has no anchor before it".into() });
                };
                self.spend(size, at)?;
                (Node { at, ..node }, 0)
            }
            _ => return Ok(None),
        };
        self.spend(1, at)?;
        if anchor != 0 {
            let size = size(&node);
            self.spend(size, at)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        debug_assert!(at <= text.len());
        match self.open.last_mut() {
            Some(open) => {
                open.children.push(node);
                Ok(None)
            }
            None => Ok(Some(node)),
        }
    }

    fn spend(&mut self, nodes: usize, at: usize) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Problem { at, reason: format!("the file has more than {MAX_NODES} values") });
        }
        Ok(())
    }
}

/// A map of keys and values in turn; the entries of merged maps (`<<`) come first.
fn map(children: Vec<Node>) -> Value {
    let mut merged = Vec::new();
    let mut entries = Vec::new();
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        let is_merge = matches!(&key.value, Value::Scalar { text, plain: true } if text == "<<");
        match (is_merge, value.value) {
            (true, Value::Map(inner)) => merged.extend(inner),
            (true, Value::List(maps)) => {
                merged.extend(maps.into_iter().rev().flat_map(|map| match map.value {
                    Value::Map(inner) => inner,
                    _ => Vec::new(),
                }))
            }
            (_, inner) => entries.push((key, Node { at: value.at, value: inner })),
        }
    }
    merged.append(&mut entries);
    // The last of several with the same key counts.
    let mut known = HashSet::new();
    let mut entries = merged.into_iter().rev().collect::<Vec<_>>();
    entries.retain(|(key, _)| key.scalar().is_none_or(|key| known.insert(key.to_owned())));
    entries.reverse();
    Value::Map(entries)
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 1,
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(key, value)| size(key) + size(value)).sum::<usize>(),
    }
}
