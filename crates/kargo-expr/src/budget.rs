//! The limits of one evaluation.

use crate::error::Failure;

/// Elementary steps of one evaluation: nodes visited, elements and bytes looked at.
pub(crate) const MAX_STEPS: u64 = 10_000_000;

/// Elements of lists and maps that one evaluation may create; the same bound as expr-lang's.
pub(crate) const MAX_ELEMENTS: u64 = 1_000_000;

/// Bytes of text that one evaluation may create.
pub(crate) const MAX_BYTES: u64 = 32 << 20;

/// How deep values may nest.
pub(crate) const MAX_VALUE_DEPTH: u16 = 100;

/// What is left of the bounds.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: u64,
    elements: u64,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { steps: MAX_STEPS, elements: MAX_ELEMENTS, bytes: MAX_BYTES }
    }

    /// Accounts for work.
    pub(crate) fn work(&mut self, steps: usize) -> Result<(), Failure> {
        spend(&mut self.steps, steps, 0, "the expression takes too many steps")
    }

    /// Accounts for elements to be created. The last one is out of bounds, as in expr-lang.
    pub(crate) fn elements(&mut self, count: usize) -> Result<(), Failure> {
        spend(&mut self.elements, count, 1, "memory budget exceeded")
    }

    /// Accounts for text to be created.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), Failure> {
        self.work(count / 8)?;
        spend(&mut self.bytes, count, 0, "the expression makes too much text")
    }
}

fn spend(left: &mut u64, amount: usize, keep: u64, message: &str) -> Result<(), Failure> {
    match left.checked_sub(amount as u64) {
        Some(rest) if rest >= keep => {
            *left = rest;
            Ok(())
        }
        _ => Err(Failure::new(message)),
    }
}
