//! Whether a lock is that of the dependencies of `Chart.yaml`, and what changed where it is not.

use std::collections::HashMap;
use std::fmt;

use helm_chart::{Dependency, Lock};
use selection_strategies::{Constraint, Version};

/// One difference between `Chart.yaml` and its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The dependency is not in the lock.
    Added {
        /// The name of the chart.
        name: String,
    },
    /// The lock has a dependency that `Chart.yaml` has no more.
    Removed {
        /// The name of the chart.
        name: String,
    },
    /// The version in the lock is not within the constraint.
    Version {
        /// The name of the chart.
        name: String,
        /// The version in the lock.
        locked: String,
        /// The constraint in `Chart.yaml`.
        wanted: String,
    },
    /// The lock has another repository.
    Repository {
        /// The name of the chart.
        name: String,
        /// The repository in the lock.
        locked: String,
        /// The repository in `Chart.yaml`.
        wanted: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |url: &str| artifact_source::redact_url(url);
        match self {
            Self::Added { name } => write!(f, "{name} was added"),
            Self::Removed { name } => write!(f, "{name} was removed"),
            Self::Version { name, locked, wanted } => {
                write!(f, "{name} {locked} is not within the constraint {wanted:?}")
            }
            Self::Repository { name, locked, wanted } => {
                write!(f, "the repository of {name} changed from {:?} to {:?}", shown(locked), shown(wanted))
            }
        }
    }
}

/// What changed in `Chart.yaml` after the lock was written: the [source](std::error::Error::source) of the error of a lock that is out of
/// step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The changes that the lock shows. There are none where a constraint changed so that the version in the lock still fits, or where
    /// something else than the name, the version and the repository changed: the lock has a digest of these alone.
    pub changes: Vec<Change>,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return f.write_str(
                "a constraint, a condition, a tag, an alias or the order of dependencies changed",
            );
        }
        for (at, change) in self.changes.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            change.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Drift {}

/// Compares the dependencies of `Chart.yaml` with a lock whose digest is another one.
pub(super) fn drift(wanted: &[Dependency], lock: &Lock) -> Drift {
    let mut changes = Vec::new();
    let mut locked: HashMap<&str, Vec<&Dependency>> = HashMap::new();
    for dependency in lock.dependencies().iter().rev() {
        locked.entry(&dependency.name).or_default().push(dependency);
    }
    for wanted in wanted {
        let name = wanted.name.clone();
        let Some(locked) = locked.get_mut(wanted.name.as_str()).and_then(Vec::pop) else {
            changes.push(Change::Added { name });
            continue;
        };
        if locked.repository != wanted.repository {
            let (locked, wanted) = (locked.repository.clone(), wanted.repository.clone());
            changes.push(Change::Repository { name, locked, wanted });
        } else if !fits(&locked.version, &wanted.version) {
            let (locked, wanted) = (locked.version.clone(), wanted.version.clone());
            changes.push(Change::Version { name, locked, wanted });
        }
    }
    for dependency in lock.dependencies() {
        if locked.get_mut(dependency.name.as_str()).and_then(Vec::pop).is_some() {
            changes.push(Change::Removed { name: dependency.name.clone() });
        }
    }
    Drift { changes }
}

/// Whether a version is within a constraint, or is the same text.
pub(super) fn fits(version: &str, constraint: &str) -> bool {
    version == constraint
        || Constraint::parse(constraint)
            .is_ok_and(|constraint| Version::parse(version).is_ok_and(|version| constraint.matches(&version)))
}
