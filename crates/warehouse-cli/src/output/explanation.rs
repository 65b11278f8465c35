//! The output of `explain`: for each subscription a summary, and each candidate with the rule that decided.

use std::io;
use std::io::Write;

use artifact_source::{
    AnyArtifact, Details, Judgement, MAX_NAME_IN_DOCUMENT, Principal, Recorder, Rejection, SourceId,
    printable, shorten, shown_name,
};
use jiff::Timestamp;
use serde::Serialize;
use warehouse_discovery::{Cause, SubscriptionReport, Summary, Tally, Why, reasons, sort_candidates};
use warehouse_spec::{Subscription, qualified_name};

use super::failure::Failure;
use super::{Paint, Table, shortened};
use crate::arguments::ExplainFormat;
use crate::discovery::Discovered;
use crate::message::in_one_line;
use crate::remedy::hint_of;

/// The shortest prefix of a commit's id that names it.
const MIN_COMMIT_PREFIX: usize = 4;

/// The columns of the table of candidates.
const COLUMNS: usize = 8;

/// Every candidate of one Warehouse.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    warehouse: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    subscriptions: Vec<Explained>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    index: usize,
    kind: String,
    #[serde(rename = "repoURL")]
    repo_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether the subscription failed; the following fields have no meaning then.
    failed: bool,
    credential: Option<String>,
    /// Why there is no credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_credential: Option<String>,
    summary: Summary,
    /// How many candidates were listed and not judged, since it failed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_judged: Option<usize>,
    /// Why nothing fits, or why it failed.
    #[serde(skip)]
    trouble: Option<Trouble>,
    /// The answers about single candidates, if there was a question.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<Why>,
    candidates: Vec<Candidate>,
    #[serde(skip)]
    id: SourceId,
    #[serde(skip)]
    subscription: Subscription,
    #[serde(skip)]
    judged: Vec<Judgement>,
}

/// Why nothing fits a subscription, or why it failed.
#[derive(Debug)]
struct Trouble {
    message: String,
    help: Option<String>,
}

impl Trouble {
    fn of(report: &SubscriptionReport, subscription: &Subscription, tally: &Tally) -> Option<Self> {
        match (report.cause(subscription, tally), &report.error) {
            (Some(Cause { message, hint, .. }), _) => Some(Self { message, help: hint }),
            (None, Some(error)) => Some(Self { message: in_one_line(error), help: hint_of(error) }),
            (None, None) => None,
        }
    }
}

/// One candidate, with what is known of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed_paths: Vec<String>,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Explanation {
    /// The explanation of the subscriptions of a Warehouse that were asked, from what was recorded of each subscription in the manifest.
    pub(crate) fn new(discovered: Discovered, mut recorders: Vec<Recorder>) -> Self {
        let Discovered { warehouse, report, .. } = discovered;
        let subscriptions = report.subscriptions.into_iter().filter_map(|report| {
            let subscription = warehouse.spec.subscriptions.get(report.index)?;
            let recorder = recorders.get_mut(report.index).map(std::mem::take).unwrap_or_default();
            Some(Explained::new(report, subscription, recorder))
        });
        Self {
            warehouse: warehouse.name().to_owned(),
            namespace: warehouse.namespace().map(str::to_owned),
            subscriptions: subscriptions.collect(),
        }
    }

    fn qualified_name(&self) -> String {
        qualified_name(self.namespace.as_deref(), &self.warehouse)
    }

    /// Whether all of its subscriptions succeeded.
    pub(crate) fn is_complete(&self) -> bool {
        self.subscriptions.iter().all(|subscription| !subscription.failed)
    }

    /// Whether a subscription has this candidate.
    pub(crate) fn has_candidate(&self, name: &str) -> bool {
        let mut candidates = self.subscriptions.iter().flat_map(|subscription| &subscription.candidates);
        candidates.any(|candidate| candidate.has_name(name))
    }

    /// Answers the question about these candidates, and removes all others. `unlisted` are names that no subscription has: each one that succeeded says what
    /// its rule makes of them.
    pub(crate) fn keep(&mut self, names: &[String], unlisted: &[&String]) {
        for subscription in &mut self.subscriptions {
            subscription.candidates.retain(|candidate| names.iter().any(|name| candidate.has_name(name)));
            let found = subscription.candidates.iter().map(|candidate| candidate.name.as_str());
            let why = |name| Why::of(&subscription.subscription, &subscription.judged, name);
            let guessed = unlisted.iter().map(|name| match subscription.failed {
                true => Why::not_judged(name.as_str()),
                false => why(name.as_str()),
            });
            subscription.answers = found.map(why).chain(guessed).collect();
        }
    }

    /// Removes the candidates on which another rule decided; `accepted` stands for those that were taken.
    pub(crate) fn keep_rule(&mut self, rule: &str) {
        for subscription in &mut self.subscriptions {
            subscription
                .candidates
                .retain(|candidate| candidate.rule.as_deref().unwrap_or("accepted") == rule);
        }
    }

    /// Cuts the names that are longer than a document may have.
    fn bound(&mut self) {
        for subscription in &mut self.subscriptions {
            let candidates = subscription.candidates.iter_mut().map(|candidate| &mut candidate.name);
            let misses = subscription.summary.near_misses.iter_mut().map(|miss| &mut miss.name);
            let answers = subscription.answers.iter_mut().map(|answer| &mut answer.name);
            for name in candidates.chain(misses).chain(answers).chain(&mut subscription.summary.best) {
                if name.len() > MAX_NAME_IN_DOCUMENT {
                    *name = shorten(name, MAX_NAME_IN_DOCUMENT).into_owned();
                }
            }
        }
    }
}

