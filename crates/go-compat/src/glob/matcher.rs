//! One pattern against one name: well-formedness, alternations decided one by one, and a run without recursion that goes back
//! to the latest `*` and the latest `**/`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::utf8::decode;

// Where the parts of a pattern begin and end.

/// Whether `pattern` is well-formed: every class and every alternation closed, no class empty,
/// nothing left to escape at the end.
pub(super) fn is_valid(pattern: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(&byte) = pattern.get(index) {
        match byte {
            b'\\' => {
                index += 1;
                if index >= pattern.len() {
                    return false;
                }
            }
            b'[' => match class_end(pattern, index) {
                Some(end) => index = end,
                None => return false,
            },
            b'{' => depth += 1,
            b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            _ => {}
        }
        index += 1;
    }
    depth == 0
}

/// The index of the `]` that closes the class opened at `open`; `None` if the class is empty or
/// never closed.
fn class_end(pattern: &[u8], open: usize) -> Option<usize> {
    let mut index = open + 1;
    if matches!(pattern.get(index), Some(b'^' | b'!')) {
        index += 1;
    }
    if pattern.get(index) == Some(&b']') {
        return None;
    }
    find_unescaped(pattern, index, b']')
}

/// The first `expected` at or after `from` that no backslash precedes.
fn find_unescaped(pattern: &[u8], from: usize, expected: u8) -> Option<usize> {
    let mut index = from;
    while let Some(&byte) = pattern.get(index) {
        if byte == b'\\' {
            index += 1;
        } else if byte == expected {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// The `}` that belongs to the `{` just before `from`.
///
/// Classes are not skipped: `{[}],a}` ends at its first `}`. Doublestar's matcher reads it so,
/// although its validator skips classes.
fn alternation_end(pattern: &[u8], from: usize) -> Option<usize> {
    let mut depth = 1_usize;
    let mut index = from;
    while let Some(&byte) = pattern.get(index) {
        match byte {
            b'\\' => index += 1,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
        index += 1;
    }
    None
}

/// The end of the alternative that begins at `from`: its comma, or `close` for the last one.
fn alternative_end(pattern: &[u8], from: usize, close: usize) -> usize {
    let mut depth = 1_i64;
    let mut index = from;
    while index < close {
        match pattern[index] {
            b'\\' => index += 1,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 1 => return index,
            _ => {}
        }
        index += 1;
    }
    close
}

// Alternations: which rewritings of a pattern to try, each at most once.

/// How much work the rewritings of one pattern for one name may cost together.
///
/// A pattern such as `*{a,?}{a,?}{a,?}...` has exponentially many of them that differ. Past this
/// the answer is "no match". Patterns that people write stay a thousand times below.
const REWRITING_BUDGET: usize = 1 << 22;

/// What one rewriting costs besides its text.
const REWRITING_COST: usize = 64;

/// A pattern, perhaps with alternations already decided, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State<'p> {
    pattern: Cow<'p, [u8]>,
    cursor: Cursor,
}

/// An alternation at the cursor of `state` of which some alternatives are still to be tried.
struct Branch<'p> {
    state: State<'p>,
    next: usize,
    close: usize,
}

/// Whether the valid pattern `pattern` matches all of `name`.
pub(super) fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    let mut state = State { pattern: Cow::Borrowed(pattern), cursor: Cursor::default() };
    let mut branches: Vec<Branch<'_>> = Vec::new();
    let mut seen = HashSet::new();
    let mut budget = REWRITING_BUDGET;
    loop {
        match run(&state.pattern, name, &mut state.cursor) {
            Stop::Matched => return true,
            Stop::Malformed => return false,
            Stop::Failed => {}
            Stop::NameUsedUp => match matches_nothing(&state.pattern[state.cursor.pattern..], &mut budget) {
                Some(true) => return true,
                Some(false) => {}
                None => return false,
            },
            Stop::Alternation => {
                let next = state.cursor.pattern + 1;
                match alternation_end(&state.pattern, next) {
                    Some(close) => branches.push(Branch { state, next, close }),
                    None => return false,
                }
            }
        }
        // The next rewriting that was not tried yet. What was tried did not match.
        state = loop {
            let Some(mut branch) = branches.pop() else { return false };
            let (rewritten, next) = branch.take_alternative();
            if let Some(next) = next {
                branch.next = next;
                branches.push(branch);
            }
            match budget.checked_sub(REWRITING_COST + rewritten.pattern.len() + name.len()) {
                Some(rest) => budget = rest,
                None => return false,
            }
            if seen.insert(rewritten.clone()) {
                break rewritten;
            }
        };
    }
}

impl<'p> Branch<'p> {
    /// The state with the next alternative in the place of the alternation, without the text that
    /// no star can come back to; and where the alternative after it begins.
    fn take_alternative(&self) -> (State<'p>, Option<usize>) {
        let Self { state: State { pattern, cursor }, next, close } = self;
        let end = alternative_end(pattern, *next, *close);
        let lowest = cursor.lowest();
        let text = rewrite(&pattern[lowest..cursor.pattern], &pattern[*next..end], &pattern[close + 1..]);
        let shift = |resume: Resume| Resume { pattern: resume.pattern - lowest, ..resume };
        let cursor = Cursor {
            pattern: cursor.pattern - lowest,
            name: cursor.name,
            star: cursor.star.map(shift),
            doublestar: cursor.doublestar.map(shift),
        };
        (State { pattern: Cow::Owned(text), cursor }, (end < *close).then_some(end + 1))
    }
}

/// Whether the rest of a pattern matches the empty rest of a name; `None` if it is not a pattern.
///
/// The list of forms is doublestar's: `*{,a}` is not among them, `{*,a}` is.
fn matches_nothing(rest: &[u8], budget: &mut usize) -> Option<bool> {
    if is_empty_form(rest) {
        return Some(true);
    }
    if rest.first() != Some(&b'{') {
        return Some(false);
    }
    let mut pending = vec![(rest.to_vec(), 1)];
    let mut seen = HashSet::new();
    while let Some((text, next)) = pending.pop() {
        let close = alternation_end(&text, 1)?;
        let end = alternative_end(&text, next, close);
        let rewritten = rewrite(&[], &text[next..end], &text[close + 1..]);
        *budget = budget.checked_sub(REWRITING_COST + rewritten.len())?;
        if end < close {
            pending.push((text, end + 1));
        }
        if is_empty_form(&rewritten) {
            return Some(true);
        }
        if rewritten.first() == Some(&b'{') && seen.insert(rewritten.clone()) {
            pending.push((rewritten, 1));
        }
    }
    Some(false)
}

fn is_empty_form(rest: &[u8]) -> bool {
    matches!(rest, b"" | b"*" | b"**" | b"/**" | b"**/" | b"/**/")
}

fn rewrite(before: &[u8], alternative: &[u8], after: &[u8]) -> Vec<u8> {
    [before, alternative, after].concat()
}

// One pattern without alternations against one name.

const SEPARATOR: u32 = '/' as u32;

/// Where to resume from: the pattern index after a star, and the name index it has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Resume {
    pattern: usize,
    name: usize,
}

