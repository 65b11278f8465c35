//! The limit of concurrent discoveries, and whose turn it is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use artifact_http::{Call, FairQueue, Tenant};
use artifact_source::{Error, ErrorKind, SourceId, SourceKind, lock};
use futures::FutureExt as _;
use futures::future::{self, BoxFuture, WeakShared};
use tokio::sync::oneshot;

/// The largest number of subscriptions that share one place.
const LARGEST_CROWD: usize = 32;

/// The places beside all others for tenants that hold none, so that tenants whose servers are silent do not keep another from being asked at all.
const MOST_FIRST: usize = 64;

/// With this many that wait, those of the tenant that no longer do are removed.
const CLEANUP_AT: usize = 1024;

/// Admits as many subscriptions at once as it has places, over all runs of a discoverer.
///
/// Tenants take turns where places are short. So that a tenant whose servers are slow does not keep the others from being asked at all, there are
/// [half as many places again](AdmissionQueue::extra) for tenants that hold less than a quarter of the places, and one for each of the first
/// [`MOST_FIRST`] tenants that hold none.
///
/// Subscriptions of one tenant to one registry's repository, one index of charts or one Git repository share one place, up to
/// [`LARGEST_CROWD`] of them: what they ask at the same moment is asked once, so the second one costs next to nothing, and would cost as
/// much as the first if it came later. A subscription that arrives after the first one is done takes another place, so that a long row of
/// equal ones does not starve the others.
#[derive(Clone)]
pub(crate) struct AdmissionQueue(Arc<Shared>);

struct Shared {
    places: usize,
    places_of: Mutex<Places>,
    admitted: Mutex<Admitted>,
}

/// The places, and who waits for one.
#[derive(Default)]
struct Places {
    taken: usize,
    by_tenant: HashMap<Tenant, usize>,
    waiting: FairQueue<Tenant, oneshot::Sender<Place>>,
}

/// A place, until it is dropped.
struct Place {
    queue: AdmissionQueue,
    tenant: Tenant,
}

/// The right to ask, until it is dropped.
pub(crate) struct Admission {
    _place: Arc<Place>,
    _joinable: Option<Joinable>,
}

/// Held by the subscription that took the place: others can join as long as it is there.
struct Joinable {
    queue: AdmissionQueue,
    key: SourceKey,
    number: u64,
    _acquiring: future::Shared<Acquiring>,
}

#[derive(Default)]
struct Admitted {
    by_source: HashMap<SourceKey, Crowd>,
    last: u64,
}

/// The subscriptions that share a place.
struct Crowd {
    number: u64,
    count: usize,
    acquiring: WeakShared<Acquiring>,
}

/// What is the same for subscriptions that share their reads.
type SourceKey = (Tenant, SourceKind, String);

type Acquiring = BoxFuture<'static, Option<Arc<Place>>>;

