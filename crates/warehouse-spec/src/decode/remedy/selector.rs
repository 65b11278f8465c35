//! Path selectors that can match no path of a repository, and the form that works.

use go_compat::GoRegex;
use selection_strategies::path::contains;

use crate::decode::remedy::pattern::{self, List, has_alternatives};
use crate::decode::remedy::style::Style;
use crate::diagnostic::Help;
use crate::rule::{self, nearest};

/// Of `\\` in a pattern or an expression.
const BACKSLASH: &str =
    "asks for a backslash in the path: `\\\\` stands for one, and the parts of a path are separated by `/`";

/// A selector of every path.
pub(crate) const ALL: &str = "glob:**";

/// What to do about a selector that excludes every path.
pub(crate) const NAME_WHAT_TO_EXCLUDE: &str = "delete it, or name the paths to leave out";

/// How a selector is read ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Path,
    Glob,
    Regex,
}

/// What to do about a selector of this list that does not select what was meant, where that is known.
pub(crate) fn help(style: Style, list: &str, text: &str) -> Option<Help> {
    if let Some(meant) = negated(text) {
        return Some(match list {
            "excludePaths" => {
                "delete it: what `excludePaths` selects has no exceptions, so name what to exclude".into()
            }
            _ => format!("write {} in `excludePaths` instead of it", style.form(&meant)).into(),
        });
    }
    let (kind, body) = split(text);
    let Some(form) = working(text) else {
        return pattern::help(style, List::named(list), body).filter(|_| kind == Kind::Regex);
    };
    if list == "excludePaths" && contains(&form, ALL) {
        return Some(NAME_WHAT_TO_EXCLUDE.into());
    }
    let help = style.writing(&form).probable();
    let files = form.strip_suffix("/**").map(|folder| format!("{folder}/*"));
    let is_folder = kind == Kind::Path && text.trim_end_matches(['"', '\'']).ends_with("/*");
    match files.filter(|_| is_folder) {
        Some(files) => {
            Some(help.with(&format!("; or {} for the files of the folder alone", style.form(&files))))
        }
        None => Some(help),
    }
}

/// What a selector leaves out that was meant to leave out what follows its `!`.
fn negated(text: &str) -> Option<String> {
    let text = text.trim();
    let text = in_quotation_marks(text).unwrap_or(text).trim_start();
    let (kind, body) = split(text);
    let rest = body.strip_prefix('!')?.trim();
    let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        // `!(a|b)/**` of shells.
        Some((names, after)) if kind != Kind::Regex => match names.contains('|') {
            true => format!("{{{}}}{after}", names.replace('|', ",")),
            false => format!("{names}{after}"),
        },
        _ => rest.to_owned(),
    };
    let prefix = &text[..text.len() - body.len()];
    let meant = form(prefix, &rest)?;
    match advice(&meant) {
        Some(_) => working(&meant),
        None => Some(meant),
    }
}

/// What to write in place of a selector that matches nothing, where that is known.
fn working(text: &str) -> Option<String> {
    // One change may show the next one to make.
    let (_, mut form) = advice(text)?;
    for _ in 0..8 {
        match form.as_deref().and_then(advice) {
            Some((_, next)) => form = next,
            None => break,
        }
    }
    let form = whole(form?);
    let form = Some(form).filter(|form| rule::path_selector(form).is_none() && advice(form).is_none())?;
    Some(form)
}

/// A pattern of folders with what is below them: a pattern is compared with whole paths, and the person named a folder as a
/// path names one. A pattern without a wildcard is a path.
fn whole(form: String) -> String {
    let Some(body) = form.strip_prefix("glob:").filter(|body| !body.is_empty()) else {
        return form;
    };
    if !body.contains(['*', '?', '[', '{', '\\']) && split(body).0 == Kind::Path && advice(body).is_none() {
        return body.to_owned();
    }
    match names_files(body) {
        true => form,
        false => format!("{form}/**"),
    }
}

/// Whether a pattern names files by the end of their names, or says with `*` what it selects of a folder. A pattern with
/// `/**` at its end also selects a file of the name before it.
fn names_files(body: &str) -> bool {
    let has_extension = |name: &str| {
        name.rsplit_once('.').is_some_and(|(stem, end)| {
            !stem.is_empty() && end.contains(|letter: char| letter == '*' || letter.is_alphabetic())
        })
    };
    let is_file = |name: &str| has_extension(name) || is_file_name(name);
    if let Some((before, inside)) = body.strip_suffix('}').and_then(|rest| rest.rsplit_once('{')) {
        return before.ends_with('.') || inside.split(',').all(is_file);
    }
    let last = body.rsplit(['/', '}']).next().unwrap_or(body);
    matches!(last, "*" | "**")
        || is_file(last)
        || body.ends_with(&format!("}}{last}")) && last.starts_with('.')
}

