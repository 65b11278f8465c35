//! One budget for the patterns of one document.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Failed, GoRegex, GoRegexError};

/// What the patterns of one document may take together, so that a document of a few KiB cannot cost a gigabyte: their number, and
/// the bytes of what they are compiled into, with the memory of searching. Each distinct pattern is compiled once and counts once.
///
/// ```
/// use go_compat::{GoRegex, GoRegexError, RegexBudget};
///
/// let budget = RegexBudget::new();
/// let fitting = budget.install(|| {
///     (1..200).take_while(|number| GoRegex::new(&format!("^{number}\\pL{{100}}")).is_ok()).count()
/// });
/// assert!(fitting < 20);
/// budget.install(|| {
///     let error = GoRegex::new(r"-\pL{100}").unwrap_err();
///     assert!(matches!(error, GoRegexError::OverBudget { .. }));
/// });
/// # Ok::<(), GoRegexError>(())
/// ```
///
/// Clones share what is left.
#[derive(Clone)]
pub struct RegexBudget(Arc<Mutex<State>>);

struct State {
    patterns: usize,
    bytes: usize,
    limit: usize,
    /// For expressions that stand for several patterns: the same again, as they are not required.
    joined_bytes: usize,
    has_refused: bool,
    compiled: HashMap<Box<str>, Result<GoRegex, GoRegexError>>,
    joined: HashMap<Vec<Arc<str>>, Option<GoRegex>>,
}

thread_local! {
    static CURRENT: RefCell<Vec<RegexBudget>> = const { RefCell::new(Vec::new()) };
}

impl RegexBudget {
    /// The number of distinct patterns of a [`new`](Self::new) budget.
    pub const MAX_PATTERNS: usize = 1000;
    /// The bytes of a [`new`](Self::new) budget: 64 MiB. A short pattern takes 68 KiB, with the memory of searching.
    pub const MAX_BYTES: usize = 64 << 20;

    /// A budget of [`MAX_PATTERNS`](Self::MAX_PATTERNS) and [`MAX_BYTES`](Self::MAX_BYTES).
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Self::MAX_PATTERNS, Self::MAX_BYTES)
    }

    /// A budget of this many distinct patterns and bytes.
    #[must_use]
    pub fn with_limits(patterns: usize, bytes: usize) -> Self {
        let (compiled, joined) = (HashMap::new(), HashMap::new());
        Self(Arc::new(Mutex::new(State {
            patterns,
            bytes,
            limit: bytes,
            joined_bytes: bytes,
            has_refused: false,
            compiled,
            joined,
        })))
    }

    /// Runs `work`, in which every [`GoRegex`] that this thread compiles takes from this budget, and from no other one. Also the
    /// patterns of what contains them: tag filters, path selectors, expressions.
    pub fn install<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.with_borrow_mut(|stack| stack.push(self.clone()));
        let _leave = Leave;
        work()
    }

    /// Whether a pattern did not fit, or several did not fit into one expression: a larger budget would give another result.
    #[must_use]
    pub fn has_refused(&self) -> bool {
        self.lock().has_refused
    }

    /// The bytes that were taken so far: by patterns, and by the expressions that stand for several of them.
    #[must_use]
    pub fn taken(&self) -> usize {
        let state = self.lock();
        2 * state.limit - state.bytes - state.joined_bytes
    }

    /// The budget in which this thread compiles.
    pub(super) fn current() -> Option<Self> {
        // A pattern that is compiled while a thread ends has none.
        CURRENT.try_with(|stack| stack.borrow().last().cloned()).ok().flatten()
    }

    pub(super) fn compile(&self, pattern: &str) -> Result<GoRegex, GoRegexError> {
        let mut state = self.lock();
        if let Some(known) = state.compiled.get(pattern) {
            return known.clone();
        }
        let Some(patterns) = state.patterns.checked_sub(1) else {
            state.has_refused = true;
            return Err(GoRegexError::OverBudget { pattern: pattern.into() });
        };
        state.patterns = patterns;
        let (compiled, cost) = match GoRegex::compile(pattern, state.bytes) {
            Ok((regex, cost)) => (Ok(regex), cost),
            Err(Failed { error, cost }) => (Err(error), cost),
        };
        // An attempt that failed is work, too.
        state.bytes = state.bytes.saturating_sub(cost);
        state.has_refused |= matches!(compiled, Err(GoRegexError::OverBudget { .. }));
        state.compiled.insert(pattern.into(), compiled.clone());
        compiled
    }

    pub(super) fn any_of(&self, patterns: &[GoRegex]) -> Option<GoRegex> {
        let mut state = self.lock();
        let key: Vec<Arc<str>> = patterns.iter().map(|pattern| Arc::clone(&pattern.pattern)).collect();
        if let Some(known) = state.joined.get(&key) {
            return known.clone();
        }
        let (joined, cost) = match GoRegex::join(patterns, state.joined_bytes) {
            Ok((regex, cost)) => (Some(regex), cost),
            Err(cost) => (None, cost),
        };
        state.has_refused |= joined.is_none();
        state.joined_bytes = state.joined_bytes.saturating_sub(cost);
        state.joined.insert(key, joined.clone());
        joined
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves the budget that was entered last, also where the work panics.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|stack| stack.pop());
    }
}

