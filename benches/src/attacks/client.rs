//! The process that is attacked.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use artifact_http::{Credential, EgressPolicy, HttpClient};
use warehouse_discovery::credentials::{KargoSecret, KargoSecrets};
use warehouse_discovery::source::Artifact as _;
use warehouse_discovery::spec::Options;
use warehouse_discovery::{Discoverer, Error, Report, Warehouse, parse};

use super::Failure;
use super::stage::{OtherTenant, Outcome, Subscription, Task};

/// The runs of the other tenant alone.
const RUNS_ALONE: usize = 15;

/// Does what standard input says, and writes the outcome to standard output.
///
/// # Errors
///
/// Where the input is not a task.
pub fn client() -> Result<(), Failure> {
    let mut task = String::new();
    std::io::stdin().read_to_string(&mut task)?;
    let task: Task = serde_json::from_str(&task)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(carry_out(&task))?;
    println!("{}", serde_json::to_string(&outcome)?);
    // What a server keeps busy does not keep the process.
    runtime.shutdown_background();
    Ok(())
}

async fn carry_out(task: &Task) -> Result<Outcome, Failure> {
    let discoverer = Discoverer::builder();
    let discoverer = match (task.in_cluster, task.has_internet) {
        (true, true) => {
            discoverer.http(HttpClient::builder().count_as_public(Ipv4Addr::LOCALHOST.into(), 32))
        }
        (true, false) => discoverer,
        // The servers are on loopback.
        (false, _) => discoverer.egress(EgressPolicy::workstation()),
    };
    let discoverer = match &task.credential {
        Some((user, password)) => {
            discoverer.credentials(Credential::password(user.clone(), password.clone()))
        }
        None if task.secrets.is_empty() => discoverer,
        None => {
            let secrets = task.secrets.iter().enumerate().map(|(number, secret)| {
                KargoSecret::new(&secret.namespace, number.to_string(), &secret.cred_type)
                    .with("repoURL", secret.repo_url.clone())
                    .with("repoURLIsRegex", secret.is_pattern.to_string())
                    .with("username", "me")
                    .with("password", "SECRET")
            });
            discoverer.credentials(secrets.collect::<KargoSecrets>().shared_namespaces(["shared"]))
        }
    };
    let discoverer = discoverer.build()?;
    let mut outcome = Outcome::default();
    let mut warehouses = Vec::new();
    for manifest in &task.manifests {
        let parsed = parse("warehouse.yaml", manifest, &Options::default());
        if !parsed.is_valid() {
            let message = parsed.errors().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            outcome.subscriptions.push(Subscription {
                error: "invalid manifest".to_owned(),
                message,
                ..Subscription::default()
            });
            continue;
        }
        warehouses.extend(parsed.warehouses.into_iter().map(|warehouse| warehouse.into_inner()));
    }
    let deadline = task.deadline.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let is_over = AtomicBool::new(false);
    let attacked = async {
        let runs = warehouses.iter().map(async |warehouse| {
            let run = discoverer.run(warehouse);
            let run = if deadline.is_some() { run.with_deadline(deadline) } else { run };
            (warehouse, run.await)
        });
        let reports = futures::future::join_all(runs).await;
        is_over.store(true, Ordering::SeqCst);
        reports
    };
    let other: Option<Warehouse> = task.other_tenant.as_deref().and_then(|manifest| {
        let parsed = parse("other.yaml", manifest, &Options::default());
        parsed.warehouses.into_iter().next().map(|warehouse| warehouse.into_inner())
    });
    let reports = match &other {
        None => attacked.await,
        Some(other) => {
            let mut seen = OtherTenant::default();
            let mut alone = Vec::new();
            for _ in 0..RUNS_ALONE {
                alone.push(timed(&discoverer, other, &mut seen).await);
            }
            seen.alone = median(&mut alone);
            let beside = async {
                let mut times = Vec::new();
                while times.is_empty() || !is_over.load(Ordering::SeqCst) {
                    times.push(timed(&discoverer, other, &mut seen).await);
                }
                seen.runs = times.len();
                seen.beside = median(&mut times);
            };
            let (reports, ()) = futures::future::join(attacked, beside).await;
            outcome.other_tenant = Some(seen);
            reports
        }
    };
    for (warehouse, report) in reports {
        let result = serde_json::to_string(&report.discovered_artifacts(warehouse))?;
        let warnings: usize = report
            .subscriptions
            .iter()
            .flat_map(|subscription| &subscription.warnings)
            .map(|warning| warning.to_string().len())
            .sum();
        outcome.result_bytes = outcome.result_bytes.max(result.len() + warnings);
        outcome.subscriptions.extend(subscriptions(&report));
    }
    Ok(outcome)
}

fn subscriptions(report: &Report) -> impl Iterator<Item = Subscription> {
    report.subscriptions.iter().map(|subscription| Subscription {
        error: subscription.error.as_ref().map(|error| error.kind().as_str().to_owned()).unwrap_or_default(),
        message: subscription.error.as_ref().map(full).unwrap_or_default(),
        names: names(subscription.artifacts.iter().take(10)),
        requests: subscription.cost.requests,
    })
}

fn names<'a>(artifacts: impl Iterator<Item = &'a warehouse_discovery::AnyArtifact>) -> Vec<String> {
    artifacts
        .map(|artifact| match artifact {
            warehouse_discovery::AnyArtifact::Commit(commit) => {
                commit.tag.clone().unwrap_or_else(|| commit.subject.clone())
            }
            other => other.name().to_owned(),
        })
        .collect()
}

/// An error with its causes and its hint.
fn full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}

/// Runs the Warehouse of the other tenant once. Returns the microseconds.
async fn timed(discoverer: &Discoverer, warehouse: &Warehouse, seen: &mut OtherTenant) -> u64 {
    let began = Instant::now();
    let report = discoverer.run(warehouse).await;
    let time = began.elapsed();
    for subscription in &report.subscriptions {
        match &subscription.error {
            Some(error) => seen.errors.push(full(error)),
            None => {
                let found = names(subscription.artifacts.iter());
                if !seen.found.contains(&found) {
                    seen.found.push(found);
                }
            }
        }
    }
    let unique: BTreeSet<_> = std::mem::take(&mut seen.errors).into_iter().collect();
    seen.errors = unique.into_iter().take(3).collect();
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The median of some microseconds, in milliseconds, at least 1.
fn median(times: &mut [u64]) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().div_ceil(1000)
}
