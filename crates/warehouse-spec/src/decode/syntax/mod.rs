//! The probable cause of a syntax error, and its remedy.

mod glued;

pub(crate) use glued::first as glued_field;

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::decode::remedy::ascii::Marker;
use crate::decode::remedy::style::Style;
use diagnostics::{Applicability, Replacement, Severity};
use repository_url::is_tag;

use crate::diagnostic::{Code, Diagnostic, Help, explained, location};
use crate::edition;
use crate::rule;
use crate::snippet::Lines;
use crate::yaml::written::{self, Escaped};
use crate::yaml::{self, Cause, Mark, Problem};

/// How many lines below an error its tab is looked for.
const LINES_TO_TAB: usize = 100;

/// How many lines above an error a value is looked for that is not closed.
const LINES_TO_OPEN: usize = 20;

/// What about a text as a whole explains its errors; looked up once, however many errors there are.
struct Clues<'a> {
    text: &'a str,
    read: Lines<'a>,
    /// The byte at which each line starts.
    starts: Vec<usize>,
    /// The index of the first line that Git leaves in a file with a conflict.
    conflict: Option<usize>,
    is_template: bool,
    is_shell_script: bool,
    is_json: bool,
}

impl<'a> Clues<'a> {
    fn of(text: &'a str) -> Self {
        let read = Lines::new(text);
        let lines = read.as_slice();
        let starts = lines.iter().map(|line| line.as_ptr().addr() - text.as_ptr().addr()).collect();
        let is_conflict = |line: &&str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
        Self {
            conflict: lines.iter().position(is_conflict),
            is_template: text.match_indices("{{").any(|(at, _)| !text[..at].ends_with('$')),
            is_shell_script: text.starts_with("#!") || lines.iter().any(|line| starts_here_document(line)),
            is_json: written::is_json(text),
            text,
            starts,
            read,
        }
    }

    /// The first tab in the indentation of this line, or of a line below it: the value before a tab is where reading it began.
    fn leading_tab(&self, line: usize) -> Option<Mark> {
        let lines = self.read.as_slice().get(line - 1..)?;
        let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let below =
            lines.iter().take(LINES_TO_TAB).position(|line| line[blanks(line)..].starts_with('\t'))?;
        Some(self.mark(line + below, blanks(lines.get(below)?) + 1, "\t"))
    }

    /// The field without a blank after its colon on this line, or on the one before it: such a line is read as a text, and the next one as a part of it.
    fn glued(&self, line: usize) -> Option<(Mark, &'a str, &'a str)> {
        let lines = self.read.as_slice().get(..line)?;
        lines.iter().enumerate().rev().take(2).find_map(|(index, line)| {
            let text = line.trim_start_matches([' ', '-']);
            let name = glued::field_in(text.trim_end())?;
            Some((self.mark(index + 1, line.len() - text.len() + 1, text.trim_end()), text.trim_end(), name))
        })
    }

    /// A value at the end of its line with the lines below that are deeper than its key or its hyphen, as YAML folds them; and where they end.
    fn with_lines_below(&self, mark: Mark, value: &str) -> (String, usize) {
        let (mut whole, mut end) = (value.to_owned(), mark.end);
        let lines = self.read.as_slice();
        let line = lines.get(mark.line - 1).copied().unwrap_or_default();
        let before = &line[..byte_at(line, mark.column)];
        let key = before.len() - before.trim_start_matches([' ', '-']).len();
        let around = match before.trim_end().ends_with(':') {
            true => Some(key),
            false => before.rfind('-'),
        };
        let Some(around) = around.filter(|_| line.trim_end().ends_with(value)) else { return (whole, end) };
        for (index, line) in lines.iter().enumerate().skip(mark.line).take(LINES_TO_OPEN) {
            let text = line.trim();
            let indent = line.len() - line.trim_start_matches(' ').len();
            if text.is_empty() || indent <= around {
                break;
            }
            let is_other =
                text.contains(['#', '{', '}', '[', ']', ',']) || text.contains(": ") || text.ends_with(':');
            if is_other || self.read.may_hold_secret(index) {
                return (value.to_owned(), mark.end);
            }
            whole.push(' ');
            whole.push_str(text);
            end = self.starts.get(index).copied().unwrap_or_default() + line.trim_end().len();
        }
        (whole, end)
    }

