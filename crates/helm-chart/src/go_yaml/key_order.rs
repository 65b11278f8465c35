//! The order of keys in a map: digits as numbers, letters after all else.

use std::sync::LazyLock;

use go_compat::GoRegex;

/// Sorts entries by their keys.
///
/// The comparison contradicts itself for some keys, so this is a merge sort of our own: the standard library's may panic on such a
/// comparison. Entries come sorted by bytes, or in another fixed order.
pub(super) fn sort<V: Copy>(entries: &mut Vec<(&String, V)>) {
    if entries.len() < 2 {
        return;
    }
    let mut right = entries.split_off(entries.len() / 2);
    sort(entries);
    sort(&mut right);
    let left = std::mem::take(entries);
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    loop {
        let smaller = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) if is_less(b, a) => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        let Some(entry) = smaller else { break };
        entries.push(entry);
    }
}

/// Whether a key comes before another.
fn is_less(a: &str, b: &str) -> bool {
    let a = a.chars().collect::<Vec<_>>();
    let b = b.chars().collect::<Vec<_>>();
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len() < b.len() };
    let (common, a) = a.split_at(at);
    let (_, b) = b.split_at(at);
    let (Some(&first_a), Some(&first_b)) = (a.first(), b.first()) else { return false };
    match (is_letter(first_a), is_letter(first_b)) {
        (true, true) => return first_a < first_b,
        (false, false) => {}
        (_, b) => return b,
    }
    // A zero inside a number has a value of its own, a zero in front of one has none.
    let inside = (first_a == '0' || first_b == '0')
        && common.iter().rev().take_while(|digit| is_digit(**digit)).any(|digit| *digit != '0');
    let number_a = number(a, i64::from(inside));
    let number_b = number(b, i64::from(inside));
    if number_a != number_b { number_a < number_b } else { first_a < first_b }
}

/// The number that the digits at the start continue, and how many digits they are. It wraps around as Go's does.
fn number(text: &[char], start: i64) -> (i64, usize) {
    let digits = text.iter().take_while(|digit| is_digit(**digit));
    digits.fold((start, 0), |(value, count), digit| {
        let digit = i64::from(u32::from(*digit)) - i64::from(u32::from('0'));
        (value.wrapping_mul(10).wrapping_add(digit), count + 1)
    })
}

fn is_letter(character: char) -> bool {
    static LETTER: LazyLock<Option<GoRegex>> = LazyLock::new(|| GoRegex::new(r"^\pL$").ok());
    character.is_ascii_alphabetic() || is_of(&LETTER, character)
}

fn is_digit(character: char) -> bool {
    static DIGIT: LazyLock<Option<GoRegex>> = LazyLock::new(|| GoRegex::new(r"^\p{Nd}$").ok());
    character.is_ascii_digit() || is_of(&DIGIT, character)
}

fn is_of(class: &Option<GoRegex>, character: char) -> bool {
    let matches = |class: &GoRegex| class.is_match(character.encode_utf8(&mut [0; 4]));
    !character.is_ascii() && class.as_ref().is_some_and(matches)
}
