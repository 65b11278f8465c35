//! YAML as `sigs.k8s.io/yaml` reads it: values of YAML 1.1, keys as text, and the line of each.
//!
//! Only what Helm reads is read: mappings may have a key twice (the last one counts), merge keys are merged, and what follows the first
//! document is left to the caller.

mod node;
mod scalar;

use std::collections::{BTreeMap, HashMap};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::Error;

pub(crate) use node::{Node, Value};
pub(crate) use scalar::format_float;
use scalar::resolve;

/// The most values of one file, each alias counted as the values that it stands for.
const MAX_NODES: usize = 2_000_000;
/// The most text that aliases may repeat, in bytes.
const MAX_ALIAS_BYTES: usize = 16 << 20;
const MAX_DEPTH: usize = 128;

/// The first document. A text without one is null.
pub(crate) fn read(bytes: &[u8]) -> Result<Node, Error> {
    let text = text(bytes)?;
    Reader::new(text).document().map(|node| node.unwrap_or(Node { line: 1, value: Value::Null }))
}

/// Every document.
pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Node>, Error> {
    let mut reader = Reader::new(text(bytes)?);
    let mut documents = Vec::new();
    while let Some(node) = reader.document()? {
        documents.push(node);
    }
    Ok(documents)
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Error::new("the file is not text in UTF-8").on_line(line).with_hint("save the file as UTF-8")
    })
}

/// A collection whose end has not come yet.
struct Open {
    line: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Mapping(BTreeMap<String, Node>, Option<Key>),
}

/// A key that waits for its value.
enum Key {
    Text(String),
    /// `<<`: the value is merged.
    Merge,
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes_left: usize,
    alias_bytes_left: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            block_nesting_limit: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
        };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes_left: MAX_NODES,
            alias_bytes_left: MAX_ALIAS_BYTES,
        }
    }

    /// The next document, or nothing at the end of the text.
    fn document(&mut self) -> Result<Option<Node>, Error> {
        let mut root = None;
        let mut started = None;
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next.map_err(|error| syntax(&error))?;
            let line = span.start.line();
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) => started = Some(line),
                Event::DocumentEnd => {
                    self.anchors.clear();
                    let empty = started.map(|line| Node { line, value: Value::Null });
                    return Ok(root.or(empty));
                }
                event => {
                    if let Some(node) = self.take(event, line)? {
                        root = Some(node);
                    }
                }
            }
        }
        Ok(None)
    }

    /// Takes one event in; returns the root when the event completes it.
    fn take(&mut self, event: Event<'a>, line: usize) -> Result<Option<Node>, Error> {
        let (node, anchor, is_merge) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let is_merge = &*text == "<<" && plain && tag.is_none();
                let value = resolve(text.into_owned(), plain, tag.as_deref().and_then(core_tag).as_deref())
                    .map_err(|error| error.on_line(line))?;
                (Node { line, value }, anchor, is_merge)
            }
            Event::SequenceStart(_, anchor, _) => return self.start(line, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                return self.start(line, anchor, Content::Mapping(BTreeMap::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { line, anchor, content }) => {
                    let value = match content {
                        Content::List(items) => Value::List(items),
                        Content::Mapping(entries, _) => Value::Mapping(entries),
                    };
                    (Node { line, value }, anchor, false)
                }
                None => return Ok(None),
            },
            Event::Alias(id) => (self.alias(id, line)?, 0, false),
            _ => return Ok(None),
        };
        self.spend(line)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node, is_merge)
    }

    fn start(&mut self, line: usize, anchor: usize, content: Content) -> Result<Option<Node>, Error> {
        self.spend(line)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::new(format!("values are nested more than {MAX_DEPTH} deep")).on_line(line));
        }
        self.open.push(Open { line, anchor, content });
        Ok(None)
    }

    fn spend(&mut self, line: usize) -> Result<(), Error> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or_else(|| too_many(line))?;
        Ok(())
    }

    fn alias(&mut self, id: usize, line: usize) -> Result<Node, Error> {
        let Some(node) = self.anchors.get(&id) else {
            return Err(Error::new("an alias stands for a value that contains it").on_line(line));
        };
        let (nodes, bytes) = node.size();
        let node = node.clone();
        self.nodes_left = self.nodes_left.checked_sub(nodes).ok_or_else(|| too_many(line))?;
        self.alias_bytes_left = self.alias_bytes_left.checked_sub(bytes).ok_or_else(|| too_many(line))?;
        Ok(node)
    }

    /// Puts a complete value into the innermost open collection; returns it if there is none.
    fn put(&mut self, node: Node, is_merge: bool) -> Result<Option<Node>, Error> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => return Ok(Some(node)),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Mapping(entries, waiting)) => match waiting.take() {
                None if is_merge => *waiting = Some(Key::Merge),
                None => *waiting = Some(Key::Text(key_text(node)?)),
                Some(Key::Text(key)) => {
                    entries.insert(key, node);
                }
                Some(Key::Merge) => merge(entries, node)?,
            },
        }
        Ok(None)
    }
}

