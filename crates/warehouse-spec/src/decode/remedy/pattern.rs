//! The replacement for a regular expression that is not valid in Go's syntax: a shell pattern, look-around, an unclosed
//! bracket.

use go_compat::{GoRegex, GoRegexError, GoRegexSyntaxError};

use crate::decode::remedy::style::Style;
use crate::diagnostic::Help;
use crate::rule;

/// The list that a pattern is in, the prefix of patterns there, and the list that has the opposite effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    excludes: bool,
    prefix: &'static str,
    opposite: &'static str,
}

impl List {
    /// The list of this name: one of tags, or one of paths, where a regular expression has a prefix.
    pub(crate) fn named(name: &str) -> Self {
        let (excludes, prefix, opposite) = match name {
            "includePaths" => (false, "regex:", "excludePaths"),
            "excludePaths" => (true, "regex:", "includePaths"),
            "ignoreTags" | "ignoreTagsRegexes" => (true, "", "allowTagsRegexes"),
            _ => (false, "", "ignoreTagsRegexes"),
        };
        Self { excludes, prefix, opposite }
    }

    /// Help with a pattern to write in this list; one that leaves out every tag is not written there.
    pub(crate) fn writing(self, form: &str, help: impl FnOnce() -> Help) -> Help {
        match self.excludes && self.prefix.is_empty() && matches_all(form) {
            true => NAME_WHAT_TO_IGNORE.into(),
            false => help(),
        }
    }

    /// The name of the list that has the opposite effect.
    pub(crate) fn opposite(self) -> &'static str {
        self.opposite
    }
}

/// What to write in place of a pattern of this list; `None` if Go takes it.
pub(crate) fn help(style: Style, list: List, pattern: &str) -> Option<Help> {
    let error = GoRegex::new(pattern).err()?;
    if let Some(help) = without_look_around(style, list, pattern) {
        return Some(help);
    }
    if let Some(form) = replaced(pattern, &error) {
        return Some(list.writing(&form, || style.writing(&format!("{}{form}", list.prefix)).probable()));
    }
    let error = match &error {
        GoRegexError::Syntax { error, .. } => error,
        GoRegexError::OverBudget { .. } => return Some(rule::WITHIN_BUDGET.into()),
        _ => return Some("write a shorter one, or several".into()),
    };
    Some(match error {
        GoRegexSyntaxError::MissingParenthesis => {
            r"close the group with `)`, or write `\(` for the character itself".into()
        }
        // No tag has a bracket or a backslash.
        GoRegexSyntaxError::MissingBracket if list.prefix.is_empty() => "close the class with `]`".into(),
        GoRegexSyntaxError::TrailingBackslash if list.prefix.is_empty() => {
            r"delete the `\` at its end".into()
        }
        GoRegexSyntaxError::MissingBracket => {
            r"close the class with `]`, or write `\[` for the character itself".into()
        }
        GoRegexSyntaxError::TrailingBackslash => {
            r"delete the `\` at its end, or write `\\` for the character itself".into()
        }
        GoRegexSyntaxError::InvalidRepeatCount => {
            "write a count from 0 to 1000, the smaller one first".into()
        }
        _ => "write it in Go's syntax: https://pkg.go.dev/regexp/syntax".into(),
    })
}

/// The one change after which Go takes a pattern, where it is known.
fn replaced(pattern: &str, error: &GoRegexError) -> Option<String> {
    let GoRegexError::Syntax { error, position, .. } = error else { return None };
    let (before, rest) = pattern.split_at_checked(*position)?;
    let form = match error {
        GoRegexSyntaxError::MissingRepeatArgument | GoRegexSyntaxError::StackedRepeat
            if is_of_shell(pattern) =>
        {
            regex_of_shell(pattern)
        }
        GoRegexSyntaxError::MissingRepeatArgument if rest.starts_with('*') => format!("{before}.{rest}"),
        GoRegexSyntaxError::MissingRepeatArgument => format!("{before}\\{rest}"),
        // `a++` of other engines does not go back; which texts match is mostly the same.
        GoRegexSyntaxError::StackedRepeat => format!("{before}{}", rest.get(1..)?),
        GoRegexSyntaxError::UnexpectedParenthesis => format!("{before}\\{rest}"),
        GoRegexSyntaxError::InvalidEscape => format!("{before}\\z{}", rest.strip_prefix("\\Z")?),
        GoRegexSyntaxError::InvalidPerlSyntax => format!("{before}(?:{}", rest.strip_prefix("(?>")?),
        _ => return None,
    };
    GoRegex::new(&form).is_ok().then_some(form)
}

