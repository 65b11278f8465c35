//! A diagnostic as a compiler shows it, without the values of secrets.

use std::fmt;

use diagnostics::Severity;
use repository_url::{is_printable, names_secret, printable, redact_line};

use crate::diagnostic::{Code, Diagnostic};

/// The most characters of a line that are shown; a longer one is cut around the place.
const WIDEST: usize = 100;

/// The most characters of a line that are looked at before and after the place: many more than are shown, so that a
/// credential is known for one also where only a part of it is near.
const AROUND: usize = 4_000;

/// Shows a [`Diagnostic`] with the line it is about, a caret, and its help; several lines, no line break at the end. Plain text, unless
/// [`with_colors`](Self::with_colors) asks for the colours of terminals.
///
/// Credentials in URLs are masked in the line as well. Of a line that may belong to a Secret only the key is shown. Characters that are
/// not printable are replaced by U+FFFD. A text that is larger than the limit is shown without any line of it.
///
/// ```
/// use warehouse_spec::{Options, Snippet, parse};
///
/// let text = "\
/// apiVersion: kargo.akuity.io/v1alpha1
/// kind: Warehouse
/// metadata: {name: demo}
/// spec:
///   subscriptions:
///   - image: {repoURL: 'nginx:1.25'}
/// ";
/// let manifest = parse("kargo.yaml", text, &Options::default());
/// assert_eq!(
///     Snippet::new(&manifest.diagnostics[0], text).to_string(),
///     "\
/// error: `nginx:1.25` is not an image repository: it ends with a tag
///  --> kargo.yaml:6:22 (spec.subscriptions[0].image.repoURL)
///   |
/// 6 |   - image: {repoURL: 'nginx:1.25'}
///   |                      ^^^^^^^^^^^^
///   = help: write nginx; which tags count is said by `constraint` and `allowTagsRegexes`",
/// );
/// ```
///
/// For many diagnostics of one text, [`Lines`] reads the text once.
#[derive(Clone, Copy)]
pub struct Snippet<'a> {
    diagnostic: &'a Diagnostic,
    text: Text<'a>,
    has_code: bool,
    has_colors: bool,
}

impl<'a> Snippet<'a> {
    /// A snippet of the text that the diagnostic was found in.
    pub fn new(diagnostic: &'a Diagnostic, text: &'a str) -> Self {
        Self { diagnostic, text: Text::Unread(text), has_code: false, has_colors: false }
    }

    /// The same snippet with the code behind the severity: `error[bad-url]`.
    #[must_use]
    pub fn with_code(mut self) -> Self {
        self.has_code = true;
        self
    }

    /// The same snippet with the escape sequences that colour it on a terminal, or without.
    #[must_use]
    pub fn with_colors(mut self, has_colors: bool) -> Self {
        self.has_colors = has_colors;
        self
    }

    /// A part in this rendition of SGR.
    fn painted(&self, part: impl fmt::Display, rendition: &str) -> String {
        match self.has_colors {
            true => format!("\u{1b}[{rendition}m{part}\u{1b}[0m"),
            false => part.to_string(),
        }
    }
}

/// The text of a snippet.
#[derive(Clone, Copy)]
enum Text<'a> {
    Unread(&'a str),
    Read(&'a Lines<'a>),
}

/// The lines of a text, and which of them belong to a Secret, for the [snippets](Snippet) of many diagnostics: the text is read once.
///
/// ```
/// use warehouse_spec::{Lines, Options, Snippet, lint};
///
/// let text = "kind: Warehouse\n";
/// let (manifest, lines) = (lint("kargo.yaml", text, &Options::default()), Lines::new(text));
/// for diagnostic in &manifest.diagnostics {
///     assert_eq!(lines.snippet(diagnostic).to_string(), Snippet::new(diagnostic, text).to_string());
/// }
/// ```
#[derive(Clone)]
pub struct Lines<'a> {
    lines: Vec<&'a str>,
    /// Of each line, whether its document says that it is a Secret.
    in_secret: Vec<bool>,
}

/// The text may hold credentials.
impl fmt::Debug for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lines").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl<'a> Lines<'a> {
    /// Reads the lines of a text.
    pub fn new(text: &'a str) -> Self {
        // YAML takes a lone CR for a line break, too.
        let lines: Vec<&str> = text.lines().flat_map(|line| line.split('\r')).collect();
        let is_mark = |line: &&str| *line == "---" || line.starts_with("--- ");
        let mut in_secret = vec![false; lines.len()];
        let mut start = 0;
        while start < lines.len() {
            let rest = lines.get(start + 1..).unwrap_or_default();
            let end = rest.iter().position(is_mark).map_or(lines.len(), |at| start + 1 + at);
            let document = lines.get(start..end).unwrap_or_default();
            if document.iter().any(|line| looked_at(line).contains("Secret") && names_kind(line)) {
                // The mark behind a document may be taken for a part of it.
                in_secret.iter_mut().take(end + 1).skip(start).for_each(|is_secret| *is_secret = true);
            }
            start = end;
        }
        Self { lines, in_secret }
    }

    /// A snippet of this text.
    pub fn snippet(&'a self, diagnostic: &'a Diagnostic) -> Snippet<'a> {
        Snippet { diagnostic, text: Text::Read(self), has_code: false, has_colors: false }
    }

    /// The lines.
    pub(crate) fn as_slice(&self) -> &[&'a str] {
        &self.lines
    }

    /// Whether the line of this index (from 0) may hold a secret: some key on it is named like one, or it belongs to a document
    /// that says it is a Secret.
    pub(crate) fn may_hold_secret(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(|line| has_secret_key(line)) || self.is_in_secret(index)
    }

    fn is_in_secret(&self, index: usize) -> bool {
        self.in_secret.get(index).copied().unwrap_or(false)
    }
}

