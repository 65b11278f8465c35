//! Dates and times of day in the proleptic Gregorian calendar, as Go's `time.Date` computes them.

/// A date and a time of day, without a zone. Parts out of range carry over where it becomes a moment, as in Go's `time.Date`.
///
/// ```
/// use go_compat::time::Civil;
///
/// let day = Civil { year: 2024, month: 14, day: 30, hour: 0, minute: 0, second: 0, nanosecond: 0 };
/// assert_eq!(Civil::from_seconds(day.to_seconds(), 0).month, 3); // the 30th of February is in March
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year of the proleptic Gregorian calendar.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, 0 to 23.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
    /// Nanoseconds within the second.
    pub nanosecond: u32,
}

/// The names of the months, as Go's `Month.String`.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days of the week from Sunday, as Go's `Weekday.String`.
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const DAY: i64 = 86_400;

/// Years beyond this are clamped; Go's own arithmetic overflows there.
const YEAR_LIMIT: i64 = 200_000_000_000;

impl Civil {
    /// The date and time that lie this many seconds after 1970 began.
    pub fn from_seconds(seconds: i64, nanosecond: u32) -> Self {
        let (days, clock) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = date_of(days);
        Self { year, month, day, hour: clock / 3600, minute: clock / 60 % 60, second: clock % 60, nanosecond }
    }

    /// The seconds from the beginning of 1970, carrying parts that are out of range.
    pub fn to_seconds(self) -> i64 {
        let months = self.month.saturating_sub(1);
        let year = self.year.saturating_add(months.div_euclid(12)).clamp(-YEAR_LIMIT, YEAR_LIMIT);
        let days = days_before(year, months.rem_euclid(12) + 1).saturating_add(self.day.saturating_sub(1));
        let clock = self
            .hour
            .saturating_mul(3600)
            .saturating_add(self.minute.saturating_mul(60))
            .saturating_add(self.second);
        days.saturating_mul(DAY).saturating_add(clock)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        self.to_seconds().div_euclid(DAY)
    }

    /// The day of the week; Sunday is 0. As Go's `Time.Weekday`.
    pub fn weekday(self) -> u8 {
        u8::try_from((self.days() + 4).rem_euclid(7)).unwrap_or(0)
    }

    /// The day of the year, from 1. As Go's `Time.YearDay`.
    pub fn year_day(self) -> i64 {
        self.days() - days_before(self.year, 1) + 1
    }

    /// The ISO 8601 year and week. As Go's `Time.ISOWeek`.
    pub fn iso_week(self) -> (i64, i64) {
        let weekday = i64::from((self.weekday() + 6) % 7);
        let thursday = self.days() - weekday + 3;
        let (year, ..) = date_of(thursday);
        (year, (thursday - days_before(year, 1)) / 7 + 1)
    }
}

/// Whether the year has a 29th of February.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days the month has.
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month. Years begin in March, so that leap days come last.
fn days_before(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_way_there_and_back() {
        for seconds in (-70_000_000_000_i64..70_000_000_000).step_by(86_399 * 13) {
            let civil = Civil::from_seconds(seconds, 7);
            assert_eq!(civil.to_seconds(), seconds);
            assert!(
                (1..=12).contains(&civil.month)
                    && (1..=days_in(civil.month, civil.year)).contains(&civil.day)
            );
        }
    }

    #[test]
    fn iso_weeks() {
        let week = |year, month, day| {
            Civil { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0 }.iso_week()
        };
        assert_eq!(week(2021, 1, 3), (2020, 53));
        assert_eq!(week(2024, 12, 30), (2025, 1));
        assert_eq!(week(2025, 6, 15), (2025, 24));
    }
}