/// Whether a text is a pattern of a shell, and has nothing that only a regular expression has.
pub(crate) fn is_of_shell(text: &str) -> bool {
    text.contains(['*', '?']) && !text.contains(['\\', '^', '$', '+', '(', ')', '|'])
}

/// The regular expression that finds what a pattern of a shell matches as a whole: `*` is any text and `?` any character, as tags of images have no `/`.
///
/// ```
/// assert_eq!(warehouse_spec::regex_of_shell("v?.0"), r"^v.\.0$");
/// assert_eq!(warehouse_spec::regex_of_shell("*-debug"), "-debug$");
/// ```
pub fn regex_of_shell(pattern: &str) -> String {
    let mut regex = "^".to_owned();
    let (mut in_class, mut in_braces, mut last) = (false, false, '\0');
    for letter in pattern.chars() {
        match letter {
            ']' if in_class => {
                in_class = false;
                regex.push(letter);
            }
            '!' if in_class && last == '[' => regex.push('^'),
            _ if in_class => regex.push(letter),
            '[' => {
                in_class = true;
                regex.push(letter);
            }
            '*' if last == '*' => {}
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '{' => {
                in_braces = true;
                regex.push('(');
            }
            ',' if in_braces => regex.push('|'),
            '}' if in_braces => {
                in_braces = false;
                regex.push(')');
            }
            _ => escape_into(&mut regex, letter),
        }
        last = letter;
    }
    regex.push('$');
    simplified(&regex)
}

/// Whether a pattern plainly matches every text.
pub(crate) fn matches_all(pattern: &str) -> bool {
    let bare = pattern.strip_prefix('^').unwrap_or(pattern);
    matches!(bare.strip_suffix('$').unwrap_or(bare), ".*" | ".+")
}

/// What to do about a pattern that leaves out everything.
pub(crate) const NAME_WHAT_TO_IGNORE: &str =
    "delete it, or name the tags to leave out of those that `allowTagsRegexes` allows";

/// The regular expression of this text alone.
pub(crate) fn exactly(text: &str) -> String {
    let mut pattern = "^".to_owned();
    text.chars().for_each(|letter| escape_into(&mut pattern, letter));
    pattern.push('$');
    pattern
}

/// The text of which a pattern is the regular expression [`exactly`].
pub(crate) fn exact_text(pattern: &str) -> Option<String> {
    let inside = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let (mut text, mut letters) = (String::with_capacity(inside.len()), inside.chars());
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next()? } else { letter });
    }
    (exactly(&text) == pattern).then_some(text)
}

fn escape_into(pattern: &mut String, letter: char) {
    if r"\.+*?()|[]{}^$".contains(letter) {
        pattern.push('\\');
    }
    pattern.push(letter);
}

/// A pattern without what finds anything at its start and end.
fn simplified(pattern: &str) -> String {
    let is_repeated = |rest: &str| rest.starts_with(['?', '*', '+', '{']);
    let start = ["^.*", ".*"].iter().find_map(|start| pattern.strip_prefix(start));
    let start = start.filter(|rest| !is_repeated(rest)).unwrap_or(pattern);
    let is_escaped = |text: &str| text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    let end = [".*$", ".*"].iter().find_map(|end| start.strip_suffix(end)).filter(|rest| !is_escaped(rest));
    match end.unwrap_or(start) {
        "" | "^" | "$" => ".*".to_owned(),
        short => short.to_owned(),
    }
}

/// A pattern with negative look-around, divided into what is left of it and what must not match beside it.
#[derive(Debug, PartialEq, Eq)]
struct Divided {
    /// `None` if it finds something in every text.
    rest: Option<String>,
    not: Vec<String>,
}

/// The forms of look-around.
const LOOK_AROUND: &[&str] = &["(?!", "(?<!", "(?=", "(?<="];

/// Whether a pattern has look-around, which Go's regular expressions do not have.
///
/// ```
/// assert!(warehouse_spec::looks_around("^(?!rc)") && !warehouse_spec::looks_around("^(?:rc)"));
/// ```
pub fn looks_around(pattern: &str) -> bool {
    LOOK_AROUND.iter().any(|form| pattern.contains(form))
}

