//! One run over one Warehouse: its sources are made, asked at once, and observed.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use artifact_http::{Call, Reservation, Tenant};
use artifact_source::{
    AnyArtifact, AnySource, ArtifactSource, Candidate, Cost, DiscoverRequest, Discovery, Error, ErrorKind,
    Meter, Observation, Principal, Rejection, SourceId, Trace, Warning, lock,
};
use freight::NeededCreated;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use warehouse_spec::{Freight, SubscriptionKind, Warehouse};

use crate::admission::Admission;
use crate::kinds::KindContext;
use crate::report::{self, Remembered};
use crate::{Discoverer, Freshness, Report, Snapshot, SubscriptionReport, kinds, result_size, spans};

/// A subscription, and the source that was made of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The subscription's place in the manifest, from 0.
    pub index: usize,
    /// Which source it is.
    pub id: SourceId,
    /// The source, or why none can be made: a rule that the manifest's validation would have refused, or a
    /// generic subscription whose type is not registered.
    pub source: Result<AnySource, Error>,
    pub(crate) key: String,
}

/// Compiles the patterns of a Warehouse into the budget of this thread.
fn compile_patterns(warehouse: &Warehouse) {
    for subscription in &warehouse.spec.subscriptions {
        // What is wrong is told when the source is made.
        match &subscription.kind {
            SubscriptionKind::Git(git) => drop(git.rule()),
            _ => drop(subscription.tag_rule()),
        }
    }
    drop(NeededCreated::of_warehouse(warehouse));
}

/// How long after the deadline a source may take to say that it passed.
const GRACE: Duration = Duration::from_secs(1);

/// One run over one Warehouse, to be awaited: see [`Discoverer::run`].
#[must_use = "a run does nothing until it is awaited"]
pub struct Run<'a> {
    discoverer: &'a Discoverer,
    warehouse: &'a Warehouse,
    previous: Option<&'a Snapshot>,
    observer: &'a dyn Observer,
    deadline: Option<Instant>,
    tenant: Tenant,
    last_freight: Option<&'a Freight>,
    /// The subscriptions that are asked; all where there is none.
    only: Option<BTreeSet<usize>>,
}

impl Discoverer {
    /// The sources that a run over this Warehouse would ask, in the manifest's order, and for a subscription that
    /// no source can be made of, why. They belong to the tenant of the Warehouse's namespace. Nothing is fetched.
    ///
    /// The patterns of all subscriptions together take from one [budget](crate::DiscovererBuilder::pattern_budget).
    pub fn compile(&self, warehouse: &Warehouse) -> Vec<Compiled> {
        self.compile_for(warehouse, &Tenant::from(warehouse.namespace()), None)
    }

    fn compile_for(&self, warehouse: &Warehouse, tenant: &Tenant, last: Option<&Freight>) -> Vec<Compiled> {
        self.shared.patterns.budget().install(|| self.compile_within(warehouse, tenant, last))
    }

    fn compile_within(
        &self,
        warehouse: &Warehouse,
        tenant: &Tenant,
        last_freight: Option<&Freight>,
    ) -> Vec<Compiled> {
        let needed = NeededCreated::of_warehouse(warehouse);
        let context = KindContext { discoverer: self, tenant, warehouse, needed, last_freight };
        let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
        subscriptions
            .map(|(index, subscription)| {
                let id = kinds::id(subscription);
                let source = kinds::source(&context, subscription, &id);
                // A source that an embedder makes may have an id of its own, which says more.
                let own = source.as_ref().map_or_else(Error::id, |source| Some(source.id())).cloned();
                let id = match own {
                    Some(own) if own.subscription().is_none() => own.with_subscription(id.subscription()),
                    Some(own) => own,
                    None => id,
                };
                let source = source.map_err(|error| error.replace_id(&id));
                Compiled { index, source, key: report::key(subscription), id }
            })
            .collect()
    }

