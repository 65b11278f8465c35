//! The layout: indentation, the styles of texts, folding after 80 columns.

use std::fmt::Write as _;

use super::plain;

/// The column after which a text is folded at its next space.
const WIDTH: usize = 80;

/// The longest key that is before its `:` on one line, in bytes. Longer ones, and those with line breaks, are after a `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Root,
    Item,
    Value,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// The text that was written, and what is at its end.
pub(super) struct Emitter {
    output: String,
    /// In characters.
    column: usize,
    /// Whether a word may follow without a space.
    after_space: bool,
    /// Whether nothing but indentation and `-`, `?`, `:` is on the line.
    at_indentation: bool,
}

impl Default for Emitter {
    fn default() -> Self {
        Self { output: String::new(), column: 0, after_space: true, at_indentation: true }
    }
}

impl Emitter {
    /// Ends the document.
    pub(super) fn finish(mut self) -> String {
        self.indent(0);
        self.output
    }

    /// The keyword of a value that is not a string.
    pub(super) fn plain(&mut self, word: &str) {
        self.space();
        self.put_all(word);
        self.after_space = false;
        self.at_indentation = false;
    }

    /// An empty list or map.
    pub(super) fn empty(&mut self, brackets: &str) {
        self.plain(brackets);
    }

    /// The indentation of a list below a parent: a list after `key:` is as deep as the key.
    pub(super) fn list_indent(&self, parent: isize, position: Position) -> isize {
        match parent {
            ..0 => 0,
            _ if position == Position::Value && !self.at_indentation => parent,
            _ => parent + 2,
        }
    }

    /// Begins an item of a list.
    pub(super) fn item(&mut self, indent: isize) {
        self.indent(indent);
        self.mark("-");
    }

    /// The key of a map, with its `:`.
    pub(super) fn key(&mut self, key: &str, indent: isize) {
        self.indent(indent);
        let shape = Shape::of(key);
        if !shape.has_breaks && key.len() <= LONGEST_SIMPLE_KEY {
            self.write_text(key, &shape, indent + 2, true);
            self.put(':');
            self.after_space = false;
            self.at_indentation = false;
        } else {
            self.mark("?");
            self.write_text(key, &shape, indent + 2, false);
            self.indent(indent);
            self.mark(":");
        }
    }

    /// A text below a parent with this indentation.
    pub(super) fn text(&mut self, text: &str, parent: isize) {
        let indent = if parent < 0 { 2 } else { parent + 2 };
        self.write_text(text, &Shape::of(text), indent, false);
    }