/// What to do about look-around: what must not match belongs in the list with the opposite effect.
fn without_look_around(style: Style, list: List, pattern: &str) -> Option<Help> {
    if !looks_around(pattern) {
        return None;
    }
    let reason = "Go's regular expressions have no look-around";
    let form = |pattern: &String| style.form(&format!("{}{pattern}", list.prefix));
    if let Some(same) = consuming(pattern) {
        return Some(
            style.writing(&format!("{}{same}", list.prefix)).with(&format!(": {reason}")).probable(),
        );
    }
    let opposite = list.opposite;
    if !pattern.contains("(?!") && !pattern.contains("(?<!") {
        return Some(
            format!("write what must stand there as a part of the pattern, in a group `(?:...)`: {reason}")
                .into(),
        );
    }
    Some(match divided(pattern) {
        Some(Divided { rest, not }) if rest.is_none() || !list.excludes => {
            let not: Vec<String> = not.iter().map(form).collect();
            let not = not.join(" and ");
            match rest {
                None => format!("write {not} in `{opposite}` instead of it: {reason}").into(),
                Some(rest) => {
                    format!("write {} in its place, and {not} in `{opposite}`: {reason}", form(&rest)).into()
                }
            }
        }
        _ if list.excludes => format!("write without it what to leave out: {reason}").into(),
        _ => format!("write what must not match in `{opposite}`, and the rest here: {reason}").into(),
    })
}

/// Divides a pattern at its negative look-around, where each is at the outermost level.
fn divided(pattern: &str) -> Option<Divided> {
    // `^((?!x).)*$`: no `x` anywhere.
    for (start, end) in [("^((?!", ").)*$"), ("^(?:(?!", ").)*$"), ("^((?!", ").)+$"), ("^(?:(?!", ").)+$")] {
        if let Some(inside) = pattern.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) {
            return check(Divided { rest: None, not: vec![simplified(inside)] });
        }
    }
    let mut rest = pattern.to_owned();
    let mut not = Vec::new();
    while let Some((at, is_behind)) = negative(&rest) {
        let open = if is_behind { "(?<!" } else { "(?!" };
        let end = end_of_group(&rest, at)?;
        let inside = rest.get(at + open.len()..end)?;
        let (before, after) = (rest.get(..at)?, rest.get(end + 1..)?);
        let alone = before.is_empty() && !is_behind || after.is_empty() && is_behind;
        let inside = match has_alternatives(inside) && !alone {
            true => format!("({inside})"),
            false => inside.to_owned(),
        };
        not.push(match is_behind {
            false => simplified(&format!("{before}{inside}")),
            true => simplified(&format!("{inside}{after}")),
        });
        rest = format!("{before}{after}");
    }
    if not.is_empty() || has_alternatives(&rest) {
        return None;
    }
    let finds_all = matches!(
        rest.strip_prefix('^').unwrap_or(&rest),
        "" | "$" | ".*" | ".+" | ".*$" | ".+$" | "(.*)" | "(.+)" | "(.*)$" | "(.+)$"
    );
    check(Divided { rest: (!finds_all).then_some(rest), not })
}

/// The parts, if Go takes each.
fn check(divided: Divided) -> Option<Divided> {
    divided.not.iter().chain(&divided.rest).all(|pattern| GoRegex::new(pattern).is_ok()).then_some(divided)
}

/// The negative look-around at the outermost level to take out next, and whether it looks behind: what is before the first
/// that looks ahead, or after the last that looks behind, has none.
fn negative(pattern: &str) -> Option<(usize, bool)> {
    let starts = |form: &'static str| outermost(pattern).filter(move |&at| is_at(pattern, at, form));
    let behind = || starts("(?<!").last().map(|at| (at, true));
    starts("(?!").next().map(|at| (at, false)).or_else(behind)
}

fn is_at(pattern: &str, at: usize, form: &str) -> bool {
    pattern.get(at..).is_some_and(|rest| rest.starts_with(form))
}

/// A pattern with positive look-around at its end or start, where it finds the same texts without: nothing follows that would have
/// to match there, too.
fn consuming(pattern: &str) -> Option<String> {
    let at = outermost(pattern).find(|&at| is_at(pattern, at, "(?=") || is_at(pattern, at, "(?<="))?;
    let end = end_of_group(pattern, at)?;
    let (before, after) = (pattern.get(..at)?, pattern.get(end + 1..)?);
    let group = pattern.get(at..end)?;
    let inside = match (group.strip_prefix("(?="), group.strip_prefix("(?<=")) {
        (Some(ahead), _) if matches!(after, "" | ".*" | ".*$") => ahead,
        (_, Some(behind)) if matches!(before, "" | ".*" | "^.*") => behind,
        _ => return None,
    };
    let same = match has_alternatives(inside) {
        true => format!("{before}({inside}){after}"),
        false => format!("{before}{inside}{after}"),
    };
    let same = simplified(&same);
    (!has_alternatives(pattern) && GoRegex::new(&same).is_ok()).then_some(same)
}