    /// The mark of a value on a line (from 1) at this column.
    fn mark(&self, line: usize, column: usize, value: &str) -> Mark {
        let text = self.read.as_slice().get(line - 1).copied().unwrap_or_default();
        let start = self.starts.get(line - 1).copied().unwrap_or_default() + byte_at(text, column);
        Mark { line, column, width: value.chars().count(), start, end: start + value.len() }
    }
}

/// The diagnostics for the documents that could not be read.
pub(crate) fn diagnostics(source: &Arc<str>, text: &str, problems: &[Problem]) -> Vec<Diagnostic> {
    if problems.is_empty() {
        return Vec::new();
    }
    let clues = Clues::of(text);
    let all = problems.iter().map(|problem| match &problem.cause {
        Cause::Syntax(error) => diagnostic(source, &clues, error, &problem.path),
        Cause::Limit { mark, message, help } => {
            let location = location(source, *mark);
            Diagnostic::new(Severity::Error, Code::Limit, location, &problem.path, message).with_help(*help)
        }
    });
    all.collect()
}

/// The values before these errors that open a bracket or a quotation mark and do not close it: what to say of each in place of the error. Whether the value is
/// the cause shows when the text is read with its remedy.
pub(crate) fn unclosed<'p>(
    source: &Arc<str>,
    text: &str,
    problems: &'p [Problem],
) -> Vec<(Diagnostic, &'p Problem)> {
    if problems.is_empty() {
        return Vec::new();
    }
    let clues = Clues::of(text);
    if clues.conflict.is_some() || clues.is_template || clues.is_shell_script {
        return Vec::new();
    }
    let errors = problems.iter().filter(|problem| matches!(problem.cause, Cause::Syntax(_)));
    errors.filter_map(|problem| Some((clues.unclosed(source, problem)?, problem))).collect()
}

impl Clues<'_> {
    fn unclosed(&self, source: &Arc<str>, problem: &Problem) -> Option<Diagnostic> {
        let lines = self.read.as_slice();
        let mut above =
            lines.get(..problem.line().min(lines.len()))?.iter().enumerate().rev().take(LINES_TO_OPEN);
        let (index, line, (start, value)) =
            above.find_map(|(index, line)| Some((index, *line, written::unclosed(line)?)))?;
        if self.read.may_hold_secret(index) || repository_url::redact(value) != value {
            return None;
        }
        let key = line[..start].trim_end().strip_suffix(':')?;
        let key = key.trim_start_matches([' ', '-']).trim_matches(['"', '\'']);
        if !glued::is_key(key) {
            return None;
        }
        let path = match problem.path.rsplit_once(&format!(".{key}")) {
            Some((above, _)) => yaml::child(above, key),
            None => problem.path.clone(),
        };
        let column = line[..start].chars().count() + 1;
        let mark = self.mark(index + 1, column, value);
        let span = mark.start..mark.end;
        let style = Style { is_json: self.is_json, follows_tag: path.contains("image") && is_tag(value) };
        let (code, message, help) = match written::reading(value)? {
            _ if value.starts_with(['"', '\'']) => {
                let form = format!("{value}{}", &value[..1]);
                let message = format!("`{value}` has no quotation mark at its end");
                (Code::Syntax, message, Help::rewriting(format!("close it: {form}"), span.clone(), form))
            }
            what if edition::is_text(key) => {
                (Code::Unquoted, format!("`{value}` is read as {what}"), style.quote(key, value))
            }
            _ => {
                let form = format!("{value}{}", written::missing_brackets(value));
                let message = format!("`{value}` has no bracket at its end");
                let help = Help::rewriting(format!("close it: {form}"), span.clone(), form);
                (Code::Syntax, message, help.probable())
            }
        };
        let found = Diagnostic::new(Severity::Error, code, location(source, mark), path, message);
        Some(explained(found, help.of(mark)))
    }
}

/// The edit with which the text behind a value can be read that has no exact remedy.
pub(crate) fn stand_in(span: Range<usize>, value: &str) -> Replacement {
    Replacement::new(span, written::quoted(value), Applicability::MaybeIncorrect)
}