impl AdmissionQueue {
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Shared { places, places_of: Mutex::default(), admitted: Mutex::default() }))
    }

    /// Waits for a place, alone or together with others of the same source.
    ///
    /// # Errors
    ///
    /// `TimedOut` where the deadline passes first.
    pub(crate) async fn admit(
        &self,
        tenant: &Tenant,
        id: &SourceId,
        deadline: Option<Instant>,
    ) -> Result<Admission, Error> {
        let late = || Error::waited_for("other subscriptions");
        let (acquiring, joinable) = self.join(tenant, id);
        let call = Call::new().with_deadline(deadline);
        if call.remaining().is_some_and(|left| left.is_zero()) {
            return Err(late());
        }
        let place = call.within(acquiring).await.map_err(|_| late())?;
        let place = place.ok_or_else(|| Error::new(ErrorKind::Internal, "the admission queue is closed"))?;
        Ok(Admission { _place: place, _joinable: joinable })
    }

    fn join(&self, tenant: &Tenant, id: &SourceId) -> (future::Shared<Acquiring>, Option<Joinable>) {
        let (queue, of) = (self.clone(), tenant.clone());
        let own = async move { queue.place(of).await.map(Arc::new) }.boxed().shared();
        // Other sources ask for themselves.
        if !matches!(id.kind(), SourceKind::Image | SourceKind::Chart | SourceKind::Git) {
            return (own, None);
        }
        let mut admitted = lock(&self.0.admitted);
        let key = (tenant.clone(), id.kind().clone(), id.url().to_owned());
        if let Some(crowd) = admitted.by_source.get_mut(&key)
            && crowd.count < LARGEST_CROWD
            && let Some(acquiring) = crowd.acquiring.upgrade()
        {
            crowd.count += 1;
            return (acquiring, None);
        }
        admitted.last += 1;
        let (number, acquiring) = (admitted.last, own.clone());
        if let Some(weak) = own.downgrade() {
            admitted.by_source.insert(key.clone(), Crowd { number, count: 1, acquiring: weak });
        }
        (own, Some(Joinable { queue: self.clone(), key, number, _acquiring: acquiring }))
    }

    /// A place of this tenant, in its turn.
    async fn place(&self, tenant: Tenant) -> Option<Place> {
        let (admit, admitted) = oneshot::channel();
        self.wait(tenant, admit);
        self.admit_next();
        admitted.await.ok()
    }

    fn wait(&self, tenant: Tenant, admit: oneshot::Sender<Place>) {
        let mut places = lock(&self.0.places_of);
        if places.waiting.len() >= CLEANUP_AT {
            places.waiting.retain(&tenant, |admit| !admit.is_closed());
        }
        places.waiting.push(tenant, admit);
    }

    /// Gives the places that are free to those whose turn it is.
    fn admit_next(&self) {
        loop {
            let mut places = lock(&self.0.places_of);
            let Places { taken, by_tenant, waiting } = &mut *places;
            let held = |tenant: &Tenant| by_tenant.get(tenant).copied().unwrap_or_default();
            let next = waiting.pop_where(|tenant| self.has_room(*taken, held(tenant)));
            let Some((tenant, admit)) = next else { return };
            if admit.is_closed() {
                continue;
            }
            *taken += 1;
            *by_tenant.entry(tenant.clone()).or_default() += 1;
            drop(places);
            // If the receiver is gone, the place is dropped, which frees it.
            let _ = admit.send(Place { queue: self.clone(), tenant });
        }
    }

    /// Whether there is a place for a tenant that holds so many.
    fn has_room(&self, taken: usize, held: usize) -> bool {
        let (places, extra) = (self.0.places, self.extra());
        taken < places
            || (held < places.div_ceil(4) && taken < places.saturating_add(extra))
            || (held == 0 && taken < places.saturating_add(extra).saturating_add(MOST_FIRST))
    }

    /// The places that are there only for tenants that hold few.
    fn extra(&self) -> usize {
        self.0.places.div_ceil(2)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = lock(&self.queue.0.places_of);
        places.taken = places.taken.saturating_sub(1);
        if let Some(held) = places.by_tenant.get_mut(&self.tenant) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                places.by_tenant.remove(&self.tenant);
            }
        }
        drop(places);
        self.queue.admit_next();
    }
}

impl Drop for Joinable {
    fn drop(&mut self) {
        let mut admitted = lock(&self.queue.0.admitted);
        if admitted.by_source.get(&self.key).is_some_and(|crowd| crowd.number == self.number) {
            admitted.by_source.remove(&self.key);
        }
    }
}

