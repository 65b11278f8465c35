//! A map whose values are computed once and kept.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use artifact_source::lock;

/// Answers by key, each made by one caller and kept for all that follow.
///
/// Of several callers at the same moment one makes the answer and the others wait for it. If that one fails or is dropped, the next one
/// tries: errors are not kept. It differs from [`SingleFlight`](crate::SingleFlight), which keeps no answer, so that an answer is never older than its
/// question.
///
/// ```
/// use artifact_http::OnceMap;
///
/// # async fn example() -> Result<(), artifact_source::Error> {
/// let known: OnceMap<&str, u32> = OnceMap::default();
/// let first = known.get_or_try_init("question", async { Ok::<_, artifact_source::Error>(1) }).await?;
/// let second = known.get_or_try_init("question", async { Ok::<_, artifact_source::Error>(2) }).await?;
/// assert_eq!((first, second), (1, 1));
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct OnceMap<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    max_entries: usize,
}

/// It is locked while a caller makes the answer.
type Slot<V> = Arc<tokio::sync::Mutex<Option<V>>>;

impl<K: Eq + Hash, V: Clone> OnceMap<K, V> {
    /// A map that discards, once it has this many answers, those that no caller waits for. [`default`](Self::default) keeps all.
    pub fn bounded(max_entries: usize) -> Self {
        Self { max_entries, ..Self::default() }
    }

    /// The answer that is kept under this key, or else the one that `init` makes.
    ///
    /// # Errors
    ///
    /// That of `init`, for this caller alone.
    pub async fn get_or_try_init<E>(&self, key: K, init: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        self.get_or_renew(key, |_| true, init).await
    }

    /// The answer that is kept under this key if it is fresh, or else the one that `init` makes. Freshness is judged after the wait for another
    /// caller.
    pub async fn get_if(
        &self,
        key: K,
        is_fresh: impl FnOnce(&V) -> bool,
        init: impl Future<Output = V>,
    ) -> V {
        let init = async { Ok::<V, Infallible>(init.await) };
        match self.get_or_renew(key, is_fresh, init).await {
            Ok(answer) => answer,
        }
    }

    async fn get_or_renew<E>(
        &self,
        key: K,
        is_fresh: impl FnOnce(&V) -> bool,
        init: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let slot = self.slot(key);
        let mut slot = slot.lock().await;
        if let Some(kept) = &*slot
            && is_fresh(kept)
        {
            return Ok(kept.clone());
        }
        *slot = None;
        let answer = init.await?;
        Ok(slot.insert(answer).clone())
    }

    /// The answer that is kept under this key; `None` if there is none, or while a caller makes it.
    pub fn peek(&self, key: &K) -> Option<V> {
        let slot = lock(&self.slots).get(key).map(Arc::clone)?;
        slot.try_lock().ok()?.clone()
    }

    fn slot(&self, key: K) -> Slot<V> {
        let mut slots = lock(&self.slots);
        if slots.len() >= self.max_entries && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

impl<K, V> Default for OnceMap<K, V> {
    fn default() -> Self {
        Self { slots: Mutex::default(), max_entries: usize::MAX }
    }
}

/// Shows no answer: it may be a credential.
impl<K, V> Debug for OnceMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceMap").field("entries", &lock(&self.slots).len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::{join_all, pending};

    use super::*;

    async fn counted(count: &AtomicU32) -> Result<u32, &'static str> {
        let number = count.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if number == 0 { Err("the first one fails") } else { Ok(number) }
    }

    #[tokio::test]
    async fn one_caller_makes_the_answer_and_an_error_is_that_of_its_caller_alone() {
        let (known, count) = (OnceMap::default(), AtomicU32::new(0));
        let answers = join_all((0..50).map(|_| known.get_or_try_init("a", counted(&count)))).await;
        let (answers, errors): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((answers.len(), errors), (49, vec![Err("the first one fails")]));
        assert!(answers.into_iter().all(|answer| answer == Ok(1)));
        assert_eq!((known.peek(&"a"), known.peek(&"b"), count.into_inner()), (Some(1), None, 2));
    }

    #[tokio::test]
    async fn a_caller_that_is_dropped_leaves_the_question_to_the_next_one() {
        let known: OnceMap<&str, u32> = OnceMap::default();
        let mut first = Box::pin(known.get_if("a", |_| true, pending()));
        assert!(futures::poll!(&mut first).is_pending());
        assert_eq!(known.peek(&"a"), None);
        drop(first);
        assert_eq!(known.get_if("a", |_| true, async { 2 }).await, 2);
        assert_eq!(known.get_if("a", |kept| *kept > 2, async { 3 }).await, 3, "it was not fresh");
        assert_eq!(known.get_if("a", |kept| *kept > 2, async { 4 }).await, 3);
    }

    #[tokio::test]
    async fn a_bounded_map_keeps_what_is_waited_for() {
        let known: OnceMap<u32, u32> = OnceMap::bounded(4);
        let mut waiting = Box::pin(known.get_if(1000, |_| true, pending()));
        assert!(futures::poll!(&mut waiting).is_pending());
        for key in 0..100 {
            assert_eq!(known.get_if(key, |_| true, async { key }).await, key);
            let slots = lock(&known.slots);
            assert!(slots.len() <= 4 && slots.contains_key(&1000));
        }
    }
}
