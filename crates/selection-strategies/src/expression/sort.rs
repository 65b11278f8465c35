//! Sorting by keys that may turn out not to be comparable.

use super::budget::Budget;
use super::error::Failure;
use super::operator::is_less;
use super::value::Value;

/// Sorts stably by the first of each pair: a merge sort that stops at the first failure.
pub(super) fn sort<T>(
    pairs: Vec<(Value, T)>,
    descending: bool,
    budget: &mut Budget,
) -> Result<Vec<(Value, T)>, Failure> {
    let mut runs: Vec<Vec<(Value, T)>> = pairs.into_iter().map(|pair| vec![pair]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            match rest.next() {
                Some(right) => merged.push(merge(left, right, descending, budget)?),
                None => merged.push(left),
            }
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge<T>(
    left: Vec<(Value, T)>,
    right: Vec<(Value, T)>,
    descending: bool,
    budget: &mut Budget,
) -> Result<Vec<(Value, T)>, Failure> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some((first, _)), Some((second, _))) = (left.peek(), right.peek()) {
        budget.work(4)?;
        let later = if descending { is_less(first, second)? } else { is_less(second, first)? };
        merged.extend(if later { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}
