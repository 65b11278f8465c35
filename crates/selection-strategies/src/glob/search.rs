//! Alternations: which rewritings of a pattern to try, each at most once.

use std::borrow::Cow;
use std::collections::HashSet;

use super::run::{Cursor, Resume, Stop, run};
use super::syntax::{alternation_end, alternative_end};

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

/// Whether the rest of a pattern matches the empty rest of a name; `None` if it is no pattern.
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
