//! From Go's syntax to that of the `regex` crate, in one pass.
//!
//! The translation contains no flags: each literal, class and assertion
//! is complete in itself. Groups do not capture and are written only where an alternation or a
//! repetition needs them; all repetitions are greedy. That is enough, since the only question is
//! whether there is a match.

use std::fmt::Write as _;

use super::unicode::{self, NOTHING};

/// What is wrong with a pattern that Go refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GoRegexSyntaxError {
    /// `[a`
    #[error("missing closing ]")]
    MissingBracket,
    /// `(a`
    #[error("missing closing )")]
    MissingParenthesis,
    /// `a)`
    #[error("unexpected )")]
    UnexpectedParenthesis,
    /// `*a`
    #[error("missing argument to a repetition operator")]
    MissingRepeatArgument,
    /// `a**`
    #[error("a repetition operator follows another")]
    StackedRepeat,
    /// `a{1001}`, `a{3,2}`, `(a{40}){40}`
    #[error("invalid repeat count")]
    InvalidRepeatCount,
    /// `\8`, `\y`, `\x{}`
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// `a\`
    #[error("trailing backslash")]
    TrailingBackslash,
    /// `[b-a]`, `[[:nothing:]]`, `\p{Nothing}`
    #[error("invalid character class or range")]
    InvalidClass,
    /// `(?x)`, `(?=a)`
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlSyntax,
    /// `(?P<>a)`
    #[error("invalid group name")]
    InvalidGroupName,
    /// More than 1000 operators within each other.
    #[error("the expression nests too deeply")]
    NestingTooDeep,
}

/// How deep operators may nest in Go. The engine refuses more than about 250 that are not
/// capturing groups.
const MAX_HEIGHT: u32 = 1000;

/// The largest repeat count, and the largest product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// The translation of `\B`. To the engine it holds within a character of several bytes, too.
pub(super) const NOT_WORD_BOUNDARY: &str = r"(?-u:\B)";

/// A fault and where it lies.
type Fault = (usize, GoRegexSyntaxError);

/// How many characters the engine may have to visit, all classes together, to ignore their case: some tenths of a second.
const MAX_FOLDED: u32 = 32 << 20;

/// A pattern in the syntax of the engine.
pub(super) struct Translation {
    pub(super) text: String,
    /// How many characters the engine has to visit to ignore their case.
    pub(super) folded: u32,
}

/// Translates a pattern; `None` if it would take the engine too long to read.
pub(super) fn translate(pattern: &str) -> Result<Option<Translation>, Fault> {
    let mut translator = Translator {
        pattern,
        position: 0,
        output: String::with_capacity(pattern.len() * 2),
        flags: Flags::default(),
        group: Group::default(),
        enclosing: Vec::new(),
        folded: 0,
    };
    translator.run()?;
    let Translator { output: text, folded, .. } = translator;
    Ok((folded <= MAX_FOLDED).then_some(Translation { text, folded }))
}

/// The flags that change which texts match. Go's `U` does not.
#[derive(Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
}

struct Translator<'p> {
    pattern: &'p str,
    position: usize,
    output: String,
    flags: Flags,
    group: Group,
    enclosing: Vec<Group>,
    /// How many characters the engine has to visit to ignore their case.
    folded: u32,
}

