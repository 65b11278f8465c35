//! The output of `discover` and `freight`.

use std::io;
use std::io::Write;

use artifact_source::{AnyArtifact, Artifact, Cost, MAX_SHOWN_NAME, SourceId, shorten};
use jiff::Timestamp;
use serde::Serialize;
use warehouse_discovery::{Freshness, Report, SubscriptionReport, Summary};
use warehouse_spec::{
    API_VERSION, DiscoveredArtifacts, Freight, Metadata, SubscriptionKind, Warehouse, qualified_name,
    without_credential,
};

use super::failure::Failure;
use super::{Table, line, shortened};
use crate::arguments::Format;
use crate::discovery::Discovered;
use crate::input::LeftOut;

const HEADING: [&str; 7] = ["WAREHOUSE", "KIND", "REPOSITORY", "REVISION", "ID", "CREATED", "SUBJECT"];

/// How many artifacts of a subscription the short table has.
const SHOWN: usize = 5;

/// Prints the artifacts of every Warehouse's subscriptions.
pub(crate) fn artifacts(
    discovered: &[Discovered],
    left_out: &[LeftOut],
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(list) = format.of_list() {
        let failed = discovered.iter().flat_map(Failure::of_subscriptions);
        let errors: Vec<_> = left_out.iter().map(Failure::from).chain(failed).collect();
        let items: Vec<_> = discovered.iter().map(Document::new).collect();
        return list.write(&items, &errors, out);
    }
    match format {
        Format::Name => names(discovered, out),
        format => table(discovered, format == Format::Wide, out),
    }
}

fn table(discovered: &[Discovered], wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let several = discovered.len() > 1;
    let has_source = |discovered: &Discovered| {
        let subscriptions = &discovered.report.subscriptions;
        subscriptions.iter().any(|subscription| source(&discovered.warehouse, subscription.index).is_some())
    };
    let mut heading = if several { HEADING.to_vec() } else { HEADING[1..].to_vec() };
    if wide && discovered.iter().any(has_source) {
        heading.push("GITREPOURL");
    }
    let mut table = Table::new(&heading);
    for Discovered { warehouse, report, .. } in discovered {
        let sources = wide.then_some(&**warehouse);
        for mut row in rows(report, wide, sources) {
            if several {
                row.insert(0, warehouse.qualified_name());
            }
            table.row(row);
        }
    }
    table.write(out)
}

/// Prints the short table of one report.
#[cfg(feature = "demo")]
pub(crate) fn found(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&HEADING[1..]);
    rows(report, false, None).into_iter().for_each(|row| table.row(row));
    table.write(out)
}

/// A row for every artifact of a report, and one for a subscription without any.
fn rows(report: &Report, wide: bool, sources: Option<&Warehouse>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for subscription in &report.subscriptions {
        let (id, artifacts) = (&subscription.id, &subscription.artifacts);
        let shown = if wide { artifacts.len() } else { SHOWN };
        let source = sources.and_then(|warehouse| source(warehouse, subscription.index));
        let row = |artifact| {
            let mut row = row(id, artifact, wide);
            row.extend(source.map(|url| without_credential(url).into_owned()));
            row
        };
        rows.extend(artifacts.iter().take(shown).map(row));
        match artifacts.len().saturating_sub(shown) {
            0 if !artifacts.is_empty() => {}
            0 if subscription.error.is_some() => rows.push(row_of(id, "(failed)")),
            0 => rows.push(row_of(id, "(nothing fits)")),
            more => rows.push(row_of(id, &format!("({more} more)"))),
        }
    }
    rows
}

/// The `gitRepoURL` of an image's subscription.
fn source(warehouse: &Warehouse, subscription: usize) -> Option<&str> {
    match &warehouse.spec.subscriptions.get(subscription)?.kind {
        SubscriptionKind::Image(image) => image.git_repo_url.as_deref(),
        _ => None,
    }
}

/// One artifact's cells from KIND on.
fn row(id: &SourceId, artifact: &AnyArtifact, wide: bool) -> Vec<String> {
    let mut row = row_of(id, "");
    let (revision, unique, created, subject) = match artifact {
        AnyArtifact::Image(image) => {
            (image.tag.clone(), identifier(&image.digest, wide), image.created_at, "")
        }
        AnyArtifact::Commit(commit) => (
            commit.tag.clone().or_else(|| commit.branch.clone()).unwrap_or_else(|| "HEAD".to_owned()),
            identifier(&commit.id, wide),
            commit.creator_date,
            commit.subject.as_str(),
        ),
        AnyArtifact::Chart(chart) => {
            let digest = chart.digest.as_deref().unwrap_or_default();
            (chart.version.clone(), identifier(digest, wide), None, "")
        }
        other => (other.name().to_owned(), String::new(), None, ""),
    };
    if let Some(cell) = row.get_mut(2) {
        *cell = if wide { revision } else { shorten(&revision, MAX_SHOWN_NAME).into_owned() };
    }
    row.extend([unique, created.map(to_the_second).unwrap_or_default(), subject.to_owned()]);
    row
}

fn row_of(id: &SourceId, revision: &str) -> Vec<String> {
    let names: Vec<&str> = [id.chart(), id.subscription()].into_iter().flatten().collect();
    let repository = match names.is_empty() {
        true => id.url().to_owned(),
        false => format!("{} ({})", id.url(), names.join(", ")),
    };
    vec![id.kind().to_string(), repository, revision.to_owned()]
}

