//! The one shape of documents for programs: a list of what there is, and of what failed.

use std::io;
use std::io::Write;

use artifact_source::{Error, ErrorKind};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use warehouse_spec::Location;

use super::{write_json_value, write_yaml};
use crate::arguments::ExplainFormat;
use crate::discovery::Discovered;
use crate::input::LeftOut;
use crate::remedy::hint_of;

/// What a command prints as JSON or YAML, whatever the outcome: a Kubernetes `List`, and beside the items what failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T, E> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [T],
    errors: &'a [E],
    /// What is not about one item.
    #[serde(flatten)]
    rest: Map<String, Json>,
}

impl<'a, T: Serialize, E: Serialize> List<'a, T, E> {
    fn of(items: &'a [T], errors: &'a [E]) -> Self {
        Self { api_version: "v1", kind: "List", items, errors, rest: Map::new() }
    }
}

/// Writes items and errors as JSON.
pub(crate) fn write_list<T: Serialize, E: Serialize>(
    items: &[T],
    errors: &[E],
    out: &mut dyn Write,
) -> io::Result<()> {
    write_json_value(&List::of(items, errors), out)
}

impl ExplainFormat {
    /// Writes items and errors in a format for programs.
    pub(crate) fn write<T: Serialize, E: Serialize>(
        self,
        items: &[T],
        errors: &[E],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Yaml => write_yaml(&List::of(items, errors), out),
            Self::Json | Self::Text => write_list(items, errors, out),
        }
    }
}

/// Writes a result that has its items in the field `items`, and what failed in `failed`, in the same shape. Its other fields stay beside them.
pub(crate) fn write_as_list<E: Serialize>(
    result: &impl Serialize,
    [items, failed]: [&str; 2],
    errors: &[E],
    out: &mut dyn Write,
) -> io::Result<()> {
    let Json::Object(mut rest) = serde_json::to_value(result)? else {
        return Err(io::Error::other("the result is not an object"));
    };
    let items = match rest.remove(items) {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    rest.remove(failed);
    write_json_value(&List { rest, ..List::of(&items, errors) }, out)
}

/// Something that failed: a subscription, the Freight of a Warehouse, or a part of the input.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    /// The Warehouse; none for what was left out of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    warehouse: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The subscription's index; none for Freight.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<usize>,
    /// None until the end of the command says what a message was about.
    kind: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    transient: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Position>,
}

#[derive(Debug, Serialize)]
struct Position {
    file: String,
    line: usize,
    column: usize,
}

impl From<&Location> for Position {
    fn from(location: &Location) -> Self {
        Self { file: location.source.to_string(), line: location.line, column: location.column }
    }
}

impl From<&LeftOut> for Failure {
    fn from(left_out: &LeftOut) -> Self {
        Self::of_input(left_out.message.clone(), left_out.help.clone()).at(&left_out.location)
    }
}

impl Failure {
    /// Something that was told as a message.
    pub(crate) fn of_message(message: String, hint: Option<String>) -> Self {
        Self {
            warehouse: None,
            namespace: None,
            subscription: None,
            kind: None,
            message,
            url: None,
            status: None,
            code: None,
            retry_after_seconds: None,
            tries: None,
            transient: false,
            hint,
            location: None,
        }
    }

    /// What cannot be used of the command line or of the input.
    pub(crate) fn of_input(message: String, hint: Option<String>) -> Self {
        Self { kind: Some(ErrorKind::InvalidInput.as_str()), ..Self::of_message(message, hint) }
    }

    /// An error, in these words.
    pub(crate) fn of_error(error: &Error, message: String) -> Self {
        Self {
            kind: Some(error.kind().as_str()),
            url: error.url().map(str::to_owned),
            status: error.status(),
            code: error.code().map(str::to_owned),
            retry_after_seconds: error.retry_after().map(|wait| wait.as_secs()),
            tries: Some(error.tries()),
            transient: error.is_transient(),
            ..Self::of_message(message, hint_of(error))
        }
    }

    /// The same, about this place.
    pub(crate) fn at(self, location: &Location) -> Self {
        Self { location: Some(location.into()), ..self }
    }

    /// Sets the kind, unless it is known.
    pub(crate) fn kind_unless_known(&mut self, kind: &'static str) {
        self.kind.get_or_insert(kind);
    }

    /// A file that could not be read.
    pub(crate) fn of_file(name: &str, message: String) -> Self {
        Self::of_input(message, None).at(&Location::of_file(name))
    }

    /// The subscriptions of a Warehouse that failed.
    pub(crate) fn of_subscriptions(discovered: &Discovered) -> Vec<Self> {
        let failures = discovered.report.failures();
        let failure = |(report, error): (&warehouse_discovery::SubscriptionReport, &Error)| Self {
            warehouse: Some(discovered.warehouse.name().to_owned()),
            namespace: discovered.warehouse.namespace().map(str::to_owned),
            subscription: Some(report.index),
            ..Self::of_error(error, error.to_string()).at(discovered.location(report))
        };
        failures.map(failure).collect()
    }

    /// A Warehouse without Freight, for this reason.
    pub(crate) fn of_freight(discovered: &Discovered, reason: &freight::NoFreight) -> Self {
        let place = match reason {
            freight::NoFreight::Manual => "spec.freightCreationPolicy",
            freight::NoFreight::CriteriaNotSatisfied { .. } | freight::NoFreight::CriteriaFailed { .. } => {
                "spec.freightCreationCriteria"
            }
            _ => "spec.subscriptions",
        };
        Self {
            warehouse: Some(discovered.warehouse.name().to_owned()),
            namespace: discovered.warehouse.namespace().map(str::to_owned),
            kind: Some("no freight"),
            transient: discovered.report.failures().any(|(_, error)| error.is_transient()),
            ..Self::of_message(why_no_freight(discovered, reason), None)
                .at(discovered.warehouse.locate(place))
        }
    }
}

/// Why there is no Freight. Where nothing fits a subscription, the cause is named.
pub(crate) fn why_no_freight(discovered: &Discovered, reason: &freight::NoFreight) -> String {
    let freight::NoFreight::Missing(missing) = reason else { return crate::message::with_causes(reason) };
    let missing = missing.iter().map(|missing| {
        let summary = discovered.summaries.get(missing.index);
        match (&missing.cause, summary.and_then(|summary| summary.cause.as_ref())) {
            (freight::MissingCause::NothingFits, Some(cause)) => format!("{missing}: {cause}"),
            // Its error stands beside this one.
            (freight::MissingCause::Failed(_), _) => {
                format!("subscription {} ({}) failed", missing.index, missing.subscription)
            }
            _ => missing.to_string(),
        }
    });
    missing.collect::<Vec<_>>().join("; ")
}
