//! From Go's syntax to that of the `regex` crate, in one pass.
//!
//! The translation contains no flags: each literal, class and assertion
//! is complete in itself. Groups do not capture and are written only where an alternation or a
//! repetition needs them; all repetitions are greedy. That is enough, since the only question is
//! whether there is a match.

use std::fmt::Write as _;

use super::class::{Class, translate_class, translate_class_escape};
use super::error::{Fault, GoRegexSyntaxError};
use super::escape::{Escape, read_escape};
use super::operand::{Flags, Group, Operand, Repeat};
use super::unicode::NOTHING;

/// How deep operators may nest in Go. The engine refuses more than about 250 that are not
/// capturing groups.
const MAX_HEIGHT: u32 = 1000;

/// The largest repeat count, and the largest product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// The translation of `\B`. To the engine it holds within a character of several bytes, too.
pub(super) const NOT_WORD_BOUNDARY: &str = r"(?-u:\B)";

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
