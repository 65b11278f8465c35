//! How much memory the reads of one program may take together.
//!
//! A read that stays small is not counted. One that grows beyond a floor claims all that it may come to, at once, and waits for it without
//! holding anything of the same [class](Class). The classes are ordered: what waits for a claim holds claims of earlier classes only. So
//! no two reads ever wait for each other.
//!
//! A server must not hold the memory of others by sending slowly. So a claim is a lease: while a tenant that holds less waits, a holder that
//! makes too little progress loses its memory, which ends what it reads.

mod pool;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use artifact_source::{Error, ErrorKind};

use self::pool::{Holder, Pool, Terms, Waiting, Wanted};
use crate::Call;

const DEFAULT_BYTES: u64 = 256 << 20;

/// The memory that the reads of one program may take together: bodies while they are read and decoded, and lists as long as they are held.
/// Clones are one budget.
///
/// A quarter of it is for bodies, a half for lists, three sixteenths for what is made of lists to judge them, and the rest is a reserve. As much as a quarter of it
/// is for compiled patterns, on top.
/// One tenant has at most half of each. A read that stays below a floor (256 KiB of a body, 4 MiB of a list or of patterns) is not counted: how many
/// there are at once is bounded elsewhere. Any other one waits until there is room for the most that it may come to. Of the tenants whose
/// reads wait, the one that holds least comes first.
///
/// While a tenant waits, a read of a tenant that holds more ends with [`TimedOut`](ErrorKind::TimedOut) if it is slow: a body that brings less than
/// 1 MiB a second, a list that brings less than 128 KiB a second or takes longer than 15 s, and what holds a list that was read for longer than 15 s more or an order of it for longer than 30 s.
///
/// ```
/// use artifact_http::{Call, HttpClient, MemoryBudget, Tenant};
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let budget = MemoryBudget::new(64 << 20);
/// let client = HttpClient::builder().memory(budget.clone()).build()?;
///
/// let mut list = budget.list(&Call::new().for_tenant("team-a"), u64::MAX);
/// list.hold(10 << 20).await?;
/// list.settle();
/// assert_eq!(budget.held(), 6 << 20, "the floor is not counted");
/// let error = list.hold(100 << 20).await.unwrap_err();
/// assert_eq!(error.kind(), artifact_source::ErrorKind::TooLarge);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct MemoryBudget(Arc<Inner>);

struct Inner {
    bytes: u64,
    pools: [Pool; 4],
}

/// What memory is for. Each class has a part of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A list that is held while a discovery goes on.
    List,
    /// What is made of a list to judge it.
    Judgement,
    /// A body that is read whole, and what it is decoded to.
    Body,
    /// Compiled patterns.
    Pattern,
}

impl Class {
    /// What a read of this class may take without being counted, in bytes.
    const fn floor(self) -> u64 {
        match self {
            Self::List => 4 << 20,
            Self::Judgement => 2 << 20,
            Self::Body => 256 << 10,
            Self::Pattern => 4 << 20,
        }
    }

    /// Its part of a budget, in bytes.
    fn part(self, bytes: u64) -> u64 {
        match self {
            Self::List => bytes / 2,
            Self::Judgement => bytes / 16 * 3,
            Self::Body | Self::Pattern => bytes / 4,
        }
    }

