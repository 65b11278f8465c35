//! The lexer, and the values of literals.

use std::sync::OnceLock;

use go_compat::GoRegex;

use crate::error::CompileError;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name, also one after `#`.
    Name(String),
    /// A number, as written.
    Number(String),
    /// A text with its escapes resolved.
    Text(String),
    /// The bytes of `b'...'`.
    Bytes(Vec<u8>),
    /// Operators, punctuation, brackets, and the words that are operators.
    Symbol(&'static str),
    /// An operator that the grammar does not have, such as `===`.
    Unknown,
    End,
}

/// A token and the byte at which it begins.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) token: Token,
    pub(crate) position: usize,
}

/// The words that are operators, never names.
const WORDS: [&str; 10] =
    ["not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if"];

const SYMBOLS: [&str; 39] = [
    "(", ")", "[", "]", "{", "}", ",", ";", "%", "+", "-", "^", "&", "!", "=", "*", "<", ">", "&&", "!=",
    "==", "<=", ">=", "**", "|", "||", ":", "::", ".", "..", "?", "?.", "??", "/", "#", "##", "&=", "*=",
    "else",
];

/// Splits an expression into tokens; the last is [`Token::End`].
pub(crate) fn tokenize(text: &str) -> Result<Vec<Located>, CompileError> {
    let mut lexer = Lexer { text, position: 0, behind_pointer: false };
    let mut tokens = Vec::new();
    while let Some(located) = lexer.next_token()? {
        tokens.push(located);
    }
    tokens.push(Located { token: Token::End, position: text.len() });
    Ok(tokens)
}