impl Explained {
    fn new(report: SubscriptionReport, subscription: &Subscription, recorder: Recorder) -> Self {
        let listed = recorder.listed();
        let mut judged = recorder.into_judgements();
        sort_candidates(subscription, &mut judged);
        let tally = Tally::of_judgements(subscription, &judged);
        let failed = report.error.is_some();
        let artifacts: &[AnyArtifact] = if failed { &[] } else { &report.artifacts };
        let (credential, no_credential) = match &report.principal {
            Some(Principal::Credential(scope)) => (Some(scope.clone()), None),
            Some(Principal::Anonymous(why)) => (None, why.clone()),
            _ => (None, None),
        };
        let not_judged = listed.map(|listed| listed.saturating_sub(judged.len()));
        let mut summary = tally.summary(artifacts);
        // It says what is wrong with the rule, and not why there is no answer.
        summary.cause = summary.cause.filter(|_| !failed);
        let candidates = judged.iter().zip(reasons(subscription, &judged));
        let candidates = candidates.map(|(judged, reason)| Candidate::new(judged, reason));
        Self {
            index: report.index,
            kind: report.id.kind().to_string(),
            repo_url: report.id.url().to_owned(),
            chart: report.id.chart().map(str::to_owned),
            name: report.id.subscription().map(str::to_owned),
            failed,
            credential,
            no_credential,
            trouble: Trouble::of(&report, subscription, &tally),
            summary,
            not_judged: not_judged.filter(|count| failed && *count > 0),
            answers: Vec::new(),
            candidates: candidates.collect(),
            id: report.id,
            subscription: subscription.clone(),
            judged,
        }
    }

    fn write(&self, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let is_doubtful = !self.failed && self.trouble.is_some();
        let (heading, second) = match &self.trouble {
            Some(Trouble { message, .. }) if self.failed => (format!("it failed: {message}"), None),
            // What is not listed is no candidate.
            Some(Trouble { message, .. }) if self.is_unlisted() => (format!("nothing fits: {message}"), None),
            Some(Trouble { message, .. }) => {
                (format!("nothing fits: {message}"), Some(self.summary.to_string()))
            }
            None => (self.summary.to_string(), None),
        };
        let heading = format!("{}: {heading}", self.id);
        let heading = printable(&shorten(&heading, MAX_NAME_IN_DOCUMENT));
        let heading = match (self.failed, is_doubtful) {
            (true, _) => paint.bad(&heading),
            (false, true) => paint.doubtful(&heading),
            (false, false) => heading,
        };
        writeln!(out, "{heading}")?;
        if let Some(summary) = second {
            writeln!(out, "  {}", printable(&shorten(&summary, MAX_NAME_IN_DOCUMENT)))?;
        }
        if let Some(hint) = self.trouble.as_ref().and_then(|trouble| trouble.help.as_deref()) {
            writeln!(out, "  help: {}", printable(hint))?;
        }
        match (&self.credential, &self.no_credential) {
            (Some(credential), _) => writeln!(out, "  credential: {}", printable(credential))?,
            (None, Some(why)) => writeln!(out, "  no credential: {}", printable(why))?,
            (None, None) => {}
        }
        if let Some(not_judged) = self.not_judged {
            let judged = self.judged.len();
            writeln!(out, "  incomplete: {} not judged before it failed", not_judged_of(not_judged, judged))?;
        }
        for answer in &self.answers {
            writeln!(out, "  {}", printable(&answer.to_string()))?;
            if let Some(hint) = &answer.hint {
                writeln!(out, "  help: {}", printable(hint))?;
            }
        }
        match self.is_unlisted() {
            true => Ok(()),
            false => table(&self.candidates, paint, out),
        }
    }

