//! One pattern without alternations against one name: two places to go back to, no recursion.

use super::rune::decode;
use super::syntax::find_unescaped;

const SEPARATOR: u32 = '/' as u32;

/// A place to resume from: the pattern index after a star, and the name index it has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Resume {
    pub(super) pattern: usize,
    pub(super) name: usize,
}

/// How far a match has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cursor {
    pub(super) pattern: usize,
    pub(super) name: usize,
    /// The latest `*`; reset by each `**/`.
    pub(super) star: Option<Resume>,
    /// The latest `**/`.
    pub(super) doublestar: Option<Resume>,
}

impl Cursor {
    /// The lowest pattern index the match can still come back to.
    pub(super) fn lowest(&self) -> usize {
        [self.star, self.doublestar]
            .into_iter()
            .flatten()
            .map(|resume| resume.pattern)
            .fold(self.pattern, usize::min)
    }
}

/// Why a run stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Matched,
    Failed,
    /// The text is no pattern. Only the alternatives of a pattern such as `{[}],a}` can be so.
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
pub(super) fn run(pattern: &[u8], name: &[u8], cursor: &mut Cursor) -> Stop {
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
    let (wanted, pattern_width) = decode(&pattern[cursor.pattern + escape..]);
    let (found, name_width) = decode(&name[cursor.name..]);
    if wanted != found {
        return Step::Mismatch;
    }
    cursor.pattern += escape + pattern_width;
    cursor.name += name_width;
    Step::Consumed { segment_begins: wanted == SEPARATOR }
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
        // Doublestar looks at the end of a class only where it had to read up to it.
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