#[cfg(not(test))]
fn looked_at(line: &str) -> &str {
    line
}

#[cfg(test)]
thread_local! {
    /// How many lines this thread has searched for the kind of their documents.
    static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn looked_at(line: &str) -> &str {
    LOOKED_AT.with(|count| count.set(count.get() + 1));
    line
}

/// Bold blue: the frame around a line.
const FRAME: &str = "1;34";
/// Bold: the message.
const BOLD: &str = "1";

/// The rendition of a severity.
fn rendition(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    }
}

/// The text may hold credentials, so only the diagnostic is shown.
impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Snippet").field("diagnostic", self.diagnostic).finish_non_exhaustive()
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.diagnostic;
        let number = found.location.line.to_string();
        let gutter = " ".repeat(number.len());
        let weight = rendition(found.severity);
        let head = match self.has_code {
            true => format!("{}[{}]", found.severity, found.code),
            false => found.severity.to_string(),
        };
        let message = self.painted(format_args!(": {}", printable(&found.message)), BOLD);
        writeln!(formatter, "{}{message}", self.painted(head, weight))?;
        write!(formatter, "{gutter}{} {}", self.painted("-->", FRAME), found.location)?;
        if !found.path.is_empty() {
            write!(formatter, " ({})", printable(&found.path))?;
        }
        let bar = self.painted(format_args!("{gutter} |"), FRAME);
        if let Some(shown) = self.shown_line() {
            let line = self.painted(format_args!("{number} |"), FRAME);
            let carets = self.painted("^".repeat(shown.width), weight);
            writeln!(formatter, "\n{bar}")?;
            writeln!(formatter, "{}", format!("{line} {}", shown.line).trim_end())?;
            write!(formatter, "{bar} {}{carets}", " ".repeat(shown.before))?;
        }
        if let Some(help) = &found.help {
            let equals = self.painted(format_args!("{gutter} ="), FRAME);
            write!(formatter, "\n{equals} {}: {}", self.painted("help", BOLD), printable(help))?;
        }
        Ok(())
    }
}

/// A line as it is shown, and where in it the caret is.
struct Shown {
    line: String,
    before: usize,
    width: usize,
}

impl Snippet<'_> {
    fn shown_line(&self) -> Option<Shown> {
        let location = &self.diagnostic.location;
        let index = location.line.checked_sub(1)?;
        if self.diagnostic.code == Code::Limit && (location.line, location.column) == (1, 1) {
            return None;
        }
        let read;
        let lines = match self.text {
            Text::Read(lines) => lines,
            Text::Unread(text) => {
                read = Lines::new(text);
                &read
            }
        };
        let line = lines.as_slice().get(index)?;
        let column = location.column.saturating_sub(1);
        let (line, skipped) = around(line, column);
        let secret = secret_value(line);
        // What comes before a secret is shown, unless something in the line is masked that may reach into it.
        let is_partly = secret.is_some() && !lines.is_in_secret(index) && redact_line(line) == line;
        if skipped > 0 && secret.is_some() || lines.is_in_secret(index) || secret.is_some() && !is_partly {
            return Some(if skipped > 0 { masked() } else { shown_key(line) });
        }
        let (line, hidden) = secret.map_or((line, ""), |value| (&line[..value], " ***"));
        let start = column - skipped;
        let [place, tail] = [start, start.saturating_add(location.width)].map(|at| byte_at(line, at));
        let (head, place, tail) = (&line[..place], &line[place..tail], &line[tail..]);
        // What is masked may straddle the place, so the line is masked as a whole; the caret moves along if it can.
        let whole = redact_line(line).into_owned();
        let parts = format!("{}{}{}", redact_line(head), redact_line(place), redact_line(tail));
        let (before, width) = match whole == parts {
            true => (redact_line(head).chars().count(), redact_line(place).chars().count()),
            false => (whole.chars().take_while(|letter| letter.is_whitespace()).count(), 1),
        };
        Some(cut(&format!("{whole}{hidden}"), before, width.max(1)))
    }
}

/// The part of a line around this column (from 0), and how many characters are before it.
fn around(line: &str, column: usize) -> (&str, usize) {
    let skipped = column.saturating_sub(AROUND);
    let part = &line[byte_at(line, skipped)..];
    (&part[..byte_at(part, 2 * AROUND)], skipped)
}

