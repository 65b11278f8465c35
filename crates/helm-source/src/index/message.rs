//! The messages about an invalid file. The messages of the parsers are replaced, since they name types and options that are unknown to
//! the author of an index.

use std::fmt::Display;

use serde::de;
use serde_json::error::Category;
use serde_saphyr::budget::BudgetBreach;

/// The mark of a message of this crate, as opposed to one of a parser.
const OURS: char = '\u{1}';

/// The error of a parser with a message that is shown as it is.
pub(super) fn fault<E: de::Error>(what: impl Display) -> E {
    E::custom(format_args!("{OURS}{what}"))
}

/// The message of this crate in that of a parser, which may have added the location.
fn ours(text: &str) -> Option<&str> {
    let (_, text) = text.split_once(OURS)?;
    Some(text.rfind(" at line ").map_or(text, |end| &text[..end]))
}

/// What is wrong with a file in YAML.
pub(super) fn of_yaml(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;

    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => return of_yaml(error),
        Error::Message { msg, .. } => match ours(msg) {
            Some(text) => return text.to_owned(),
            None => "this is not what an index has here",
        },
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            return format!("expected {expected}");
        }
        Error::Eof { .. } => "the file ends within a value",
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            "mappings and lists are nested deeper than 64 levels"
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "anchors and aliases repeat more than is read: write the values out"
        }
        Error::UnknownAnchor { .. } => "an alias has no anchor before it",
        Error::ExternalMessage { source, .. } => return of_syntax(&format!("{source:?}")),
        _ => "a value of another kind is expected here",
    }
    .to_owned()
}

/// What the YAML parser found, by the name of its finding.
fn of_syntax(finding: &str) -> String {
    if let Some(character) = character(finding) {
        return format!("the character U+{:04X} is not allowed here", u32::from(character));
    }
    let has = |words: &[&str]| words.iter().any(|word| finding.contains(word));
    let text = if has(&["RecursionLimit"]) {
        "mappings and lists are nested deeper than 64 levels"
    } else if has(&["Tab"]) {
        "the indentation contains a tab: YAML is indented with spaces"
    } else if has(&["UnclosedQuoted", "DocumentIndicatorInQuoted"]) {
        "a quoted text has no closing quote"
    } else if has(&["Quoted", "Surrogate", "UnicodeEscape"]) {
        "a quoted text has an escape that YAML does not have, or something behind its closing quote"
    } else if has(&["Flow"]) {
        "a list in brackets or a mapping in braces is not closed, or lacks a comma"
    } else if has(&["MappingValue", "MappingKey", "Colon"]) {
        "a `: ` is not allowed here: put the text in quotes"
    } else if has(&["SimpleKey", "BlockMappingKey", "BlockSequence", "BlockEntry", "Indent"]) {
        "the line is neither a key with `:` nor an item with `- ` of what is open in its column"
    } else if has(&["UnexpectedEof"]) {
        "the file ends within a value"
    } else if has(&["Tag", "Anchor", "Directive"]) {
        "a tag, anchor or directive is not valid"
    } else {
        "this is not valid YAML"
    };
    text.to_owned()
}

/// The character that may not stand there: `UnexpectedCharacter { character: '\0' }`.
fn character(finding: &str) -> Option<char> {
    let (_, rest) = finding.split_once("UnexpectedCharacter { character: '")?;
    let (written, _) = rest.split_once('\'').filter(|(written, _)| !written.is_empty()).unwrap_or(("'", ""));
    match written.strip_prefix('\\') {
        None => written.chars().next(),
        Some("0") => Some('\0'),
        Some("t") => Some('\t'),
        Some("r") => Some('\r'),
        Some("n") => Some('\n'),
        Some("" | "'") => Some('\''),
        Some("\\") => Some('\\'),
        Some(code) => {
            let code = code.strip_prefix("u{")?.strip_suffix('}')?;
            char::from_u32(u32::from_str_radix(code, 16).ok()?)
        }
    }
}

/// What is wrong with a file in JSON.
pub(super) fn of_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if let Some(text) = ours(&text) {
        return text.to_owned();
    }
    let has = |words: &str| text.contains(words);
    match error.classify() {
        Category::Eof => "the file ends within a value",
        Category::Data => match text.split_once(", expected ") {
            Some((_, expected)) => {
                return format!(
                    "expected {}",
                    expected.rfind(" at line ").map_or(expected, |end| &expected[..end])
                );
            }
            None => "this is not what an index has here",
        },
        _ if has("recursion limit") => "objects and lists are nested deeper than 128 levels",
        _ if has("control character") => "a string contains a control character: write it as an escape",
        _ if has("trailing comma") => "there is a comma before a closing bracket",
        _ if has("escape") || has("surrogate") => "a text has an escape that JSON does not have",
        _ if has("number") => "a number is not valid",
        _ if has("trailing characters") => "there is content after the end",
        _ => "a value, a comma, a colon or a closing bracket is missing here",
    }
    .to_owned()
}