    /// Whether all that was judged is that the chart, or the one tag that was asked for, is not there.
    fn is_unlisted(&self) -> bool {
        let is_absent = |judged: &Judgement| {
            matches!(judged.rejection, Some(Rejection::NotListed { .. } | Rejection::NoSuchTag { .. }))
        };
        !self.judged.is_empty() && self.judged.iter().all(is_absent)
    }
}

/// `6 of 10 candidates were`, `the only candidate was`.
fn not_judged_of(not_judged: usize, judged: usize) -> String {
    let verb = if not_judged == 1 { "was" } else { "were" };
    match not_judged + judged {
        1 => "the only candidate was".to_owned(),
        listed => format!("{not_judged} of {listed} candidates {verb}"),
    }
}

/// A row for each candidate. Columns that are empty in all rows are left out.
fn table(candidates: &[Candidate], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<[String; COLUMNS]> = candidates.iter().map(Candidate::cells).collect();
    let is_used =
        |column: usize| cells.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
    let used: Vec<bool> = (0..COLUMNS).map(is_used).collect();
    let mut table = Table::headless();
    for row in cells {
        let row = row.into_iter().zip(&used).filter(|(_, used)| **used).map(|(cell, _)| cell);
        table.row(row);
    }
    let lines = table.lines();
    for (line, candidate) in lines.iter().zip(candidates) {
        writeln!(out, "{}", if candidate.accepted { paint.good(line) } else { paint.faint(line) })?;
    }
    Ok(())
}

impl Candidate {
    fn new(judgement: &Judgement, reason: Option<String>) -> Self {
        let Details { version, digest, time, commit, subject, changed_paths, .. } = judgement.details.clone();
        Self {
            name: judgement.name.clone(),
            version,
            digest,
            time,
            commit,
            subject,
            changed_paths,
            accepted: judgement.rejection.is_none(),
            rule: judgement.rejection.as_ref().map(|why| why.rule().to_owned()),
            reason,
        }
    }

    fn has_name(&self, name: &str) -> bool {
        let is_commit = self.name.len() >= 40 && self.name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let commit = self.commit.as_deref().or(is_commit.then_some(&self.name));
        self.name == name
            || name.len() >= MIN_COMMIT_PREFIX
                && commit.is_some_and(|commit| commit.starts_with(&name.to_lowercase()))
    }

    /// Name, version, digest, time, commit, subject, changed paths and reason.
    fn cells(&self) -> [String; COLUMNS] {
        let sign = if self.accepted { '+' } else { '-' };
        let time = self.time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        [
            format!("{sign} {}", shown_name(&shortened(&self.name))),
            self.version.as_deref().map(shown_name).unwrap_or_default(),
            self.digest.as_deref().map(shortened).unwrap_or_default(),
            time.unwrap_or_default(),
            self.commit.as_deref().map(shortened).unwrap_or_default(),
            self.subject.as_deref().map(shown_name).unwrap_or_default(),
            self.changed_paths.iter().map(|path| shown_name(path)).collect::<Vec<_>>().join(" "),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

/// Prints the explanations of all Warehouses.
pub(crate) fn explanations(
    explanations: &mut [Explanation],
    errors: &[Failure],
    format: ExplainFormat,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format != ExplainFormat::Text {
        explanations.iter_mut().for_each(Explanation::bound);
        return format.write(explanations, errors, out);
    }
    let several = explanations.len() > 1;
    let mut first = true;
    for explanation in explanations {
        for subscription in &explanation.subscriptions {
            if !std::mem::take(&mut first) {
                writeln!(out)?;
            }
            if several {
                write!(out, "{}: ", printable(&explanation.qualified_name()))?;
            }
            subscription.write(paint, out)?;
        }
    }
    Ok(())
}