    /// The same, on the threads for work that keeps a processor busy if the patterns are large.
    async fn compile_apart(
        &self,
        warehouse: &Warehouse,
        tenant: &Tenant,
        last_freight: Option<&Freight>,
        call: &Call,
    ) -> (Vec<Compiled>, Reservation) {
        let small = self.shared.patterns.small_budget();
        small.install(|| compile_patterns(warehouse));
        if !small.has_refused() {
            let compiled = small.install(|| self.compile_within(warehouse, tenant, last_freight));
            return (compiled, Reservation::unlimited());
        }
        let budget = self.shared.patterns.budget();
        let most = self.shared.patterns.most_memory();
        let mut memory = self.shared.memory.patterns(call, most);
        if let Err(error) = memory.hold_at_most_a_share(most).await {
            return (failed(warehouse, &error), memory);
        }
        let (discoverer, copy, owner) = (self.clone(), warehouse.clone(), tenant.clone());
        let last_freight = last_freight.cloned();
        let runtime = tokio::runtime::Handle::try_current();
        let pool = &self.shared.work_pool;
        let of_run = budget.clone();
        let compiled = pool.run(call, move |_| {
            // A factory of the program's own may expect the runtime.
            let _entered = runtime.as_ref().ok().map(|runtime| runtime.enter());
            of_run.install(|| discoverer.compile_within(&copy, &owner, last_freight.as_ref()))
        });
        let compiled = compiled.await.unwrap_or_else(|error| failed(warehouse, &error));
        // What is not needed is for others.
        let held = memory.hold(budget.taken() as u64).await;
        memory.settle();
        match held {
            Ok(()) => (compiled, memory),
            Err(error) => (failed(warehouse, &error), memory),
        }
    }

    /// Discovers every subscription of the Warehouse at once. The run starts when it is awaited; dropping it
    /// cancels it.
    ///
    /// It is a run for the [tenant](Tenant) of the Warehouse's namespace, or for none where the Warehouse has no namespace: its credentials are looked up
    /// for this tenant, and what is read with them is kept for this tenant alone. A program that does not know the namespace from a party that vouches
    /// for it, such as the API server of a cluster, names the tenant by [`Run::for_tenant`].
    ///
    /// It returns no error: failures are in the report.
    pub fn run<'a>(&'a self, warehouse: &'a Warehouse) -> Run<'a> {
        Run::new(self, warehouse)
    }
}

/// Subscriptions of which no source can be made, all for this reason.
fn failed(warehouse: &Warehouse, error: &Error) -> Vec<Compiled> {
    let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
    let failed = subscriptions.map(|(index, subscription)| {
        let id = kinds::id(subscription);
        let source = Err(error.clone().with_id(&id));
        Compiled { index, source, key: report::key(subscription), id }
    });
    failed.collect()
}

impl<'a> Run<'a> {
    pub(crate) fn new(discoverer: &'a Discoverer, warehouse: &'a Warehouse) -> Self {
        let tenant = Tenant::from(warehouse.namespace());
        Self {
            discoverer,
            warehouse,
            previous: None,
            observer: &(),
            deadline: None,
            tenant,
            last_freight: None,
            only: None,
        }
    }

    /// The tenant of the run. Defaults to the namespace of the Warehouse.
    pub fn for_tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// What an earlier run left, so that this one may ask less.
    pub fn with_previous(mut self, previous: impl Into<Option<&'a Snapshot>>) -> Self {
        self.previous = previous.into();
        self
    }

    /// Compares tags of Git with those of this Freight: under a strategy of tags with a path filter, a tag that is better than the one in the Freight is found if
    /// a selected path differs between the two. Defaults to `None`, so that each tag is judged by the changes of its commit alone, as Kargo does
    /// ([rule 4.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Other subscriptions are not affected.
    pub fn changes_since(mut self, freight: impl Into<Option<&'a Freight>>) -> Self {
        self.last_freight = freight.into();
        self
    }

    /// Asks these subscriptions alone, by their places in the manifest, from 0. The report and its snapshot have no others. Defaults to all.
    pub fn only(mut self, subscriptions: impl IntoIterator<Item = usize>) -> Self {
        self.only = Some(subscriptions.into_iter().collect());
        self
    }