/// Where in the line this character (from 0) starts; the end of the line if it has none.
fn byte_at(line: &str, character: usize) -> usize {
    line.char_indices().nth(character).map_or(line.len(), |(at, _)| at)
}

/// A line of which nothing is shown.
fn masked() -> Shown {
    Shown { line: "***".to_owned(), before: 0, width: 1 }
}

/// The key of a line, and nothing of its value.
fn shown_key(line: &str) -> Shown {
    let key = line.split(':').next().unwrap_or_default();
    let is_key = line.contains(':') && !key.trim().contains(' ');
    let line = match is_key {
        true => format!("{key}: ***"),
        false => "***".to_owned(),
    };
    Shown { before: line.len() - line.trim_start().len(), width: 1, line }
}

/// Cuts a long line around the place, makes tabs as wide as one blank so that the caret is under it, and shows what
/// would act on a terminal.
fn cut(line: &str, before: usize, width: usize) -> Shown {
    let letters: Vec<char> = line
        .chars()
        .map(|letter| match letter {
            _ if letter.is_whitespace() => ' ',
            _ if !is_printable(letter) => char::REPLACEMENT_CHARACTER,
            _ => letter,
        })
        .collect();
    let start = match letters.len() > WIDEST {
        true => before.saturating_sub(WIDEST / 2).min(letters.len()),
        false => 0,
    };
    let end = letters.len().min(start + WIDEST);
    let mut line: String = letters[start..end].iter().collect();
    let mut before = before - start;
    if start > 0 {
        line.insert_str(0, "... ");
        before += 4;
    }
    if end < letters.len() {
        line.push_str(" ...");
    }
    let room = line.chars().count().saturating_sub(before).max(1);
    Shown { line, before, width: width.min(room) }
}

fn names_kind(line: &str) -> bool {
    let compact: String = line.chars().filter(|letter| !" \"'-{".contains(*letter)).collect();
    compact.starts_with("kind:Secret") || compact.contains(",kind:Secret")
}

/// Whether some key on the line is named like a secret.
pub(crate) fn has_secret_key(line: &str) -> bool {
    secret_value(line).is_some()
}

/// Where the value of the first key of the line starts that is named like a secret: behind its colon.
fn secret_value(line: &str) -> Option<usize> {
    line.match_indices(':').map(|(colon, _)| colon).find_map(|colon| {
        let before = line[..colon].trim_end_matches(['"', '\'', ' ']);
        let start = before.rfind([' ', '"', '\'', '{', ',', ':']).map_or(0, |at| at + 1);
        names_secret(&before[start..]).then_some(colon + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Options;

    #[test]
    fn lines_of_secrets() {
        let text = "a: 1\n---\nkind: Secret\nb: 2\n---\nc: 3\n--- {kind: Secret}\n---\nd: 4\n";
        let lines = Lines::new(text);
        let secret: Vec<bool> = (0..lines.as_slice().len()).map(|index| lines.is_in_secret(index)).collect();
        assert_eq!(secret, [false, true, true, true, true, false, true, true, false]);
        assert!(!lines.is_in_secret(99) && Lines::new("").as_slice().is_empty());
    }

    /// Of a line with a secret, what comes before it is shown, with the caret where it belongs.
    #[test]
    fn a_secret_alone_is_masked() {
        let source = std::sync::Arc::from("a.yaml");
        for (line, column, shown) in [
            (
                "filter: subject contains 'token: x' &&",
                9,
                "1 | filter: subject contains 'token: ***\n  |         ^^",
            ),
            ("- {url: a, token: hunter2, branch: on}", 8, "1 | - {url: a, token: ***\n  |        ^^"),
            (
                "- {url: a, token: hunter2, branch: on}",
                28,
                "1 | - {url: a, token: ***\n  |                  ^",
            ),
            ("- {url: 'https://a:b@c', token: hunter2}", 8, "1 | ***\n  | ^"),
            ("token: hunter2", 8, "1 | token: ***\n  |       ^"),
        ] {
            let location =
                diagnostics::Location::new(std::sync::Arc::clone(&source), 1, column).with_width(2);
            let found = Diagnostic::new(Severity::Error, Code::BadValue, location, "", "x");
            let snippet = Snippet::new(&found, line).to_string();
            assert!(snippet.ends_with(shown), "{snippet}");
            assert!(!snippet.contains("hunter2"));
        }
    }

    /// The text is read once for all of its diagnostics, and not once for each.
    #[test]
    fn the_snippets_of_many_diagnostics_read_each_line_once() {
        let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: a}\nspec:\n  subscriptions:\n";
        let text = format!("{head}{}", "  - image:\n      repoURL: nginx\n".repeat(500));
        let manifest = crate::lint("a.yaml", &text, &Options::default());
        assert_eq!(manifest.diagnostics.len(), 499);
        LOOKED_AT.with(|count| count.set(0));
        let lines = Lines::new(&text);
        let shown: usize =
            manifest.diagnostics.iter().map(|found| lines.snippet(found).to_string().len()).sum();
        assert!(shown > 499 * 100);
        assert_eq!(LOOKED_AT.with(std::cell::Cell::get), 1005);
    }
}