impl<'p> Translator<'p> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut after_repeat = false;
        while let Some(next) = self.rest().chars().next() {
            let start = self.position;
            let repeat = match next {
                '*' | '+' | '?' => {
                    self.position += 1;
                    Some(match next {
                        '*' => Repeat { least: 0, most: None },
                        '+' => Repeat { least: 1, most: None },
                        _ => Repeat { least: 0, most: Some(1) },
                    })
                }
                '{' => self.read_count()?,
                _ => None,
            };
            if let Some(repeat) = repeat {
                self.skip('?');
                if after_repeat {
                    return Err((start, GoRegexSyntaxError::StackedRepeat));
                }
                self.repeat(start, repeat)?;
                after_repeat = true;
            } else {
                self.read_operand(next)?;
                after_repeat = false;
            }
        }
        if self.enclosing.is_empty() {
            Ok(())
        } else {
            Err((self.position, GoRegexSyntaxError::MissingParenthesis))
        }
    }

    fn rest(&self) -> &'p str {
        self.pattern.get(self.position..).unwrap_or_default()
    }

    fn skip(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.position += expected.len_utf8();
        }
        found
    }

    fn read_operand(&mut self, next: char) -> Result<(), Fault> {
        match next {
            '(' if self.rest().starts_with("(?") => self.open_special_group()?,
            '(' => {
                self.position += 1;
                self.open_group(true, self.flags);
            }
            ')' => self.close_group()?,
            '|' => {
                self.position += 1;
                self.output.push('|');
                self.group.next_alternative();
            }
            '^' => self.emit(1, if self.flags.multi_line { "(?m:^)" } else { r"\A" }),
            '$' => self.emit(1, if self.flags.multi_line { "(?m:$)" } else { r"\z" }),
            '.' => self.emit(1, if self.flags.dot_matches_newline { "(?s:.)" } else { "." }),
            '[' => {
                let class = translate_class(self.rest(), self.flags);
                self.emit_class(&class.map_err(|fault| self.fault(fault))?);
            }
            '\\' => self.read_escape()?,
            literal => {
                self.position += literal.len_utf8();
                self.literal(literal);
            }
        }
        Ok(())
    }

    fn fault(&self, (offset, error): Fault) -> Fault {
        (self.position + offset, error)
    }

    /// Writes an operand for `length` bytes of the pattern.
    fn emit(&mut self, length: usize, translation: &str) {
        self.position += length;
        self.push_atom(|output| output.push_str(translation));
    }

    fn emit_class(&mut self, class: &Class) {
        self.folded = self.folded.saturating_add(class.folded);
        self.emit(class.length, &class.translation);
    }

    fn literal(&mut self, literal: char) {
        let folds = self.flags.ignore_case && (literal.is_ascii_alphabetic() || !literal.is_ascii());
        self.push_atom(|output| {
            if folds {
                output.push_str("(?i:");
            }
            if regex_syntax::is_meta_character(literal) {
                output.push('\\');
            }
            output.push(literal);
            if folds {
                output.push(')');
            }
        });
    }

    fn push_atom(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.output.len();
        write(&mut self.output);
        self.group.push(Operand { start, is_atom: true, repeats: 1, height: 1 });
    }

    fn read_escape(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        match rest.as_bytes().get(1) {
            Some(b'A') => self.emit(2, r"\A"),
            Some(b'z') => self.emit(2, r"\z"),
            Some(b'b') => self.emit(2, r"(?-u:\b)"),
            Some(b'B') => self.emit(2, NOT_WORD_BOUNDARY),
            Some(b'Q') => self.read_quoted(),
            _ => {
                let class = translate_class_escape(rest, self.flags);
                if let Some(class) = class.map_err(|fault| self.fault(fault))? {
                    self.emit_class(&class);
                    return Ok(());
                }
                let Escape { code, length } = read_escape(rest).map_err(|fault| self.fault(fault))?;
                if let Some(literal) = char::from_u32(code) {
                    self.position += length;
                    self.literal(literal);
                } else {
                    // A surrogate: Go takes it, and no text has one.
                    self.emit(length, NOTHING);
                }
            }
        }
        Ok(())
    }

    /// Reads `\Q...\E`; the end of the pattern ends it, too.
    fn read_quoted(&mut self) {
        let rest = self.rest();
        let quoted = rest.get(2..).unwrap_or_default();
        let (quoted, length) = match quoted.split_once(r"\E") {
            Some((quoted, _)) => (quoted, quoted.len() + 4),
            None => (quoted, rest.len()),
        };
        self.position += length;
        quoted.chars().for_each(|literal| self.literal(literal));
    }

    /// Reads `(?P<name>`, `(?<name>`, `(?flags)` or `(?flags:`.
    fn open_special_group(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        for lead in ["(?P<", "(?<"] {
            if let Some(named) = rest.strip_prefix(lead) {
                let name = named.split_once('>').map(|(name, _)| name).unwrap_or_default();
                let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                if name.is_empty() || !name.bytes().all(is_word) {
                    return Err((self.position, GoRegexSyntaxError::InvalidGroupName));
                }
                self.position += lead.len() + name.len() + 1;
                self.open_group(true, self.flags);
                return Ok(());
            }
        }
        let mut flags = self.flags;
        let mut value = true;
        let mut saw_flag = false;
        for (offset, flag) in rest.char_indices().skip(2) {
            match flag {
                'i' => flags.ignore_case = value,
                'm' => flags.multi_line = value,
                's' => flags.dot_matches_newline = value,
                'U' => {}
                '-' if value => {
                    value = false;
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if value || saw_flag => {
                    self.position += offset + 1;
                    if flag == ':' {
                        self.open_group(false, flags);
                    } else {
                        self.flags = flags;
                    }
                    return Ok(());
                }
                _ => break,
            }
            saw_flag = true;
        }
        Err((self.position, GoRegexSyntaxError::InvalidPerlSyntax))
    }

    fn open_group(&mut self, captures: bool, flags: Flags) {
        let group = Group::open(self.output.len(), captures, self.flags);
        self.enclosing.push(std::mem::replace(&mut self.group, group));
        self.flags = flags;
    }

    fn close_group(&mut self) -> Result<(), Fault> {
        let Some(around) = self.enclosing.pop() else {
            return Err((self.position, GoRegexSyntaxError::UnexpectedParenthesis));
        };
        let group = std::mem::replace(&mut self.group, around);
        self.flags = group.flags_before;
        let mut operand = group.finish();
        if operand.height > MAX_HEIGHT {
            return Err((self.position, GoRegexSyntaxError::NestingTooDeep));
        }
        if group.has_alternatives {
            self.wrap(&mut operand);
        }
        self.position += 1;
        self.group.push(operand);
        Ok(())
    }

    /// Makes an atom of the operand that the output ends with.
    fn wrap(&mut self, operand: &mut Operand) {
        self.output.insert_str(operand.start, "(?:");
        self.output.push(')');
        operand.is_atom = true;
    }

    /// Reads `{2}`, `{2,}` or `{2,3}`; anything else that begins with `{` is a literal.
    fn read_count(&mut self) -> Result<Option<Repeat>, Fault> {
        let Some((count, _)) = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Ok(None);
        };
        let (least, most) = match count.split_once(',') {
            None => (count, Some(count)),
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
        };
        if !is_number(least) || !most.is_none_or(is_number) {
            return Ok(None);
        }
        let invalid = (self.position, GoRegexSyntaxError::InvalidRepeatCount);
        let number = |digits: &str| match digits.parse::<u32>() {
            Ok(number) if number <= MAX_REPEAT => Ok(number),
            _ => Err(invalid),
        };
        let least = number(least)?;
        let most = most.map(number).transpose()?;
        if most.is_some_and(|most| most < least) {
            return Err(invalid);
        }
        self.position += count.len() + 2;
        Ok(Some(Repeat { least, most }))
    }

    fn repeat(&mut self, start: usize, repeat: Repeat) -> Result<(), Fault> {
        let Some(mut operand) = self.group.last else {
            return Err((start, GoRegexSyntaxError::MissingRepeatArgument));
        };
        operand.repeats = repeat.product(operand.repeats);
        if operand.repeats > MAX_REPEAT {
            return Err((start, GoRegexSyntaxError::InvalidRepeatCount));
        }
        operand.height += 1;
        if operand.height > MAX_HEIGHT {
            return Err((start, GoRegexSyntaxError::NestingTooDeep));
        }
        if !operand.is_atom {
            self.wrap(&mut operand);
        }
        self.group.last = Some(operand);
        match repeat {
            Repeat { least: 0, most: None } => self.output.push('*'),
            Repeat { least: 1, most: None } => self.output.push('+'),
            Repeat { least, most: None } => {
                let _ = write!(self.output, "{{{least},}}");
            }
            // Not `?`, which after another repetition would only make that one lazy.
            Repeat { least, most: Some(most) } => {
                let _ = write!(self.output, "{{{least},{most}}}");
            }
        }
        Ok(())
    }
}

