//! From YAML text to trees, within limits, and with every syntax error in its place.

mod node;
mod shared;
pub(crate) mod written;

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag};

use node::resolve;
pub(crate) use node::{Mark, Misread, Node, Scalar, ScalarKind, Value, child};
pub(crate) use shared::Shared;

/// How large a manifest may be. The defaults are far above any manifest a cluster would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text; 4 MiB by default.
    pub bytes: usize,
    /// Mappings and lists within one another; 64 by default.
    pub depth: usize,
    /// Values of one file, each alias counted as the values it stands for; 200,000 by default.
    pub nodes: usize,
    /// Bytes of text that aliases may repeat; 4 MiB by default.
    pub alias_bytes: usize,
    /// Diagnostics per file, after which the rest is counted and not listed; 1,000 by default.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, depth: 64, nodes: 200_000, alias_bytes: 4 << 20, diagnostics: 1_000 }
    }
}

/// The documents of a text that could be read, and what is wrong with the others.
pub(crate) struct Documents {
    pub(crate) nodes: Vec<Node>,
    pub(crate) problems: Vec<Problem>,
    /// What of the text several places share.
    pub(crate) shared: Shared,
}

/// Why a document could not be read, and the path of what was being read.
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) cause: Cause,
}

impl Problem {
    /// The line of the error, counted from 1.
    pub(crate) fn line(&self) -> usize {
        match &self.cause {
            Cause::Syntax(error) => error.marker().line().max(1),
            Cause::Limit { mark, .. } => mark.line,
        }
    }

    /// The byte of the error.
    pub(crate) fn byte(&self) -> usize {
        match &self.cause {
            Cause::Syntax(error) => error.marker().byte_offset().unwrap_or_default(),
            Cause::Limit { mark, .. } => mark.start,
        }
    }
}

/// What to do about a file that is too large.
pub(crate) const SPLIT: &str =
    "split it into several files, each with some of its documents or subscriptions";