/// The diagnostic for a text that is not valid YAML.
fn diagnostic(source: &Arc<str>, clues: &Clues<'_>, error: &ScanError, path: &str) -> Diagnostic {
    let marker = error.marker();
    let byte = marker.byte_offset().unwrap_or_default();
    let mark =
        Mark { line: marker.line().max(1), column: marker.col() + 1, width: 1, start: byte, end: byte };
    let line = clues.read.as_slice().get(mark.line - 1).copied().unwrap_or_default();
    let report = |mark, code, message: &str| {
        Diagnostic::new(Severity::Error, code, location(source, mark), path, message)
    };
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return report(mark, Code::Limit, "mappings and lists are nested too deep");
    }
    if let Some(index) = clues.conflict.filter(|index| *index < mark.line) {
        let conflict = clues.mark(index + 1, 1, "<<<<<<<");
        let message = "a merge conflict is not resolved";
        let mut diagnostic = report(conflict, Code::Syntax, message);
        diagnostic.path.clear();
        return diagnostic
            .with_help("choose one side, and delete the lines that start with <<<<<<<, ======= and >>>>>>>");
    }
    let is_secret = clues.read.may_hold_secret(mark.line - 1);
    let item = line.trim_start_matches(' ');
    if let Some(marker) = Marker::of(item).filter(|_| !is_secret) {
        let start = clues.mark(mark.line, line.len() - item.len() + 1, &item[..marker.length]);
        let help = marker.help(start.start);
        return explained(report(start, Code::Syntax, &marker.message), help);
    }
    let is_escape = matches!(
        error.kind(),
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape
    );
    let is_expression = path.ends_with("expressionFilter") || path.ends_with("expression");
    if let Some((column, value, found)) =
        escaped(line, mark.column, is_expression).filter(|_| is_escape && !is_secret)
    {
        let start = clues.mark(mark.line, column, value);
        let message = format!("`{}` is not an escape in double quotes", found.escape);
        let help = quote(path, (line, column), &found.text, clues.is_json);
        return explained(report(start, Code::Unquoted, &message), help);
    }
    if let Some((column, value, what)) = unquoted(line, mark.column, error.kind()).filter(|_| !is_secret) {
        let start = clues.mark(mark.line, column, value);
        let (whole, end) = clues.with_lines_below(start, value);
        let message = format!("`{whole}` is read as {what}");
        let help = quote(path, (line, column), &whole, clues.is_json);
        let found = report(Mark { end, ..start }, Code::Unquoted, &message);
        // The value stays on its lines: what is below it is read in its place, and folds into the same text.
        let is_quoted = help.text.starts_with("quote it");
        return match clues.text.get(start.start..end).filter(|_| end > start.end) {
            Some(lines) if is_quoted => {
                let form = written::quoted(lines);
                explained(found, Help::rewriting(help.text, start.start..end, form))
            }
            Some(_) => explained(found, help.only_if(false)),
            None => explained(found, help),
        };
    }
    if let Some((start, value, name)) = clues.glued(mark.line).filter(|_| !clues.is_template && !is_secret) {
        return glued::diagnostic(source, (start, path), value, name);
    }
    let message = format!("this is not valid YAML: {}", error.kind());
    let mark = match clues.leading_tab(mark.line).filter(|_| is_tab(error.kind())) {
        Some(tab) if tab.line > mark.line => tab,
        _ => mark,
    };
    let diagnostic = report(mark, Code::Syntax, &message);
    match remedy(error.kind(), clues, line) {
        Some(help) => explained(diagnostic, help),
        None => diagnostic,
    }
}