/// Digits without a leading zero.
fn is_number(digits: &str) -> bool {
    let plain = digits == "0" || !digits.starts_with('0');
    plain && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

// Groups and operands.

/// What a repetition operator may apply to.
#[derive(Clone, Copy)]
struct Operand {
    /// Where its translation begins in the output.
    start: usize,
    /// Whether a repetition operator behind the translation applies to all of it.
    is_atom: bool,
    /// How often, at most, it repeats something within it.
    repeats: u32,
    /// How deep operators nest in it.
    height: u32,
}

/// A group that is being read, or the whole pattern.
#[derive(Clone, Copy, Default)]
struct Group {
    /// Where its translation begins in the output.
    start: usize,
    captures: bool,
    /// The flags to return to.
    flags_before: Flags,
    /// The last operand; `None` where a repetition operator would have none.
    last: Option<Operand>,
    /// The number of operands in the alternative that is being read.
    operands: usize,
    has_alternatives: bool,
    /// The largest of all operands before the last.
    repeats: u32,
    /// The largest of all operands before the last.
    height: u32,
}

impl Group {
    /// A group whose translation begins at `start`.
    fn open(start: usize, captures: bool, flags_before: Flags) -> Self {
        Self { start, captures, flags_before, ..Self::default() }
    }

    /// Adds an operand to the alternative that is being read.
    fn push(&mut self, operand: Operand) {
        self.settle();
        self.last = Some(operand);
        self.operands += 1;
    }

    /// Notes what is to be known of the last operand, since another follows.
    fn settle(&mut self) {
        if let Some(last) = self.last {
            self.repeats = self.repeats.max(last.repeats);
            self.height = self.height.max(last.height);
        }
    }

    /// Begins the next alternative, behind a `|`.
    fn next_alternative(&mut self) {
        self.settle();
        self.last = None;
        self.operands = 0;
        self.has_alternatives = true;
    }

    /// The group as an operand of the one around it.
    fn finish(mut self) -> Operand {
        self.settle();
        let is_atom = match self.last {
            Some(last) => self.operands == 1 && last.is_atom,
            None => false,
        };
        Operand {
            start: self.start,
            is_atom: is_atom && !self.has_alternatives,
            repeats: self.repeats.max(1),
            height: self.height.max(1) + u32::from(self.captures),
        }
    }
}

/// How often an operand repeats.
#[derive(Clone, Copy)]
struct Repeat {
    least: u32,
    most: Option<u32>,
}

impl Repeat {
    /// How often something is repeated in all, if `inner` is how often it is within the operand.
    fn product(self, inner: u32) -> u32 {
        match self.most.unwrap_or(self.least) {
            0 if self.most.is_some() => 1,
            0 => inner,
            times => inner.saturating_mul(times),
        }
    }
}

// Classes, in brackets and as escapes.

/// A class, translated.
struct Class {
    translation: String,
    /// The length of what was translated, in bytes.
    length: usize,
    /// How many characters the engine has to visit to ignore their case.
    folded: u32,
}

/// Translates the class in brackets that `text` begins with.
fn translate_class(text: &str, flags: Flags) -> Result<Class, Fault> {
    let mut reader = ClassReader { text, position: 1, items: String::new(), size: 0, properties: 0 };
    let negated = reader.skip('^');
    let mut first = true; // a `]` that comes first is a literal
    while first || !reader.rest().starts_with(']') {
        first = false;
        reader.read_item()?;
    }
    let class = match (reader.items.as_str(), negated) {
        ("", false) => NOTHING.to_owned(),
        ("", true) => r"[\x00-\x{10FFFF}]".to_owned(),
        (items, false) => format!("[{items}]"),
        (items, true) => format!("[^{items}]"),
    };
    let folded = reader.size.min(u32::from(char::MAX)).saturating_add(reader.properties);
    Ok(with_flags(class, reader.position + 1, folded, flags))
}

/// Translates the class that `text` begins with, if it begins with an escape of one: `\d`, `\pN`.
fn translate_class_escape(text: &str, flags: Flags) -> Result<Option<Class>, Fault> {
    let Some((item, length)) = read_class_escape(text)? else {
        return Ok(None);
    };
    let folded = property_size(&item);
    let class = if is_class(&item) { item } else { format!("[{item}]") };
    Ok(Some(with_flags(class, length, folded, flags)))
}

fn with_flags(class: String, length: usize, folded: u32, flags: Flags) -> Class {
    if flags.ignore_case {
        Class { translation: format!("(?i:{class})"), length, folded }
    } else {
        Class { translation: class, length, folded: 0 }
    }
}

fn is_property(item: &str) -> bool {
    item.starts_with(r"\p") || item.starts_with(r"\P")
}

/// Whether an item is a class of its own, which may be as large as they get.
fn is_class(item: &str) -> bool {
    item.starts_with("[^") || is_property(item)
}

/// About as many characters as the largest properties that have cases hold; 0 for other items.
fn property_size(item: &str) -> u32 {
    if is_property(item) { 0x2_0000 } else { 0 }
}

struct ClassReader<'t> {
    text: &'t str,
    position: usize,
    items: String,
    /// An upper bound of the number of characters in `items`, more than once if they overlap.
    size: u32,
    /// The part of `items` that the engine reads apart from the whole.
    properties: u32,
}