/// How far a match has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Cursor {
    pattern: usize,
    name: usize,
    /// The latest `*`; reset by each `**/`.
    star: Option<Resume>,
    /// The latest `**/`.
    doublestar: Option<Resume>,
}

impl Cursor {
    /// The lowest pattern index the match can still come back to.
    fn lowest(&self) -> usize {
        [self.star, self.doublestar]
            .into_iter()
            .flatten()
            .map(|resume| resume.pattern)
            .fold(self.pattern, usize::min)
    }
}

/// Why a run stopped.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Matched,
    Failed,
    /// The text is not a pattern, as an alternative of `{[}],a}` may be.
    Malformed,
    /// A `{` at the cursor.
    Alternation,
    /// The name is used up; the rest of the pattern, from the cursor on, has to match nothing.
    NameUsedUp,
}

/// What one element of the pattern made of the name.
enum Step {
    Consumed { segment_begins: bool },
    Mismatch,
    Stop(Stop),
}

/// Runs until the answer is known or the pattern has to be rewritten.
///
/// A run begins as if at the beginning of a path segment, also in the middle of a pattern: that
/// makes `a{**/b}` different from `a**/b`, as in doublestar.
fn run(pattern: &[u8], name: &[u8], cursor: &mut Cursor) -> Stop {
    let mut segment_begins = true;
    while cursor.name < name.len() {
        let step = match pattern.get(cursor.pattern) {
            None => Step::Mismatch,
            Some(b'*') => star(pattern, cursor, segment_begins),
            Some(b'?') => question_mark(name, cursor),
            Some(b'[') => class(pattern, name, cursor),
            Some(b'{') => Step::Stop(Stop::Alternation),
            Some(b'\\') if cursor.pattern + 1 >= pattern.len() => Step::Stop(Stop::Malformed),
            Some(b'\\') => literal(pattern, name, cursor, 1),
            Some(_) => literal(pattern, name, cursor, 0),
        };
        match step {
            Step::Consumed { segment_begins: begins } => segment_begins = begins,
            Step::Stop(stop) => return stop,
            Step::Mismatch => match resume(name, cursor) {
                Some(begins) => segment_begins = begins,
                None => return Stop::Failed,
            },
        }
    }
    Stop::NameUsedUp
}

