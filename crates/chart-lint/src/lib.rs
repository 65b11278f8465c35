//! **Best practices for Helm charts and Dockerfiles**, as named rules: each finding has a file, a line, a reason and a remedy.
//!
//! ```
//! use chart_lint::{Options, lint_dockerfile};
//!
//! let text = "FROM node:22.11.0-slim\nENV NPM_TOKEN=abc\nUSER node\n";
//! let findings = lint_dockerfile("Dockerfile", text, &Options::default());
//! assert_eq!(
//!     format!("{:#}", findings[0]),
//!     "Dockerfile:2:5: error: `NPM_TOKEN` stays in the image [secret-in-image]"
//! );
//! assert_eq!(findings[0].help.as_deref(), Some("use `RUN --mount=type=secret`, or set it when the container starts"));
//! ```
//!
//! [`lint_chart`] reads `Chart.yaml`, `Chart.lock` and `values.yaml` and renders no template. [`Rule::all`] is the table of rules, with an
//! example each. [`sarif::log`] writes findings for code scanning.
//!
//! # Waivers
//!
//! A comment directly above an instruction or a key waives its finding; in YAML, it may also be behind the value:
//!
//! ```text
//! # lint: allow privileged-port: the port is part of the protocol
//! EXPOSE 80
//! ```
//!
//! It covers an instruction of a Dockerfile, or a key of YAML with all that is below it. `# lint: allow-file RULE: REASON` covers the
//! file. A waiver without a reason, of a rule that does not exist, or that waives nothing is itself a finding.

mod chart;
mod dockerfile;
mod finding;
mod options;
mod rule;
mod waiver;
mod yaml;

pub use chart::lint_chart;
pub use diagnostics::{Severity, sarif};
pub use dockerfile::lint_dockerfile;
pub use finding::Finding;
pub use options::Options;
pub use rule::{Example, Rule, Subject, sarif_tool};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