/// Whether files without an extension have this name by convention: `Dockerfile`, `LICENSE`, `.gitignore`.
fn is_file_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-');
    let ends = ["ignore", "rc", "attributes", "modules", "version", "keep", "env", "editorconfig"];
    name.to_ascii_lowercase().ends_with("file")
        || name.len() > 1 && name.bytes().all(is_capital)
        || name.starts_with('.') && ends.iter().any(|end| name.ends_with(end))
        || matches!(name, "gradlew" | "mvnw")
}

/// Whether a pattern ends with the name of a folder, or of some: it selects nothing that is below them.
fn names_folders(body: &str) -> bool {
    let last = body.rsplit('/').next().unwrap_or(body);
    !last.contains('*') && !names_files(body)
}

/// Why a selector does not select what was meant, and a form that is nearer to it.
pub(crate) fn advice(text: &str) -> Option<(&'static str, Option<String>)> {
    if negated(text).is_some() {
        return Some(("takes the `!` as a part of the path: no selector leaves out what it names", None));
    }
    let (kind, body) = split(text);
    if body.trim() != body {
        let prefix = &text[..text.len() - body.len()];
        let reason = "has a blank at its start or end, which counts as a part of it";
        return Some((reason, form(prefix.trim_start(), body.trim())));
    }
    if let Some(inside) = in_quotation_marks(body) {
        let prefix = &text[..text.len() - body.len()];
        let reason = "has quotation marks within it, and they count as a part of it";
        return Some((reason, form(prefix, inside)));
    }
    match kind {
        Kind::Path => of_path(body),
        Kind::Glob => of_glob(body),
        Kind::Regex => of_regex(body),
    }
}

/// What is between the quotation marks of a text that was quoted twice.
fn in_quotation_marks(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    text.strip_prefix(mark)?.strip_suffix(mark).filter(|inside| !inside.contains(mark))
}

fn split(text: &str) -> (Kind, &str) {
    for (prefix, kind) in [("glob:", Kind::Glob), ("regex:", Kind::Regex), ("regexp:", Kind::Regex)] {
        if let Some(body) = text.strip_prefix(prefix) {
            return (kind, body);
        }
    }
    (Kind::Path, text)
}

fn form(prefix: &str, body: &str) -> Option<String> {
    (!body.is_empty()).then(|| format!("{prefix}{body}"))
}

/// A selector without a prefix is a path, letter by letter.
fn of_path(text: &str) -> Option<(&'static str, Option<String>)> {
    if let Some(path) = of_url(text) {
        return Some(("is a URL, and the paths of a repository start at its root", path));
    }
    if let Some(rest) = after_variable(text) {
        let reason = "is taken as a path, letter by letter: variables are not replaced, and paths start at the root of the repository";
        return Some((reason, form("", rest)));
    }
    if let Some((word, body)) = text.split_once([':', '=']) {
        let word = word.trim();
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let meant = match word.to_ascii_lowercase().as_str() {
            "re" | "rx" => Some("regex"),
            "doublestar" | "wildcard" => Some("glob"),
            _ => nearest(word, &["glob", "regex", "regexp"]),
        };
        if ["path", "prefix", "exact", "file", "dir", "directory", "folder"]
            .contains(&&*word.to_ascii_lowercase())
        {
            let reason = "is taken as a path, letter by letter, with its prefix: a path has none";
            return Some((reason, form("", body.trim())));
        }
        if let Some(prefix) = meant.filter(|_| is_word) {
            let reason = "is taken as a path, letter by letter: its prefix is not known";
            return Some((reason, form(&format!("{prefix}:"), body.trim())));
        }
    }
    if let Some(names) = listed(text) {
        let reason = "takes the comma as a part of the path: an entry of the list is one path";
        return Some((reason, Some(whole(format!("glob:{{{names}}}")))));
    }
    let letters =
        "is taken as a path, letter by letter, and matches only a path with exactly these characters";
    if let Some(inside) = between_slashes(text) {
        return Some((letters, form("regex:", inside)));
    }
    if let Some(folder) = without_anchors(text).filter(|folder| is_name_of_folder(folder)) {
        return Some((letters, form("", folder)));
    }
    match meant(text) {
        Kind::Regex => return Some((letters, form("regex:", &anchored(text)))),
        // A path selects what is below it, and so was this meant.
        Kind::Glob => {
            let body = if text == "*" || text.ends_with("/*") { format!("{text}*") } else { text.to_owned() };
            return Some((letters, form("glob:", &body)));
        }
        Kind::Path => {}
    }
    if text.contains('\\') {
        return Some((
            "matches only paths that contain a backslash: the parts of a path are separated by `/`",
            Some(text.replace('\\', "/")),
        ));
    }
    if text.starts_with('/') {
        let reason = "matches no file: paths start at the root of the repository, without `/`";
        return Some((reason, form("", text.trim_start_matches('/'))));
    }
    let mut depth = 0_i32;
    let leaves = text.split('/').any(|segment| {
        match segment {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    });
    leaves.then(|| {
        ("matches no file: `..` leaves the repository", form("", text.trim_start_matches(['.', '/'])))
    })
}

/// The path that a URL names, `None` inside where it is not known; `None` for what is not a URL.
fn of_url(text: &str) -> Option<Option<String>> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|start| start.eq_ignore_ascii_case(scheme))
            .and(text.get(scheme.len()..))
    })?;
    let (_, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    // As servers show a folder and a file of a branch.
    let shown = ["/tree/", "/blob/"].iter().find_map(|word| path.split_once(word));
    let path = match shown {
        Some((_, after)) => after.split_once('/').map(|(_, path)| path),
        None => Some(path).filter(|path| !path.contains('/')),
    };
    Some(path.and_then(|path| form("", path)))
}