fn star(pattern: &[u8], cursor: &mut Cursor, segment_begins: bool) -> Step {
    cursor.pattern += 1;
    if pattern.get(cursor.pattern) == Some(&b'*') {
        cursor.pattern += 1;
        if segment_begins {
            match pattern.get(cursor.pattern) {
                None => return Step::Stop(Stop::Matched),
                Some(b'/') => {
                    cursor.pattern += 1;
                    cursor.doublestar = Some(Resume { pattern: cursor.pattern, name: cursor.name });
                    cursor.star = None;
                    return Step::Consumed { segment_begins: true };
                }
                Some(_) => {}
            }
        }
    }
    cursor.star = Some(Resume { pattern: cursor.pattern, name: cursor.name });
    Step::Consumed { segment_begins: false }
}

fn question_mark(name: &[u8], cursor: &mut Cursor) -> Step {
    let (rune, width) = decode(&name[cursor.name..]);
    if rune == SEPARATOR {
        return Step::Mismatch;
    }
    cursor.pattern += 1;
    cursor.name += width;
    Step::Consumed { segment_begins: false }
}

#[inline]
fn literal(pattern: &[u8], name: &[u8], cursor: &mut Cursor, escape: usize) -> Step {
    let (expected, pattern_width) = decode(&pattern[cursor.pattern + escape..]);
    let (found, name_width) = decode(&name[cursor.name..]);
    if expected != found {
        return Step::Mismatch;
    }
    cursor.pattern += escape + pattern_width;
    cursor.name += name_width;
    Step::Consumed { segment_begins: expected == SEPARATOR }
}

/// A class matches any code point, the separator too.
fn class(pattern: &[u8], name: &[u8], cursor: &mut Cursor) -> Step {
    let mut index = cursor.pattern + 1;
    let negated = matches!(pattern.get(index), Some(b'!' | b'^'));
    if negated {
        index += 1;
    }
    if matches!(pattern.get(index), None | Some(b']')) {
        return Step::Stop(Stop::Malformed);
    }
    let (rune, width) = decode(&name[cursor.name..]);
    let contained = class_contains(pattern, &mut index, rune);
    if contained == negated {
        // Doublestar checks the end of a class only where it had to read up to it.
        return if index >= pattern.len() { Step::Stop(Stop::Malformed) } else { Step::Mismatch };
    }
    match find_unescaped(pattern, index, b']') {
        None => Step::Stop(Stop::Malformed),
        Some(close) => {
            cursor.pattern = close + 1;
            cursor.name += width;
            Step::Consumed { segment_begins: false }
        }
    }
}

/// Reads members until one contains `rune` or the class ends; leaves `index` behind what was read.
fn class_contains(pattern: &[u8], index: &mut usize, rune: u32) -> bool {
    // U+10FFFF cannot begin a range: doublestar uses it for "nothing yet".
    const NOTHING: u32 = char::MAX as u32;
    let mut low = NOTHING;
    while !matches!(pattern.get(*index), None | Some(b']')) {
        let mut member = take(pattern, index);
        if low < NOTHING && member == u32::from(b'-') && !matches!(pattern.get(*index), None | Some(b']')) {
            if pattern[*index] == b'\\' {
                *index += 1;
            }
            let high = take(pattern, index);
            if low <= rune && rune <= high {
                return true;
            }
            low = NOTHING;
            continue;
        }
        if member == u32::from(b'\\') {
            member = take(pattern, index);
        }
        if member == rune {
            return true;
        }
        low = member;
    }
    false
}

fn take(pattern: &[u8], index: &mut usize) -> u32 {
    let (rune, width) = decode(&pattern[(*index).min(pattern.len())..]);
    *index += width;
    rune
}

/// Lets the latest `*` take one more code point, else the latest `**/` one more segment. Returns
/// whether a segment begins there; `None` if neither can go on.
fn resume(name: &[u8], cursor: &mut Cursor) -> Option<bool> {
    if let Some(star) = &mut cursor.star {
        let (rune, width) = decode(&name[star.name..]);
        if rune != SEPARATOR {
            star.name += width;
            cursor.pattern = star.pattern;
            cursor.name = star.name;
            return Some(false);
        }
    }
    let doublestar = cursor.doublestar.as_mut()?;
    let slash = name[doublestar.name..].iter().position(|&byte| byte == b'/')?;
    doublestar.name += slash + 1;
    cursor.pattern = doublestar.pattern;
    cursor.name = doublestar.name;
    Some(true)
}