struct Lexer<'t> {
    text: &'t str,
    position: usize,
    /// A `#` was read just before; any word after it is a name.
    behind_pointer: bool,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, expected: &str) -> bool {
        let found = self.peek().is_some_and(|next| expected.contains(next));
        if found {
            self.position += 1;
        }
        found
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        self.position += self.rest().find(|next| !keep(next)).unwrap_or(self.rest().len());
    }

    fn next_token(&mut self) -> Result<Option<Located>, CompileError> {
        if std::mem::take(&mut self.behind_pointer) && self.peek().is_some_and(is_name_character) {
            let (position, name) = (self.position, self.rest());
            self.skip_while(is_name_character);
            let name = name[..self.position - position].to_owned();
            return Ok(Some(Located { token: Token::Name(name), position }));
        }
        loop {
            self.skip_while(char::is_whitespace);
            if self.rest().starts_with("//") {
                self.skip_while(|next| next != '\n');
            } else if let Some(comment) = self.rest().strip_prefix("/*") {
                let end = comment.find("*/");
                let end = end.ok_or_else(|| CompileError::at(self.position, "unclosed comment"))?;
                self.position += end + 4;
            } else {
                break;
            }
        }
        let position = self.position;
        let Some(first) = self.peek() else { return Ok(None) };
        let token = match first {
            '\'' | '"' => {
                Token::Text(text(self.quoted()?).map_err(|message| CompileError::at(position, message))?)
            }
            '`' => self.raw()?,
            'b' | 'B' if self.rest()[1..].starts_with(['\'', '"']) => {
                self.position += 1;
                Token::Bytes(bytes(self.quoted()?).map_err(|message| CompileError::at(position, message))?)
            }
            '0'..='9' => self.number()?,
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number()?,
            _ if is_name_character(first) => self.name(),
            _ => self.operator()?,
        };
        Ok(Some(Located { token, position }))
    }

    fn operator(&mut self) -> Result<Token, CompileError> {
        let position = self.position;
        let Some(first) = self.advance() else { return Ok(Token::End) };
        match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '%' | '+' | '-' | '^' | '/' => false,
            '&' | '!' | '=' | '*' | '<' | '>' => self.accept("&=*"),
            '|' => self.accept("|"),
            ':' => self.accept(":"),
            '.' => self.accept("."),
            '?' => self.accept(".?"),
            '#' => {
                self.behind_pointer = true;
                self.accept("#")
            }
            _ => return Err(CompileError::at(position, format!("unexpected character {first:?}"))),
        };
        let written = &self.text[position..self.position];
        Ok(SYMBOLS
            .iter()
            .find(|&&symbol| symbol == written)
            .map_or(Token::Unknown, |symbol| Token::Symbol(symbol)))
    }

    fn name(&mut self) -> Token {
        let name = self.rest();
        self.skip_while(is_name_character);
        let name = &name[..name.len() - self.rest().len()];
        let words = WORDS.iter().chain(&["else"]);
        match words.into_iter().find(|&&word| word == name) {
            Some(word) => Token::Symbol(word),
            None => Token::Name(name.to_owned()),
        }
    }

    fn number(&mut self) -> Result<Token, CompileError> {
        let start = self.position;
        let mut digits: fn(char) -> bool = |next| next.is_ascii_digit() || next == '_';
        if self.accept("0") {
            if self.accept("xX") {
                digits = |next| next.is_ascii_hexdigit() || next == '_';
            } else if self.accept("oO") {
                digits = |next| matches!(next, '0'..='7' | '_');
            } else if self.accept("bB") {
                digits = |next| matches!(next, '0' | '1' | '_');
            }
        }
        self.skip_while(digits);
        // `1..3` is a range, not `1.` and `.3`.
        if self.rest().starts_with("..") {
            return Ok(Token::Number(self.text[start..self.position].to_owned()));
        }
        if self.accept(".") {
            self.skip_while(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.skip_while(digits);
        }
        if self.peek().is_some_and(is_name_character) {
            return Err(CompileError::at(start, "bad number"));
        }
        Ok(Token::Number(self.text[start..self.position].to_owned()))
    }

    /// The inside of a quoted literal, escapes unresolved.
    fn quoted(&mut self) -> Result<&'t str, CompileError> {
        let start = self.position;
        let unterminated = || CompileError::at(start, "a quoted text is not closed");
        let quote = self.advance().ok_or_else(unterminated)?;
        let inside = self.position;
        loop {
            match self.advance() {
                None | Some('\n') => return Err(unterminated()),
                Some('\\') => match self.advance() {
                    // Only the quote that encloses the text can be escaped.
                    Some(other @ ('\'' | '"')) if other != quote => {
                        return Err(CompileError::at(self.position, "unknown escape"));
                    }
                    Some('`' | '?' | 'X') => {
                        return Err(CompileError::at(self.position, "unknown escape"));
                    }
                    _ => {}
                },
                Some(next) if next == quote => return Ok(&self.text[inside..self.position - 1]),
                Some(_) => {}
            }
        }
    }

    /// A text in backquotes; a doubled backquote stands for one.
    fn raw(&mut self) -> Result<Token, CompileError> {
        let start = self.position;
        self.position += 1;
        let mut value = String::new();
        loop {
            match self.advance() {
                None => return Err(CompileError::at(start, "a quoted text is not closed")),
                Some('`') if self.accept("`") => value.push('`'),
                Some('`') => return Ok(Token::Text(value)),
                Some(next) => value.push(next),
            }
        }
    }
}

/// Letters and decimal digits of any script, `_` and `$`.
fn is_name_character(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_' || character == '$';
    }
    static NAME: OnceLock<Option<GoRegex>> = OnceLock::new();
    let name = NAME.get_or_init(|| GoRegex::new(r"\A[\p{L}\p{Nd}]\z").ok());
    name.as_ref().is_some_and(|name| name.is_match(character.encode_utf8(&mut [0; 4])))
}

/// Whether a symbol is a word, which may be the name of a property.
pub(crate) fn is_word(symbol: &str) -> bool {
    symbol.starts_with(|first: char| first.is_ascii_alphabetic())
}

// The values of literals.

