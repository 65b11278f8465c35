//! Go's layouts: the reference time Mon Jan 2 15:04:05 MST 2006, in the wanted form; formatting and parsing.

use std::fmt::Write;

use super::civil::{Civil, MONTHS, WEEKDAYS, days_in, is_leap};
use super::number::{digits, fraction, number, number3, optional_fraction, take, within};
use super::parsed::Parsed;
use super::rfc3339::parse_rfc3339;
use super::zone::{Offset, ParsedZone, offset, write_offset, zone_length};

/// The layout of RFC 3339, as Go's `time.RFC3339`.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// The layout of RFC 3339 with as many digits of the second as there are, as Go's `time.RFC3339Nano`.
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// One part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperNoon,
    LowerNoon,
    ZoneName,
    Offset {
        style: Offset,
        zulu: bool,
    },
    /// A fraction with this many digits, trailing zeros kept or not, after this separator.
    Fraction {
        digits: usize,
        keep_zeros: bool,
        separator: u8,
    },
}

/// The longest first, where one is the beginning of another.
const FIXED: [(&str, Part); 33] = [
    ("January", Part::LongMonth),
    ("Monday", Part::LongWeekday),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumberMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperNoon),
    ("pm", Part::LowerNoon),
    ("-070000", Part::Offset { style: Offset::Seconds, zulu: false }),
    ("-07:00:00", Part::Offset { style: Offset::ColonSeconds, zulu: false }),
    ("-0700", Part::Offset { style: Offset::Minutes, zulu: false }),
    ("-07:00", Part::Offset { style: Offset::ColonMinutes, zulu: false }),
    ("-07", Part::Offset { style: Offset::Hours, zulu: false }),
    ("Z070000", Part::Offset { style: Offset::Seconds, zulu: true }),
    ("Z07:00:00", Part::Offset { style: Offset::ColonSeconds, zulu: true }),
    ("Z0700", Part::Offset { style: Offset::Minutes, zulu: true }),
    ("Z07:00", Part::Offset { style: Offset::ColonMinutes, zulu: true }),
    ("Z07", Part::Offset { style: Offset::Hours, zulu: true }),
    // Only if no lower-case letter follows.
    ("Jan", Part::Month),
    ("Mon", Part::Weekday),
];

/// The text before the first part of a layout, the part, and what follows it.
fn next_part(layout: &[u8]) -> (&[u8], Option<Part>, &[u8]) {
    for index in 0..layout.len() {
        let rest = &layout[index..];
        // `_2006` is an underscore and a year.
        if rest.starts_with(b"_2006") {
            return (&layout[..=index], Some(Part::LongYear), &rest[5..]);
        }
        if let Some((part, length)) = part_at(rest) {
            return (&layout[..index], Some(part), &rest[length..]);
        }
    }
    (layout, None, &[])
}

fn part_at(rest: &[u8]) -> Option<(Part, usize)> {
    if let [separator @ (b'.' | b','), digit @ (b'0' | b'9'), ..] = rest {
        let digits = rest[1..].iter().take_while(|byte| *byte == digit).count();
        if rest.get(1 + digits).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let keep_zeros = *digit == b'0';
        return Some((Part::Fraction { digits, keep_zeros, separator: *separator }, 1 + digits));
    }
    let (text, part) = FIXED.iter().find(|(text, part)| {
        rest.starts_with(text.as_bytes())
            && !(matches!(part, Part::Month | Part::Weekday)
                && rest.get(3).is_some_and(u8::is_ascii_lowercase))
    })?;
    Some((*part, text.len()))
}

// Times to texts.

/// Writes a date and time of day in a layout, as Go's `Time.Format`.
///
/// `offset` is the zone's in seconds east of UTC, `abbreviation` its name such as `CET`, or empty.
///
/// ```
/// use go_compat::time::{self, Civil};
///
/// let civil = Civil::from_seconds(1_709_280_000, 500_000_000);
/// assert_eq!(time::format("Mon Jan _2 15:04:05.000 2006", &civil, 0, "UTC"), "Fri Mar  1 08:00:00.500 2024");
/// ```
pub fn format(layout: &str, civil: &Civil, offset: i32, abbreviation: &str) -> String {
    let mut text = Vec::with_capacity(layout.len() + 16);
    let mut rest = layout.as_bytes();
    loop {
        let (prefix, part, after) = next_part(rest);
        text.extend_from_slice(prefix);
        let Some(part) = part else { break };
        rest = after;
        let mut written = String::new();
        // Writing to a String cannot fail.
        let _ = write_part(&mut written, civil, offset, abbreviation, part);
        text.extend_from_slice(written.as_bytes());
    }
    // Parts begin and end with ASCII, so what is between them is whole.
    String::from_utf8_lossy(&text).into_owned()
}

