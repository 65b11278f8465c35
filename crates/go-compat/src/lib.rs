//! Functions of Go's libraries in Rust, with the same results: for programs that read the same input as a Go program.
//!
//! ```
//! use go_compat::{Glob, GoDuration, GoRegex, path, time};
//!
//! assert!(GoRegex::new(r"^v\d+\.\d+$")?.is_match("v1.2"));
//! assert!(Glob::new("charts/**/*.{yaml,yml}")?.is_match("charts/web/values.yaml"));
//! assert_eq!("1h30m".parse::<GoDuration>()?.as_nanoseconds(), 5_400_000_000_000);
//! assert!(time::parse_rfc3339("2024-03-01T08:00:00+02:00").is_some());
//! assert_eq!(*path::clean(b"./charts//web/.."), *b"charts");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | item | corresponds to |
//! |---|---|
//! | [`GoRegex`] | `regexp.Compile` and `Regexp.MatchString` (RE2 syntax), on the engine of the `regex` crate |
//! | [`Glob`] | `doublestar.ValidatePattern` and `doublestar.Match` of `bmatcuk/doublestar` v4 |
//! | [`GoDuration`] | `time.ParseDuration`, `Duration.String`, `Duration.Round` |
//! | [`time::parse_rfc3339`] | `time.Parse(time.RFC3339, text)` |
//! | [`time::parse`], [`time::format()`] | `time.Parse` and `Time.Format` with any layout; zones are not resolved |
//! | [`time::Civil`] | `time.Date`, `Time.Weekday`, `Time.YearDay`, `Time.ISOWeek` |
//! | [`path::clean`], [`path::join`] | `path.Clean`, `path.Join` |
//! | [`utf8::decode`], [`utf8::to_text`] | `utf8.DecodeRune`, `[]rune(text)` |
//!
//! The functions are pure: no I/O, no clock, no environment, no async; the crate builds for `wasm32-unknown-unknown`. No input
//! panics, patterns are bounded in size, and matching a regular expression is linear in the text.
//!
//! Each item states where it differs from Go. The rest is checked against Go: the rows under `tests/vectors`, and
//! generated inputs that a test gives to both.

mod duration;
mod glob;
pub mod path;
mod regex;
pub mod time;
pub mod utf8;

pub use self::duration::{GoDuration, GoDurationError};
pub use self::glob::{Glob, GlobError};
pub use self::regex::{GoRegex, GoRegexError, GoRegexSyntaxError, MAX_PATTERN_LENGTH, RegexBudget};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