impl<'t> ClassReader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn skip(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        self.position += if found { expected.len_utf8() } else { 0 };
        found
    }

    fn read_item(&mut self) -> Result<(), Fault> {
        if let Some((item, length)) = read_named(self.rest()).map_err(|fault| self.fault(fault))? {
            self.push(item, length);
            return Ok(());
        }
        let escape = read_class_escape(self.rest()).map_err(|fault| self.fault(fault))?;
        if let Some((item, length)) = escape {
            self.push(&item, length);
            return Ok(());
        }
        let start = self.position;
        let low = self.read_character()?;
        let mut high = low;
        let rest = self.rest();
        if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
            self.position += 1;
            high = self.read_character()?;
            if high < low {
                return Err((start, GoRegexSyntaxError::InvalidClass));
            }
        }
        push_range(&mut self.items, low, high);
        self.size = self.size.saturating_add(high - low + 1);
        Ok(())
    }

    fn push(&mut self, item: &str, length: usize) {
        self.items.push_str(item);
        self.position += length;
        let size = if is_class(item) { u32::from(char::MAX) } else { 128 };
        self.size = self.size.saturating_add(size);
        self.properties = self.properties.saturating_add(property_size(item));
    }

    fn read_character(&mut self) -> Result<u32, Fault> {
        let rest = self.rest();
        let (code, length) = match rest.chars().next() {
            None => return Err((0, GoRegexSyntaxError::MissingBracket)),
            Some('\\') => {
                let Escape { code, length } = read_escape(rest).map_err(|fault| self.fault(fault))?;
                (code, length)
            }
            Some(literal) => (literal.into(), literal.len_utf8()),
        };
        self.position += length;
        Ok(code)
    }

    fn fault(&self, (offset, error): Fault) -> Fault {
        (self.position + offset, error)
    }
}