    /// How a holder keeps its memory while others wait.
    const fn terms(self) -> Terms {
        let longest = Duration::from_secs(30);
        match self {
            Self::List => {
                let longest = Duration::from_secs(15);
                Terms { grace: Duration::from_secs(5), per_second: 128 << 10, longest }
            }
            // A pattern is needed as long as its subscription waits for a server.
            Self::Pattern => {
                let forever = Duration::from_secs(86_400);
                Terms { grace: forever, per_second: 1, longest: forever }
            }
            // Judging makes no progress that could be counted, and requests may follow.
            Self::Judgement => Terms { grace: longest, per_second: 1, longest },
            Self::Body => Terms { grace: Duration::from_secs(2), per_second: 1 << 20, longest },
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::List => "the list",
            Self::Judgement => "the selection",
            Self::Body => "the answer",
            Self::Pattern => "the compiled form of the regular expressions",
        }
    }
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl MemoryBudget {
    /// A budget of this many bytes. Defaults to 256 MiB. A whole process takes up to twice as much: caches, threads, and what is not
    /// counted come on top.
    pub fn new(bytes: u64) -> Self {
        let pool = |class: Class| Pool::new(class.part(bytes));
        Self(Arc::new(Inner {
            bytes,
            pools: [Class::Pattern, Class::List, Class::Judgement, Class::Body].map(pool),
        }))
    }

    /// The bytes of the whole budget.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// The bytes that are claimed at the moment, without what is below the floors.
    pub fn held(&self) -> u64 {
        self.0.pools.iter().map(Pool::held).sum()
    }

    /// Memory for a list that is held while a discovery goes on, such as all tags of a repository, and that comes to at most this many bytes.
    pub fn list(&self, call: &Call, most: u64) -> Reservation {
        self.of(Class::List, call, most)
    }

    /// Memory for the compiled patterns of a Warehouse. A discovery may ask for it before everything else.
    pub fn patterns(&self, call: &Call, most: u64) -> Reservation {
        self.of(Class::Pattern, call, most)
    }

    /// Memory for what is made of a list to judge it. A discovery may ask for it while it holds a [list](Self::list), and for nothing else
    /// but bodies afterwards.
    pub fn judgement(&self, call: &Call, most: u64) -> Reservation {
        self.of(Class::Judgement, call, most)
    }

    /// Memory for a body, and for what it is decoded to.
    pub(crate) fn body(&self, call: &Call, most: u64) -> Reservation {
        self.of(Class::Body, call, most)
    }

    fn of(&self, class: Class, call: &Call, most: u64) -> Reservation {
        let holder = Arc::new(Holder::new(call.tenant.clone(), class.terms()));
        let owner = Owner { budget: self.clone(), class, call: call.clone(), holder };
        Reservation { owner: Some(owner), most, claimed: 0, bytes: 0 }
    }
}

/// A part of a [`MemoryBudget`], from when it is needed until this is dropped.
#[must_use = "what is dropped is not held"]
pub struct Reservation {
    /// `None`: nothing is counted.
    owner: Option<Owner>,
    most: u64,
    /// What was taken from the pool.
    claimed: u64,
    bytes: u64,
}

struct Owner {
    budget: MemoryBudget,
    class: Class,
    call: Call,
    holder: Arc<Holder>,
}

impl Owner {
    fn pool(&self) -> &Pool {
        let [pattern, list, judgement, body] = &self.budget.0.pools;
        match self.class {
            Class::List => list,
            Class::Judgement => judgement,
            Class::Body => body,
            Class::Pattern => pattern,
        }
    }
}

impl Owner {
    /// The most that one reservation may hold.
    fn longest(&self) -> u64 {
        self.pool().share.saturating_add(self.class.floor())
    }
}

impl Reservation {
    /// A reservation without a budget, which holds whatever is asked.
    pub fn unlimited() -> Self {
        Self { owner: None, most: u64::MAX, claimed: 0, bytes: 0 }
    }

    /// Holds this many bytes in all. Above the floor it claims the most that the read may come to, and waits for that.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) where the bytes alone exceed the share of one tenant;
    /// [`TimedOut`](ErrorKind::TimedOut) where the deadline of the call passes before there is room.
    pub async fn hold(&mut self, bytes: u64) -> Result<(), Error> {
        let Some(wait) = self.claim(bytes)? else { return Ok(()) };
        let Some(owner) = &self.owner else { return Ok(()) };
        let mut waiting = Waiting::new(owner.pool(), Arc::clone(&owner.holder), wait);
        let bytes_claimed = owner
            .call
            .within(waiting.granted())
            .await
            .map_err(|_| Error::waited_for("memory, which other discoveries take at the moment,"))??;
        drop(waiting);
        self.claimed = bytes_claimed;
        self.bytes = bytes;
        Ok(())
    }

    /// As [`hold`](Self::hold), but more bytes than the share of a tenant hold the share, so that nothing else of that tenant and class is held
    /// beside them: for what cannot be refused.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), as [`hold`](Self::hold).
    pub async fn hold_at_most_a_share(&mut self, bytes: u64) -> Result<(), Error> {
        let longest = self.owner.as_ref().map_or(u64::MAX, Owner::longest);
        self.hold(bytes.min(longest)).await
    }