impl Default for RegexBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RegexBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        formatter
            .debug_struct("RegexBudget")
            .field("patterns", &state.patterns)
            .field("bytes", &state.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_over(result: Result<GoRegex, GoRegexError>) -> bool {
        matches!(result, Err(GoRegexError::OverBudget { .. }))
    }

    #[test]
    fn a_pattern_counts_once_and_outside_nothing_counts() {
        let budget = RegexBudget::with_limits(2, usize::MAX);
        budget.install(|| {
            for _ in 0..3 {
                GoRegex::new("a").unwrap();
                GoRegex::new("(").unwrap_err();
            }
            assert!(!budget.has_refused());
            assert!(is_over(GoRegex::new("c")) && budget.has_refused());
            RegexBudget::new().install(|| GoRegex::new("c").unwrap());
            assert!(is_over(GoRegex::new("c")), "an inner budget is left again");
        });
        GoRegex::new("c").unwrap();
    }

    #[test]
    fn bytes_are_those_of_all_patterns() {
        let budget = RegexBudget::with_limits(100, 1 << 20);
        budget.install(|| {
            let fitting = (0..100).filter(|n| GoRegex::new(&format!("^v{n}$")).is_ok()).count();
            assert_eq!(fitting, (1 << 20) / (68 << 10));
        });
    }

    /// Patterns that fail at the bound of each are work, too.
    #[test]
    fn failed_attempts_count() {
        let budget = RegexBudget::new();
        budget.install(|| {
            let tried = (0..100).map(|n| GoRegex::new(&format!(r"{n}(\pL{{100}}){{10}}")));
            let failed: Vec<_> = tried.map(Result::unwrap_err).collect();
            let tried = failed.iter().filter(|error| matches!(error, GoRegexError::TooLarge { .. })).count();
            assert_eq!(tried, 5, "attempts of 10 MiB");
        });
        assert!(budget.lock().bytes < 1 << 20, "what was tried in between counts, too");
    }

    #[test]
    fn alternatives_have_bytes_of_their_own_and_are_compiled_once() {
        let budget = RegexBudget::with_limits(3, 3 * (68 << 10));
        budget.install(|| {
            let both = [GoRegex::new("a").unwrap(), GoRegex::new("b").unwrap()];
            for _ in 0..9 {
                assert!(GoRegex::any_of(&both).is_some());
            }
            assert!(GoRegex::new("c").is_ok());
        });
    }

    #[test]
    fn a_panic_leaves_the_budget() {
        let budget = RegexBudget::with_limits(0, 0);
        let work = || budget.install(|| panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
        GoRegex::new("a").unwrap();
    }
}
