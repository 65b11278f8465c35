//! Manifests against best practices, and the rules of all diagnostics.

mod rule;
mod rules;

pub use rule::{Example, Rule};

use std::borrow::Cow;

use diagnostics::sarif::{RuleText, Tool};

use crate::decode::Purpose;
use crate::diagnostic::Code;
use crate::edition::Edition;
use crate::manifest::{Manifest, Options};
use crate::parse::{read, read_bytes};

/// Best practices are told.
const PURPOSE: Purpose = Purpose { advises: true, edition: Edition::NEWEST, keeps_selection: false };

/// Reads a manifest as [`parse`](crate::parse) does, and reports best practices as well: what is valid, and is refused by every API server, was never filled
/// in, or is seldom meant.
///
/// The diagnostics are those of [`parse`](crate::parse) and, in the same list, those of the codes from [`Code::BadName`] on, and what Freight
/// lacks that every API server asks for. A document
/// with an error is not among the documents of the manifest, whichever of the two reports it. [`Rule`] has the reason and the remedy of each code.
///
/// ```
/// use warehouse_spec::{Code, Options, lint};
///
/// let text = "\
/// apiVersion: kargo.akuity.io/v1alpha1
/// kind: Warehouse
/// metadata: {name: My_App}
/// spec:
///   subscriptions:
///   - git: {repoURL: https://github.com/<your-org>/app}
/// ";
/// let manifest = lint("kargo.yaml", text, &Options::default());
/// let codes: Vec<Code> = manifest.diagnostics.iter().map(|found| found.code).collect();
/// assert_eq!(codes, [Code::BadName, Code::Placeholder]);
/// ```
pub fn lint(source_name: &str, text: &str, options: &Options) -> Manifest {
    read(source_name, text, options, PURPOSE)
}

/// Reads a manifest as [`lint`] does, from bytes, which are text as [`parse_bytes`](crate::parse_bytes) reads it.
///
/// An edit is of the bytes: there is none for a text in another encoding, or behind a byte order mark.
pub fn lint_bytes(source_name: &str, bytes: &[u8], options: &Options) -> Manifest {
    let mut manifest = read_bytes(source_name, bytes, options, PURPOSE);
    let is_as_read = crate::text_of(bytes).is_ok_and(|text| text.as_bytes() == bytes);
    if !is_as_read {
        manifest.diagnostics.iter_mut().for_each(|found| found.replacement = None);
    }
    manifest
}

impl Rule {
    /// Every rule, in the order of [`Code::ALL`].
    pub fn all() -> impl Iterator<Item = &'static Self> {
        rules::all()
    }

    /// The rule of a code.
    pub fn of(code: Code) -> Option<&'static Self> {
        rules::all().find(|rule| rule.code == code)
    }
}

/// This crate as the tool of a SARIF log, with every rule.
///
/// ```
/// use diagnostics::sarif;
/// use warehouse_spec::{Options, lint, sarif_tool};
///
/// let manifest = lint("kargo.yaml", "kind: Warehouse\n", &Options::default());
/// let json = serde_json::to_value(sarif::log(&sarif_tool(), &manifest.diagnostics))?;
/// assert_eq!(json["runs"][0]["results"][0]["ruleId"], "missing");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn sarif_tool() -> Tool<'static> {
    let text = |rule: &'static Rule| {
        let explanation: Cow<'static, str> = match rule.since {
            "" => rule.explanation.into(),
            since => format!("{} Since Kargo {since}.", rule.explanation).into(),
        };
        RuleText::new(rule.code.as_str(), rule.severity, rule.summary, explanation, rule.remedy)
            .with_url(rule.url())
    };
    Tool::new("warehouse", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"))
        .with_rules(Rule::all().map(text))
}