    /// Holds this many bytes in all if that needs no wait. If it returns `false`, nothing is held any more, and [`hold`](Self::hold) waits: a
    /// read that holds anything else at this moment gives that back before.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge), as [`hold`](Self::hold).
    pub fn try_hold(&mut self, bytes: u64) -> Result<bool, Error> {
        Ok(self.claim(bytes)?.is_none())
    }

    /// Notes the bytes, and asks for a claim where they need one that is not there yet. `None` if they are held now.
    fn claim(&mut self, bytes: u64) -> Result<Option<Wanted>, Error> {
        let Some(owner) = &self.owner else { return Ok(None) };
        let (pool, floor, longest) = (owner.pool(), owner.class.floor(), owner.longest());
        if bytes > longest {
            return Err(too_large(owner.class, longest));
        }
        if owner.holder.is_revoked() {
            return Err(revoked(owner.class));
        }
        owner.holder.progress(bytes.saturating_sub(self.bytes));
        let needed = bytes.saturating_sub(floor);
        if needed <= self.claimed {
            self.bytes = bytes;
            return Ok(None);
        }
        // What was claimed before is given back first, so that nothing is held while it waits.
        pool.release(&owner.holder, std::mem::take(&mut self.claimed));
        let claim = self.most.max(bytes).saturating_sub(floor).min(pool.share);
        let wanted = pool.take(&owner.holder, claim);
        if wanted.is_none() {
            (self.claimed, self.bytes) = (claim, bytes);
        }
        Ok(wanted)
    }

    /// Gives back what is claimed and not held: the read is done.
    pub fn settle(&mut self) {
        let Some(owner) = &self.owner else { return };
        let needed = self.bytes.saturating_sub(owner.class.floor());
        let rest = self.claimed.saturating_sub(needed);
        self.claimed -= rest;
        owner.pool().release(&owner.holder, rest);
        owner.holder.settle();
    }

    /// When the memory is taken back, for the work that goes on while it is held.
    pub fn lease(&self) -> Lease {
        Lease(self.owner.as_ref().map(|owner| (Arc::clone(&owner.holder), owner.class)))
    }

    /// The bytes that are held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(owner) = &self.owner {
            owner.pool().release(&owner.holder, self.claimed);
        }
    }
}

/// The time for which a [`Reservation`] may be held: until another tenant waits for the memory, and this holder is too slow. Clones are one lease.
#[derive(Clone)]
pub struct Lease(Option<(Arc<Holder>, Class)>);

impl Lease {
    /// Does this work as long as the memory may be held. It is dropped when the memory is taken back.
    ///
    /// # Errors
    ///
    /// Those of the work, and [`TimedOut`](ErrorKind::TimedOut) when the memory is taken back.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            error = self.end() => Err(error),
            done = work => done,
        }
    }

    /// Notes that this many bytes arrived, of which those that are [held](Reservation::hold) are only a part.
    pub fn arrived(&self, bytes: usize) {
        if let Some((holder, _)) = &self.0 {
            holder.progress(bytes as u64);
        }
    }

    /// Waits until the memory is taken back, and returns the error that says so.
    pub async fn end(&self) -> Error {
        match &self.0 {
            None => std::future::pending().await,
            Some((holder, class)) => {
                holder.revoked().await;
                revoked(*class)
            }
        }
    }
}