pub(super) fn identifier(id: &str, wide: bool) -> String {
    if wide { id.to_owned() } else { shortened(id) }
}

fn to_the_second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn names(discovered: &[Discovered], out: &mut dyn Write) -> io::Result<()> {
    for Discovered { report, .. } in discovered {
        for subscription in &report.subscriptions {
            for artifact in &subscription.artifacts {
                line(out, &reference(&subscription.id, artifact))?;
            }
        }
    }
    Ok(())
}

/// The artifact as other tools accept it: `image:tag@digest`, `repository@commit`, `chart:version`; with a digest, `chart:version@digest`.
fn reference(id: &SourceId, artifact: &AnyArtifact) -> String {
    let url = id.url();
    match artifact {
        AnyArtifact::Image(image) => format!("{url}:{}@{}", image.tag, image.digest),
        AnyArtifact::Commit(commit) => format!("{url}@{}", commit.id),
        AnyArtifact::Chart(chart) => {
            let digest = chart.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
            match id.chart() {
                Some(name) => format!("{}/{name}:{}{digest}", url.trim_end_matches('/'), chart.version),
                None => format!("{url}:{}{digest}", chart.version),
            }
        }
        other => format!("{url}:{}", other.name()),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a Metadata,
    status: Status,
    subscriptions: Vec<Subscription<'a>>,
    cost: Cost,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    discovered_artifacts: DiscoveredArtifacts,
}

/// The result of one subscription.
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
    /// Of a subscription that succeeded: what was judged, and why nothing fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a Summary>,
    cost: Cost,
}

/// A warning of a subscription.
#[derive(Debug, Serialize)]
struct Remark<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn new(discovered: &'a Discovered) -> Self {
        let Discovered { warehouse, report, summaries } = discovered;
        let subscriptions = report.subscriptions.iter();
        Self {
            api_version: API_VERSION,
            kind: "Warehouse",
            metadata: &warehouse.metadata,
            status: Status { discovered_artifacts: report.discovered_artifacts(warehouse) },
            subscriptions: subscriptions
                .map(|report| subscription_document(report, summaries.get(report.index)))
                .collect(),
            cost: report.cost,
        }
    }
}

fn subscription_document<'a>(
    report: &'a SubscriptionReport,
    summary: Option<&'a Summary>,
) -> Subscription<'a> {
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
            // Without artifacts of an earlier run there is nothing stale.
            _ if report.error.is_some() && report.artifacts.is_empty() => "failed",
            _ => "stale",
        },
        warnings: report
            .warnings
            .iter()
            .map(|warning| Remark { message: &warning.message, hint: warning.hint.as_deref() })
            .collect(),
        summary: summary.filter(|_| report.freshness == Freshness::Found),
        cost: report.cost,
    }
}

/// Prints Freight: as a list of Kargo's own documents, as a table of its contents, or by name as kubectl would.
pub(crate) fn freight(
    built: &[Freight],
    errors: &[Failure],
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(list) = format.of_list() {
        return list.write(built, errors, out);
    }
    match format {
        // Without Freight there is no table.
        Format::Table | Format::Wide if built.is_empty() => Ok(()),
        Format::Name => built
            .iter()
            .try_for_each(|freight| line(out, &format!("freight.kargo.akuity.io/{}", freight.metadata.name))),
        format => freight_table(built, format == Format::Wide, out),
    }
}

fn freight_table(built: &[Freight], wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["FREIGHT", "WAREHOUSE", "KIND", "REPOSITORY", "REVISION", "ID"]);
    let several = built.len() > 1;
    for freight in built {
        let namespace = freight.metadata.namespace.as_deref().filter(|_| several);
        let warehouse = qualified_name(namespace, &freight.origin.name);
        for content in contents(freight, wide) {
            let name = identifier(&freight.metadata.name, wide);
            table.row([name, warehouse.clone()].into_iter().chain(content));
        }
    }
    table.write(out)
}

/// Kind, repository, revision and id of everything in the Freight.
fn contents(freight: &Freight, wide: bool) -> Vec<[String; 4]> {
    let row = |kind: &str, repository: &str, revision: &str, id: &str| {
        let revision = if wide { revision.into() } else { shorten(revision, MAX_SHOWN_NAME) };
        [kind.to_owned(), repository.to_owned(), revision.into_owned(), identifier(id, wide)]
    };
    let commits = freight.commits.iter().map(|commit| {
        let revision = [&commit.tag, &commit.branch].into_iter().find(|name| !name.is_empty());
        row("git", &commit.repo_url, revision.map_or("HEAD", String::as_str), &commit.id)
    });
    let images = freight.images.iter().map(|image| row("image", &image.repo_url, &image.tag, &image.digest));
    let charts = freight.charts.iter().map(|chart| {
        let repository = match chart.name.as_str() {
            "" => chart.repo_url.clone(),
            name => format!("{} ({name})", chart.repo_url),
        };
        row("chart", &repository, &chart.version, &chart.digest)
    });
    let others = freight
        .artifacts
        .iter()
        .map(|artifact| row(&artifact.artifact_type, &artifact.subscription_name, &artifact.version, ""));
    commits.chain(images).chain(charts).chain(others).collect()
}
