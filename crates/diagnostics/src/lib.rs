//! Diagnostics of a text: what is wrong, where, what to do about it, and the edit that fixes it. One type serves validation, lint, SARIF and editors.
//!
//! ```
//! use diagnostics::{Applicability, Diagnostic, Location, Replacement, Severity, sarif};
//!
//! let text = "tag: latset\n";
//! let location = Location::new("values.yaml", 1, 6).with_bytes(5..11);
//! let diagnostic = Diagnostic::new(Severity::Warning, "unknown-tag", location, "tag", "`latset` is not a tag")
//!     .with_help("write `latest`")
//!     .with_replacement(Replacement::new(5..11, "latest", Applicability::MaybeIncorrect));
//! assert_eq!(format!("{diagnostic:#}"), "values.yaml:1:6: warning: `latset` is not a tag (tag) [unknown-tag]");
//!
//! let fixed = Replacement::apply_all(text, &diagnostic.replacement);
//! assert_eq!(fixed, "tag: latest\n");
//!
//! let log = sarif::log(&sarif::Tool::new("my-lint", "1.0.0", "https://example.com"), [&diagnostic]);
//! assert_eq!(serde_json::to_value(&log)?["runs"][0]["results"][0]["ruleId"], "unknown-tag");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A [`Diagnostic`] is generic in its code: an enum of a crate, or a text. [`sarif::log`] takes diagnostics of any tool.

mod diagnostic;
mod replacement;
pub mod sarif;

pub use diagnostic::{Diagnostic, Location, Severity};
pub use replacement::{Applicability, Replacement};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