fn revoked(class: Class) -> Error {
    let message = format!("{} took long, and another tenant needed the memory that it held", class.what());
    Error::new(ErrorKind::TimedOut, message)
        .with_hint("the server is slow, or the budget is small: `DiscovererBuilder::memory` sets it")
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

fn too_large(class: Class, longest: u64) -> Error {
    let message = format!(
        "{} takes more than {} MiB of memory, which is the share of one tenant",
        class.what(),
        longest >> 20
    );
    Error::new(ErrorKind::TooLarge, message).with_hint("the budget is set by `DiscovererBuilder::memory`")
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget").field("bytes", &self.bytes()).field("held", &self.held()).finish()
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("bytes", &self.bytes)
            .field("claimed", &self.claimed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Instant;

    use futures::poll;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn call(tenant: &str) -> Call {
        Call::new().for_tenant(tenant)
    }

    /// A budget with 8 MiB for lists, 4 of them for one tenant.
    fn budget() -> MemoryBudget {
        MemoryBudget::new(16 * MIB)
    }

    #[tokio::test]
    async fn what_is_small_is_not_counted() {
        let budget = budget();
        let mut many: Vec<_> = (0..100).map(|_| budget.list(&call("a"), u64::MAX)).collect();
        for list in &mut many {
            list.hold(4 * MIB).await.unwrap();
        }
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn a_read_claims_all_that_it_may_come_to_until_it_is_settled() {
        let budget = budget();
        let mut list = budget.list(&call("a"), 7 * MIB);
        list.hold(5 * MIB).await.unwrap();
        assert_eq!(budget.held(), 3 * MIB);
        list.settle();
        assert_eq!((budget.held(), list.bytes()), (MIB, 5 * MIB));
        list.hold(8 * MIB).await.unwrap();
        assert_eq!(budget.held(), 4 * MIB);
        drop(list);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn more_than_a_share_is_too_large() {
        let budget = budget();
        let error = budget.list(&call("a"), u64::MAX).hold(8 * MIB + 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(
            error.message(),
            "the list takes more than 8 MiB of memory, which is the share of one tenant"
        );
        let error = budget.body(&call("a"), u64::MAX).hold(3 * MIB).await.unwrap_err();
        assert_eq!(
            error.message(),
            "the answer takes more than 2 MiB of memory, which is the share of one tenant"
        );
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn a_tenant_waits_for_itself_and_not_for_others() {
        let budget = budget();
        let (mut first, mut second) = (budget.list(&call("a"), u64::MAX), budget.list(&call("a"), u64::MAX));
        first.hold(5 * MIB).await.unwrap();
        let mut waits = Box::pin(second.hold(5 * MIB));
        assert!(poll!(&mut waits).is_pending(), "the first has all of the tenant's share");
        budget.list(&call("b"), u64::MAX).hold(8 * MIB).await.unwrap();
        first.settle();
        assert!(poll!(&mut waits).is_pending(), "it might come to the whole share");
        drop(first);
        waits.await.unwrap();
        assert_eq!(budget.held(), 4 * MIB);
    }

    #[tokio::test]
    async fn the_tenant_that_holds_least_comes_first() {
        let budget = budget();
        let hold = async |tenant: &str, bytes: u64| {
            let mut list = budget.list(&call(tenant), bytes);
            list.hold(bytes).await.map(|()| list)
        };
        let a = hold("a", 7 * MIB).await.unwrap();
        let b = hold("b", 8 * MIB).await.unwrap();
        let _c = hold("c", 5 * MIB).await.unwrap();
        // All 8 MiB are taken: by a 3, by b 4, by c 1.
        let mut of_c = Box::pin(hold("c", 7 * MIB));
        let mut of_d = Box::pin(hold("d", 7 * MIB));
        assert!(poll!(&mut of_c).is_pending() && poll!(&mut of_d).is_pending());
        drop(a);
        let Poll::Ready(Ok(_d)) = poll!(&mut of_d) else { panic!("d came later, and holds nothing") };
        assert!(poll!(&mut of_c).is_pending());
        drop(b);
        assert!(poll!(&mut of_c).is_ready());
    }

    #[tokio::test]
    async fn what_is_dropped_or_late_gives_its_place_back() {
        let budget = budget();
        let mut first = budget.list(&call("a"), u64::MAX);
        first.hold(8 * MIB).await.unwrap();
        let late = call("a").with_deadline(Instant::now() + Duration::from_millis(10));
        let error = budget.list(&late, u64::MAX).hold(5 * MIB).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let mut dropped = budget.list(&call("a"), u64::MAX);
        let mut waits = Box::pin(dropped.hold(5 * MIB));
        assert!(poll!(&mut waits).is_pending());
        drop(first);
        // It was granted, and the future that waited for it is gone.
        drop(waits);
        drop(dropped);
        assert_eq!(budget.held(), 0);
        budget.list(&call("a"), u64::MAX).hold(8 * MIB).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn slow_holders_make_room_for_a_tenant_that_holds_less() {
        let budget = MemoryBudget::new(64 * MIB);
        let held = async |tenant: &str| {
            let mut body = budget.body(&call(tenant), u64::MAX);
            body.hold(MIB).await.unwrap();
            body
        };
        let read = |mut body: Reservation, rate: u64| async move {
            let lease = body.lease();
            let arrive = async {
                for second in 1..=10 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    body.hold(MIB + second * rate).await?;
                }
                Ok(body.bytes())
            };
            lease.guard(arrive).await
        };
        // Two tenants hold all that is for bodies, 16 MiB, and one of the two servers is slow.
        let (fast, slow) = (held("a").await, held("b").await);
        assert_eq!(budget.held(), 16 * MIB);
        let third = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let begin = tokio::time::Instant::now();
            drop(held("c").await);
            begin.elapsed()
        };
        let (fast, slow, waited) = tokio::join!(read(fast, MIB / 2), read(slow, MIB / 16), third);
        let slow = slow.unwrap_err();
        assert_eq!(slow.kind(), ErrorKind::TimedOut);
        assert_eq!(slow.message(), "the answer took long, and another tenant needed the memory that it held");
        assert_eq!(fast.unwrap(), 6 * MIB, "nobody waits any more when it is late");
        assert!(waited < Duration::from_secs(2), "{waited:?}");
        assert_eq!(budget.held(), 0);
    }

    /// Of tenants that hold nothing, the one goes first whose last turn is longest ago, however many claims of others came before.
    #[tokio::test(start_paused = true)]
    async fn a_queue_of_claims_does_not_come_before_a_tenant_that_had_none() {
        let budget = MemoryBudget::new(64 * MIB);
        let crowd = (0..20).map(|number| {
            let mut body = budget.body(&call(["a", "b"][number % 2]), u64::MAX);
            async move {
                let lease = body.lease();
                let drips = async {
                    body.hold(MIB).await?;
                    std::future::pending::<Result<(), Error>>().await
                };
                lease.guard(drips).await.unwrap_err()
            }
        });
        let crowd = futures::future::join_all(crowd);
        let third = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let begin = tokio::time::Instant::now();
            budget.body(&call("c"), u64::MAX).hold(MIB).await.unwrap();
            begin.elapsed()
        };
        tokio::select! {
            waited = third => assert!(waited < Duration::from_secs(2), "{waited:?}"),
            _ = crowd => panic!("the crowd came first"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_late_while_nobody_waits_who_holds_less() {
        let budget = MemoryBudget::new(64 * MIB);
        let mut mine = Vec::new();
        for _ in 0..2 {
            let mut list = budget.list(&call("a"), 12 * MIB);
            list.hold(12 * MIB).await.unwrap();
            list.settle();
            mine.push(list);
        }
        // The tenant's own memory is no reason, nor that of one that holds as much.
        let late = call("a").with_deadline(std::time::Instant::now() + Duration::from_secs(300));
        let mut more = budget.list(&late, u64::MAX);
        assert!(tokio::time::timeout(Duration::from_secs(10), more.hold(5 * MIB)).await.is_err());
        let mut other = budget.list(&call("b"), u64::MAX);
        other.hold(20 * MIB).await.unwrap();
        for list in &mut mine {
            list.hold(12 * MIB).await.unwrap();
        }
        let lost = other.lease();
        let given_back = async {
            let error = lost.guard(std::future::pending::<Result<(), Error>>()).await.unwrap_err();
            let again = other.hold(20 * MIB).await.unwrap_err();
            drop(other);
            (error, again)
        };
        let mut third = budget.list(&call("c"), 12 * MIB);
        let (held, (error, again)) = tokio::join!(third.hold(12 * MIB), given_back);
        held.unwrap();
        assert_eq!(error.message(), "the list took long, and another tenant needed the memory that it held");
        assert_eq!(again.message(), error.message());
        for list in mine {
            assert_eq!(list.lease().guard(std::future::ready(Ok(1))).await.unwrap(), 1);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_crowd_is_served(reads in proptest::collection::vec((0_u8..4, 0_u64..9), 1..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let budget = budget();
                let all = reads.iter().map(async |(tenant, mib)| {
                    let call = call(&tenant.to_string());
                    let mut list = budget.list(&call, u64::MAX);
                    for step in 0..=*mib {
                        list.hold(step * MIB).await.unwrap();
                        assert!(budget.held() <= 16 * MIB);
                        tokio::task::yield_now().await;
                    }
                    list.settle();
                    let mut body = budget.body(&call, u64::MAX);
                    body.hold(MIB).await.unwrap();
                    tokio::task::yield_now().await;
                });
                futures::future::join_all(all).await;
                assert_eq!(budget.held(), 0);
            });
        }
    }
}
