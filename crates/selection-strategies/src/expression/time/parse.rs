//! Texts to times.

use super::civil::{Civil, days_in, is_leap};
use super::layout::{Offset, Part, next_part};
use super::{Location, MONTHS, Time, WEEKDAYS};
use crate::expression::error::Failure;

/// Reads a time as a layout shows it. Without a zone in the text, `location` counts; without that, UTC. A zone in the text
/// that is in force at the location, or at the machine's, is that location.
pub(in super::super) fn parse(
    layout: &str,
    text: &str,
    location: Option<&Location>,
) -> Result<Time, Failure> {
    read(layout.as_bytes(), text.as_bytes(), location)
        .ok_or_else(|| Failure::new(format!("cannot parse {text:?} as a time like {layout:?}")))
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

fn read(layout: &[u8], text: &[u8], location: Option<&Location>) -> Option<Time> {
    let mut parts = Parts::default();
    let (mut layout, mut text) = (layout, text);
    loop {
        let (prefix, part, rest) = next_part(layout);
        text = skip(text, prefix)?;
        layout = rest;
        match part {
            Some(part) => read_part(&mut parts, part, &mut text, layout)?,
            None if text.is_empty() => return parts.to_time(location),
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
                optional_fraction(parts, text);
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
        Part::Fraction { keep_zeros: false, .. } => optional_fraction(parts, text),
    }
    Some(())
}

impl Parts {
    fn to_time(&self, location: Option<&Location>) -> Option<Time> {
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
        let local = location.unwrap_or(&Location::Local);
        if self.utc {
            return Some(Time::from_civil(&civil, Location::Utc));
        }
        let shown = Time::from_civil(&civil, Location::Utc);
        if let Some(offset) = self.offset {
            let time = shown.add(-i64::from(offset) * super::NANOSECONDS);
            // Go takes the location where offset and abbreviation are those in force there.
            let here = time.with_location(local.clone());
            let fits = here.offset_seconds() == offset
                && (self.zone.is_empty() || here.abbreviation() == self.zone.as_str());
            return Some(if fits { here } else { time.with_location(Location::fixed(&self.zone, offset)) });
        }
        if self.zone.is_empty() {
            return Some(Time::from_civil(&civil, location.cloned().unwrap_or(Location::Utc)));
        }
        if let Some(offset) = local.offset_of(&self.zone, shown.unix_seconds()) {
            return Some(shown.add(-i64::from(offset) * super::NANOSECONDS).with_location(local.clone()));
        }
        // An abbreviation whose offset is not known: Go leaves the moment, but for `GMT` and hours.
        let hours = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok());
        let offset = hours.map_or(0, |hours| hours * 3600);
        Some(shown.with_location(Location::fixed(&self.zone, offset)))
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
    while let Some(&wanted) = prefix.first() {
        if wanted == b' ' {
            if text.first().is_some_and(|&found| found != b' ') {
                return None;
            }
            prefix = trim_spaces(prefix);
            text = trim_spaces(text);
        } else if text.first() == Some(&wanted) {
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

fn take<'t>(text: &mut &'t [u8], length: usize) -> Option<&'t [u8]> {
    let (taken, rest) = text.split_at_checked(length)?;
    *text = rest;
    Some(taken)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter()
        .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn within(value: i64, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    range.contains(&value).then_some(value)
}

/// One or two digits, or exactly two.
fn number(text: &mut &[u8], two: bool) -> Option<i64> {
    let count = text.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || two && count != 2 {
        return None;
    }
    digits(take(text, count)?)
}

/// One to three digits, or exactly three.
fn number3(text: &mut &[u8], three: bool) -> Option<i64> {
    let count = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || three && count != 3 {
        return None;
    }
    digits(take(text, count)?)
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

fn optional_fraction(parts: &mut Parts, text: &mut &[u8]) {
    if let [b'.' | b',', rest @ ..] = *text {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 0 {
            parts.nanosecond = fraction(&text[..=count]).unwrap_or(0);
            *text = &rest[count..];
        }
    }
}

/// A separator and digits, as nanoseconds.
fn fraction(text: &[u8]) -> Option<u32> {
    let [b'.' | b',', shown @ ..] = text else { return None };
    let shown = &shown[..shown.len().min(9)];
    let missing = u32::try_from(9 - shown.len()).ok()?;
    u32::try_from(digits(shown)? * 10_i64.pow(missing)).ok()
}

fn offset(text: &mut &[u8], style: Offset) -> Option<i32> {
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
fn zone_length(text: &[u8]) -> Option<usize> {
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
