//! What `freight` prints.

use std::io::{self, Write};

use warehouse_spec::Freight;

use super::artifacts::identifier;
use super::table::Table;
use super::{document, line};
use crate::arguments::Format;

/// Prints Freight: as Kargo's own documents, as a table of its contents, or by name as kubectl would.
pub(crate) fn freight(built: &[Freight], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(built, false, out),
        Format::Wide => table(built, true, out),
        Format::Name => built
            .iter()
            .try_for_each(|freight| line(out, &format!("freight.kargo.akuity.io/{}", freight.metadata.name))),
        Format::Json => document::json(built, out),
        Format::Yaml => document::yaml(built, out),
    }
}

fn table(built: &[Freight], wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["FREIGHT", "WAREHOUSE", "KIND", "REPOSITORY", "REVISION", "ID"]);
    for freight in built {
        for content in contents(freight, wide) {
            let name = identifier(&freight.metadata.name, wide);
            table.row([name, freight.origin.name.clone()].into_iter().chain(content));
        }
    }
    table.write(out)
}

/// Kind, repository, revision and id of everything in the Freight.
fn contents(freight: &Freight, wide: bool) -> Vec<[String; 4]> {
    let row = |kind: &str, repository: &str, revision: &str, id: &str| {
        [kind.to_owned(), repository.to_owned(), revision.to_owned(), identifier(id, wide)]
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
        row("chart", &repository, &chart.version, "")
    });
    let others = freight
        .artifacts
        .iter()
        .map(|artifact| row(&artifact.artifact_type, &artifact.subscription_name, &artifact.version, ""));
    commits.chain(images).chain(charts).chain(others).collect()
}