fn write_part(
    text: &mut String,
    civil: &Civil,
    offset: i32,
    abbreviation: &str,
    part: Part,
) -> std::fmt::Result {
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
        Part::ZoneName => match abbreviation {
            "" => write_offset(text, offset, Offset::Minutes),
            name => text.write_str(name),
        },
        Part::Offset { zulu: true, .. } if offset == 0 => text.write_char('Z'),
        Part::Offset { style, .. } => write_offset(text, offset, style),
        Part::Fraction { digits, keep_zeros, separator } => {
            let all = format!("{:09}", civil.nanosecond);
            let digits = all.get(..digits).unwrap_or(&all);
            let digits = if keep_zeros { digits } else { digits.trim_end_matches('0') };
            if digits.is_empty() { Ok(()) } else { write!(text, "{}{digits}", char::from(separator)) }
        }
    }
}

fn name<'n>(names: &[&'n str], index: i64) -> &'n str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("???")
}

// Texts to times.

/// Reads a time in a layout, as Go's `time.Parse`; `None` for a text that does not fit.
///
/// ```
/// use go_compat::time::{self, ParsedZone};
///
/// let parsed = time::parse("02 Jan 06 15:04 MST", "01 Mar 24 08:00 CET").unwrap();
/// assert_eq!((parsed.civil.year, parsed.civil.month, parsed.civil.hour), (2024, 3, 8));
/// assert_eq!(parsed.zone, ParsedZone::Abbreviation("CET".into()));
/// assert_eq!(time::parse("2006-01-02", "2023-02-29"), None);
/// ```
#[must_use]
pub fn parse(layout: &str, text: &str) -> Option<Parsed> {
    // As in Go: most times are written so, and there is a shorter way to read them.
    if layout == RFC3339 { parse_rfc3339(text) } else { parse_parts(layout.as_bytes(), text.as_bytes()) }
}

