//! The loop: a round, what it tells, what it leaves.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{AnyArtifact, Cost, Error};
use freight::{MissingCause, NoFreight};
use jiff::Timestamp;
use warehouse_spec::{Freight, Warehouse};

use super::event::{Change, Event, Reason, Revision, StaleResult};
use super::handler::{FreightHandler, NewFreight};
use super::schedule::{Schedule, random_fraction};
use super::state::{Seen, StateFile, WatchState};
use crate::{Discoverer, Observer, Report, SubscriptionReport};

/// Watches one Warehouse: see the [module](super).
///
/// Any number of them share one [`Discoverer`], and run at once.
pub struct Watcher {
    discoverer: Discoverer,
    warehouse: Warehouse,
    schedule: Schedule,
    timeout: Option<Duration>,
    stale_for: Option<Duration>,
    paths_since_last_freight: bool,
    handler: Option<Arc<dyn FreightHandler>>,
    file: Option<StateFile>,
    state: WatchState,
    /// How many rounds in a row had a failure that passes.
    failures: u32,
}

/// Configures a [`Watcher`].
#[must_use]
pub struct WatcherBuilder {
    watcher: Watcher,
}

/// The result of a round.
#[derive(Debug)]
#[non_exhaustive]
pub struct Round {
    /// What was discovered.
    pub report: Report,
    /// How long to wait before the next round.
    pub wait: Duration,
    /// Whether every subscription answered, all Freight is handled, and the state is saved.
    pub is_complete: bool,
}

impl Watcher {
    /// A watcher of this Warehouse, yet to be configured. A clone of the discoverer runs it.
    pub fn builder(discoverer: &Discoverer, warehouse: Warehouse) -> WatcherBuilder {
        let state = WatchState::new(&warehouse);
        let watcher = Self {
            discoverer: discoverer.clone(),
            schedule: Schedule::new(warehouse.spec.interval.as_duration()),
            warehouse,
            timeout: None,
            stale_for: None,
            paths_since_last_freight: false,
            handler: None,
            file: None,
            state,
            failures: 0,
        };
        WatcherBuilder { watcher }
    }