/// Writes a range of code points, without the surrogates, which no text has.
fn push_range(items: &mut String, low: u32, high: u32) {
    let low = if (0xD800..=0xDFFF).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..=0xDFFF).contains(&high) { 0xD7FF } else { high };
    let _ = match low.cmp(&high) {
        std::cmp::Ordering::Less => write!(items, r"\x{{{low:X}}}-\x{{{high:X}}}"),
        std::cmp::Ordering::Equal => write!(items, r"\x{{{low:X}}}"),
        std::cmp::Ordering::Greater => Ok(()),
    };
}

/// `\d`, `\D` and their like, and `\p{Greek}`, `\PN`, `\p{^Lu}`.
fn read_class_escape(text: &str) -> Result<Option<(String, usize)>, Fault> {
    let Some(escaped) = text.strip_prefix('\\') else {
        return Ok(None);
    };
    let class = match escaped.as_bytes().first() {
        Some(b'd') => "0-9",
        Some(b'D') => "[^0-9]",
        Some(b's') => r"\t\n\f\r ",
        Some(b'S') => r"[^\t\n\f\r ]",
        Some(b'w') => "0-9A-Z_a-z",
        Some(b'W') => "[^0-9A-Z_a-z]",
        Some(b'p' | b'P') => {
            return unicode::read(text).map(Some).ok_or((0, GoRegexSyntaxError::InvalidClass));
        }
        _ => return Ok(None),
    };
    Ok(Some((class.to_owned(), 2)))
}