impl fmt::Debug for AdmissionQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = lock(&self.0.places_of);
        f.debug_struct("AdmissionQueue")
            .field("places", &self.0.places)
            .field("taken", &places.taken)
            .field("waiting", &places.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn image(url: &str) -> SourceId {
        SourceId::new(SourceKind::Image, url)
    }

    fn tenant(name: &str) -> Tenant {
        Tenant::from(name)
    }

    fn taken(queue: &AdmissionQueue) -> usize {
        lock(&queue.0.places_of).taken
    }

    #[tokio::test]
    async fn subscriptions_to_one_source_share_a_place() {
        let (queue, team) = (AdmissionQueue::new(2), tenant("team"));
        let admit = |url: &'static str| {
            let (queue, team) = (queue.clone(), team.clone());
            async move { queue.admit(&team, &image(url), None).await.unwrap() }
        };
        let (a, b, other) = (admit("a").await, admit("a").await, admit("b").await);
        assert_eq!(taken(&queue), 2);
        let soon = Instant::now() + Duration::from_millis(10);
        let late = queue.admit(&team, &image("c"), Some(soon)).await.map(|_| ()).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        drop((a, other));
        assert_eq!(taken(&queue), 1, "one of the two is still there");
        drop(b);
        assert_eq!(taken(&queue), 0);
        let next = admit("d").await;
        assert_eq!(taken(&queue), 1, "the one whose deadline passed takes no place");
        drop(next);
    }

    #[tokio::test]
    async fn tenants_that_keep_all_places_do_not_keep_another_waiting() {
        let queue = AdmissionQueue::new(16);
        let mut held = Vec::new();
        for crowd in 0..30 {
            for number in 0..40 {
                let (tenant, id) = (tenant(&crowd.to_string()), image(&number.to_string()));
                held.extend(queue.admit(&tenant, &id, None).now_or_never());
            }
        }
        let all = taken(&queue);
        assert!((24 + 5..=24 + 64).contains(&all), "{all}");
        let one = queue.admit(&tenant("neighbour"), &image("x"), None).now_or_never();
        assert!(one.unwrap().is_ok());
    }

    #[tokio::test]
    async fn many_of_one_source_do_not_starve_another() {
        let (queue, team) = (AdmissionQueue::new(1), tenant("team"));
        let (a, b) = (image("a"), image("b"));
        let first = queue.admit(&team, &a, None).await.unwrap();
        let second = queue.admit(&team, &a, None).await.unwrap();
        let mut other = Box::pin(queue.admit(&team, &b, None));
        assert!(futures::poll!(&mut other).is_pending());
        drop(first);
        let mut third = Box::pin(queue.admit(&team, &a, None));
        assert!(
            futures::poll!(&mut third).is_pending(),
            "the first one is gone: the third one needs a place of its own"
        );
        drop(second);
        assert!(other.await.is_ok(), "and the other source comes before it");
        assert!(third.await.is_ok());
        assert!(lock(&queue.0.admitted).by_source.is_empty());
    }

    #[tokio::test]
    async fn sources_of_an_embedder_take_a_place_each() {
        let (queue, team) = (AdmissionQueue::new(2), tenant("team"));
        let other = SourceId::new(SourceKind::Other("mine".into()), "a");
        let _both = (
            queue.admit(&team, &other, None).await.unwrap(),
            queue.admit(&team, &other, None).await.unwrap(),
        );
        assert_eq!(taken(&queue), 2);
    }

    #[tokio::test]
    async fn subscriptions_that_wait_for_the_same_source_are_admitted_together() {
        let (queue, team) = (AdmissionQueue::new(1), tenant("team"));
        let first = queue.admit(&team, &image("a"), None).await.unwrap();
        let b = image("b");
        let both = async { tokio::join!(queue.admit(&team, &b, None), queue.admit(&team, &b, None)) };
        let (both, ()) = tokio::join!(both, async move {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert!(both.0.is_ok() && both.1.is_ok());
    }

    /// A tenant holds every place, and gives none back: the next ones are asked all the same, and share what comes free in turns.
    #[tokio::test]
    async fn a_tenant_that_holds_every_place_does_not_keep_others_waiting() {
        let (queue, slow) = (AdmissionQueue::new(4), tenant("slow"));
        let mut held = Vec::new();
        for url in ["a", "b", "c", "d"] {
            held.push(queue.admit(&slow, &image(url), None).await.unwrap());
        }
        let e = image("e");
        let mut fifth = Box::pin(queue.admit(&slow, &e, None));
        assert!(futures::poll!(&mut fifth).is_pending());
        let mut others = Vec::new();
        for name in ["first", "second"] {
            others.push(queue.admit(&tenant(name), &image("x"), None).await.unwrap());
        }
        others.push(queue.admit(&tenant("third"), &image("x"), None).await.unwrap());
        let (y, first) = (image("y"), tenant("first"));
        let mut more = Box::pin(queue.admit(&first, &y, None));
        assert!(futures::poll!(&mut more).is_pending(), "beyond six places, a tenant has one");
        drop(others);
        assert!(more.await.is_ok());
        assert!(futures::poll!(&mut fifth).is_pending(), "four places are taken");
        held.pop();
        assert!(fifth.await.is_ok());
    }

    #[tokio::test]
    async fn a_crowd_on_one_source_takes_a_place_for_each_32() {
        let (queue, team) = (AdmissionQueue::new(3), tenant("team"));
        let mut crowd = Vec::new();
        for _ in 0..2 * LARGEST_CROWD + 1 {
            crowd.push(queue.admit(&team, &image("a"), None).await.unwrap());
        }
        assert_eq!(taken(&queue), 3);
        let neighbour = queue.admit(&tenant("other"), &image("a"), None).await.unwrap();
        assert_eq!(taken(&queue), 4, "another tenant shares no place with them");
        drop((crowd, neighbour));
        assert_eq!(taken(&queue), 0);
    }
}
