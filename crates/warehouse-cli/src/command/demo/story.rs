//! What the demo shows, in the order in which it happens.

use std::io::{self, Write};

use artifact_source::{AnyArtifact, Artifact, Cost, Error};
use warehouse_discovery::{Discoverer, Report};
use warehouse_spec::{Freight, Warehouse};

use super::world::World;
use crate::arguments::Format;
use crate::output::{self, Table};

/// Why the story ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error(transparent)]
    Output(#[from] io::Error),
    #[error(transparent)]
    Setup(#[from] Error),
    #[error("a subscription failed: {0}")]
    Discovery(String),
    #[error("no Freight followed: {0}")]
    NoFreight(#[from] freight::NoFreight),
}

pub(super) async fn tell(world: &World, warehouse: &Warehouse, manifest: &str) -> Result<(), Ended> {
    output::print(|out| {
        writeln!(out, "Three servers run on loopback, and this is published on them:\n")?;
        let mut table = Table::new(&["SERVER", "URL", "PUBLISHED"]);
        for (server, url, published) in world.servers() {
            table.row([server.to_owned(), url, published.to_owned()]);
        }
        table.write(out)?;
        writeln!(out, "\nA Warehouse subscribes to all three:\n")?;
        manifest.lines().try_for_each(|line| writeln!(out, "    {line}"))
    })?;

    let discoverer = Discoverer::builder().build()?;
    let first = complete(discoverer.run(warehouse).await)?;
    let freight = built(&first, warehouse)?;
    output::print(|out| {
        writeln!(out, "\nThe newest artifacts that fit:\n")?;
        output::found(&first, out)?;
        writeln!(out, "\nThe best of each make Freight:\n")?;
        output::freight(std::slice::from_ref(&freight), Format::Table, out)
    })?;

    let pushed = world.push_image("1.3.0", "2026-03-21T08:00:00Z");
    output::print(|out| {
        writeln!(
            out,
            "\nshop/web:1.3.0 is published ({}). Discovering again:\n",
            output::shortened(&pushed.digest)
        )
    })?;

    let second = complete(discoverer.run(warehouse).with_previous(&first.snapshot()).await)?;
    let newer = built(&second, warehouse)?;
    output::print(|out| {
        changes(&first, &second, &freight, &newer, out)?;
        writeln!(out, "\nWhat the two runs cost, per subscription:\n")?;
        costs(&first, &second, out)
    })?;
    Ok(())
}

fn complete(report: Report) -> Result<Report, Ended> {
    let failed =
        report.failures().next().map(|(subscription, error)| format!("{}: {error}", subscription.id));
    failed.map_or(Ok(report), |why| Err(Ended::Discovery(why)))
}

fn built(report: &Report, warehouse: &Warehouse) -> Result<Freight, Ended> {
    Ok(report.freight(warehouse)?)
}

/// What is different about the best of each subscription, and about the Freight.
fn changes(
    first: &Report,
    second: &Report,
    old: &Freight,
    new: &Freight,
    out: &mut dyn Write,
) -> io::Result<()> {
    let best = |artifacts: &[AnyArtifact]| artifacts.first().map_or("none", Artifact::name).to_owned();
    let mut table = Table::new(&["SUBSCRIPTION", "WAS", "IS", ""]);
    let mut row = |what: String, was: &str, is: &str| {
        let said = if was == is { "" } else { "changed" };
        table.row([what, output::shortened(was), output::shortened(is), said.to_owned()]);
    };
    for (before, after) in first.subscriptions.iter().zip(&second.subscriptions) {
        row(after.id.to_string(), &best(&before.artifacts), &best(&after.artifacts));
    }
    row("Freight".to_owned(), &old.metadata.name, &new.metadata.name);
    table.write(out)
}

fn costs(first: &Report, second: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["SUBSCRIPTION", "REQUESTS", "BYTES", "REQUESTS AGAIN", "BYTES AGAIN"]);
    let mut row = |what: String, costs: [Cost; 2]| {
        let cells =
            costs.into_iter().flat_map(|cost| [cost.requests.to_string(), cost.bytes_received.to_string()]);
        table.row([what].into_iter().chain(cells));
    };
    for (before, after) in first.subscriptions.iter().zip(&second.subscriptions) {
        row(after.id.to_string(), [before.cost, after.cost]);
    }
    row("all".to_owned(), [first.cost, second.cost]);
    table.write(out)
}