    /// The observer of the run.
    pub fn with_observer(mut self, observer: &'a dyn Observer) -> Self {
        self.observer = observer;
        self
    }

    /// The end of the time for an answer. A subscription that has not answered by then has failed. Defaults to
    /// [that of the discoverer](crate::DiscovererBuilder::deadline), 5 minutes after the start.
    pub fn with_deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    async fn go(mut self) -> Report {
        let discovered_at = self.discoverer.now();
        let started = Instant::now();
        let longest = self.discoverer.shared.deadline;
        self.deadline = self.deadline.or_else(|| started.checked_add(longest?));
        let call = Call::new().with_deadline(self.deadline).for_tenant(self.tenant.clone());
        let (compiled, _patterns) =
            self.discoverer.compile_apart(self.warehouse, &self.tenant, self.last_freight, &call).await;
        let run = &self;
        let span = spans::of_run(self.warehouse);
        let ask = |compiled: Compiled| {
            let subscription = spans::of_subscription(&span, &compiled.id);
            spans::within(subscription, run.ask(compiled))
        };
        let is_asked =
            |compiled: &Compiled| self.only.as_ref().is_none_or(|only| only.contains(&compiled.index));
        let asked: FuturesUnordered<_> = compiled.into_iter().filter(is_asked).map(ask).collect();
        let mut subscriptions: Vec<_> = asked.collect().await;
        subscriptions.sort_by_key(|report| report.index);
        result_size::limit(&mut subscriptions, self.discoverer.shared.max_result_bytes);
        let spent: Cost = subscriptions.iter().map(|report| report.cost).sum();
        Report {
            warehouse: self.warehouse.name().to_owned(),
            namespace: self.warehouse.namespace().map(str::to_owned),
            discovered_at,
            subscriptions,
            cost: Cost { elapsed: started.elapsed(), ..spent },
        }
    }

    async fn ask(&self, compiled: Compiled) -> SubscriptionReport {
        let Compiled { index, id, key, source } = compiled;
        let meter = Meter::new();
        self.observer.started(index, &id, &meter);
        let trace = ReportTrace::new(self.observer.trace(index));
        let started = Instant::now();
        let remembered = self.previous.and_then(|previous| previous.get(&key));
        let answer = match source {
            Ok(source) => match self.admit(&id).await {
                Ok(_admission) => self.discover(&*source, &trace, remembered, &meter).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let cost = meter.cost(started.elapsed());
        let mut report = reported(index, id, key, remembered, answer, cost);
        (report.warnings, report.principal) = trace.into_parts();
        self.observer.finished(index, &report);
        report
    }

    async fn admit(&self, id: &SourceId) -> Result<Admission, Error> {
        self.discoverer.admission().admit(&self.tenant, id, self.deadline).await
    }

    async fn discover(
        &self,
        source: &dyn ArtifactSource<Artifact = AnyArtifact>,
        trace: &ReportTrace<'_>,
        remembered: Option<&Remembered>,
        meter: &Meter,
    ) -> Result<Discovery<AnyArtifact>, Error> {
        let request = DiscoverRequest::new()
            .with_previous(remembered.and_then(|remembered| remembered.observation.as_ref()))
            .with_trace(trace)
            .with_deadline(self.deadline)
            .with_meter(meter);
        // A source that panics has a fault, and that is not a reason to lose the others' answers.
        let answer = AssertUnwindSafe(source.discover(request)).catch_unwind();
        let answer = match self.deadline {
            None => answer.await,
            // Sources keep the deadline themselves and say more about it; this is for the one that does not.
            Some(deadline) => tokio::time::timeout_at((deadline + GRACE).into(), answer)
                .await
                .unwrap_or_else(|_| Ok(Err(Error::deadline_passed("discovery")))),
        };
        answer.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the source panicked; this is a bug in it"))
        })
    }
}