/// Why a document could not be read.
pub(crate) enum Cause {
    Syntax(ScanError),
    Limit { mark: Mark, message: String, help: &'static str },
}

/// Reads every document. One that is not valid YAML is reported, and reading goes on at the next `---`.
pub(crate) fn read(text: &str, limits: &Limits) -> Documents {
    let mut documents = Documents { nodes: Vec::new(), problems: Vec::new(), shared: Shared::default() };
    let mut reader = Reader::new(text, limits);
    reader.all_documents(&mut documents);
    reader.forget_document();
    documents.shared = Shared::new(reader.shared);
    documents
}

/// A collection whose end has not come yet.
struct Open {
    mark: Mark,
    anchor: usize,
    misread: Option<Misread>,
    written: Option<Box<str>>,
    in_brackets: bool,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>, Option<Node>),
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    /// Whether the text is JSON, in which `null` is never a text that lacks its quotation marks.
    is_json: bool,
    /// How many bytes of what was written may still be kept for messages.
    written_left: usize,
    limits: &'a Limits,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// The bytes of the values of this document that have an anchor, and of the aliases.
    anchored: Vec<Range<usize>>,
    aliases: Vec<Range<usize>>,
    /// Those of all documents that have an alias.
    shared: Vec<Range<usize>>,
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
            text,
            is_json: written::is_json(text),
            written_left: 1 << 20,
            limits,
            open: Vec::new(),
            anchors: HashMap::new(),
            anchored: Vec::new(),
            aliases: Vec::new(),
            shared: Vec::new(),
            nodes_left: limits.nodes,
            alias_bytes_left: limits.alias_bytes,
            ended: false,
        }
    }

    /// Reads on to the end of the text, or to the first limit.
    fn all_documents(&mut self, documents: &mut Documents) {
        loop {
            match self.next_document() {
                Ok(Some(node)) => documents.nodes.push(node),
                Ok(None) => return,
                Err(cause) => {
                    let stop = matches!(cause, Cause::Limit { .. });
                    documents.problems.push(Problem { path: self.path(&cause), cause });
                    let enough = documents.problems.len() >= self.limits.diagnostics;
                    if stop || enough || !self.skip_document() {
                        return;
                    }
                }
            }
        }
    }

    /// Where in the document reading has come to: the path of what is being read. Of `- [0-9]+`, the list is read already when its `+` is found.
    fn path(&self, cause: &Cause) -> String {
        let at = match cause {
            Cause::Syntax(error) => error.marker().byte_offset(),
            Cause::Limit { .. } => None,
        };
        let goes_on = |node: &Node| {
            let rest = at.and_then(|at| self.text.get(node.mark.end..at));
            rest.is_some_and(|rest| !rest.contains([',', '\n']))
        };
        let mut path = String::new();
        for (index, open) in self.open.iter().enumerate() {
            let is_last = index + 1 == self.open.len();
            match &open.content {
                Content::List(items) => {
                    let done = items.last().filter(|item| is_last && goes_on(item)).is_some();
                    path = format!("{path}[{}]", items.len() - usize::from(done));
                }
                Content::Mapping(_, Some(key)) => {
                    path = child(&path, key.text().unwrap_or("?"));
                }
                Content::Mapping(entries, None) => {
                    if let Some((key, value)) = entries.last().filter(|(_, value)| is_last && goes_on(value))
                    {
                        path = child(&path, key.text().unwrap_or("?"));
                        // A list with its hyphens below the key ends with the mapping of the key.
                        if let Value::List(items) = &value.value
                            && !self.is_in_brackets(value, items)
                        {
                            path = format!("{path}[{}]", items.len().saturating_sub(1));
                        }
                    }
                }
            }
        }
        path
    }

    /// Whether a list is written in brackets, and does not start with an item that is.
    fn is_in_brackets(&self, list: &Node, items: &[Node]) -> bool {
        let starts = self.text.get(list.mark.start..).is_some_and(|text| text.starts_with('['));
        starts && items.first().is_none_or(|first| first.mark.start > list.mark.start)
    }

    /// Goes on to the next document after an error; false at the end of the text.
    fn skip_document(&mut self) -> bool {
        self.forget_document();
        !self.ended && self.parser.proceed_next_document().unwrap_or(false)
    }

    fn forget_document(&mut self) {
        self.open.clear();
        self.anchors.clear();
        if !self.aliases.is_empty() {
            self.shared.append(&mut self.anchored);
        }
        self.shared.append(&mut self.aliases);
        self.anchored.clear();
    }

    /// The next document, or nothing at the end of the text. An empty document is skipped.
    fn next_document(&mut self) -> Result<Option<Node>, Cause> {
        let mut root = None;
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next.map_err(Cause::Syntax)?;
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
    fn take(&mut self, event: Event<'a>, span: Span) -> Result<Option<Node>, Cause> {
        let mark = mark(&span);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar((mark, &span), text.into_owned(), style, anchor, tag.as_deref()), anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let content = Content::List(Vec::new());
                return self.start((mark, &span), anchor, tag.as_deref(), style, content);
            }
            Event::MappingStart(style, anchor, tag) => {
                let content = Content::Mapping(Vec::new(), None);
                return self.start((mark, &span), anchor, tag.as_deref(), style, content);
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let mark = Mark { end: self.end_of(&open, &span), ..open.mark };
                    let value = match open.content {
                        Content::List(items) => Value::List(items),
                        Content::Mapping(entries, _) => Value::Mapping(entries),
                    };
                    let mut node = Node::new(mark, value);
                    node.misread = open.misread;
                    node.written = open.written;
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
            let start = self.last_before(node.mark.start, &['&']).unwrap_or(node.mark.start);
            self.anchored.push(start..node.mark.end.max(node.mark.start));
            self.spend_nodes(mark, node.size)?;
            self.spend_bytes(mark, node.bytes)?;
        }
        Ok(self.put(node))
    }

    fn start(
        &mut self,
        (mark, span): (Mark, &Span),
        anchor: usize,
        tag: Option<&Tag>,
        style: StructureStyle,
        content: Content,
    ) -> Result<Option<Node>, Cause> {
        self.spend_nodes(mark, 1)?;
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep(mark));
        }
        let misread = is_misread(tag, &content).then_some(Misread::Tag);
        let in_brackets = style == StructureStyle::Flow;
        // A mapping in a list may be a text with a colon.
        let in_list = matches!(self.open.last(), Some(Open { content: Content::List(_), .. }));
        let written = match in_brackets || in_list || misread.is_some() {
            true => {
                self.written(span.tag_start().as_ref().or(Some(&span.start)).and_then(|at| at.byte_offset()))
            }
            false => None,
        };
        let in_brackets = in_brackets || self.in_brackets();
        self.open.push(Open { mark, anchor, misread, written, in_brackets, content });
        Ok(None)
    }

    fn in_brackets(&self) -> bool {
        self.open.last().is_some_and(|open| open.in_brackets)
    }

    /// Where a collection ends: at its bracket, or with the last of what is in it.
    fn end_of(&self, open: &Open, span: &Span) -> usize {
        // A value that is not there is marked somewhere after its key.
        let is_written = |node: &Node| node.mark.end > node.mark.start;
        let last = match &open.content {
            Content::List(items) => items.iter().rfind(|item| is_written(item)),
            Content::Mapping(entries, _) => {
                entries.last().map(|(key, value)| if is_written(value) { value } else { key })
            }
        };
        let is_flow = self.text.get(open.mark.start..).is_some_and(|text| text.starts_with(['[', '{']));
        match last {
            // With the colon of a last key without a value, where the collection is on one line.
            Some(last) if !is_flow => {
                let line = open.written.as_deref().map_or(0, |written| open.mark.start + written.len());
                last.mark.end.max(line)
            }
            _ => span.end.byte_offset().unwrap_or(open.mark.start).max(open.mark.start),
        }
    }

    /// The rest of the line.
    fn line_from(&mut self, start: usize) -> Option<Box<str>> {
        let line = self.text.get(start..)?.split(['\n', '\r']).next()?.trim_end();
        self.written_left = self.written_left.checked_sub(line.len())?;
        Some(line.into())
    }

    /// The value in double quotes that starts here, with them.
    fn double_quoted(&mut self, start: usize) -> Option<Box<str>> {
        let value = written::double_quoted(self.text, start)?;
        self.written_left = self.written_left.checked_sub(value.len())?;
        Some(value.into())
    }

    /// What was written from here on, as one value.
    fn written(&mut self, start: Option<usize>) -> Option<Box<str>> {
        let rest = self.text.get(start?..)?;
        let value = written::value(rest, self.in_brackets())?;
        self.written_left = self.written_left.checked_sub(value.len())?;
        Some(value.into())
    }

    fn scalar(
        &mut self,
        (mark, span): (Mark, &Span),
        mut text: String,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Node {
        // The parser writes `~` for a value that is not there.
        if style == ScalarStyle::Plain && span.start.index() == span.end.index() {
            text.clear();
        }
        let core = tag.filter(|tag| !tag.suffix().is_empty()).and_then(Tag::core_suffix);
        let plain = style == ScalarStyle::Plain;
        let kind = match core {
            Some("str") => ScalarKind::Text,
            Some("null") => ScalarKind::Null,
            Some(_) => resolve(&text),
            None if plain => resolve(&text),
            None => ScalarKind::Text,
        };
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let start = span.start.byte_offset();
        let (misread, from) = if is_foreign(tag) || tag.is_some() && !fits(core, kind) {
            (Some(Misread::Tag), span.tag_start().and_then(|at| at.byte_offset()))
        } else if anchor != 0 && plain && text.is_empty() {
            (Some(Misread::Anchor), start.and_then(|start| self.last_before(start, &['&'])))
        } else if block && text.trim().is_empty() {
            // At the end of the text, the value starts at its head; otherwise at what follows it.
            let is_head = |start: &usize| self.text[*start..].starts_with(['>', '|']);
            let head = start.filter(is_head).or_else(|| self.last_before(start?, &['>', '|']));
            (Some(Misread::BlockHead), head)
        } else {
            (None, None)
        };
        if self.is_json && kind == ScalarKind::Null {
            text.clear();
        }
        // A value that a comment has swallowed starts at the comment.
        let swallowed = start
            .filter(|_| plain && text.is_empty() && misread.is_none())
            .and_then(|start| written::comment_in_place(self.text, start));
        let place = start.unwrap_or_default();
        let (start, commented) = match swallowed {
            Some(comment) => (Some(comment), true),
            None => (start, plain && span.end.byte_offset().is_some_and(|end| self.comment_follows(end))),
        };
        let has_unseen = text.contains(written::is_unseen);
        let mut node = Node::new(mark, Value::Scalar(Scalar { text, kind, plain, block, commented }));
        match (misread, from, start) {
            (Some(Misread::Tag), ..) => node.mark = with_tag(mark, span),
            (None, _, Some(comment)) if swallowed.is_some_and(|comment| comment < place) => {
                node.mark.column -= self.text[comment..place].chars().count().min(mark.column - 1);
            }
            (Some(_), Some(from), Some(start)) => node.mark = self.mark_before(mark, from, start),
            _ => {}
        }
        node.misread = misread;
        node.written = match (misread, commented, start) {
            (Some(_), ..) => self.written(from),
            // With its escapes.
            (None, false, Some(start)) if style == ScalarStyle::DoubleQuoted && has_unseen => {
                self.double_quoted(start)
            }
            // With the comment, which may have been meant as a part of the value.
            (None, true, Some(start)) => self.line_from(start),
            _ => None,
        };
        if let (Some(_), Some(from), Some(written)) = (misread, from, &node.written) {
            node.mark.width = written.chars().count();
            (node.mark.start, node.mark.end) = (from, from + written.len());
        }
        if let (Some(Misread::Tag), Some(from), true) = (misread, from, plain) {
            self.add_lines_below(&mut node, from, (start, span.end.byte_offset()));
        }
        if block && misread.is_none() {
            (node.mark.start, node.mark.end) = self.block(node.mark.start, node.mark.end);
        }
        node
    }

    /// Adds to a text without quotation marks behind a tag, as it was written, the lines below its first one.
    fn add_lines_below(&mut self, node: &mut Node, tag: usize, place: (Option<usize>, Option<usize>)) {
        let (Some(start), Some(end), Some(text)) = (place.0, place.1, node.text()) else { return };
        let head = self.text.get(tag..start).unwrap_or_default().trim_end();
        let is_longer =
            end > node.mark.end && self.text.get(node.mark.end..end).is_some_and(|rest| rest.contains('\n'));
        let whole = format!("{head} {text}");
        if text.is_empty() || !is_longer || head.contains(['\n', '#']) || whole.len() > self.written_left {
            return;
        }
        self.written_left -= whole.len();
        node.mark.end = end;
        node.written = Some(whole.into());
    }

    /// Where one of these letters is found last before a place.
    fn last_before(&self, place: usize, letters: &[char]) -> Option<usize> {
        // The search goes back a bounded way.
        let mut from = place.saturating_sub(1_000);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        self.text.get(from..place.min(self.text.len()))?.rfind(letters).map(|at| from + at)
    }

    /// The mark of what is at `from`, a little before `start`, which has this mark.
    fn mark_before(&self, mark: Mark, from: usize, start: usize) -> Mark {
        let between = self.text.get(from..start).unwrap_or_default();
        let before = self.text.get(from.saturating_sub(4_000)..from).unwrap_or_default();
        let lines = between.matches('\n').count();
        let column = match lines {
            0 => mark.column.saturating_sub(between.chars().count()).max(1),
            _ => before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        };
        Mark { line: mark.line.saturating_sub(lines).max(1), column, width: 1, start: from, end: start }
    }

    /// The bytes of a block of text with its head, and without the line breaks after it; none where the head is not found.
    fn block(&self, start: usize, end: usize) -> (usize, usize) {
        let has_head = |at: usize| self.text.get(at..).is_some_and(|text| text.starts_with(['|', '>']));
        let head = match has_head(start) {
            true => Some(start),
            false => self.last_before(start, &['|', '>']),
        };
        let is_head = |at: &usize| {
            let head = self.text.get(*at + 1..start.max(*at + 1)).unwrap_or_default();
            head.chars()
                .all(|letter| letter.is_whitespace() || letter.is_ascii_digit() || "+-".contains(letter))
        };
        match head.filter(is_head) {
            Some(head) => {
                let whole = self.text.get(head..end).unwrap_or_default();
                (head, head + whole.trim_end().len())
            }
            None => (start, start),
        }
    }

    fn comment_follows(&self, end: usize) -> bool {
        let rest = self.text.as_bytes().get(end..).unwrap_or_default();
        let blanks = rest.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        blanks > 0 && rest.get(blanks) == Some(&b'#')
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
    fn alias(&mut self, mark: Mark, id: usize) -> Result<Node, Cause> {
        let Some((size, bytes, height)) =
            self.anchors.get(&id).map(|target| (target.size, target.bytes, target.height))
        else {
            // An alias to the collection it is in.
            return Err(Cause::Limit {
                mark,
                message: "a YAML alias refers to the value it is a part of".to_owned(),
                help: "delete the alias, or write in its place what was meant",
            });
        };
        self.aliases.push(mark.start..mark.end);
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

    fn spend_nodes(&mut self, mark: Mark, nodes: usize) -> Result<(), Cause> {
        let most = self.limits.nodes;
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(Cause::Limit {
                mark,
                message: format!("the manifest holds more than {most} values, aliases expanded"),
                help: SPLIT,
            }),
        }
    }

    fn spend_bytes(&mut self, mark: Mark, bytes: usize) -> Result<(), Cause> {
        match self.alias_bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.alias_bytes_left = left;
                Ok(())
            }
            None => Err(Cause::Limit {
                mark,
                message: format!("aliases repeat more than {} bytes of text", self.limits.alias_bytes),
                help: SPLIT,
            }),
        }
    }

    fn too_deep(&self, mark: Mark) -> Cause {
        Cause::Limit {
            mark,
            message: format!("mappings and lists are nested more than {} deep", self.limits.depth),
            help: "a manifest of Kargo needs fewer than 16: delete the brackets or the indentation that are too many",
        }
    }
}