    fn write_text(&mut self, text: &str, shape: &Shape, indent: isize, is_simple_key: bool) {
        match shape.style(text, is_simple_key) {
            Style::Plain => self.unquoted(text, indent, is_simple_key),
            Style::Single => self.single(text, indent, is_simple_key),
            Style::Double => self.double(text, indent, is_simple_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn unquoted(&mut self, text: &str, indent: isize, is_simple_key: bool) {
        self.space();
        self.folded(text, indent, false, |_| !is_simple_key);
        self.after_space = false;
        self.at_indentation = false;
    }

    fn single(&mut self, text: &str, indent: isize, is_simple_key: bool) {
        self.space();
        self.put('\'');
        self.at_indentation = false;
        let last = text.len().saturating_sub(1);
        self.folded(text, indent, true, |at| !is_simple_key && at > 0 && at < last);
        self.put('\'');
        self.after_space = false;
        self.at_indentation = false;
    }

    /// The characters of a text without line feeds; where `may_fold` allows it, a single space after the last column is a line break.
    fn folded(&mut self, text: &str, indent: isize, doubles_quotes: bool, may_fold: impl Fn(usize) -> bool) {
        let mut after_space = false;
        let mut after_break = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if character == ' ' {
                let single = !after_space && !matches!(characters.peek(), Some((_, ' ')));
                if single && self.column > WIDTH && may_fold(at) {
                    self.indent(indent);
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else if is_break(character) {
                self.put_break(character);
                self.at_indentation = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                }
                if doubles_quotes && character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.at_indentation = false;
                after_space = false;
                after_break = false;
            }
        }
    }

    fn double(&mut self, text: &str, indent: isize, is_simple_key: bool) {
        self.space();
        self.put('"');
        self.after_space = false;
        self.at_indentation = false;
        // After a byte order mark at the start, every character is taken for one.
        let escapes_all = text.starts_with('\u{feff}');
        let last = text.len().saturating_sub(1);
        let mut after_space = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let escaped = !is_printable(character) || is_break(character) || matches!(character, '"' | '\\');
            if escaped || escapes_all {
                self.escape(character);
                after_space = false;
            } else if character == ' ' {
                if !is_simple_key && !after_space && self.column > WIDTH && at > 0 && at < last {
                    self.indent(indent);
                    if matches!(characters.peek(), Some((_, ' '))) {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(character);
                after_space = false;
            }
        }
        self.put('"');
        self.after_space = false;
        self.at_indentation = false;
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                let written = match code {
                    ..=0xff => write!(self.output, "\\x{code:02X}").map(|()| 4),
                    0x100..=0xffff => write!(self.output, "\\u{code:04X}").map(|()| 6),
                    _ => write!(self.output, "\\U{code:08X}").map(|()| 10),
                };
                self.column += written.unwrap_or_default();
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str, indent: isize) {
        self.space();
        self.put('|');
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            self.put('2');
        }
        let mut backwards = text.chars().rev();
        let last = backwards.next().is_some_and(is_break);
        let last_but_one = backwards.next().is_none_or(is_break);
        match (last, last_but_one) {
            (false, _) => self.put('-'),
            (true, true) => self.put('+'),
            (true, false) => {}
        }
        self.put_break('\n');
        self.at_indentation = true;
        self.after_space = true;
        let mut after_break = true;
        for character in text.chars() {
            if is_break(character) {
                self.put_break(character);
                self.at_indentation = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                }
                self.put(character);
                self.at_indentation = false;
                after_break = false;
            }
        }
    }

    /// `-`, `?` or `:` at the start of a line.
    fn mark(&mut self, mark: &str) {
        self.space();
        self.put_all(mark);
        self.after_space = false;
    }

    fn space(&mut self) {
        if !self.after_space {
            self.put(' ');
        }
    }

    /// Goes to this column, on a new line if there is something on this one.
    fn indent(&mut self, indent: isize) {
        let indent = usize::try_from(indent).unwrap_or(0);
        if !self.at_indentation || self.column > indent || (self.column == indent && !self.after_space) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.after_space = true;
        self.at_indentation = true;
    }

    fn put(&mut self, character: char) {
        self.output.push(character);
        self.column += 1;
    }

    fn put_all(&mut self, text: &str) {
        self.output.push_str(text);
        self.column += text.chars().count();
    }

    fn put_break(&mut self, character: char) {
        self.output.push(character);
        self.column = 0;
    }
}

/// What the characters of a text allow.
struct Shape {
    has_breaks: bool,
    plain: bool,
    single: bool,
    literal: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut indicator = text.starts_with("---") || text.starts_with("...");
        let mut has_breaks = false;
        let mut special = false;
        let mut break_space = false;
        let mut space_break = false;
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_blank = matches!(characters.peek(), None | Some(' ' | '\t'));
            indicator |= match (before, character) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                ) => true,
                (None, '?' | '-') | (_, ':') => before_blank,
                (Some(before), '#') => matches!(before, ' ' | '\t' | '\0') || is_break(before),
                _ => false,
            };
            special |= !is_printable(character);
            has_breaks |= is_break(character);
            break_space |= character == ' ' && before.is_some_and(is_break);
            space_break |= is_break(character) && before == Some(' ');
            before = Some(character);
        }
        let is_edge = |character| character == ' ' || is_break(character);
        let edges = text.starts_with(is_edge) || text.ends_with(is_edge);
        let quotes_all = space_break || special;
        Self {
            has_breaks,
            plain: !(edges || break_space || quotes_all || has_breaks || indicator),
            single: !(break_space || quotes_all),
            literal: !(text.ends_with(' ') || quotes_all),
        }
    }

    fn style(&self, text: &str, is_simple_key: bool) -> Style {
        if text.contains('\n') {
            return if self.literal && !is_simple_key { Style::Literal } else { Style::Double };
        }
        if !plain::is_text(text) {
            Style::Double
        } else if self.plain {
            Style::Plain
        } else if self.single {
            Style::Single
        } else {
            Style::Double
        }
    }
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && character != '\u{feff}'
}

fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