/// What follows a variable of a shell at the start of a text: `apps` of `$HOME/apps`.
fn after_variable(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once('/')?;
    let name = first.strip_prefix('$')?;
    let name = name.strip_prefix('{').map_or(Some(name), |inner| inner.strip_suffix('}'))?;
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty()
    };
    (is_name(name) && !rest.is_empty()).then_some(rest)
}

/// The names of a text that lists several between commas, without the blanks between them.
fn listed(text: &str) -> Option<String> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
            && !name.starts_with(['/', '.'])
    };
    let names: Vec<&str> = text.split(',').map(|name| name.trim().trim_end_matches('/')).collect();
    // A name may have a comma and a blank in it: `notes/a, b`.
    let has_folder = |name: &&&str| name.contains('/');
    let are_alike = !text.contains(' ')
        || matches!(names.iter().filter(has_folder).count(), 0)
        || names.iter().all(|name| name.contains('/'));
    (names.len() > 1 && are_alike && names.iter().all(|name| is_name(name))).then(|| names.join(","))
}

/// The expression of a text that is written as in JavaScript: `^apps` of `/^apps/`.
fn between_slashes(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('/')?.strip_suffix('/')?;
    let is_regex = inside.starts_with('^') && !inside.starts_with("^/") || inside.ends_with('$');
    (is_regex && inside.len() > 1).then_some(inside)
}

/// A text without the anchors of an expression at its ends, if it has one at its end.
fn without_anchors(text: &str) -> Option<&str> {
    let text = text.strip_suffix('$')?;
    Some(text.strip_prefix('^').unwrap_or(text))
}

/// Whether this is the name of a folder, without anything that a pattern or an expression reads.
fn is_name_of_folder(name: &str) -> bool {
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    !name.is_empty() && name.bytes().all(is_literal) && !name.starts_with('/') && !is_file_name(name)
}

/// What a text without a prefix was meant to be, by the characters in it.
fn meant(text: &str) -> Kind {
    // Of a pattern, `*.*` is any name with a dot.
    let without = text.replace("*.*", "*");
    let has = |parts: &[&str]| parts.iter().any(|part| without.contains(part));
    let is_regex = has(&[
        "^", ".*", ".+", "]+", "]*", ")+", ")*", ")?", "\\.", "\\d+", "\\d*", "\\w+", "\\w*", "\\d{", "\\/",
        "|",
    ]) || text.ends_with('$')
        || text.starts_with("(?")
        || text.split('/').any(|part| part.ends_with('+') && !part.ends_with("++"))
        || text.contains("$)");
    if is_regex {
        return Kind::Regex;
    }
    let braces = text
        .split_once('{')
        .is_some_and(|(_, rest)| rest.split_once('}').is_some_and(|(inside, _)| inside.contains(',')));
    match has(&["*", "?"]) || braces || has_class(text) {
        true => Kind::Glob,
        false if text.contains('$') => Kind::Regex,
        false => Kind::Path,
    }
}

