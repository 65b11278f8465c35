//! Go's layouts: the reference time Mon Jan 2 15:04:05 MST 2006, in the wanted form; formatting and parsing.

use std::fmt::Write;

use super::civil::{Civil, MONTHS, WEEKDAYS, days_in, is_leap};

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

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offset {
    Hours,
    Minutes,
    ColonMinutes,
    Seconds,
    ColonSeconds,
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

// Texts to times.

/// What a text in a layout says, as Go's `time.Parse` reads it: the zone is not resolved, since that takes a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The date and the time of day, all parts in range.
    pub civil: Civil,
    /// What the text says of the zone.
    pub zone: ParsedZone,
}

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

impl Parsed {
    /// The moment in Unix seconds; UTC where the text gives no offset.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        let offset = match &self.zone {
            ParsedZone::Offset { seconds, .. } => i64::from(*seconds),
            ParsedZone::Missing | ParsedZone::Utc | ParsedZone::Abbreviation(_) => 0,
        };
        self.civil.to_seconds() - offset
    }

    /// The moment as jiff has it. Go's times go further than jiff's in both directions: the latest and the earliest
    /// [`jiff::Timestamp`] stand for those beyond it. In RFC 3339 these are the last two days of the year 9999.
    ///
    /// ```
    /// use go_compat::time::parse_rfc3339;
    ///
    /// let time = parse_rfc3339("2024-03-01T8:00:00,5+02:00").unwrap();
    /// assert_eq!(time.timestamp().to_string(), "2024-03-01T06:00:00.5Z");
    /// let last = parse_rfc3339("9999-12-31T23:59:59Z").unwrap();
    /// assert_eq!(last.timestamp(), jiff::Timestamp::MAX);
    /// ```
    #[cfg(feature = "jiff")]
    #[must_use]
    pub fn timestamp(&self) -> jiff::Timestamp {
        let seconds = self.unix_seconds();
        let beyond = if seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let nanosecond = i32::try_from(self.civil.nanosecond).unwrap_or(i32::MAX);
        jiff::Timestamp::new(seconds, nanosecond).unwrap_or(beyond)
    }
}

/// Reads RFC 3339 as [`parse_rfc3339`], as a timestamp. A moment beyond what a [`Timestamp`](jiff::Timestamp) can be is the last one, or the
/// first.
///
/// ```
/// use go_compat::time::rfc3339_timestamp;
///
/// assert_eq!(rfc3339_timestamp("2024-03-01T8:00:00,5+02:00").unwrap().to_string(), "2024-03-01T06:00:00.5Z");
/// assert_eq!(rfc3339_timestamp("yesterday"), None);
/// ```
#[cfg(feature = "jiff")]
#[must_use]
pub fn rfc3339_timestamp(text: &str) -> Option<jiff::Timestamp> {
    Some(parse_rfc3339(text)?.timestamp())
}

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

fn optional_fraction(nanosecond: &mut u32, text: &mut &[u8]) {
    if let [b'.' | b',', rest @ ..] = *text {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 0 {
            *nanosecond = fraction(&text[..=count]).unwrap_or(0);
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

// RFC 3339, the short way.

/// Reads a time of RFC 3339, as Go's `time.Parse(time.RFC3339, text)`: the date, `T`, the time of day, a fraction after `.` or
/// `,` if there is one, and `Z` or an offset. The hour may have a single digit, offsets go up to `24:60`, and digits beyond
/// nanoseconds are cut off.
///
/// ```
/// use go_compat::time::parse_rfc3339;
///
/// let time = parse_rfc3339("2024-03-01T8:00:00,5+02:00").unwrap();
/// assert_eq!((time.unix_seconds(), time.civil.nanosecond), (1_709_272_800, 500_000_000));
/// assert_eq!(parse_rfc3339("2024-03-01"), None);
/// assert_eq!(parse_rfc3339("2024-03-01t08:00:00z"), None);
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Parsed> {
    let rest = &mut text.as_bytes();
    let year = digits(take(rest, 4)?)?;
    sign(rest, b"-")?;
    let month = within(number(rest, true)?, 1..=12)?;
    sign(rest, b"-")?;
    let day = within(number(rest, true)?, 1..=days_in(month, year))?;
    sign(rest, b"T")?;
    let hour = within(number(rest, false)?, 0..=23)?;
    sign(rest, b":")?;
    let minute = within(number(rest, true)?, 0..=59)?;
    sign(rest, b":")?;
    let second = within(number(rest, true)?, 0..=59)?;
    let mut nanosecond = 0;
    optional_fraction(&mut nanosecond, rest);
    let zone = if *rest == b"Z" {
        *rest = &[];
        ParsedZone::Utc
    } else {
        ParsedZone::Offset { seconds: offset(rest, Offset::ColonMinutes)?, abbreviation: String::new() }
    };
    let civil = Civil { year, month, day, hour, minute, second, nanosecond };
    rest.is_empty().then_some(Parsed { civil, zone })
}

/// One of these characters.
fn sign(rest: &mut &[u8], among: &[u8]) -> Option<()> {
    let (first, after) = rest.split_first()?;
    if !among.contains(first) {
        return None;
    }
    *rest = after;
    Some(())
}
