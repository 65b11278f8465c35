//! The names of tags: many short texts, in little memory.

use std::collections::BTreeSet;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use artifact_http::{Lease, Reservation};

/// All tags of a repository, each once, in the order of their bytes. Clones share them.
///
/// ```
/// # async fn example(repository: oci_registry::Repository) -> Result<(), artifact_source::Error> {
/// let tags = repository.tags(&artifact_http::Call::new()).await?;
/// let newest = tags.iter().filter(|tag| tag.starts_with("v1.")).next_back();
/// println!("{newest:?} of {}", tags.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tags(Arc<Held>);

struct Held {
    names: TagNames,
    memory: Reservation,
}

impl Tags {
    /// The tags in this set, with the memory that they take.
    pub(crate) fn new(set: TagSet, mut memory: Reservation) -> Self {
        let names = set.into_names();
        memory.settle();
        Self(Arc::new(Held { names, memory }))
    }

    /// When the memory of the tags is taken back, for the work that goes on while they are held.
    pub fn lease(&self) -> Lease {
        self.0.memory.lease()
    }

    /// The number of tags.
    pub fn len(&self) -> usize {
        self.0.names.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tag at this place in the order of their bytes, from 0.
    pub fn get(&self, position: usize) -> Option<&str> {
        self.0.names.order.get(position).map(|place| place.of(&self.0.names.text))
    }

    /// A copy of each tag, for a program that needs them on their own.
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }

    /// The tags in the order of their bytes.
    pub fn iter(&self) -> Iter<'_> {
        Iter { text: &self.0.names.text, order: self.0.names.order.iter() }
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a str;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<T: AsRef<str>> PartialEq<[T]> for Tags {
    fn eq(&self, other: &[T]) -> bool {
        self.iter().eq(other.iter().map(AsRef::as_ref))
    }
}

impl<T: AsRef<str>, const N: usize> PartialEq<[T; N]> for Tags {
    fn eq(&self, other: &[T; N]) -> bool {
        *self == other[..]
    }
}

impl<T: AsRef<str>> PartialEq<Vec<T>> for Tags {
    fn eq(&self, other: &Vec<T>) -> bool {
        *self == other[..]
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// The tags of a repository in the order of their bytes.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    text: &'a str,
    order: std::slice::Iter<'a, Place>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.order.next().map(|place| place.of(self.text))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.order.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.order.next_back().map(|place| place.of(self.text))
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

/// Where a name is in the text.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: u32,
    length: u32,
}

impl Place {
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// Names in one text, and the order of their places.
#[derive(Clone, Debug, Default)]
struct TagNames {
    text: String,
    order: Vec<Place>,
}

/// With fewer new names than this, they are not put in order with the others.
const FEW: usize = 4096;
/// What a new name takes beside its bytes, about, in bytes.
const PER_NEW_NAME: usize = 80;

/// A set of names that grows: most of them in one text, and the latest ones in a tree.
#[derive(Debug, Default)]
pub(crate) struct TagSet {
    names: TagNames,
    new: BTreeSet<String>,
    new_bytes: usize,
}

impl TagSet {
    pub(crate) fn len(&self) -> usize {
        self.names.order.len() + self.new.len()
    }

    /// The memory that the names take, about, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let ordered = self.names.text.len() + self.names.order.len() * size_of::<Place>();
        ordered + self.new_bytes + self.new.len() * PER_NEW_NAME
    }

    /// Adds a name. Returns whether it was not there. The names together must have less than 4 GiB.
    pub(crate) fn insert(&mut self, name: String) -> bool {
        let TagNames { text, order } = &self.names;
        if order.binary_search_by(|place| place.of(text).cmp(&name)).is_ok() {
            return false;
        }
        let length = name.len();
        if !self.new.insert(name) {
            return false;
        }
        self.new_bytes += length;
        if self.new.len() > FEW.max(self.names.order.len() / 8) {
            self.put_in_order();
        }
        true
    }

    /// Moves the new names into the text, and merges the places of both, from the last one on.
    fn put_in_order(&mut self) {
        let TagNames { text, order } = &mut self.names;
        let mut added = Vec::with_capacity(self.new.len());
        for name in std::mem::take(&mut self.new) {
            let place = (u32::try_from(text.len()), u32::try_from(name.len()));
            if let (Ok(start), Ok(length)) = place {
                text.push_str(&name);
                added.push(Place { start, length });
            }
        }
        self.new_bytes = 0;
        let mut known = order.len();
        order.resize(known + added.len(), Place::default());
        for target in (0..order.len()).rev() {
            let last_known = known.checked_sub(1).and_then(|last| order.get(last)).copied();
            let next = match (last_known, added.last().copied()) {
                (Some(one), Some(other)) if one.of(text) > other.of(text) => {
                    known -= 1;
                    one
                }
                (_, Some(_)) => added.pop().unwrap_or_default(),
                // What is left is in its place.
                (_, None) => break,
            };
            if let Some(place) = order.get_mut(target) {
                *place = next;
            }
        }
    }

    fn into_names(mut self) -> TagNames {
        self.put_in_order();
        self.names.text.shrink_to_fit();
        self.names.order.shrink_to_fit();
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(set: TagSet) -> Tags {
        Tags::new(set, Reservation::unlimited())
    }

    #[test]
    fn many_names_in_any_order() {
        for step in [1_u64, 7919, 99_991] {
            let mut set = TagSet::default();
            let names: Vec<String> =
                (0..100_000).map(|number| (number * step % 100_000).to_string()).collect();
            for name in &names {
                assert!(set.insert(name.clone()));
                assert!(!set.insert(name.clone()));
            }
            assert_eq!(set.len(), 100_000);
            assert!(set.memory() < 100_000 * 40, "{}", set.memory());
            let expected: BTreeSet<String> = names.into_iter().collect();
            assert_eq!(tags(set), expected.into_iter().collect::<Vec<_>>());
        }
    }

    proptest::proptest! {
        #[test]
        fn it_is_a_sorted_set(names in proptest::collection::vec("[a-c]{0,3}", 0..60), often in 1_usize..9) {
            let mut set = TagSet::default();
            let mut expected = BTreeSet::new();
            for (number, name) in names.iter().enumerate() {
                proptest::prop_assert_eq!(set.insert(name.clone()), expected.insert(name.clone()));
                if number % often == 0 {
                    set.put_in_order();
                }
            }
            proptest::prop_assert_eq!(set.len(), expected.len());
            let tags = tags(set);
            proptest::prop_assert!(tags == expected.iter().cloned().collect::<Vec<_>>());
            proptest::prop_assert!(tags.iter().rev().eq(expected.iter().rev().map(String::as_str)));
        }
    }
}