/// Whether brackets in a text are a class of characters, as of a pattern. Names of folders have brackets, too, around a word:
/// `pages/[id]`, `[...slug]`, `users-[group]`.
fn has_class(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    text.match_indices('[').any(|(at, _)| {
        let Some((inside, after)) = text[at + 1..].split_once(']') else { return false };
        let set = inside.as_bytes();
        let is_one_or_other = text.as_bytes()[..at].last().is_some_and(is_word)
            || after.as_bytes().first().is_some_and(is_word);
        let ascends = set.windows(2).all(|pair| pair[0] < pair[1]);
        match set {
            [] => false,
            [b'!', ..] => set.len() > 1,
            _ if !set.iter().all(is_word) => is_ranges(set),
            _ => {
                is_one_or_other || set.iter().all(u8::is_ascii_digit) || matches!(set.len(), 2 | 3) && ascends
            }
        }
    })
}

/// Whether a class is one of ranges, such as `0-9` and `a-zA-Z_`.
fn is_ranges(mut set: &[u8]) -> bool {
    let is_range = |from: u8, to: u8| {
        from < to
            && (from.is_ascii_digit() && to.is_ascii_digit()
                || from.is_ascii_lowercase() && to.is_ascii_lowercase()
                || from.is_ascii_uppercase() && to.is_ascii_uppercase())
    };
    let mut ranges = 0;
    loop {
        match set {
            [from, b'-', to, rest @ ..] if is_range(*from, *to) => {
                ranges += 1;
                set = rest;
            }
            [b'-' | b'_' | b'.' | b'0'..=b'9', rest @ ..] => set = rest,
            _ => return ranges > 0 && set.is_empty(),
        }
    }
}