/// The mark of a scalar that starts with the tag before it.
fn with_tag(mark: Mark, span: &Span) -> Mark {
    match span.tag_start() {
        Some(tag) => Mark {
            line: tag.line().max(1),
            column: tag.col() + 1,
            start: tag.byte_offset().unwrap_or(mark.start),
            ..mark
        },
        None => mark,
    }
}

/// Whether a tag is none that YAML itself defines for what a manifest holds. A lone `!` is one too: of `! x`, `x` is left.
fn is_foreign(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| {
        let known = ["str", "int", "float", "bool", "null", "timestamp", "seq", "map"];
        tag.suffix().is_empty() || !tag.core_suffix().is_some_and(|suffix| known.contains(&suffix))
    })
}

/// Whether a collection lost a tag.
fn is_misread(tag: Option<&Tag>, content: &Content) -> bool {
    let own = match content {
        Content::List(_) => "seq",
        Content::Mapping(..) => "map",
    };
    tag.is_some_and(|tag| tag.suffix().is_empty() || tag.core_suffix() != Some(own))
}

/// Whether a scalar is what the tag before it says.
fn fits(tag: Option<&str>, kind: ScalarKind) -> bool {
    match tag {
        Some("int") => matches!(kind, ScalarKind::Integer(_)),
        Some("float") => matches!(kind, ScalarKind::Integer(_) | ScalarKind::Float),
        Some("bool") => matches!(kind, ScalarKind::Boolean(_)),
        Some("seq" | "map") => false,
        _ => true,
    }
}

fn mark(span: &Span) -> Mark {
    let (start, end) = (&span.start, &span.end);
    let width = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    let [start_byte, end_byte] = [start, end].map(|at| at.byte_offset().unwrap_or_default());
    Mark {
        line: start.line().max(1),
        column: start.col() + 1,
        width: width.max(1),
        start: start_byte,
        end: end_byte.max(start_byte),
    }
}
