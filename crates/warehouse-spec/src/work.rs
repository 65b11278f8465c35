//! How much is read of texts and trees, counted in tests alone: the work grows with a manifest, and not with its square.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// Counts what is read: bytes, or nodes.
pub(crate) fn read(amount: usize) {
    #[cfg(test)]
    DONE.with(|done| done.set(done.get() + amount));
    #[cfg(not(test))]
    let _ = amount;
}

/// What was read in this thread so far.
#[cfg(test)]
pub(crate) fn done() -> usize {
    DONE.with(Cell::get)
}