/// A path that goes on as a regular expression was meant from the root on.
fn anchored(text: &str) -> String {
    let text = text.strip_prefix("./").unwrap_or(text);
    let rooted = text.trim_start_matches('/');
    let (first, rest) = rooted.split_once('/').unwrap_or((rooted, ""));
    let is_literal = |first: &str| {
        !first.is_empty()
            && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    match (rooted.len() < text.len(), is_literal(first) && !rest.is_empty()) {
        (true, _) | (_, true) => format!("^{rooted}"),
        _ => text.to_owned(),
    }
}

/// A pattern is compared with whole paths, which have no empty part and neither `.` nor `..`.
fn of_glob(body: &str) -> Option<(&'static str, Option<String>)> {
    if body.is_empty() {
        return Some(("matches no file: there is no pattern after the prefix", None));
    }
    if let Some((prefix, _)) = ["glob:", "regex:", "regexp:"]
        .iter()
        .filter_map(|prefix| Some((*prefix, body.get(..prefix.len())?)))
        .find(|(prefix, start)| start.eq_ignore_ascii_case(prefix))
    {
        let reason = "has two prefixes, and the second counts as a part of the pattern";
        return Some((reason, form(prefix, body[prefix.len()..].trim())));
    }
    if body.contains("\\\\") {
        return Some((BACKSLASH, Some(format!("glob:{}", body.replace("\\\\", "/")))));
    }
    if is_separator(body) {
        let reason = "takes the character after `\\` as it is, and the parts of a path are separated by `/`";
        return Some((reason, Some(format!("glob:{}", body.replace('\\', "/")))));
    }
    // A pattern between anchors, which it has none of.
    let inner = body.strip_prefix('^').unwrap_or(body);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let is_expression =
        [".*", ".+", "\\", "(", "|", "]+", "]*", "?:"].iter().any(|part| inner.contains(part));
    if inner.len() < body.len() && !inner.is_empty() && !is_expression && !inner.ends_with('+') {
        let reason = "has an anchor of an expression, and a pattern reads it as a character of the path";
        let pattern = if inner.ends_with('/') { format!("{inner}**") } else { inner.to_owned() };
        return Some((reason, Some(whole(format!("glob:{pattern}")))));
    }
    // Regular expressions behind the wrong prefix: in a glob, `.*` is a dot and anything.
    if body.contains("/.*") && !body.contains("**") && body.ends_with("/.*")
        || body.starts_with('^')
        || body.ends_with(['$', '+']) && body.contains(['^', ')', ']', '*'])
    {
        let reason = "is a regular expression, and `glob:` reads it otherwise";
        return Some((reason, form("regex:", &anchored(body))));
    }
    // `**` within a name is `*`.
    if let Some(meant) = with_folders(body) {
        let reason = "stays within one folder: `**` beside other characters of a name is the same as `*`";
        return Some((reason, Some(format!("glob:{meant}"))));
    }
    let segments: Vec<&str> = body.split('/').collect();
    let last = segments.len() - 1;
    let is_bad =
        |(at, segment): (usize, &&str)| matches!(*segment, "." | "..") || segment.is_empty() && at <= last;
    if !segments.iter().enumerate().any(is_bad) {
        let reason = "selects a file of that name, and nothing that is below a folder of that name";
        return names_folders(body).then(|| (reason, Some(whole(format!("glob:{body}")))));
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in &segments {
        match *segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    if body.ends_with('/') && kept.last().is_some_and(|last| *last != "**") {
        kept.push("**");
    }
    let reason = "matches no file: paths start at the root of the repository and have no empty part, no `.` and no `..`";
    Some((reason, form("glob:", &kept.join("/"))))
}

/// The pattern in which `**` at an end of a name is one of folders, as was meant: `apps/**/*.yaml` for `apps/**.yaml`. Behind `**/`, it is one already.
fn with_folders(body: &str) -> Option<String> {
    let (mut segments, mut before) = (Vec::new(), "");
    for segment in body.split('/') {
        // A group of several folders.
        if segment.matches('{').count() != segment.matches('}').count() {
            return None;
        }
        segments.push(match segment.split_once("**") {
            Some(("", rest)) if before != "**" && !rest.is_empty() && !rest.contains('*') => {
                format!("**/*{rest}")
            }
            Some((name, "")) if !name.is_empty() && !name.contains('*') => format!("{name}*/**"),
            _ => segment.to_owned(),
        });
        before = segment;
    }
    let meant = segments.join("/");
    (meant != body).then_some(meant)
}

/// Whether backslashes are where `/` belongs: before a letter, which needs none.
fn is_separator(body: &str) -> bool {
    body.match_indices('\\').any(|(at, _)| body[at + 1..].starts_with(|next: char| next.is_alphanumeric()))
}

/// An expression that asks for what no path has at its start or end.
fn of_regex(body: &str) -> Option<(&'static str, Option<String>)> {
    if body.is_empty() {
        return Some(("selects every file: there is no expression after the prefix", None));
    }
    if let Some(start) = body.get(..5).filter(|start| start.eq_ignore_ascii_case("glob:")) {
        let reason = "has two prefixes, and the second counts as a part of the expression";
        return Some((reason, form("glob:", body[start.len()..].trim())));
    }
    // A pattern behind the wrong prefix.
    if pattern::is_of_shell(body) && GoRegex::new(body).is_err() {
        let reason = "is a pattern of a shell, and not a regular expression";
        let meant = match body.contains('/') {
            true => form("glob:", body),
            false => form("regex:", &pattern::regex_of_shell(body)),
        };
        return Some((reason, meant));
    }
    if pattern::is_of_shell(body) && body.contains("/*.") && !body.contains(".*") {
        let reason = "is a pattern of a shell: in an expression, `/*` is any number of `/`";
        return Some((reason, form("glob:", body)));
    }
    // `**` of a pattern in an expression: an error of Go's syntax.
    if body.contains("**") && GoRegex::new(body).is_err() {
        let meant = body.replace("**/", "(.*/)?").replace("**", ".*");
        if GoRegex::new(&meant).is_ok() {
            let reason = "is a regular expression, in which any text is `.*`";
            return Some((reason, Some(format!("regex:{meant}"))));
        }
    }
    if let Some(at) = body.find("\\\\") {
        let rest = &body[at + 2..];
        // An escape that was escaped once too often, or a path of another system.
        let with = match rest.starts_with(|next: char| next.is_ascii_punctuation())
            || rest.starts_with(['d', 'w', 's', 'b']) && rest[1..].starts_with(['+', '*', '{', '?'])
        {
            true => "\\",
            false => "/",
        };
        return Some((BACKSLASH, Some(format!("regex:{}{with}{rest}", &body[..at]))));
    }
    let rooted = "matches no file: paths start at the root of the repository, without `/`";
    for (start, reason) in [
        ("^/", rooted),
        ("^\\/", rooted),
        ("^\\./", rooted),
        ("^\\.\\/", rooted),
        ("^ ", "asks for a blank at the start of the path"),
    ] {
        // After `?` or `*` it may be left out.
        let rest = body.strip_prefix(start).filter(|rest| !rest.starts_with(['?', '*', '{']));
        if let Some(rest) = rest.filter(|_| !has_alternatives(body)) {
            return Some((reason, Some(format!("regex:^{rest}"))));
        }
    }
    let ends = body.strip_suffix("/$").filter(|rest| !rest.ends_with('\\') && !has_alternatives(body));
    ends.map(|rest| ("matches no file: no path ends with `/`", Some(format!("regex:{rest}/"))))
}