/// A text: resolves the escapes of the inside of a quoted literal.
fn text(inside: &str) -> Result<String, &'static str> {
    let inside = normalize_newlines(inside);
    let mut value = String::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some((next, after)) = split_first(rest) {
        rest = after;
        if next != '\\' {
            value.push(next);
            continue;
        }
        let (escape, after) = split_first(rest).ok_or("a backslash ends the text")?;
        rest = after;
        let code = match escape {
            'x' => digits(&mut rest, 2, 16)?,
            'u' if rest.starts_with('{') => braced(&mut rest)?,
            'u' => digits(&mut rest, 4, 16)?,
            'U' => digits(&mut rest, 8, 16)?,
            '0'..='3' => u32::from(escape) % 8 * 64 + digits(&mut rest, 2, 8)?,
            _ => u32::from(simple(escape)?),
        };
        if code > u32::from(char::MAX) {
            return Err("an escape beyond Unicode");
        }
        value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(value)
}

/// Bytes: as [`text`], but `\xff` and `\377` are one byte and there is no `\u`.
fn bytes(inside: &str) -> Result<Vec<u8>, &'static str> {
    let inside = normalize_newlines(inside);
    let mut value = Vec::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some((next, after)) = split_first(rest) {
        rest = after;
        if next != '\\' {
            value.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let (escape, after) = split_first(rest).ok_or("a backslash ends the text")?;
        rest = after;
        let code = match escape {
            'x' => digits(&mut rest, 2, 16)?,
            '0'..='3' => u32::from(escape) % 8 * 64 + digits(&mut rest, 2, 8)?,
            _ => u32::from(simple(escape)?),
        };
        value.push(u8::try_from(code).map_err(|_| "an escape beyond a byte")?);
    }
    Ok(value)
}

/// The value of a number literal.
pub(crate) enum Number {
    Integer(i64),
    Float(f64),
}

/// Reads a number as it was written: decimal, `0x`, `0o`, `0b`, fractions, exponents, `_` anywhere.
pub(crate) fn parse_number(written: &str) -> Result<Number, &'static str> {
    let digits = written.replace('_', "").to_ascii_lowercase();
    let integer = |digits: &str, radix| {
        i64::from_str_radix(digits, radix).map(Number::Integer).map_err(|_| "bad integer")
    };
    if let Some(digits) = digits.strip_prefix("0x") {
        return integer(unsigned(digits)?, 16);
    }
    if digits.contains(['.', 'e']) {
        let value = digits.parse::<f64>().map_err(|_| "bad number")?;
        return if value.is_finite() { Ok(Number::Float(value)) } else { Err("number too large") };
    }
    if let Some(digits) = digits.strip_prefix("0b") {
        return integer(unsigned(digits)?, 2);
    }
    if let Some(digits) = digits.strip_prefix("0o") {
        return integer(unsigned(digits)?, 8);
    }
    integer(&digits, 10)
}

fn unsigned(digits: &str) -> Result<&str, &'static str> {
    if digits.starts_with(['+', '-']) { Err("bad integer") } else { Ok(digits) }
}

fn simple(escape: char) -> Result<u8, &'static str> {
    Ok(match escape {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        _ => return Err("unknown escape"),
    })
}

fn digits(rest: &mut &str, count: usize, radix: u32) -> Result<u32, &'static str> {
    let mut value = 0_u32;
    for _ in 0..count {
        let (next, after) = split_first(rest).ok_or("an escape is cut off")?;
        let digit = next.to_digit(radix).ok_or("an escape has a bad digit")?;
        value = value
            .checked_mul(radix)
            .and_then(|value| value.checked_add(digit))
            .ok_or("an escape beyond Unicode")?;
        *rest = after;
    }
    Ok(value)
}

/// `{41}`, one to six digits.
fn braced(rest: &mut &str) -> Result<u32, &'static str> {
    let (digits, after) = rest[1..].split_once('}').ok_or("an escape is cut off")?;
    if digits.len() > 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("an escape has a bad digit");
    }
    *rest = after;
    u32::from_str_radix(digits, 16).map_err(|_| "an escape is empty")
}

fn normalize_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    Some((first, &text[first.len_utf8()..]))
}