fn remedy(kind: &ErrorKind, clues: &Clues<'_>, line: &str) -> Option<&'static str> {
    if clues.is_template {
        return Some("this looks like a template: render it first, for example with `helm template`");
    }
    if clues.is_shell_script {
        return Some("this looks like a shell script: take the manifests out of it");
    }
    if line.contains("\\${{") || line.contains("\\\"") || line.contains("\\$") {
        return Some(
            "this looks like text of a shell script: take the manifest out of it, without the shell's backslashes",
        );
    }
    if line.trim() == "..." {
        return Some("`...` is a placeholder: write the value, or delete the line");
    }
    match kind {
        kind if is_tab(kind) => Some("indent with spaces, not with tabs"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            Some("close the quotation mark")
        }
        ErrorKind::UnclosedFlowCollection { .. }
            if line.contains("onstraint:") && line.trim_end().ends_with(')') =>
        {
            Some("write a range of versions as comparisons in quotation marks, such as '>=1.0.0 <2.0.0'")
        }
        ErrorKind::UnclosedFlowCollection { .. } => Some("close the bracket"),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => {
            Some("a value that contains `: ` must be quoted; check the indentation otherwise")
        }
        ErrorKind::ExpectedBlockMappingKey if line.trim_start().starts_with("- ") => {
            Some("write the key of the list on a line before it, such as `subscriptions:`")
        }
        ErrorKind::ExpectedBlockMappingKey => Some("start it in the column of the fields that it belongs to"),
        _ => None,
    }
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

fn starts_here_document(line: &str) -> bool {
    let line = line.trim_end();
    ["<<EOF", "<< EOF", "<<'EOF'", "<<-EOF", "<<\"EOF\""].iter().any(|start| line.ends_with(start))
}

/// The value on this line, when it starts with a character that means something else than itself and the error is in it:
/// its column, its text, and what it is taken for.
fn unquoted<'a>(line: &'a str, column: usize, kind: &ErrorKind) -> Option<(usize, &'a str, &'static str)> {
    if matches!(kind, ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape) {
        return None;
    }
    // What was never closed needs its end, not quotation marks around it.
    if matches!(kind, ErrorKind::UnclosedQuotedScalar | ErrorKind::UnclosedFlowCollection { .. }) {
        return None;
    }
    let byte = byte_at(line, column);
    let (start, value) = written::value_at(line, byte)?;
    // A key needs no quotation marks, and a value in them no others.
    let is_quoted = written::double_quoted(value, 0).is_some_and(|quoted| quoted == value)
        || value.len() > 1
            && value.starts_with('\'')
            && value.ends_with('\'')
            && !value[1..value.len() - 1].contains('\'');
    if value.contains("{{") || value.strip_suffix(':').is_some_and(glued::is_key) || is_quoted {
        return None;
    }
    let what = written::reading(value)?;
    let (start, value) = whole_constraint(line, start, value).unwrap_or((start, value));
    Some((line[..start].chars().count() + 1, value, what))
}

/// The constraint that commas in braces have divided, and this value is a part of.
fn whole_constraint<'a>(line: &'a str, start: usize, value: &str) -> Option<(usize, &'a str)> {
    let is_part = |part: &str| rule::constraint(part).is_none() && !part.contains([':', '{', '}']);
    let (before, key) = (line.get(..start)?, "onstraint:");
    let from = before.rfind(key)? + key.len();
    let from = from + line.get(from..)?.len() - line.get(from..)?.trim_start().len();
    if before.get(from..)?.contains([':', '{', '}']) {
        return None;
    }
    let mut end = start + value.len();
    while let Some(rest) = line.get(end..)?.strip_prefix(',') {
        let part = rest.split([',', '}']).next().unwrap_or_default();
        if !is_part(part.trim()) || part.trim().is_empty() {
            break;
        }
        end += 1 + part.trim_end().len();
    }
    let whole = line.get(from..end)?;
    (whole.contains(',') && is_part(whole)).then_some((from, whole))
}

/// The value in double quotes that starts at this column, and the first escape in it that YAML does not know.
fn escaped(line: &str, column: usize, is_expression: bool) -> Option<(usize, &str, Escaped)> {
    let value = written::double_quoted(line, byte_at(line, column))?;
    // A template or a shell script is explained as such.
    let is_script = value
        .match_indices("\\$")
        .any(|(at, _)| value[at + 2..].starts_with(|next: char| next == '{' || next.is_ascii_alphabetic()));
    if is_script || value.contains("{{") {
        return None;
    }
    let found = written::first_unknown(value, is_expression);
    Some((column, value, found?))
}

/// What to do about a value that starts at this column of a line, of the field before it or at this path.
fn quote(path: &str, (line, column): (&str, usize), value: &str, is_json: bool) -> Help {
    let before = line[..byte_at(line, column)].trim_end();
    let key = before
        .strip_suffix(':')
        .and_then(|before| before.rsplit([' ', '{', ',', '"', '\'']).find(|key| !key.is_empty()));
    let name = key.unwrap_or_else(|| path.rsplit('.').next().unwrap_or_default());
    // The strategy is not known here.
    let follows_tag = path.contains("image") && is_tag(value);
    Style { is_json, follows_tag }.quote(name, value)
}

/// Where in the line the character of this column, counted from 1, starts.
fn byte_at(line: &str, column: usize) -> usize {
    line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at)
}
