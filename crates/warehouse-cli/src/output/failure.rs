//! What failed, in documents for programs.

use artifact_source::{Error, ErrorKind};
use serde::Serialize;
use warehouse_spec::{Located, Location, Warehouse};

use crate::remedy::hint_of;

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

    /// The same, of a Warehouse: of this subscription, or of its Freight.
    pub(super) fn of(self, warehouse: &Located<Warehouse>, subscription: Option<usize>) -> Self {
        Self {
            warehouse: Some(warehouse.name().to_owned()),
            namespace: warehouse.namespace().map(str::to_owned),
            subscription,
            ..self
        }
    }

    /// The same, of this kind, which may go away by itself or not.
    pub(super) fn of_kind(self, kind: &'static str, transient: bool) -> Self {
        Self { kind: Some(kind), transient, ..self }
    }

    /// Sets the kind, unless it is known.
    pub(crate) fn kind_unless_known(&mut self, kind: &'static str) {
        self.kind.get_or_insert(kind);
    }

    /// A file that could not be read.
    pub(crate) fn of_file(name: &str, message: String) -> Self {
        Self::of_input(message, None).at(&Location::of_file(name))
    }
}
