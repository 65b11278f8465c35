//! Go's layouts: the reference time Mon Jan 2 15:04:05 MST 2006, written as one would like it.

/// One part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
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
pub(super) enum Offset {
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
pub(super) fn next_part(layout: &[u8]) -> (&[u8], Option<Part>, &[u8]) {
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