    /// The Warehouse.
    pub fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }

    /// What is remembered.
    pub fn state(&self) -> &WatchState {
        &self.state
    }

    /// Discovers once, tells what changed since the round before, saves the state, and calls the handler for the Freight that is not handled yet.
    ///
    /// The events are told in this order: what is about subscriptions, what is about Freight, what became of the handler. Each is told as soon as it is known. An event may be
    /// told once more by the next process if this one is killed before the state is saved.
    ///
    /// Dropping the future is a clean stop: it cancels the discovery and the handler, and what was not handled is handled later.
    pub async fn round(&mut self, tell: impl Fn(&Event) + Send + Sync) -> Round {
        self.round_with(&(), tell).await
    }

    /// The same with an observer of the discovery.
    pub async fn round_with(
        &mut self,
        observer: &dyn Observer,
        tell: impl Fn(&Event) + Send + Sync,
    ) -> Round {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let run = self.discoverer.run(&self.warehouse).with_previous(&self.state.snapshot);
        let last = self.state.last_freight.as_ref().filter(|_| self.paths_since_last_freight);
        let report = run.with_observer(observer).with_deadline(deadline).changes_since(last).await;
        let name = self.warehouse.name().to_owned();
        let namespace = self.warehouse.namespace().map(str::to_owned);
        let time = report.discovered_at;
        let tell = |cost: Cost, change: Change| {
            tell(&Event { time, warehouse: name.clone(), namespace: namespace.clone(), change, cost });
        };
        for subscription in &report.subscriptions {
            for change in self.changes(subscription, time) {
                tell(subscription.cost, change);
            }
        }
        for change in self.freight(&report) {
            tell(report.cost, change);
        }
        self.remember(&report);
        let saved = self.save();
        let is_handled = match &saved {
            Ok(()) => self.handle(&report, &tell).await,
            Err(error) => {
                tell(report.cost, Change::StateNotSaved { error: error.into() });
                false
            }
        };
        let passes = report.failures().any(|(_, error)| error.is_transient()) || !is_handled;
        self.failures = if passes { self.failures.saturating_add(1) } else { 0 };
        let requested = report.failures().filter_map(|(_, error)| error.retry_after()).max();
        let wait = match self.failures {
            0 => self.schedule.after_success(random_fraction()),
            failures => self.schedule.after_failures(failures, requested, random_fraction()),
        };
        Round { is_complete: report.is_complete() && is_handled, report, wait }
    }

    /// Rounds without end: dropping the future stops them. `sleep` waits between them, such as `tokio::time::sleep`; `tell` gets the events, and `finished` each round.
    ///
    /// ```
    /// # use warehouse_discovery::watch::Watcher;
    /// # async fn example(mut watcher: Watcher) {
    /// watcher.run(tokio::time::sleep, |event| println!("{event}"), |_| {}).await;
    /// # }
    /// ```
    pub async fn run<S: Future<Output = ()> + Send>(
        &mut self,
        sleep: impl Fn(Duration) -> S + Send + Sync,
        tell: impl Fn(&Event) + Send + Sync,
        finished: impl Fn(&Round) + Send + Sync,
    ) {
        loop {
            let round = self.round(&tell).await;
            finished(&round);
            sleep(round.wait).await;
        }
    }

    /// What changed about a subscription.
    fn changes(&self, report: &SubscriptionReport, now: Timestamp) -> Vec<Change> {
        let (subscription, source) = (report.index, report.id.to_string());
        let seen = self.state.subscriptions.get(&report.key);
        let failed_before = seen.and_then(|seen| seen.failure.as_deref());
        if let Some(error) = &report.error {
            if failed_before == Some(&*failure(error)) {
                return Vec::new();
            }
            let stale = self.stale(report, now);
            return vec![Change::Failed { subscription, source, error: error.into(), stale }];
        }
        let mut changes = Vec::new();
        if failed_before.is_some() {
            changes.push(Change::Recovered { subscription, source: source.clone() });
        }
        let before = self.state.snapshot.get(&report.key);
        let from = before.and_then(|before| best(&before.artifacts));
        let to = best(&report.artifacts);
        let is_first = seen.is_none_or(|seen| seen.answered_at.is_none());
        if from != to || is_first && to.is_none() {
            changes.push(Change::Artifact { subscription, source, from, to });
        }
        changes
    }

    /// The earlier result of a subscription that failed, if it has one.
    fn stale(&self, report: &SubscriptionReport, now: Timestamp) -> Option<StaleResult> {
        if report.error.is_none() || report.artifacts.is_empty() {
            return None;
        }
        let answered_at = self.state.subscriptions.get(&report.key)?.answered_at?;
        // A clock that was set back makes nothing older.
        let age_seconds = u64::try_from(now.duration_since(answered_at).as_secs()).unwrap_or_default();
        Some(StaleResult {
            subscription: report.index,
            source: report.id.to_string(),
            answered_at,
            age_seconds,
        })
    }

    /// Builds Freight, notes it where it is new or waits for the handler, and returns what there is to tell.
    fn freight(&mut self, report: &Report) -> Vec<Change> {
        let mut builder = report.freight_builder(&self.warehouse);
        let mut stale = Vec::new();
        for subscription in &report.subscriptions {
            let Some(longest) = self.stale_for else { break };
            if let Some(earlier) = self.stale(subscription, report.discovered_at)
                && is_recent(&earlier, longest, report.discovered_at)
                && let Some(spec) = self.warehouse.spec.subscriptions.get(subscription.index)
            {
                builder = builder.found(subscription.index, subscription.discovery_result(spec));
                stale.push(earlier);
            }
        }
        match builder.build() {
            Ok(freight) => {
                self.state.no_freight = None;
                self.note(freight, stale)
            }
            Err(reason) => {
                let reason = told(&reason);
                if reason == self.state.no_freight {
                    return Vec::new();
                }
                self.state.no_freight.clone_from(&reason);
                reason.map(|reason| Change::NoFreight { reason }).into_iter().collect()
            }
        }
    }

    fn note(&mut self, freight: Freight, stale: Vec<StaleResult>) -> Vec<Change> {
        let name = freight.metadata.name.clone();
        let new = (self.state.freight.as_ref() != Some(&name)).then(|| {
            let from = self.state.freight.replace(name.clone());
            self.state.last_freight = Some(freight.clone());
            Change::Freight { name, from, stale }
        });
        // Freight that is not new may be from a time without a handler.
        let dropped = self.handler.is_some().then(|| self.state.add_pending(freight)).flatten();
        let dropped = dropped.map(|dropped| Change::Dropped {
            freight: dropped.freight.metadata.name,
            attempts: dropped.attempts,
        });
        new.into_iter().chain(dropped).collect()
    }

    /// Keeps what the next round needs.
    fn remember(&mut self, report: &Report) {
        let seen = report.subscriptions.iter().map(|subscription| {
            let before = self.state.subscriptions.get(&subscription.key);
            let answered_at = match &subscription.error {
                None => Some(report.discovered_at),
                Some(_) => before.and_then(|before| before.answered_at),
            };
            let failure = subscription.error.as_ref().map(failure);
            (subscription.key.clone(), Seen { answered_at, failure })
        });
        self.state.subscriptions = seen.collect();
        self.state.snapshot = report.snapshot();
    }

    fn save(&self) -> Result<(), Error> {
        self.file.as_ref().map_or(Ok(()), |file| file.save(&self.state))
    }

    /// Calls the handler for the Freight that is not handled, the oldest first. Returns whether all is.
    async fn handle(&mut self, report: &Report, tell: &(impl Fn(Cost, Change) + Sync)) -> bool {
        let Some(handler) = self.handler.clone() else { return true };
        let names: Vec<_> = self.state.pending().map(str::to_owned).collect();
        let mut is_handled = true;
        for name in names {
            let pending = self.state.pending.iter_mut().find(|pending| pending.freight.metadata.name == name);
            let Some(pending) = pending else { continue };
            pending.attempts = pending.attempts.saturating_add(1);
            let attempts = pending.attempts;
            let new = NewFreight { freight: &pending.freight, warehouse: &self.warehouse, attempt: attempts };
            let (freight, cost) = (name.clone(), report.cost);
            match handler.handle(new).await {
                Ok(()) => {
                    self.state.set_handled(&name, self.discoverer.now());
                    tell(cost, Change::Handled { freight, attempts });
                }
                Err(error) => {
                    is_handled = false;
                    tell(cost, Change::HandlerFailed { freight, attempts, error: error.to_string() });
                }
            }
            if let Err(error) = self.save() {
                tell(cost, Change::StateNotSaved { error: Reason::from(&error) });
                return false;
            }
        }
        is_handled
    }
}

