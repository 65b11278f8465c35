//! The result of a check and of the suite.

use std::fmt;

use crate::{Artifact, Discovery, Error, Found, Observation};

/// A clause of the contract that a source broke.
#[derive(Debug)]
pub struct Violation {
    check: &'static str,
    what: String,
}

impl Violation {
    /// The name of the check that failed.
    pub fn check(&self) -> &'static str {
        self.check
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}

impl std::error::Error for Violation {}

/// Whether a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Checked {
    /// The source keeps the clause.
    Kept,
    /// The fixture does not provide what the check needs, for this reason.
    NotChecked(&'static str),
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::NotChecked(reason) => write!(f, "not checked: {reason}"),
        }
    }
}

/// The result of a run without violations: one line per check, such as `empty_is_a_success: not checked: the server cannot be emptied`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Conformance {
    checks: Vec<(&'static str, Checked)>,
}

impl Conformance {
    /// The names of all checks and what became of them, in the order in which they ran.
    pub fn checks(&self) -> &[(&'static str, Checked)] {
        &self.checks
    }

    /// The names of the checks that were not made, each with the reason.
    pub fn not_checked(&self) -> Vec<(&'static str, &'static str)> {
        let reason = |checked: Checked| match checked {
            Checked::Kept => None,
            Checked::NotChecked(reason) => Some(reason),
        };
        self.checks.iter().filter_map(|(name, checked)| Some((*name, reason(*checked)?))).collect()
    }

    pub(super) fn note(&mut self, check: &'static str, checked: Checked) {
        self.checks.push((check, checked));
    }
}

impl fmt::Display for Conformance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks.iter().try_for_each(|(name, checked)| writeln!(f, "{name}: {checked}"))
    }
}

/// One check, by its name.
pub(super) struct Check(pub(super) &'static str);

impl Check {
    pub(super) fn broken<T>(&self, what: impl Into<String>) -> Result<T, Violation> {
        Err(Violation { check: self.0, what: what.into() })
    }

    pub(super) fn answer<A>(&self, answer: Result<Discovery<A>, Error>) -> Result<Discovery<A>, Violation> {
        answer.or_else(|error| self.broken(format!("it failed: {error:?}")))
    }

    pub(super) fn found<A: Artifact>(
        &self,
        answer: Result<Discovery<A>, Error>,
    ) -> Result<Found<A>, Violation> {
        match self.answer(answer)? {
            Discovery::Found(found) => Ok(found),
            Discovery::Unchanged { .. } => {
                self.broken("it said Unchanged where no observation of its own was given")
            }
        }
    }

    /// What comes back after the observation was stored and loaded.
    pub(super) fn through_json(&self, observation: &Observation) -> Result<Observation, Violation> {
        serde_json::to_string(observation)
            .and_then(|json| serde_json::from_str(&json))
            .or_else(|error| self.broken(format!("its observation does not survive JSON: {error}")))
    }
}
