//! Markers in commit messages that ask for a build: `[build APP]` and `[build APP TAG]`.
//!
//! ```
//! use chart_release::build_marker::BuildMarker;
//!
//! let apps = ["gdal", "web"];
//! let marker = BuildMarker::find("Update GDAL [build gdal 1.2]", &apps)?;
//! assert_eq!(serde_json::to_string(&marker).unwrap(), r#"{"app":"gdal","tag":"1.2"}"#);
//!
//! assert_eq!(BuildMarker::find("Fix a typo", &apps)?, None);
//! assert!(BuildMarker::find("[build gdla]", &apps).is_err());
//! # Ok::<(), chart_release::build_marker::UnknownApp>(())
//! ```
//!
//! # What is a marker
//!
//! - `[`, the word `build`, an app, and, if wanted, a tag, then `]`, on one line, separated by blanks or tabs. The tag defaults to
//!   `latest`. **The last marker of a message counts.**
//! - An app is what an image may be called within its organization: lower-case letters and digits, with single `.`, `_`, `__` or dashes
//!   between them, at most 128 characters. It has no `/`.
//! - A tag is [what a registry takes](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests): a letter, a digit or
//!   `_`, then up to 127 of these, `.` and `-`.
//! - What fits neither is text, and so is what has a bracket inside: `[build gdal [1.2]]`. In `[build gdal]foo]` the marker is
//!   `[build gdal]`; in `[[build gdal]]` the inner one is.
//! - Code is text: code spans and fenced code blocks as in [CommonMark](https://spec.commonmark.org/0.31.2/#code-spans), so a message may explain a
//!   marker without being one. So is a bracket after a backslash.
//! - `[pack]` and `[pack NAME]`, older spellings, are text; [`old_markers`] finds them, to be warned about. So does
//!   [`malformed_markers`] for what was meant as a marker and is none.
//!
//! A message is data: nothing of it reaches a shell, and what comes out of here has only the characters above.

use repository_url::is_tag;
use selection_strategies::nearest_name;
use serde::Serialize;

/// The tag of a marker that names none.
pub const DEFAULT_TAG: &str = "latest";

/// The longest name of an app or a tag.
const LONGEST: usize = 128;

/// An app to be built, and the tag of its image.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct BuildMarker {
    /// The app, one of those that were given.
    pub app: String,
    /// The tag.
    pub tag: String,
}

/// The marker names an app that is not one of those that can be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the commit message asks to build {app:?}, and there is no such app")]
#[non_exhaustive]
pub struct UnknownApp {
    /// The app.
    pub app: String,
    hint: String,
}

