//! The output of `chart plan`, `release`, `release-dev` and `auto`.

use std::io;
use std::io::Write;

use chart_release::{Action, Channel, Outcome, Plan, Report, StepKind};

use super::{Table, line, write_json_value};
use crate::arguments::ChartFormat;

/// Prints what would be done.
pub(crate) fn plan(plan: &Plan, format: ChartFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ChartFormat::Json => write_json_value(plan, out),
        ChartFormat::Name => {
            let pending = plan.charts.iter().filter(|chart| chart.is_possible() && !chart.is_done());
            pending.into_iter().try_for_each(|chart| line(out, &format!("{}-{}", chart.chart, chart.version)))
        }
        ChartFormat::Table => {
            let mut table = Table::new(&["CHART", "VERSION", "", "STEP", "ACTION", "TARGET"]);
            for chart in &plan.charts {
                let mut first =
                    [chart.chart.clone(), chart.version.clone(), channel(chart.channel).to_owned()];
                if chart.steps.is_empty() {
                    let [chart, version, channel] = first;
                    table.row([chart, version, channel, "-".to_owned(), "refused".to_owned()]);
                    continue;
                }
                for step in &chart.steps {
                    let [chart, version, channel] = std::mem::take(&mut first);
                    let (kind, action) = (step.kind.to_string(), action(step.action).to_owned());
                    table.row([chart, version, channel, kind, action, step.target.clone()]);
                }
            }
            table.write(out)?;
            for chart in plan.charts.iter().filter(|chart| !chart.reason.is_empty()) {
                line(out, &format!("{}: {}: {}", chart.chart, channel(chart.channel), chart.reason))?;
            }
            Ok(())
        }
    }
}

/// Prints what was done, a row for each chart.
pub(crate) fn report(report: &Report, format: ChartFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ChartFormat::Json => write_json_value(report, out),
        ChartFormat::Name => {
            let complete = report.charts.iter().filter(|chart| chart.is_complete());
            complete
                .into_iter()
                .try_for_each(|chart| line(out, &format!("{}-{}", chart.chart, chart.version)))
        }
        ChartFormat::Table => {
            let kinds: Vec<StepKind> = KINDS
                .into_iter()
                .filter(|kind| {
                    report.charts.iter().any(|chart| chart.steps.iter().any(|step| step.step.kind == *kind))
                })
                .collect();
            let mut heading = vec!["CHART", "VERSION", ""];
            heading.extend(kinds.iter().map(|kind| heading_of(*kind)));
            let mut table = Table::new(&heading);
            for chart in &report.charts {
                let mut row =
                    vec![chart.chart.clone(), chart.version.clone(), channel(chart.channel).to_owned()];
                for kind in &kinds {
                    let step = chart.steps.iter().find(|step| step.step.kind == *kind);
                    row.push(step.map_or("", |step| outcome(step.outcome)).to_owned());
                }
                if chart.steps.is_empty() {
                    row.push("not published".to_owned());
                }
                table.row(row);
            }
            table.write(out)
        }
    }
}

const KINDS: [StepKind; 5] =
    [StepKind::Archive, StepKind::Push, StepKind::Index, StepKind::Tag, StepKind::PushTag];

fn heading_of(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Archive => "ARCHIVE",
        StepKind::Push => "PUSH",
        StepKind::Index => "INDEX",
        StepKind::Tag => "TAG",
        StepKind::PushTag => "PUSH TAG",
        _ => "",
    }
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Release => "release",
        Channel::Dev => "dev",
    }
}

fn action(action: Action) -> &'static str {
    action.as_str()
}

fn outcome(outcome: Outcome) -> &'static str {
    outcome.as_str()
}