impl WatcherBuilder {
    /// When the rounds are. Defaults to the Warehouse's own `interval`.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.watcher.schedule = schedule;
        self
    }

    /// How long the discovery of a round takes at most. Defaults to [that of the discoverer](crate::DiscovererBuilder::deadline).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.watcher.timeout = Some(timeout);
        self
    }

    /// Lets Freight contain the earlier result of a subscription that fails, while that is at most this old. Defaults to never, as Kargo
    /// ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). The event of such Freight names [each of them](Change::Freight) with its age.
    pub fn stale_for(mut self, longest: impl Into<Option<Duration>>) -> Self {
        self.watcher.stale_for = longest.into();
        self
    }

    /// Judges tags of Git by what changed since the last Freight of this watch, where a strategy of tags has a path filter, instead of by the changes of the tagged commit alone, as
    /// Kargo does: see [`Run::changes_since`](crate::Run::changes_since). The first Freight is judged as Kargo does. Defaults to `false`.
    pub fn paths_since_last_freight(mut self, since: bool) -> Self {
        self.watcher.paths_since_last_freight = since;
        self
    }

    /// What is done with new Freight.
    ///
    /// Without a handler no Freight waits for one and none is noted as handled, so that a handler that is added later, over the same [state](Self::state), gets the Freight of its first round.
    pub fn handler(mut self, handler: impl FreightHandler) -> Self {
        self.watcher.handler = Some(Arc::new(handler));
        self
    }

    /// Keeps the state in this file. By default it ends with the watcher.
    pub fn state(mut self, file: StateFile) -> Self {
        self.watcher.file = Some(file);
        self
    }

    /// The watcher, with what its file remembers.
    ///
    /// # Errors
    ///
    /// As [`StateFile::load`].
    pub fn build(self) -> Result<Watcher, Error> {
        let mut watcher = self.watcher;
        if let Some(state) = watcher.file.as_ref().map(StateFile::load).transpose()?.flatten() {
            watcher.state = state;
        }
        Ok(watcher)
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher")
            .field("warehouse", &self.warehouse.qualified_name())
            .field("schedule", &self.schedule)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WatcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatcherBuilder").field(&self.watcher).finish()
    }
}

fn best(artifacts: &[AnyArtifact]) -> Option<Revision> {
    artifacts.first().map(Revision::of)
}

/// Whether an earlier result may be used for this long. A result of a later time than now is one of a clock that was set back since: it may not be used if this
/// clock would need longer to reach its time.
fn is_recent(earlier: &StaleResult, longest: Duration, now: Timestamp) -> bool {
    let ahead = u64::try_from(earlier.answered_at.duration_since(now).as_secs()).unwrap_or_default();
    earlier.age_seconds.max(ahead) <= longest.as_secs()
}

/// What tells one failure from another: messages have counts and times in them.
fn failure(error: &Error) -> String {
    match error.status() {
        Some(status) => format!("{} {status}", error.kind().as_str()),
        None => error.kind().as_str().to_owned(),
    }
}

/// Why there is no Freight, where that is not told otherwise: a failed subscription has an event of its own, and `Manual` is a choice.
fn told(reason: &NoFreight) -> Option<String> {
    match reason {
        NoFreight::Manual => None,
        NoFreight::Missing(missing) => {
            let unfit = missing.iter().filter(|missing| !matches!(missing.cause, MissingCause::Failed(_)));
            let unfit: Vec<_> = unfit.map(ToString::to_string).collect();
            (!unfit.is_empty()).then(|| unfit.join("; "))
        }
        other => Some(other.to_string()),
    }
}