impl UnknownApp {
    /// The app that may have been meant, or the apps there are.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl BuildMarker {
    /// The last marker of a commit message, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`UnknownApp`] if the last marker names none of these apps. An earlier one is not taken instead.
    pub fn find(message: &str, apps: &[impl AsRef<str>]) -> Result<Option<Self>, UnknownApp> {
        let Some(marker) = Self::last(message) else { return Ok(None) };
        if apps.iter().any(|app| app.as_ref() == marker.app) {
            return Ok(Some(marker));
        }
        let names = || apps.iter().map(AsRef::as_ref);
        let hint = match nearest_name(&marker.app, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None if apps.is_empty() => "there are no apps at all".to_owned(),
            None => format!("the apps are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        Err(UnknownApp { app: marker.app, hint })
    }

    /// The last marker of a commit message, whether there is such an app or not.
    pub fn last(message: &str) -> Option<Self> {
        brackets(message).rev().find_map(|inside| {
            let mut words = words(inside);
            let (keyword, app) = (words.next()?, words.next()?);
            let tag = words.next().unwrap_or(DEFAULT_TAG);
            let is_marker = keyword == "build" && words.next().is_none() && is_app(app) && is_tag(tag);
            is_marker.then(|| Self { app: app.to_owned(), tag: tag.to_owned() })
        })
    }
}

/// The older markers of a message, `[pack]` and `[pack NAME]`, as they are written. They build nothing: write `[build NAME]`.
pub fn old_markers(message: &str) -> Vec<&str> {
    let is_old = |inside: &&str| {
        let mut words = words(inside);
        let is_pack = words.next() == Some("pack");
        is_pack && words.next().is_none_or(is_app) && words.next().is_none()
    };
    brackets(message).filter(is_old).collect()
}

/// What a message has that looks like a marker and is none, as it is written: `[Build gdal]`, `[build gdal .x]`, `[build gdal 1 2]`. It builds nothing.
pub fn malformed_markers(message: &str) -> Vec<&str> {
    let is_malformed = |inside: &&str| {
        let mut words = words(inside);
        let Some(keyword) = words.next() else { return false };
        let (app, tag) = (words.next(), words.next());
        let is_marker =
            keyword == "build" && app.is_some_and(is_app) && tag.is_none_or(is_tag) && words.next().is_none();
        keyword.eq_ignore_ascii_case("build") && !is_marker
    };
    brackets(message).filter(is_malformed).collect()
}

/// Whether it is the name of an image within its organization.
fn is_app(text: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = text.split(|character: char| character.is_ascii() && is_alphanumeric(character as u8));
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| is_alphanumeric(*byte));
    text.len() <= LONGEST
        && ends(text.as_bytes().first())
        && ends(text.as_bytes().last())
        && separators.into_iter().all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

fn words(inside: &str) -> impl Iterator<Item = &str> {
    inside.split([' ', '\t']).filter(|word| !word.is_empty())
}

/// What is between a `[` and the next `]` on the same line, outside of code, with no bracket inside.
fn brackets(message: &str) -> impl DoubleEndedIterator<Item = &str> {
    let bytes = message.as_bytes();
    let mut found = Vec::new();
    let (mut open, mut at) = (None, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'`' | b'~' => match end_of_code(message, at) {
                Ok(end) => {
                    open = None;
                    at = end;
                    continue;
                }
                // Not code: the whole run is text.
                Err(end) => {
                    at = end;
                    continue;
                }
            },
            // A backslash takes the next character its meaning. Before a backtick it does not, within a bracket it makes no difference.
            b'\\' if matches!(bytes.get(at + 1), Some(b'[' | b'\\')) => {
                open = None;
                at += 1;
            }
            b'[' => open = Some(at + 1),
            b']' => found.extend(open.take().and_then(|start| message.get(start..at))),
            b'\n' | b'\r' => open = None,
            _ => {}
        }
        at += 1;
    }
    found.into_iter()
}

/// Where the code ends that begins with the backticks or tildes at this place, or where these end if they begin none.
///
/// Three or more at the beginning of a line, after at most three blanks, begin a block up to the line that closes it, or else the end of
/// the message. Backticks elsewhere begin a span up to as many backticks in the same paragraph.
fn end_of_code(message: &str, at: usize) -> Result<usize, usize> {
    let bytes = message.as_bytes();
    let fence = bytes.get(at).copied().unwrap_or_default();
    let run_at = |at: usize| bytes.iter().skip(at).take_while(|byte| **byte == fence).count();
    let run = run_at(at);
    let after = at + run;
    // A line is looked at as a whole only where a fence may begin, once per line.
    let before = bytes.get(..at).unwrap_or_default();
    let indent = before.iter().rev().take_while(|byte| **byte == b' ').take(4).count();
    let is_at_line_start =
        indent <= 3 && before.iter().rev().nth(indent).is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
    let rest_of_line = match run >= 3 && is_at_line_start {
        true => message.get(after..).and_then(|rest| rest.lines().next()),
        false => None,
    };
    if let Some(rest_of_line) = rest_of_line.filter(|rest| fence == b'~' || !rest.contains('`')) {
        let mut end = after + rest_of_line.len();
        for line in message.get(end..).unwrap_or_default().split_inclusive('\n') {
            end += line.len();
            let text = line.trim_end();
            let closing = text.trim_start_matches(' ');
            let is_closing = closing.len() >= run
                && text.len() - closing.len() <= 3
                && closing.bytes().all(|byte| byte == fence);
            if is_closing {
                break;
            }
        }
        return Ok(end);
    }
    if fence == b'~' {
        return Err(after);
    }
    let mut at = after;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'`' {
            let found = run_at(at);
            if found == run {
                return Ok(at + found);
            }
            at += found;
            continue;
        }
        let rest = message.get(at + 1..).unwrap_or_default();
        if byte == b'\n' && rest.lines().next().is_none_or(|line| line.trim().is_empty()) {
            break;
        }
        at += 1;
    }
    Err(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_as_a_marker() {
        for (message, expected) in [
            ("[build gdal .x]", &["build gdal .x"][..]),
            ("[Build gdal] and [BUILD gdal 1]", &["Build gdal", "BUILD gdal 1"]),
            ("[build gdal x y] [build] [build GDAL]", &["build gdal x y", "build", "build GDAL"]),
            ("[build gdal] [build gdal 1.2] [builds gdal] [a build] [] `[build a .x]`", &[]),
        ] {
            assert_eq!(malformed_markers(message), expected, "{message}");
        }
    }

    #[test]
    fn apps() {
        for app in ["gdal", "a", "k2", "geo-server", "a.b", "a__b", "a---b"] {
            assert!(is_app(app), "{app}");
        }
        for app in ["", "-a", "a-", "A", "a/b", "a..b", "a___b", "..", "a b", "ä", "a._b", &"a".repeat(129)]
        {
            assert!(!is_app(app), "{app}");
        }
    }
}
