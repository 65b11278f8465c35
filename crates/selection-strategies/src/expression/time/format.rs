//! Times to texts.

use std::fmt::Write;

use super::layout::{Offset, Part, next_part};
use super::{MONTHS, Time, WEEKDAYS};

/// Writes a time as a layout shows it.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let mut text = Vec::with_capacity(layout.len() + 16);
    let mut rest = layout.as_bytes();
    loop {
        let (prefix, part, after) = next_part(rest);
        text.extend_from_slice(prefix);
        let Some(part) = part else { break };
        rest = after;
        let mut written = String::new();
        // Writing to a String cannot fail.
        let _ = write_part(&mut written, time, part);
        text.extend_from_slice(written.as_bytes());
    }
    // Parts begin and end with ASCII, so what is between them is whole.
    String::from_utf8_lossy(&text).into_owned()
}

fn write_part(text: &mut String, time: &Time, part: Part) -> std::fmt::Result {
    let civil = time.civil();
    let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
    match part {
        Part::LongMonth => text.write_str(name(&MONTHS, civil.month - 1)),
        Part::Month => text.write_str(&name(&MONTHS, civil.month - 1)[..3]),
        Part::NumberMonth => write!(text, "{}", civil.month),
        Part::ZeroMonth => write!(text, "{:02}", civil.month),
        Part::LongWeekday => text.write_str(name(&WEEKDAYS, civil.weekday().into())),
        Part::Weekday => text.write_str(&name(&WEEKDAYS, civil.weekday().into())[..3]),
        Part::Day => write!(text, "{}", civil.day),
        Part::UnderDay => write!(text, "{:2}", civil.day),
        Part::ZeroDay => write!(text, "{:02}", civil.day),
        Part::UnderYearDay => write!(text, "{:3}", civil.year_day()),
        Part::ZeroYearDay => write!(text, "{:03}", civil.year_day()),
        Part::Hour => write!(text, "{:02}", civil.hour),
        Part::Hour12 => write!(text, "{hour12}"),
        Part::ZeroHour12 => write!(text, "{hour12:02}"),
        Part::Minute => write!(text, "{}", civil.minute),
        Part::ZeroMinute => write!(text, "{:02}", civil.minute),
        Part::Second => write!(text, "{}", civil.second),
        Part::ZeroSecond => write!(text, "{:02}", civil.second),
        Part::LongYear if civil.year < 0 => write!(text, "-{:04}", civil.year.unsigned_abs()),
        Part::LongYear => write!(text, "{:04}", civil.year),
        Part::Year => write!(text, "{:02}", civil.year.unsigned_abs() % 100),
        Part::UpperNoon => text.write_str(if civil.hour >= 12 { "PM" } else { "AM" }),
        Part::LowerNoon => text.write_str(if civil.hour >= 12 { "pm" } else { "am" }),
        Part::ZoneName => match &*time.abbreviation() {
            "" => write_offset(text, time.offset_seconds(), Offset::Minutes),
            name => text.write_str(name),
        },
        Part::Offset { zulu: true, .. } if time.offset_seconds() == 0 => text.write_char('Z'),
        Part::Offset { style, .. } => write_offset(text, time.offset_seconds(), style),
        Part::Fraction { digits, keep_zeros, separator } => {
            let all = format!("{:09}", time.nanosecond());
            let digits = all.get(..digits).unwrap_or(&all);
            let digits = if keep_zeros { digits } else { digits.trim_end_matches('0') };
            if digits.is_empty() { Ok(()) } else { write!(text, "{}{digits}", char::from(separator)) }
        }
    }
}

fn name<'n>(names: &[&'n str], index: i64) -> &'n str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("???")
}

fn write_offset(text: &mut String, offset: i32, style: Offset) -> std::fmt::Result {
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