impl<'a> IntoFuture for Run<'a> {
    type Output = Report;
    type IntoFuture = Pin<Box<dyn Future<Output = Report> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

fn reported(
    index: usize,
    id: SourceId,
    key: String,
    remembered: Option<&Remembered>,
    answer: Result<Discovery<AnyArtifact>, Error>,
    cost: Cost,
) -> SubscriptionReport {
    let earlier = || -> (Vec<AnyArtifact>, Option<Observation>) {
        remembered.map(|earlier| (earlier.artifacts.clone(), earlier.observation.clone())).unwrap_or_default()
    };
    let (artifacts, observation, freshness, error) = match answer {
        Ok(Discovery::Found(found)) => (found.artifacts, found.observation, Freshness::Found, None),
        Ok(Discovery::Unchanged { .. }) if remembered.is_none() => {
            let error =
                Error::new(ErrorKind::Internal, "the source says Unchanged, and nothing earlier is known");
            (Vec::new(), None, Freshness::Stale, Some(error))
        }
        Ok(Discovery::Unchanged { .. }) => {
            let (artifacts, observation) = earlier();
            (artifacts, observation, Freshness::Unchanged, None)
        }
        Err(error) => {
            let (artifacts, observation) = earlier();
            (artifacts, observation, Freshness::Stale, Some(error))
        }
    };
    SubscriptionReport {
        index,
        // What a source says of itself lacks the subscription's name; what the report says has it.
        error: error.map(|error| error.replace_id(&id)),
        id,
        artifacts,
        freshness,
        warnings: Vec::new(),
        principal: None,
        cost,
        observation,
        key,
    }
}

/// Observes a [`Run`](crate::Run): each method gets the subscription's index in the manifest, from 0.
///
/// Subscriptions run at once, so calls for different ones interleave.
pub trait Observer: Send + Sync {
    /// Receives every candidate of this subscription. Defaults to `()`, which ignores them.
    fn trace(&self, subscription: usize) -> &dyn Trace {
        let _ = subscription;
        &()
    }

    /// The subscription is about to be asked; the meter counts while it is.
    fn started(&self, subscription: usize, id: &SourceId, meter: &Meter) {
        let _ = (subscription, id, meter);
    }

    /// The subscription has answered or failed.
    fn finished(&self, subscription: usize, report: &SubscriptionReport) {
        let _ = (subscription, report);
    }
}

/// Ignores everything.
impl Observer for () {}

/// The most warnings of a subscription that a report keeps.
const MOST_WARNINGS: usize = 100;

/// A trace that keeps the warnings and the principal, and passes everything on.
pub(crate) struct ReportTrace<'a> {
    next: &'a dyn Trace,
    warnings: Mutex<Vec<Warning>>,
    principal: Mutex<Option<Principal>>,
}

impl<'a> ReportTrace<'a> {
    pub(crate) fn new(next: &'a dyn Trace) -> Self {
        Self { next, warnings: Mutex::default(), principal: Mutex::default() }
    }

    /// The warnings, in the order in which they came, and the identity as which the source asked.
    pub(crate) fn into_parts(self) -> (Vec<Warning>, Option<Principal>) {
        (std::mem::take(&mut lock(&self.warnings)), lock(&self.principal).take())
    }
}

impl Trace for ReportTrace<'_> {
    fn accepted(&self, candidate: &Candidate<'_>) {
        self.next.accepted(candidate);
    }

    fn rejected(&self, candidate: &Candidate<'_>, why: &Rejection) {
        self.next.rejected(candidate, why);
    }

    fn listed(&self, count: usize) {
        self.next.listed(count);
    }

    fn authenticated(&self, principal: &Principal) {
        *lock(&self.principal) = Some(principal.clone());
        self.next.authenticated(principal);
    }

    fn warned(&self, warning: &Warning) {
        let mut warnings = lock(&self.warnings);
        if warnings.len() < MOST_WARNINGS {
            warnings.push(warning.clone());
        }
        drop(warnings);
        self.next.warned(warning);
    }
}
