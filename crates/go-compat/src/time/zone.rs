//! What a text says of its time zone, and how offsets are written.

use std::fmt::Write;

use super::number::{digits, take, within};

/// What a text says of its time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedZone {
    /// Nothing.
    Missing,
    /// `Z` or `UTC`.
    Utc,
    /// An offset in seconds east of UTC.
    Offset {
        /// The offset, in seconds.
        seconds: i32,
        /// The abbreviation that the text gives beside it, or an empty text.
        abbreviation: String,
    },
    /// An abbreviation alone, such as `CET`: its offset depends on the location.
    Abbreviation(String),
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offset {
    Hours,
    Minutes,
    ColonMinutes,
    Seconds,
    ColonSeconds,
}

pub(super) fn write_offset(text: &mut String, offset: i32, style: Offset) -> std::fmt::Result {
    // Go rounds to minutes first, so an offset of some seconds west of UTC is "+00".
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let (hours, minutes) = ((offset / 60).abs() / 60, (offset / 60).abs() % 60);
    let seconds = if sign == '-' { (-offset) % 60 } else { offset % 60 };
    match style {
        Offset::Hours => write!(text, "{sign}{hours:02}"),
        Offset::Minutes => write!(text, "{sign}{hours:02}{minutes:02}"),
        Offset::ColonMinutes => write!(text, "{sign}{hours:02}:{minutes:02}"),
        Offset::Seconds => write!(text, "{sign}{hours:02}{minutes:02}{seconds:02}"),
        Offset::ColonSeconds => write!(text, "{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

pub(super) fn offset(text: &mut &[u8], style: Offset) -> Option<i32> {
    let (shape, length): (&[usize], _) = match style {
        Offset::Hours => (&[1], 3),
        Offset::Minutes => (&[1, 3], 5),
        Offset::ColonMinutes => (&[1, 4], 6),
        Offset::Seconds => (&[1, 3, 5], 7),
        Offset::ColonSeconds => (&[1, 4, 7], 9),
    };
    let shown = take(text, length)?;
    if matches!(style, Offset::ColonMinutes | Offset::ColonSeconds) && shown[3] != b':'
        || style == Offset::ColonSeconds && shown[6] != b':'
    {
        return None;
    }
    let mut total = 0;
    for (index, (limit, unit)) in [(24, 3600), (60, 60), (60, 1)].into_iter().enumerate() {
        if let Some(&at) = shape.get(index) {
            total += within(digits(&shown[at..at + 2])?, 0..=limit)? * unit;
        }
    }
    let total = i32::try_from(total).ok()?;
    match shown[0] {
        b'+' => Some(total),
        b'-' => Some(-total),
        _ => None,
    }
}

/// How much of the text is the abbreviation of a zone.
pub(super) fn zone_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if text.starts_with(b"GMT") {
        return Some(3 + signed_offset(&text[3..]).unwrap_or(0));
    }
    if matches!(text[0], b'+' | b'-') {
        return signed_offset(text);
    }
    match text.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count() {
        3 => Some(3),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        5 if text[4] == b'T' => Some(5),
        _ => None,
    }
}

fn signed_offset(text: &[u8]) -> Option<usize> {
    let [b'+' | b'-', rest @ ..] = text else { return None };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest[..count]
        .iter()
        .fold(0_u32, |value, byte| value.saturating_mul(10).saturating_add(u32::from(byte - b'0')));
    (count > 0 && value <= 23).then_some(1 + count)
}
