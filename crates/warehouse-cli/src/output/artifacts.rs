//! What `discover` prints.

use std::io::{self, Write};

use artifact_source::{AnyArtifact, Artifact, SourceId, SourceKind};
use jiff::Timestamp;
use warehouse_discovery::Report;
use warehouse_spec::{SubscriptionKind, Warehouse, without_credential};

use super::document;
use super::report::Document;
use super::table::Table;
use super::{line, shortened};
use crate::arguments::Format;
use crate::discovery::Discovered;

const HEADING: [&str; 7] = ["WAREHOUSE", "KIND", "REPOSITORY", "REVISION", "ID", "CREATED", "SUBJECT"];

/// How many artifacts of a subscription the short table shows.
const SHOWN: usize = 5;

/// Prints what every Warehouse's subscriptions found.
pub(crate) fn artifacts(discovered: &[Discovered], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(discovered, false, out),
        Format::Wide => table(discovered, true, out),
        Format::Name => names(discovered, out),
        Format::Json => document::json(&documents(discovered), out),
        Format::Yaml => document::yaml(&documents(discovered), out),
    }
}

fn documents(discovered: &[Discovered]) -> Vec<Document<'_>> {
    discovered.iter().map(Document::new).collect()
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
    for Discovered { warehouse, report } in discovered {
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
        other => (other.name().to_owned(), String::new(), None, ""),
    };
    row[2] = revision;
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

/// The artifact as other tools take it: `image:tag@digest`, `repository@commit`, `chart:version`.
fn reference(id: &SourceId, artifact: &AnyArtifact) -> String {
    let url = id.url();
    match artifact {
        AnyArtifact::Image(image) => format!("{url}:{}@{}", image.tag, image.digest),
        AnyArtifact::Commit(commit) => format!("{url}@{}", commit.id),
        other => match (id.kind(), id.chart()) {
            (SourceKind::Chart, Some(chart)) => {
                format!("{}/{chart}:{}", url.trim_end_matches('/'), other.name())
            }
            _ => format!("{url}:{}", other.name()),
        },
    }
}