/// Where groups at the outermost level start.
fn outermost(pattern: &str) -> impl Iterator<Item = usize> + '_ {
    with_depth(letters(pattern)).filter_map(|(at, letter, depth)| (letter == '(' && depth == 1).then_some(at))
}

/// Where the group that starts here ends.
fn end_of_group(pattern: &str, start: usize) -> Option<usize> {
    let group = letters(pattern).filter(|(at, _)| *at >= start);
    with_depth(group).find_map(|(at, letter, depth)| (letter == ')' && depth == 0).then_some(at))
}

/// Whether a pattern has alternatives at its outermost level.
pub(crate) fn has_alternatives(pattern: &str) -> bool {
    outermost_bars(pattern).next().is_some()
}

/// The alternatives of a pattern at its outermost level; the pattern itself where it has none.
pub(crate) fn alternatives(pattern: &str) -> Vec<&str> {
    let mut start = 0;
    let ends: Vec<usize> = outermost_bars(pattern).chain([pattern.len()]).collect();
    let part = |end| {
        let part = pattern.get(start..end).unwrap_or_default();
        start = end + 1;
        part
    };
    ends.into_iter().map(part).collect()
}

/// Where a `|` is at the outermost level.
fn outermost_bars(pattern: &str) -> impl Iterator<Item = usize> + '_ {
    with_depth(letters(pattern)).filter_map(|(at, letter, depth)| (letter == '|' && depth == 0).then_some(at))
}

/// Characters with the number of groups that are open behind each.
fn with_depth(letters: impl Iterator<Item = (usize, char)>) -> impl Iterator<Item = (usize, char, usize)> {
    letters.scan(0_usize, |depth, (at, letter)| {
        match letter {
            '(' => *depth += 1,
            ')' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some((at, letter, *depth))
    })
}

/// The characters of a pattern that stand for themselves nowhere: not escaped, and in no class.
fn letters(pattern: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let (mut escaped, mut class) = (false, None);
    pattern.char_indices().filter(move |&(at, letter)| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match (letter, class) {
            ('\\', _) => escaped = true,
            // `[]a]` and `[^]a]` have the bracket in them.
            (']', Some(start))
                if at > start + 1 && !(at == start + 2 && pattern[start..].starts_with("[^")) =>
            {
                class = None;
            }
            ('[', None) => class = Some(at),
            (_, None) => return true,
            (_, Some(_)) => {}
        }
        false
    })
}

/// What to write in place of an expression that compares with look-around; `None` if none does, or if it is not known.
pub(crate) fn in_expression(text: &str) -> Option<String> {
    let (at, mark) = ["matches '", "matches \""].iter().find_map(|start| {
        let at = text.match_indices(start).map(|(at, _)| at).find(|at| {
            let pattern = &text[at + start.len()..];
            let end = pattern.find(&start[start.len() - 1..]).unwrap_or(pattern.len());
            looks_around(&pattern[..end])
        })?;
        Some((at, &start[start.len() - 1..]))
    })?;
    let start = at + "matches '".len();
    let pattern = text.get(start..)?.split(mark).next()?;
    let end = start + pattern.len() + mark.len();
    let left = text.get(..at)?.trim_end();
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_');
    let name_at = left.rfind(|letter| !is_name(letter)).map_or(0, |before| before + 1);
    let name = left.get(name_at..).filter(|name| !name.is_empty() && *name != "not")?;
    let matches = |pattern: &str| format!("{name} matches {mark}{pattern}{mark}");
    let instead = match (consuming(pattern), divided(pattern)) {
        (Some(same), _) => matches(&same),
        (None, Some(Divided { rest, not })) => {
            let not = not.iter().map(|pattern| format!("not ({})", matches(pattern)));
            let all: Vec<String> = rest.iter().map(|pattern| matches(pattern)).chain(not).collect();
            match all.as_slice() {
                [one] => one.clone(),
                _ => format!("({})", all.join(" && ")),
            }
        }
        _ => return None,
    };
    Some(format!("{}{instead}{}", text.get(..name_at)?, text.get(end..)?))
}