/// Merges one mapping, or a list of mappings of which the first has precedence.
fn merge(entries: &mut BTreeMap<String, Node>, node: Node) -> Result<(), Error> {
    let line = node.line;
    let wrong = || Error::new("`<<` merges mappings only").on_line(line);
    match node.value {
        Value::Mapping(merged) => entries.extend(merged),
        Value::List(items) => {
            for item in items.into_iter().rev() {
                let Value::Mapping(merged) = item.value else { return Err(wrong()) };
                entries.extend(merged);
            }
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// A key as the text that JSON has for it.
fn key_text(node: Node) -> Result<String, Error> {
    Ok(match node.value {
        Value::Text(text) => text,
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => match format_float(value).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        },
        Value::Null | Value::List(_) | Value::Mapping(_) => {
            return Err(Error::new(format!("a key is {}, which must be a string", node.kind()))
                .on_line(node.line)
                .with_hint("put the key into quotation marks"));
        }
    })
}

/// The name of a tag of YAML's own (`!!str` is `str`), or the tag itself; nothing for `!`.
fn core_tag(tag: &Tag) -> Option<String> {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(suffix) => Some(suffix.into_owned()),
        None => Some(format!("{}{}", tag.handle(), tag.suffix())).filter(|tag| tag != "!"),
    }
}

fn too_many(line: usize) -> Error {
    Error::new(format!("the file has more than {MAX_NODES} values, those that aliases repeat included"))
        .on_line(line)
}

fn syntax(error: &ScanError) -> Error {
    Error::new(format!("the file is not valid YAML: {}", error.info())).on_line(error.marker().line())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error(text: &str) -> Error {
        read(text.as_bytes()).expect_err("an error")
    }

    #[test]
    fn documents_are_read_one_after_the_other() {
        assert!(matches!(read(b"").unwrap().value, Value::Null));
        assert!(matches!(read(b"# a\n").unwrap().value, Value::Null));
        assert!(matches!(read(b"\xef\xbb\xbfa").unwrap().value, Value::Text(_)));
        let documents = read_all(b"a: 1\n---\n---\nb: 1\n").unwrap();
        assert_eq!(documents.len(), 3, "{documents:?}");
        assert!(read(b"a: 1\n---\n{").is_ok(), "the second document is not read");
        assert!(read_all(b"a: 1\n---\n{").is_err());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, line, message) in [
            ("a: 1\nb: [\n", 2, "not valid YAML"),
            ("a: 1\n? [x]\n: 1\n", 2, "a key is a list"),
            ("a: 1\n~: 1\n", 2, "a key is null"),
            ("a: 1\nb: !!int x\n", 2, "is not a number"),
            ("a: &a [*a]\n", 1, ""),
            ("a: 1\n<<: 1\n", 2, "merges mappings only"),
        ] {
            let error = error(text);
            assert_eq!(error.line(), Some(line), "{text:?}: {error}");
            assert!(error.to_string().contains(message), "{text:?}: {error}");
        }
        assert_eq!(read(b"a\nb\xff").unwrap_err().line(), Some(2));
    }

    #[test]
    fn aliases_are_bounded() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for at in 1..12 {
            let alias = format!("*a{}", at - 1);
            text += &format!("a{at}: &a{at} [{}]\n", [alias.as_str(); 10].join(", "));
        }
        assert!(error(&text).to_string().contains("more than"));
        assert!(read("[".repeat(10_000).as_bytes()).is_err());
    }
}
