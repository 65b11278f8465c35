//! Here-documents, taken out before the instructions are read: the parser supports them only as the first word of a `RUN`.

/// A here-document of a `RUN`, `COPY` or `ADD`.
#[derive(Clone, Debug)]
pub(super) struct HereDoc {
    /// Where its `<<` is.
    pub(super) at: usize,
    /// Where its first line begins.
    pub(super) body_at: usize,
    pub(super) body: String,
}

/// A here-document without its last line.
pub(super) struct Unterminated {
    pub(super) at: usize,
    pub(super) delimiter: String,
}

/// The character that continues a line: that of the directive `# escape=`, or a backslash.
pub(super) fn escape(text: &str) -> char {
    for line in text.lines() {
        let Some(comment) = line.trim().strip_prefix('#') else { break };
        let Some((name, value)) = comment.split_once('=') else { break };
        match name.trim().to_ascii_lowercase().as_str() {
            "escape" if value.trim() == "`" => return '`',
            "escape" => break,
            "syntax" | "check" => {}
            _ => break,
        }
    }
    '\\'
}

/// The text with spaces in the place of here-documents and of their `<<`, so that all other places stay; and the documents.
pub(super) fn take_out(text: &str, escape: char) -> Result<(String, Vec<HereDoc>), Unterminated> {
    let mut rest = String::with_capacity(text.len());
    let mut documents = Vec::new();
    let mut lines = Lines { text, at: 0 };
    while let Some((start, line)) = lines.next() {
        let first = line.trim_start();
        if first.is_empty() || first.starts_with('#') {
            rest.push_str(line);
            continue;
        }
        let instruction = logical_line(line, &mut lines, escape);
        let operators = match has_commands(instruction) {
            true => operators(instruction, escape),
            false => Vec::new(),
        };
        let mut from = 0;
        for operator in &operators {
            rest.push_str(instruction.get(from..operator.at).unwrap_or_default());
            rest.push_str("  ");
            from = operator.at + 2;
        }
        rest.push_str(instruction.get(from..).unwrap_or_default());
        for operator in operators {
            let body_at = lines.at;
            let mut body = String::new();
            loop {
                let Some((_, line)) = lines.next() else {
                    return Err(Unterminated { at: start + operator.at, delimiter: operator.delimiter });
                };
                rest.extend(line.chars().flat_map(blank));
                let content = line.trim_end_matches(['\n', '\r']);
                let content = if operator.strips_tabs { content.trim_start_matches('\t') } else { content };
                if content == operator.delimiter {
                    break;
                }
                body.push_str(line);
            }
            documents.push(HereDoc { at: start + operator.at, body_at, body });
        }
    }
    Ok((rest, documents))
}

/// Spaces of the same length; line breaks stay.
fn blank(character: char) -> impl Iterator<Item = char> {
    let (blank, count) =
        if matches!(character, '\n' | '\r') { (character, 1) } else { (' ', character.len_utf8()) };
    std::iter::repeat_n(blank, count)
}

struct Lines<'text> {
    text: &'text str,
    at: usize,
}

impl<'text> Lines<'text> {
    /// Where the next line begins, and the line with its break.
    fn next(&mut self) -> Option<(usize, &'text str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        Some((start, line))
    }
}

/// A line with those that continue it. Comments and empty lines do not end an instruction.
fn logical_line<'text>(first: &'text str, lines: &mut Lines<'text>, escape: char) -> &'text str {
    let start = lines.at - first.len();
    let mut line = first;
    loop {
        let is_comment = line.trim_start().starts_with('#') && line.as_ptr() != first.as_ptr();
        let goes_on = is_comment || line.trim().is_empty() || line.trim_end().ends_with(escape);
        if !goes_on {
            break;
        }
        let Some((_, next)) = lines.next() else { break };
        line = next;
    }
    lines.text.get(start..lines.at).unwrap_or(first)
}

fn has_commands(instruction: &str) -> bool {
    let mut words = instruction.split_whitespace();
    let mut keyword = words.next().unwrap_or_default();
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        keyword = words.next().unwrap_or_default();
    }
    let is_json = words.next().is_some_and(|word| word.starts_with('['));
    !is_json && ["RUN", "COPY", "ADD"].iter().any(|name| keyword.eq_ignore_ascii_case(name))
}

struct Operator {
    at: usize,
    delimiter: String,
    strips_tabs: bool,
}

/// The words `<<NAME`, `<<-NAME` and `3<<NAME` outside of quotation marks.
fn operators(instruction: &str, escape: char) -> Vec<Operator> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut word_start = true;
    let mut characters = instruction.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (_, character) if character == escape && quote != Some('\'') => {
                characters.next();
                word_start = false;
            }
            (Some(open), character) => {
                if open == character {
                    quote = None;
                }
            }
            (None, '"' | '\'') => {
                quote = Some(character);
                word_start = false;
            }
            (None, '<') if word_start => {
                if let Some(operator) = operator(instruction, at) {
                    found.push(operator);
                }
                word_start = false;
            }
            (None, '0'..='9') if word_start => {}
            (None, character) => word_start = character.is_whitespace(),
        }
    }
    found
}

fn operator(instruction: &str, at: usize) -> Option<Operator> {
    let rest = instruction.get(at..)?.strip_prefix("<<")?;
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let word = rest.split(|character: char| character.is_whitespace()).next().unwrap_or_default();
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    let quoted = ['"', '\''].iter().find_map(|mark| word.strip_prefix(*mark)?.split(*mark).next());
    let delimiter = match quoted {
        Some(inside) => inside,
        None => word.split(|character: char| !is_name(character)).next().unwrap_or_default(),
    };
    let is_delimiter = !delimiter.is_empty() && delimiter.chars().all(is_name);
    is_delimiter.then(|| Operator { at, delimiter: delimiter.to_owned(), strips_tabs })
}
