//! A queue in which no key waits for the crowd of another.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Items that wait under keys. The keys take turns, and each key has its items in the order in which they came, so that an item waits for
/// the number of keys, and not for the number of items of another key.
///
/// ```
/// use artifact_http::FairQueue;
///
/// let mut queue = FairQueue::default();
/// for (key, item) in [("crowd", 1), ("crowd", 2), ("crowd", 3), ("neighbour", 4)] {
///     queue.push(key, item);
/// }
/// let order: Vec<_> = std::iter::from_fn(|| queue.pop_where(|_| true)).map(|(_, item)| item).collect();
/// assert_eq!(order, [1, 4, 2, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct FairQueue<K, T> {
    by_key: HashMap<K, VecDeque<T>>,
    /// The keys that have items, the next one first.
    turns: VecDeque<K>,
    len: usize,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    /// Adds an item at the end of those of this key.
    pub fn push(&mut self, key: K, item: T) {
        let items = self.by_key.entry(key.clone()).or_default();
        if items.is_empty() {
            self.turns.push_back(key);
        }
        items.push_back(item);
        self.len += 1;
    }

    /// Takes the first item of the first key in turn that `may_go`. The key goes to the end; the others keep their turn.
    pub fn pop_where(&mut self, mut may_go: impl FnMut(&K) -> bool) -> Option<(K, T)> {
        let place = self.turns.iter().position(&mut may_go)?;
        let key = self.turns.remove(place)?;
        let items = self.by_key.get_mut(&key)?;
        let item = items.pop_front()?;
        self.len -= 1;
        if items.is_empty() {
            self.by_key.remove(&key);
        } else {
            self.turns.push_back(key.clone());
        }
        Some((key, item))
    }

    /// Removes the items of this key that are not to be kept.
    pub fn retain(&mut self, key: &K, keep: impl FnMut(&T) -> bool) {
        let Some(items) = self.by_key.get_mut(key) else { return };
        let before = items.len();
        items.retain(keep);
        self.len -= before - items.len();
        if items.is_empty() {
            self.by_key.remove(key);
            self.turns.retain(|other| other != key);
        }
    }

    /// The keys that have items, the next one in turn first.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.turns.iter()
    }

    /// The number of items of this key.
    pub fn len_of(&self, key: &K) -> usize {
        self.by_key.get(key).map_or(0, VecDeque::len)
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K, T> Default for FairQueue<K, T> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), turns: VecDeque::new(), len: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_may_not_go_keeps_its_turn() {
        let mut queue = FairQueue::default();
        for (key, item) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            queue.push(key, item);
        }
        assert_eq!(queue.pop_where(|key| *key != "a"), Some(("b", 2)));
        assert_eq!(queue.pop_where(|_| true), Some(("a", 1)));
        assert_eq!(queue.pop_where(|_| false), None);
        assert_eq!((queue.keys().collect::<Vec<_>>(), queue.len_of(&"a")), (vec![&"c", &"a"], 1));
        queue.retain(&"a", |_| false);
        assert_eq!((queue.len(), queue.pop_where(|_| true)), (1, Some(("c", 4))));
        assert!(queue.is_empty() && queue.turns.is_empty() && queue.by_key.is_empty());
    }

    proptest::proptest! {
        /// Between two items of one key, every other key that waits has a turn.
        #[test]
        fn keys_take_turns(items in proptest::collection::vec(0_u8..5, 0..60)) {
            let mut queue = FairQueue::default();
            for (number, key) in items.iter().enumerate() {
                queue.push(*key, number);
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop_where(|_| true)).collect();
            proptest::prop_assert_eq!(order.len(), items.len());
            for (place, (key, _)) in order.iter().enumerate() {
                let next = order.iter().skip(place + 1).position(|(other, _)| other == key);
                let between = &order[place + 1..][..next.unwrap_or(0)];
                let mut seen: Vec<u8> = between.iter().map(|(key, _)| *key).collect();
                let count = seen.len();
                seen.sort_unstable();
                seen.dedup();
                proptest::prop_assert_eq!(seen.len(), count, "a key had two turns where another had none");
            }
        }
    }
}
