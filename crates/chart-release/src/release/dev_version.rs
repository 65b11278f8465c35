//! The version of a dev release.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use selection_strategies::Version;

use crate::overwrite::MOVING_VERSION;

/// How a dev release is named.
///
/// ```
/// use chart_release::DevVersion;
///
/// let time = "2026-11-21T15:30:12Z".parse()?;
/// let commit = "3f2c1ab09d4be1c6d1f4c8c7f0f6e9c5a1b2c3d4";
/// assert_eq!(DevVersion::Fixed.of("1.4.0", false, commit, time).as_deref(), Some("0.0.0-dev"));
/// assert_eq!(DevVersion::Dated.of("1.4.0", false, commit, time).as_deref(), Some("1.4.0-dev.20261121.153012-3f2c1ab"));
/// // 1.4.0 is released, so what follows it is on the way to 1.4.1.
/// assert_eq!(DevVersion::Dated.of("1.4.0", true, commit, time).as_deref(), Some("1.4.1-dev.20261121.153012-3f2c1ab"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevVersion {
    /// `0.0.0-dev`, which moves: it is published again for every commit.
    #[default]
    Fixed,
    /// The chart's version, the date and time of the commit (UTC) and the beginning of its id. Each commit has its own version, and a
    /// later commit has a higher one.
    Dated,
}

impl DevVersion {
    /// The version of a dev release of a chart.
    ///
    /// `version` is the version in `Chart.yaml`, and `is_released` says whether that version is released already: then the dev version is
    /// one of the next patch, so that it is higher than the release. `commit` is the id of the commit in hexadecimal digits, and `time`
    /// its committer time. Returns `None` if `version` is not a semantic version.
    pub fn of(self, version: &str, is_released: bool, commit: &str, time: Timestamp) -> Option<String> {
        if self == Self::Fixed {
            return Some(MOVING_VERSION.to_owned());
        }
        let version = Version::parse(version).ok()?;
        let (major, minor) = (version.major(), version.minor());
        let (patch, prerelease) = match (version.prerelease(), is_released) {
            ("", true) => (version.patch().checked_add(1)?, String::new()),
            ("", false) => (version.patch(), String::new()),
            // `1.4.0-rc.1.dev...` is higher than `1.4.0-rc.1` and lower than `1.4.0-rc.2`.
            (prerelease, _) => (version.patch(), format!("{prerelease}.")),
        };
        let time = time.to_zoned(TimeZone::UTC);
        let (date, time) = (time.strftime("%Y%m%d"), time.strftime("%H%M%S"));
        // The id follows a hyphen: an identifier of digits alone must not begin with a zero, and would be compared as a number.
        let id = commit.get(..7).unwrap_or(commit);
        Some(format!("{major}.{minor}.{patch}-{prerelease}dev.{date}.{time}-{id}"))
    }
}

impl fmt::Display for DevVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Dated => "dated",
        })
    }
}

impl FromStr for DevVersion {
    type Err = String;

    /// `fixed` or `dated`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "fixed" => Ok(Self::Fixed),
            "dated" => Ok(Self::Dated),
            _ => Err("expected fixed (0.0.0-dev) or dated (1.4.0-dev.DATE.TIME-COMMIT)".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn dated(version: &str, is_released: bool, seconds: i64) -> Option<String> {
        DevVersion::Dated.of(version, is_released, COMMIT, Timestamp::from_second(seconds).unwrap())
    }

    #[test]
    fn dated_versions() {
        #[track_caller]
        fn check(version: &str, is_released: bool, expected: Option<&str>) {
            assert_eq!(dated(version, is_released, 1_795_275_012).as_deref(), expected);
        }
        check("1.4.0", false, Some("1.4.0-dev.20261121.153012-0123456"));
        check("1.4.0", true, Some("1.4.1-dev.20261121.153012-0123456"));
        check("v1.4", true, Some("1.4.1-dev.20261121.153012-0123456"));
        check("1.4.0+build", false, Some("1.4.0-dev.20261121.153012-0123456"));
        check("1.4.0-rc.1", true, Some("1.4.0-rc.1.dev.20261121.153012-0123456"));
        check("next", false, None);
        check("1.0.18446744073709551615", true, None);
    }

    proptest! {
        #[test]
        fn later_commits_have_higher_versions(first in 0i64..4_000_000_000, gap in 1i64..4_000_000_000, released: bool) {
            let versions = [first, first + gap].map(|seconds| Version::parse_strict(&dated("1.4.0", released, seconds).unwrap()).unwrap());
            prop_assert!(versions[0] < versions[1]);
            let release = Version::parse("1.4.0").unwrap();
            prop_assert_eq!(versions[0] > release, released);
        }
    }
}
