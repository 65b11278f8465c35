//! What a watch tells.

use std::fmt;

use artifact_source::{AnyArtifact, Artifact as _, Cost, Error};
use jiff::Timestamp;
use serde::Serialize;
use warehouse_spec::qualified_name;

/// Something that a watch tells: a change, a failure, what became of Freight.
///
/// Its JSON is one object, `event` says which kind of [`Change`] it is:
///
/// ```
/// use warehouse_discovery::source::Cost;
/// use warehouse_discovery::watch::{Change, Event, Revision};
///
/// let change = Change::Artifact {
///     subscription: 0,
///     source: "image ghcr.io/example/app".to_owned(),
///     from: Some(Revision { name: "1.0.0".to_owned(), id: Some("sha256:aa".to_owned()) }),
///     to: Some(Revision { name: "1.1.0".to_owned(), id: Some("sha256:bb".to_owned()) }),
/// };
/// let event = Event {
///     time: "2026-03-01T08:00:00Z".parse()?,
///     warehouse: "app".to_owned(),
///     namespace: Some("team".to_owned()),
///     change,
///     cost: Cost::ZERO,
/// };
/// assert_eq!(
///     serde_json::to_string(&event)?,
///     r#"{"time":"2026-03-01T08:00:00Z","warehouse":"app","namespace":"team","event":"artifact","subscription":0,"#.to_owned()
///         + r#""source":"image ghcr.io/example/app","from":{"name":"1.0.0","id":"sha256:aa"},"#
///         + r#""to":{"name":"1.1.0","id":"sha256:bb"},"cost":{"requests":0,"bytesReceived":0,"milliseconds":0}}"#
/// );
/// assert_eq!(event.to_string(), "team/app: image ghcr.io/example/app: 1.0.0 (sha256:aa) -> 1.1.0 (sha256:bb)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When the round of the event began.
    pub time: Timestamp,
    /// The name of the Warehouse.
    pub warehouse: String,
    /// Its namespace, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
    /// What it cost to learn it: of the subscription where the event is about one, else of the whole round.
    pub cost: Cost,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Change {
    /// The best artifact of a subscription is another one than before.
    Artifact {
        /// The subscription's place in the manifest, from 0.
        subscription: usize,
        /// Its source.
        source: String,
        /// What was the best before; `None` where nothing was.
        from: Option<Revision>,
        /// What is the best now; `None` where nothing fits any more.
        to: Option<Revision>,
    },
    /// A subscription fails, which answered before, or fails for another reason than before.
    Failed {
        /// The subscription's place in the manifest, from 0.
        subscription: usize,
        /// Its source.
        source: String,
        /// Why.
        error: Reason,
        /// The earlier result that is left, if there is one.
        stale: Option<StaleResult>,
    },
    /// A subscription answers again, which failed before.
    Recovered {
        /// The subscription's place in the manifest, from 0.
        subscription: usize,
        /// Its source.
        source: String,
    },
    /// There is new Freight.
    Freight {
        /// Its name.
        name: String,
        /// The name of the Freight before it.
        from: Option<String>,
        /// The results of earlier rounds that it contains, as their subscriptions failed in this one.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        stale: Vec<StaleResult>,
    },
    /// There is no Freight, for another reason than before. Failed subscriptions are not such a reason: they have events of their own.
    NoFreight {
        /// Why.
        reason: String,
    },
    /// The handler has handled a piece of Freight.
    Handled {
        /// The name of the Freight.
        freight: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The handler has failed. The next round calls it again.
    HandlerFailed {
        /// The name of the Freight.
        freight: String,
        /// How often it was tried.
        attempts: u32,
        /// Why.
        error: String,
    },
    /// A piece of Freight is no longer tried, since too many wait for a handler that fails.
    Dropped {
        /// The name of the Freight.
        freight: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The state could not be written. Nothing is handled before it is: the next round tries again.
    StateNotSaved {
        /// Why.
        error: Reason,
    },
}

/// The best artifact of a subscription, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// The tag, branch or version.
    pub name: String,
    /// The digest of an image or a chart, or the id of a commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A result of an earlier round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaleResult {
    /// The subscription's place in the manifest, from 0.
    pub subscription: usize,
    /// Its source.
    pub source: String,
    /// When the source last answered.
    pub answered_at: Timestamp,
    /// How long ago that was, in seconds.
    pub age_seconds: u64,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The kind of the error, as [`ErrorKind::as_str`](artifact_source::ErrorKind::as_str).
    pub kind: &'static str,
    /// What went wrong, without a credential.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Revision {
    /// The artifact in short.
    pub fn of(artifact: &AnyArtifact) -> Self {
        let (name, id) = match artifact {
            AnyArtifact::Image(image) => (image.tag.clone(), Some(image.digest.clone())),
            AnyArtifact::Commit(commit) => {
                let name = commit.tag.as_ref().or(commit.branch.as_ref());
                (name.map_or_else(|| "HEAD".to_owned(), String::clone), Some(commit.id.clone()))
            }
            AnyArtifact::Chart(chart) => (chart.version.clone(), chart.digest.clone()),
            other => (other.name().to_owned(), None),
        };
        Self { name, id }
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind().as_str(),
            message: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl fmt::Display for Reason {
    /// The message, and the hint in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.id {
            Some(id) => write!(f, " ({id})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for StaleResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Timestamp::from_second(self.answered_at.as_second()).unwrap_or(self.answered_at);
        write!(f, "result of {at} ({} old)", Age(self.age_seconds))
    }
}

/// A number of seconds as people write it: `45s`, `12m`, `3h5m`.
struct Age(u64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes) = (self.0 / 3600, self.0 / 60 % 60);
        match (hours, minutes) {
            (0, 0) => write!(f, "{}s", self.0),
            (0, minutes) => write!(f, "{minutes}m"),
            (hours, 0) => write!(f, "{hours}h"),
            (hours, minutes) => write!(f, "{hours}h{minutes}m"),
        }
    }
}

impl Event {
    /// The Warehouse: `namespace/name`, or the name alone.
    pub fn qualified_name(&self) -> String {
        qualified_name(self.namespace.as_deref(), &self.warehouse)
    }
}

impl fmt::Display for Event {
    /// One line, without the time and the cost.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.qualified_name(), self.change)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact { source, from, to, .. } => match (from, to) {
                (Some(from), Some(to)) => write!(f, "{source}: {from} -> {to}"),
                (None, Some(to)) => write!(f, "{source}: found {to}"),
                (Some(from), None) => write!(f, "{source}: {from} -> nothing fits"),
                (None, None) => write!(f, "{source}: nothing fits"),
            },
            Self::Failed { source, error, stale, .. } => {
                write!(f, "{source}: failed: {error}")?;
                match stale {
                    Some(stale) => write!(f, "; what is left is the {stale}"),
                    None => Ok(()),
                }
            }
            Self::Recovered { source, .. } => write!(f, "{source}: answers again"),
            Self::Freight { name, from, stale } => {
                write!(f, "Freight {name}")?;
                if let Some(from) = from {
                    write!(f, " after {from}")?;
                }
                for stale in stale {
                    write!(f, "; of {} it has the {stale}", stale.source)?;
                }
                Ok(())
            }
            Self::NoFreight { reason } => write!(f, "no Freight: {reason}"),
            Self::Handled { freight, attempts: 1 } => write!(f, "Freight {freight}: handled"),
            Self::Handled { freight, attempts } => {
                write!(f, "Freight {freight}: handled at attempt {attempts}")
            }
            Self::HandlerFailed { freight, attempts, error } => {
                write!(f, "Freight {freight}: attempt {attempts} failed: {error}")
            }
            Self::Dropped { freight, attempts } => {
                write!(f, "Freight {freight}: given up after {attempts} attempts, as too many others wait")
            }
            Self::StateNotSaved { error } => write!(f, "the state could not be saved: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (11_100, "3h5m")]
        {
            assert_eq!(Age(seconds).to_string(), shown);
        }
    }
}
