//! The document that `discover -o json` and `-o yaml` print: a Warehouse as the API server would show it,
//! with `status.discoveredArtifacts` in Kargo's own shape, and beside it what Kargo has no place for.

use artifact_source::{Cost, Error};
use serde::Serialize;
use warehouse_discovery::{Freshness, SubscriptionReport};
use warehouse_spec::{API_VERSION, DiscoveredArtifacts, Location, Metadata};

use crate::discovery::Discovered;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a Metadata,
    status: Status,
    subscriptions: Vec<Subscription<'a>>,
    errors: Vec<Failure<'a>>,
    cost: Cost,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    discovered_artifacts: DiscoveredArtifacts,
}

/// What one subscription came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    index: usize,
    kind: String,
    #[serde(rename = "repoURL")]
    repo_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    found: usize,
    freshness: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Remark<'a>>,
    cost: Cost,
}

/// What deserves attention although the artifacts stand.
#[derive(Debug, Serialize)]
struct Remark<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Why a subscription has no answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    subscription: usize,
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    tries: u32,
    transient: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    location: Repository<'a>,
}

#[derive(Debug, Serialize)]
struct Repository<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

impl<'a> Document<'a> {
    pub(super) fn new(discovered: &'a Discovered) -> Self {
        let Discovered { warehouse, report } = discovered;
        Self {
            api_version: API_VERSION,
            kind: "Warehouse",
            metadata: &warehouse.metadata,
            status: Status { discovered_artifacts: report.discovered_artifacts(warehouse) },
            subscriptions: report.subscriptions.iter().map(subscription).collect(),
            errors: report
                .failures()
                .map(|(subscription, error)| {
                    failure(subscription.index, error, discovered.place(subscription))
                })
                .collect(),
            cost: report.cost,
        }
    }
}

fn subscription(report: &SubscriptionReport) -> Subscription<'_> {
    Subscription {
        index: report.index,
        kind: report.id.kind().to_string(),
        repo_url: report.id.url(),
        chart: report.id.chart(),
        name: report.id.subscription(),
        found: report.artifacts.len(),
        freshness: match report.freshness {
            Freshness::Found => "found",
            Freshness::Unchanged => "unchanged",
            // There is nothing from an earlier run that could be out of date.
            _ if report.error.is_some() && report.artifacts.is_empty() => "failed",
            _ => "stale",
        },
        warnings: report
            .warnings
            .iter()
            .map(|warning| Remark { message: &warning.message, hint: warning.hint.as_deref() })
            .collect(),
        cost: report.cost,
    }
}

fn failure<'a>(subscription: usize, error: &'a Error, place: &'a Location) -> Failure<'a> {
    Failure {
        subscription,
        kind: error.kind().as_str(),
        message: error.to_string(),
        url: error.url(),
        status: error.status(),
        code: error.code(),
        retry_after_seconds: error.retry_after().map(|wait| wait.as_secs()),
        tries: error.tries(),
        transient: error.is_transient(),
        hint: error.hint(),
        location: Repository { file: &place.source, line: place.line, column: place.column },
    }
}
