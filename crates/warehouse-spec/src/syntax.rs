//! What a syntax error most likely comes from, and what to do about it.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::node::Mark;
use crate::secret::may_hold_secret;

/// The diagnostic for a text that is no YAML.
pub(crate) fn diagnostic(source: &Arc<str>, text: &str, error: &ScanError, path: &str) -> Diagnostic {
    let marker = error.marker();
    let mark = Mark { line: marker.line().max(1), column: marker.col() + 1, width: 1 };
    let line = text.lines().nth(mark.line.saturating_sub(1)).unwrap_or_default();
    let report = |mark, code, message: &str| {
        Diagnostic::new(Severity::Error, code, Location::new(source, mark), path, message)
    };
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return report(mark, Code::Limit, "mappings and lists are nested too deep");
    }
    if let Some(conflict) = conflict_marker(text, mark.line) {
        let message = "a merge conflict is not resolved";
        let mut diagnostic = report(conflict, Code::Syntax, message);
        diagnostic.path.clear();
        return diagnostic
            .with_help("choose one side, and delete the lines that start with <<<<<<<, ======= and >>>>>>>");
    }
    let is_secret = may_hold_secret(text, mark.line.saturating_sub(1));
    if let Some(unquoted) = unquoted_value(line, mark.column).filter(|_| !is_secret) {
        let start = Mark { column: unquoted.column, width: unquoted.value.chars().count(), ..mark };
        let what = match unquoted.value.starts_with('*') {
            true => "a YAML alias",
            false => "a YAML tag",
        };
        let message = format!("`{}` is read as {what}", unquoted.value);
        return report(start, Code::Unquoted, &message)
            .with_help(format!("quote it: {}", quoted(unquoted.value)));
    }
    let message = format!("this is no YAML: {}", error.kind());
    let diagnostic = report(mark, Code::Syntax, &message);
    match remedy(error.kind(), text, line) {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

fn remedy(kind: &ErrorKind, text: &str, line: &str) -> Option<&'static str> {
    let is_template = text.match_indices("{{").any(|(at, _)| !text[..at].ends_with('$'));
    if is_template {
        return Some("this looks like a template: render it first, for example with `helm template`");
    }
    if is_shell_script(text) {
        return Some("this looks like a shell script: take the manifests out of it");
    }
    if line.contains("\\${{") || line.contains("\\\"") || line.contains("\\$") {
        return Some(
            "this looks like text of a shell script: take the manifest out of it, without the shell's backslashes",
        );
    }
    if line.trim() == "..." {
        return Some("`...` stands for something left out: write it out, or delete the line");
    }
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Some("indent with spaces, not with tabs"),
        ErrorKind::UnclosedQuotedScalar => Some("close the quotation mark"),
        ErrorKind::UnclosedFlowCollection { .. } => Some("close the bracket"),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => {
            Some("a value that contains `: ` must be quoted; check the indentation otherwise")
        }
        _ => None,
    }
}

fn is_shell_script(text: &str) -> bool {
    text.starts_with("#!")
        || text.lines().any(|line| {
            let line = line.trim_end();
            ["<<EOF", "<< EOF", "<<'EOF'", "<<-EOF", "<<\"EOF\""].iter().any(|start| line.ends_with(start))
        })
}

/// The first line up to this one that Git leaves in a file with a conflict.
fn conflict_marker(text: &str, last: usize) -> Option<Mark> {
    text.lines()
        .take(last)
        .position(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
        .map(|index| Mark { line: index + 1, column: 1, width: 7 })
}

struct Unquoted<'a> {
    value: &'a str,
    column: usize,
}

/// The value on this line, when it starts with a character that means something else than itself and the error is in it.
fn unquoted_value(line: &str, column: usize) -> Option<Unquoted<'_>> {
    let at = [": ", "- "]
        .iter()
        .filter_map(|before| {
            let at = line.find(before)? + before.len();
            let rest = &line[at..];
            Some(at + rest.len() - rest.trim_start().len())
        })
        .filter(|&at| line[at..].starts_with(['*', '!']))
        .min()?;
    let start = line[..at].chars().count() + 1;
    if column < start {
        return None;
    }
    let value = line[at..].split(" #").next().unwrap_or_default().trim_end();
    Some(Unquoted { value, column: start })
}

/// The value in the quotation marks that need the least escaping.
pub(crate) fn quoted(value: &str) -> String {
    match value.contains('"') || value.contains('\\') {
        true => format!("'{}'", value.replace('\'', "''")),
        false => format!("\"{value}\""),
    }
}
