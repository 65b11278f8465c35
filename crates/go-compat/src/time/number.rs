//! The numbers in a time, as Go reads them.

pub(super) fn take<'t>(text: &mut &'t [u8], length: usize) -> Option<&'t [u8]> {
    let (taken, rest) = text.split_at_checked(length)?;
    *text = rest;
    Some(taken)
}

pub(super) fn digits(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

pub(super) fn optional_fraction(nanosecond: &mut u32, text: &mut &[u8]) {
    if let [b'.' | b',', rest @ ..] = *text {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 0 {
            *nanosecond = fraction(&text[..=count]).unwrap_or(0);
            *text = &rest[count..];
        }
    }
}

/// A separator and digits, as nanoseconds.
pub(super) fn fraction(text: &[u8]) -> Option<u32> {
    let [b'.' | b',', shown @ ..] = text else { return None };
    let shown = &shown[..shown.len().min(9)];
    let missing = u32::try_from(9 - shown.len()).ok()?;
    u32::try_from(digits(shown)? * 10_i64.pow(missing)).ok()
}

pub(super) fn within(value: i64, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    range.contains(&value).then_some(value)
}

/// One or two digits, or exactly two.
pub(super) fn number(text: &mut &[u8], two: bool) -> Option<i64> {
    let count = text.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || two && count != 2 {
        return None;
    }
    digits(take(text, count)?)
}

/// One to three digits, or exactly three.
pub(super) fn number3(text: &mut &[u8], three: bool) -> Option<i64> {
    let count = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || three && count != 3 {
        return None;
    }
    digits(take(text, count)?)
}