/// What the parts of a text said.
#[derive(Default)]
struct Parts {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: u32,
    noon: Option<Noon>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Noon {
    Before,
    After,
}

fn parse_parts(layout: &[u8], text: &[u8]) -> Option<Parsed> {
    let mut parts = Parts::default();
    let (mut layout, mut text) = (layout, text);
    loop {
        let (prefix, part, rest) = next_part(layout);
        text = skip(text, prefix)?;
        layout = rest;
        match part {
            Some(part) => read_part(&mut parts, part, &mut text, layout)?,
            None if text.is_empty() => return parts.finish(),
            None => return None,
        }
    }
}

fn read_part(parts: &mut Parts, part: Part, text: &mut &[u8], layout: &[u8]) -> Option<()> {
    match part {
        Part::Year => {
            let year = match take(text, 2)? {
                // Go takes a sign for a digit here.
                [b'+', rest] => digits(&[*rest])?,
                [b'-', rest] => -digits(&[*rest])?,
                shown => digits(shown)?,
            };
            parts.year = if year >= 69 { year + 1900 } else { year + 2000 };
        }
        Part::LongYear => parts.year = digits(take(text, 4)?)?,
        Part::Month => parts.month = Some(lookup(&MONTHS, 3, text)?),
        Part::LongMonth => parts.month = Some(lookup(&MONTHS, usize::MAX, text)?),
        Part::NumberMonth | Part::ZeroMonth => {
            let month = number(text, part == Part::ZeroMonth)?;
            parts.month = Some(within(month, 1..=12)?);
        }
        Part::Weekday => drop(lookup(&WEEKDAYS, 3, text)?),
        Part::LongWeekday => drop(lookup(&WEEKDAYS, usize::MAX, text)?),
        Part::Day | Part::UnderDay | Part::ZeroDay => {
            if part == Part::UnderDay {
                skip_one_space(text);
            }
            parts.day = Some(number(text, part == Part::ZeroDay)?);
        }
        Part::UnderYearDay | Part::ZeroYearDay => {
            if part == Part::UnderYearDay {
                skip_one_space(text);
                skip_one_space(text);
            }
            parts.year_day = Some(number3(text, part == Part::ZeroYearDay)?);
        }
        Part::Hour => parts.hour = within(number(text, false)?, 0..=23)?,
        Part::Hour12 | Part::ZeroHour12 => {
            parts.hour = within(number(text, part == Part::ZeroHour12)?, 0..=12)?;
        }
        Part::Minute | Part::ZeroMinute => {
            parts.minute = within(number(text, part == Part::ZeroMinute)?, 0..=59)?;
        }
        Part::Second | Part::ZeroSecond => {
            parts.second = within(number(text, part == Part::ZeroSecond)?, 0..=59)?;
            // A fraction is read also where the layout has none.
            if !matches!(next_part(layout).1, Some(Part::Fraction { .. })) {
                optional_fraction(&mut parts.nanosecond, text);
            }
        }
        Part::UpperNoon => parts.noon = Some(noon(take(text, 2)?, b"AM", b"PM")?),
        Part::LowerNoon => parts.noon = Some(noon(take(text, 2)?, b"am", b"pm")?),
        Part::Offset { style, zulu } => {
            if zulu && text.first() == Some(&b'Z') {
                *text = &text[1..];
                parts.utc = true;
            } else {
                parts.offset = Some(offset(text, style)?);
            }
        }
        Part::ZoneName => {
            if text.starts_with(b"UTC") {
                *text = &text[3..];
                parts.utc = true;
            } else {
                let name = take(text, zone_length(text)?)?;
                parts.zone = String::from_utf8_lossy(name).into_owned();
            }
        }
        Part::Fraction { keep_zeros: true, digits, .. } => {
            parts.nanosecond = fraction(take(text, 1 + digits)?)?;
        }
        Part::Fraction { keep_zeros: false, .. } => optional_fraction(&mut parts.nanosecond, text),
    }
    Some(())
}

impl Parts {
    fn finish(self) -> Option<Parsed> {
        let (month, day) = self.date()?;
        let hour = match self.noon {
            Some(Noon::After) if self.hour < 12 => self.hour + 12,
            Some(Noon::Before) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let civil = Civil {
            year: self.year,
            month,
            day,
            hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
        };
        let zone = match self.offset {
            _ if self.utc => ParsedZone::Utc,
            Some(seconds) => ParsedZone::Offset { seconds, abbreviation: self.zone },
            None if self.zone.is_empty() => ParsedZone::Missing,
            None => ParsedZone::Abbreviation(self.zone),
        };
        Some(Parsed { civil, zone })
    }

    fn date(&self) -> Option<(i64, i64)> {
        let (month, day) = match self.year_day {
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
            Some(year_day) => {
                let year_length = if is_leap(self.year) { 366 } else { 365 };
                let mut day = within(year_day, 1..=year_length)?;
                let mut month = 1;
                while day > days_in(month, self.year) {
                    day -= days_in(month, self.year);
                    month += 1;
                }
                if self.month.is_some_and(|other| other != month)
                    || self.day.is_some_and(|other| other != day)
                {
                    return None;
                }
                (month, day)
            }
        };
        Some((month, within(day, 1..=days_in(month, self.year))?))
    }
}

/// Drops the text between two parts; runs of spaces count as one, and as none at the end.
fn skip<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    let (mut text, mut prefix) = (text, prefix);
    while let Some(&expected) = prefix.first() {
        if expected == b' ' {
            if text.first().is_some_and(|&found| found != b' ') {
                return None;
            }
            prefix = trim_spaces(prefix);
            text = trim_spaces(text);
        } else if text.first() == Some(&expected) {
            (text, prefix) = (&text[1..], &prefix[1..]);
        } else {
            return None;
        }
    }
    Some(text)
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| byte == b' ').count()..]
}

fn skip_one_space(text: &mut &[u8]) {
    *text = text.strip_prefix(b" ").unwrap_or(text);
}

/// The number, from 1, of the name that begins the text, in upper or lower case.
fn lookup(names: &[&str], length: usize, text: &mut &[u8]) -> Option<i64> {
    let index = names.iter().position(|name| {
        let name = &name.as_bytes()[..name.len().min(length)];
        text.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
    })?;
    take(text, names[index].len().min(length))?;
    i64::try_from(index + 1).ok()
}

fn noon(text: &[u8], before: &[u8], after: &[u8]) -> Option<Noon> {
    if text == before { Some(Noon::Before) } else { (text == after).then_some(Noon::After) }
}