/// `[:alpha:]` and its like. Without a closing `:]`, a `[` is a literal.
fn read_named(text: &str) -> Result<Option<(&'static str, usize)>, Fault> {
    let Some(length) = text.strip_prefix("[:").and_then(|rest| rest.find(":]")).map(|length| length + 4)
    else {
        return Ok(None);
    };
    let item = match text.get(..length).unwrap_or_default() {
        "[:alnum:]" => "0-9A-Za-z",
        "[:^alnum:]" => "[^0-9A-Za-z]",
        "[:alpha:]" => "A-Za-z",
        "[:^alpha:]" => "[^A-Za-z]",
        "[:ascii:]" => r"\x00-\x7F",
        "[:^ascii:]" => r"[^\x00-\x7F]",
        "[:blank:]" => r"\t ",
        "[:^blank:]" => r"[^\t ]",
        "[:cntrl:]" => r"\x00-\x1F\x7F",
        "[:^cntrl:]" => r"[^\x00-\x1F\x7F]",
        "[:digit:]" => "0-9",
        "[:^digit:]" => "[^0-9]",
        "[:graph:]" => r"\x21-\x7E",
        "[:^graph:]" => r"[^\x21-\x7E]",
        "[:lower:]" => "a-z",
        "[:^lower:]" => "[^a-z]",
        "[:print:]" => r"\x20-\x7E",
        "[:^print:]" => r"[^\x20-\x7E]",
        "[:punct:]" => r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "[:^punct:]" => r"[^\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]",
        "[:space:]" => r"\x09-\x0D\x20",
        "[:^space:]" => r"[^\x09-\x0D\x20]",
        "[:upper:]" => "A-Z",
        "[:^upper:]" => "[^A-Z]",
        "[:word:]" => "0-9A-Z_a-z",
        "[:^word:]" => "[^0-9A-Z_a-z]",
        "[:xdigit:]" => "0-9A-Fa-f",
        "[:^xdigit:]" => "[^0-9A-Fa-f]",
        _ => return Err((0, GoRegexSyntaxError::InvalidClass)),
    };
    Ok(Some((item, length)))
}

// Escapes that stand for one character.

/// A character by its code, which may be a surrogate's, and the length of the escape in bytes.
struct Escape {
    code: u32,
    length: usize,
}

/// Reads the escape that `text` begins with.
fn read_escape(text: &str) -> Result<Escape, Fault> {
    let invalid = (0, GoRegexSyntaxError::InvalidEscape);
    let mut rest = text.chars();
    rest.next();
    let Some(kind) = rest.next() else {
        return Err((0, GoRegexSyntaxError::TrailingBackslash));
    };
    let after_kind = rest.as_str();
    let single = |code: char| Ok(Escape { code: code.into(), length: 2 });
    match kind {
        // One digit other than zero would be a back reference.
        '1'..='7' if !after_kind.starts_with(is_octal) => Err(invalid),
        '0'..='7' => {
            let digits = 1 + after_kind.chars().take(2).take_while(|next| is_octal(*next)).count();
            let octal = text.get(1..=digits).unwrap_or_default();
            let code = u32::from_str_radix(octal, 8).map_err(|_| invalid)?;
            Ok(Escape { code, length: 1 + digits })
        }
        'x' if after_kind.starts_with('{') => {
            let (digits, _) = after_kind.get(1..).and_then(|digits| digits.split_once('}')).ok_or(invalid)?;
            let code = hexadecimal(digits).ok_or(invalid)?;
            Ok(Escape { code, length: digits.len() + 4 })
        }
        'x' => {
            let code = after_kind.get(..2).and_then(hexadecimal).ok_or(invalid)?;
            Ok(Escape { code, length: 4 })
        }
        'a' => single('\x07'),
        'f' => single('\x0c'),
        'n' => single('\n'),
        'r' => single('\r'),
        't' => single('\t'),
        'v' => single('\x0b'),
        punctuation if punctuation.is_ascii() && !punctuation.is_ascii_alphanumeric() => single(punctuation),
        _ => Err(invalid),
    }
}

fn is_octal(digit: char) -> bool {
    matches!(digit, '0'..='7')
}

/// Any number of hexadecimal digits, but at least one, up to the last code point.
fn hexadecimal(digits: &str) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0_u32, |code, digit| {
        let code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
        (code <= u32::from(char::MAX)).then_some(code)
    })
}
