//! The output of `explain`.

use std::cmp::Reverse;
use std::io;
use std::io::Write;

use artifact_source::{Judgement, Principal, SourceId, SourceKind, printable};
use selection_strategies::{Rejection, Version};
use serde::Serialize;
use warehouse_discovery::SubscriptionReport;
use warehouse_spec::{ImageSelectionStrategy, SubscriptionKind, Warehouse};

use super::{shortened, write_json};
use crate::arguments::ExplainFormat;

/// The shortest prefix of a commit's id that names it.
const MIN_COMMIT_PREFIX: usize = 4;

/// Every candidate of one Warehouse.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    warehouse: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
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
    listed: usize,
    accepted: usize,
    candidates: Vec<Candidate>,
    #[serde(skip)]
    id: SourceId,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Explanation {
    /// The explanation of these subscriptions, from the judgements of their candidates.
    pub(crate) fn new(warehouse: &Warehouse, judged: Vec<(SubscriptionReport, Vec<Judgement>)>) -> Self {
        Self {
            warehouse: warehouse.name().to_owned(),
            namespace: warehouse.namespace().map(str::to_owned),
            subscriptions: judged
                .into_iter()
                .map(|(report, judgements)| {
                    let order = Order::of(warehouse, &report);
                    Subscription::new(report, judgements, order)
                })
                .collect(),
        }
    }

    fn qualified_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.warehouse),
            None => self.warehouse.clone(),
        }
    }

    /// Whether it has no subscription.
    pub(crate) fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Whether a subscription has this candidate.
    pub(crate) fn has_candidate(&self, name: &str) -> bool {
        let mut candidates = self.subscriptions.iter().flat_map(|subscription| &subscription.candidates);
        candidates.any(|candidate| candidate.has_name(name))
    }

    /// Removes every other candidate.
    pub(crate) fn keep(&mut self, names: &[String]) {
        for subscription in &mut self.subscriptions {
            subscription.candidates.retain(|candidate| names.iter().any(|name| candidate.has_name(name)));
        }
    }
}

/// The order of the candidates that are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// As the source reported them, in the order of its strategy.
    Reported,
    /// By version, best first, then by name.
    Version,
    /// By the bytes of their names, best first.
    Name,
    /// By the time of their build, newest first; then those whose build time did not matter, by version.
    BuildTime,
}

impl Order {
    fn of(warehouse: &Warehouse, report: &SubscriptionReport) -> Self {
        let subscription = warehouse.spec.subscriptions.get(report.index);
        match subscription.map(|subscription| &subscription.kind) {
            _ if report.id.kind() == &SourceKind::Git => Self::Reported,
            Some(SubscriptionKind::Image(image)) => match image.image_selection_strategy {
                ImageSelectionStrategy::NewestBuild => Self::BuildTime,
                ImageSelectionStrategy::Lexical => Self::Name,
                _ => Self::Version,
            },
            _ => Self::Version,
        }
    }

    fn sort(self, rejected: &mut [Judgement]) {
        let by_version =
            |Judgement { name, .. }: &Judgement| (Reverse(Version::parse(name).ok()), name.clone());
        match self {
            Self::Reported => {}
            Self::Version => rejected.sort_by_cached_key(by_version),
            Self::Name => rejected.sort_by(|one, other| other.name.as_bytes().cmp(one.name.as_bytes())),
            Self::BuildTime => {
                rejected.sort_by_cached_key(by_version);
                let time = |judged: &Judgement| -> Option<jiff::Timestamp> {
                    judged.detail.as_deref().and_then(|detail| detail.parse().ok())
                };
                let is_undated =
                    |judged: &Judgement| matches!(judged.rejection, Some(Rejection::Undated { .. }));
                rejected.sort_by_key(|judged| match time(judged) {
                    Some(time) => (0, Some(Reverse(time))),
                    None if is_undated(judged) => (1, None),
                    None => (2, None),
                });
            }
        }
    }
}

impl Subscription {
    fn new(report: SubscriptionReport, judgements: Vec<Judgement>, order: Order) -> Self {
        let (mut accepted, mut rejected): (Vec<_>, Vec<_>) =
            judgements.into_iter().partition(|judgement| judgement.rejection.is_none());
        order.sort(&mut rejected);
        let (found, listed) = (accepted.len(), accepted.len() + rejected.len());
        accepted.append(&mut rejected);
        let (credential, no_credential) = match report.principal {
            Some(Principal::Credential(scope)) => (Some(scope), None),
            Some(Principal::Anonymous(why)) => (None, why),
            _ => (None, None),
        };
        Self {
            index: report.index,
            kind: report.id.kind().to_string(),
            repo_url: report.id.url().to_owned(),
            chart: report.id.chart().map(str::to_owned),
            name: report.id.subscription().map(str::to_owned),
            failed: report.error.is_some(),
            credential,
            no_credential,
            listed,
            accepted: found,
            candidates: accepted.into_iter().map(Candidate::from).collect(),
            id: report.id,
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let fit = if self.accepted == 1 { "is taken" } else { "are taken" };
        let heading = match self.failed {
            true => "it failed".to_owned(),
            false => format!("{} of {} candidates {fit}", self.accepted, self.listed),
        };
        writeln!(out, "{}: {heading}", printable(&self.id.to_string()))?;
        match (&self.credential, &self.no_credential) {
            (Some(credential), _) => writeln!(out, "  credential: {}", printable(credential))?,
            (None, Some(why)) => writeln!(out, "  no credential: {}", printable(why))?,
            (None, None) => {}
        }
        for Candidate { name, detail, reason, .. } in &self.candidates {
            let sign = if reason.is_some() { '-' } else { '+' };
            let detail = detail.as_deref().map(|detail| match detail.split_once(' ') {
                Some((digest, time)) => printable(&format!("{} {time}", shortened(digest))),
                None => printable(&shortened(detail)),
            });
            let cells = [Some(printable(name)), detail, reason.as_deref().map(printable)];
            let cells: Vec<_> = cells.into_iter().flatten().filter(|cell| !cell.is_empty()).collect();
            writeln!(out, "{sign} {}", cells.join("\t"))?;
        }
        Ok(())
    }
}

impl Candidate {
    fn has_name(&self, name: &str) -> bool {
        let is_commit = self.name.len() >= 40 && self.name.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.name == name
            || is_commit && name.len() >= MIN_COMMIT_PREFIX && self.name.starts_with(&name.to_lowercase())
    }
}

impl From<Judgement> for Candidate {
    fn from(judgement: Judgement) -> Self {
        Self {
            name: judgement.name,
            detail: judgement.detail,
            accepted: judgement.rejection.is_none(),
            rule: judgement.rejection.as_ref().map(|why| why.rule().to_owned()),
            reason: judgement.rejection.map(|why| why.to_string()),
        }
    }
}

/// Prints the explanations of all Warehouses.
pub(crate) fn explanations(
    explanations: &[Explanation],
    format: ExplainFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format == ExplainFormat::Json {
        return write_json(explanations, out);
    }
    let several = explanations.len() > 1;
    let mut first = true;
    for explanation in explanations {
        let Explanation { subscriptions, .. } = explanation;
        for subscription in subscriptions {
            if !std::mem::take(&mut first) {
                writeln!(out)?;
            }
            if several {
                write!(out, "{}: ", printable(&explanation.qualified_name()))?;
            }
            subscription.write(out)?;
        }
    }
    Ok(())
}
