//! `warehouse chart changed` and `build-marker`.

use std::io::Read as _;

use chart_release::build_marker::{BuildMarker, malformed_markers, old_markers};
use chart_release::changed::{ChangeReason, ChangedOptions, Event, Since, changed as find};
use chart_release::git::GitRepository;

use crate::arguments::{self, ChartFormat};
use crate::exit::Exit;
use crate::message::Messages;
use crate::output;
use crate::output::{Failure, Table};

/// The largest commit message that is read, in bytes.
const MAX_MESSAGE: u64 = 1 << 20;

/// Prints the charts that a change touches.
pub(super) fn changed(arguments: arguments::Changed, messages: &Messages) -> Result<Exit, Exit> {
    let failed = |error: chart_release::Error| {
        messages.chart_error(&error);
        Exit::Failure
    };
    let unusable = |error: chart_release::Error| {
        messages.chart_error(&error);
        Exit::Usage
    };
    let since = match (arguments.event, arguments.since) {
        (Some(file), _) => Since::Event(Event::read(file).map_err(|error| unusable(error.into()))?),
        (None, Some(revision)) => Since::revision(revision),
        (None, None) => return Err(Exit::Usage),
    };
    let repository =
        GitRepository::discover(&arguments.repository).map_err(|error| unusable(error.into()))?;
    let options =
        ChangedOptions::default().charts_folder(arguments.charts).all_if_unknown(arguments.all_if_unknown);
    let found = find(&repository, &since, &options).map_err(failed)?;
    if let Some(why) = &found.all_because {
        messages.note(&format!("all charts are named: {why}"));
    }
    for problem in &found.problems {
        messages.warning(&format!("{}: {}", problem.path, problem.message), problem.hint.as_deref());
    }
    if found.charts.is_empty() && found.deleted.is_empty() {
        messages.note("no chart has changed");
    }
    messages.results(|out| match arguments.output {
        ChartFormat::Json => output::write_as_list(&found, ["charts", ""], &[] as &[Failure], out),
        ChartFormat::Name => found.charts.iter().try_for_each(|chart| output::line(out, &chart.name)),
        ChartFormat::Table if found.charts.is_empty() && found.deleted.is_empty() => Ok(()),
        ChartFormat::Table => {
            let mut table = Table::new(&["CHART", "CHANGE", "PATH"]);
            for chart in &found.charts {
                table.row([chart.name.clone(), describe(&chart.reason), chart.path.clone()]);
            }
            for chart in &found.deleted {
                let change = match &chart.renamed_to {
                    Some(name) => format!("renamed to {name}"),
                    None => "deleted".to_owned(),
                };
                table.row([chart.name.clone(), change, chart.path.clone()]);
            }
            table.write(out)
        }
    })?;
    Ok(Exit::Success)
}

fn describe(reason: &ChangeReason) -> String {
    match reason {
        ChangeReason::Added => "new".to_owned(),
        ChangeReason::Renamed { from } => format!("renamed from {from}"),
        ChangeReason::Modified => "changed".to_owned(),
        ChangeReason::Dependent { on } => format!("depends on {}", on.join(", ")),
        _ => "not compared".to_owned(),
    }
}

/// Prints the last marker of a commit message as JSON.
pub(super) fn build_marker(arguments: arguments::BuildMarker, messages: &Messages) -> Result<Exit, Exit> {
    let message = match arguments.message {
        Some(message) => message,
        None => {
            let mut text = Vec::new();
            let read = std::io::stdin().lock().take(MAX_MESSAGE).read_to_end(&mut text);
            read.map_err(|error| {
                messages.error(&format!("standard input could not be read: {error}"));
                Exit::Usage
            })?;
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    for marker in old_markers(&message).into_iter().chain(malformed_markers(&message)) {
        messages.warning(
            &format!("[{marker}] builds nothing"),
            Some("write [build APP] or [build APP TAG], in lower case"),
        );
    }
    match BuildMarker::find(&message, &arguments.apps) {
        Ok(Some(marker)) => {
            messages.results(|out| output::write_json_value(&marker, out))?;
            Ok(Exit::Success)
        }
        Ok(None) => {
            messages.error("the commit message has no marker [build APP] or [build APP TAG]");
            Ok(Exit::Failure)
        }
        Err(unknown) => {
            messages.error_with_help(&unknown.to_string(), Some(unknown.hint()));
            Ok(Exit::Usage)
        }
    }
}
