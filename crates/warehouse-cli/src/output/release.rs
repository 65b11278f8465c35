//! The output of `chart plan`, `release`, `release-dev` and `auto`.

use std::io;
use std::io::Write;

use chart_release::{Channel, Outcome, Plan, Refusal, Report, Step, StepKind};
use serde::Serialize;

use super::{Table, counted, line, write_as_list};
use crate::arguments::ChartFormat;
use crate::message::with_causes;
use crate::remedy::hint_of_chart;

/// A chart that failed or is refused, or a step of it; without a chart, the release as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChartFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<StepKind>,
    /// `refused`, or `failed`.
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The refusal with what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

impl ChartFailure {
    fn of_error(chart: Option<&str>, step: Option<StepKind>, error: &chart_release::Error) -> Self {
        Self {
            chart: chart.map(str::to_owned),
            step,
            kind: "failed",
            message: with_causes(error),
            hint: hint_of_chart(error),
            refusal: None,
        }
    }
}

/// Prints what would be done, a row for each chart, where it would go, and why.
pub(crate) fn plan(plan: &Plan, format: ChartFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ChartFormat::Json => {
            let unpackaged = plan.charts.iter().filter_map(|chart| {
                let error = chart.error.as_ref()?;
                Some(ChartFailure::of_error(Some(&chart.chart), None, error))
            });
            let refused = plan.refusals().map(|(chart, refusal)| ChartFailure {
                chart: chart.map(str::to_owned),
                step: None,
                kind: "refused",
                message: refusal.to_string(),
                hint: Some(refusal.remedy()),
                refusal: Some(refusal.clone()),
            });
            write_as_list(plan, ["charts", "refusals"], &unpackaged.chain(refused).collect::<Vec<_>>(), out)
        }
        // Nothing of a release is published if a part of it is refused.
        ChartFormat::Name if !plan.is_possible() => Ok(()),
        ChartFormat::Name => {
            let pending = plan.charts.iter().filter(|chart| chart.is_possible() && !chart.is_done());
            pending.into_iter().try_for_each(|chart| line(out, &format!("{}-{}", chart.chart, chart.version)))
        }
        ChartFormat::Table => {
            let rows = plan.charts.iter().map(|chart| Row {
                chart: &chart.chart,
                version: &chart.version,
                channel: chart.channel,
                steps: chart.steps.iter().map(|step| (step.kind, step.action.as_str())).collect(),
                without: "refused",
            });
            table(&rows.collect::<Vec<_>>(), out)?;
            let mut places = Vec::new();
            for step in plan.charts.iter().flat_map(|chart| &chart.steps) {
                let place = (step.kind, place(step));
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            places.retain(|(kind, _)| matches!(kind, StepKind::Index | StepKind::Push | StepKind::PushTag));
            if !places.is_empty() {
                writeln!(out)?;
                let mut table = Table::headless();
                for (kind, place) in places {
                    let steps = if kind == StepKind::Index { "archive, index" } else { kind.as_str() };
                    table.row([steps.to_owned(), place.to_owned()]);
                }
                table.write(out)?;
            }
            let mut reasons = plan.charts.iter().filter(|chart| !chart.reason.is_empty()).peekable();
            if reasons.peek().is_some() {
                writeln!(out)?;
            }
            reasons.try_for_each(|chart| line(out, &format!("{}: {}", chart.chart, chart.reason)))
        }
    }
}

/// Where a step writes, without what differs from chart to chart.
fn place(step: &Step) -> &str {
    let target = step.target.as_str();
    match step.kind {
        StepKind::Index => {
            target.strip_suffix("index.yaml").map_or(target, |place| place.trim_end_matches('/'))
        }
        StepKind::Push => target.rsplit_once('/').map_or(target, |(place, _)| place),
        StepKind::PushTag => target.split_once(' ').map_or(target, |(remote, _)| remote),
        _ => "",
    }
}

/// Prints what was done, a row for each chart.
pub(crate) fn report(report: &Report, format: ChartFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ChartFormat::Json => {
            let failed = report.failures.iter().map(|failure| {
                ChartFailure::of_error(failure.chart.as_deref(), failure.step, &failure.error)
            });
            write_as_list(report, ["charts", "failures"], &failed.collect::<Vec<_>>(), out)
        }
        ChartFormat::Name => {
            let complete = report.charts.iter().filter(|chart| chart.is_complete());
            complete
                .into_iter()
                .try_for_each(|chart| line(out, &format!("{}-{}", chart.chart, chart.version)))
        }
        ChartFormat::Table => {
            let rows = report.charts.iter().map(|chart| Row {
                chart: &chart.chart,
                version: &chart.version,
                channel: chart.channel,
                steps: chart.steps.iter().map(|step| (step.step.kind, step.outcome.as_str())).collect(),
                without: "not published",
            });
            table(&rows.collect::<Vec<_>>(), out)
        }
    }
}

/// What a release came to, in one line: `2 charts published, 1 unchanged`.
pub(crate) fn summary(report: &Report) -> String {
    let complete = report.charts.iter().filter(|chart| chart.is_complete());
    let (unchanged, published): (Vec<_>, Vec<_>) =
        complete.partition(|chart| chart.steps.iter().all(|step| step.outcome == Outcome::Kept));
    let incomplete = report.charts.len() - unchanged.len() - published.len();
    if published.is_empty() && incomplete == 0 {
        return format!("{} unchanged: there was nothing left to do", counted(unchanged.len(), "chart"));
    }
    let mut text = format!("{} published", counted(published.len(), "chart"));
    for (count, name) in [(unchanged.len(), "unchanged"), (incomplete, "not complete")] {
        if count > 0 {
            text += &format!(", {count} {name}");
        }
    }
    text
}

/// One chart of a table.
struct Row<'r> {
    chart: &'r str,
    version: &'r str,
    channel: Channel,
    /// Each step with its result.
    steps: Vec<(StepKind, &'static str)>,
    /// The result of a chart without steps.
    without: &'static str,
}

/// One row for each chart, one column for each kind of step that there is.
fn table(rows: &[Row<'_>], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let has = |kind: &StepKind| rows.iter().any(|row| row.steps.iter().any(|(step, _)| step == kind));
    let kinds: Vec<StepKind> = KINDS.into_iter().filter(has).collect();
    let mut heading = vec!["CHART", "VERSION", "CHANNEL"];
    heading.extend(kinds.iter().map(|kind| heading_of(*kind)));
    if kinds.is_empty() {
        heading.push("OUTCOME");
    }
    let mut table = Table::new(&heading);
    for row in rows {
        let version = if row.version.is_empty() { "-" } else { row.version };
        let mut cells = vec![row.chart.to_owned(), version.to_owned(), channel(row.channel).to_owned()];
        match row.steps.is_empty() {
            true => cells.push(row.without.to_owned()),
            false => cells.extend(kinds.iter().map(|kind| {
                let step = row.steps.iter().find(|(step, _)| step == kind);
                step.map_or("", |(_, outcome)| outcome).to_owned()
            })),
        }
        table.row(cells);
    }
    table.write(out)
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
