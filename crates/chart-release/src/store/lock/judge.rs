//! Which lock objects belong to a writer at work.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::object::{FOLDER, LockObject, PREFIX};
use crate::store::access::Access;
use crate::store::limits::StoreLimits;
use crate::store::object::ListedObject;
use crate::store::random::Random;

/// A new name for a lock object: `lock-ID-LEASE`, with the lease in milliseconds.
pub(super) fn new_name(random: &mut Random, limits: StoreLimits) -> String {
    let lease = limits.lock_lease.as_millis();
    format!("{PREFIX}{:016x}{:016x}-{lease}", random.next_u64(), random.next_u64())
}

/// Whether this is the name of a lock object, in its folder.
pub(super) fn is_name(name: &str) -> bool {
    let Some((id, lease)) = name.strip_prefix(PREFIX).map(|rest| rest.split_once('-').unwrap_or((rest, "0")))
    else {
        return false;
    };
    id.len() == 32
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !lease.is_empty()
        && lease.bytes().all(|byte| byte.is_ascii_digit())
}

/// The lease that a name tells, or that of these limits.
pub(super) fn lease_of(name: &str, limits: StoreLimits) -> Duration {
    let told = name.rsplit_once('-').and_then(|(_, lease)| lease.parse().ok());
    told.filter(|_| is_name(name)).map_or(limits.lock_lease, Duration::from_millis)
}

/// What is known of lock objects of others, from one list to the next.
pub(super) struct Judge {
    limits: StoreLimits,
    has_own_clock: bool,
    seen: HashMap<String, Seen>,
}

/// An object as it was listed last.
struct Seen {
    modified: Option<Timestamp>,
    size: u64,
    /// When it was first listed so.
    since: Instant,
    /// Whether it was listed otherwise before.
    was_renewed: bool,
}

/// What a lock object of another writer is.
pub(super) enum Judgement {
    /// Its lease has ended: its writer writes nothing any more.
    Lapsed(LockObject),
    /// Its lease has not ended, or that is not known yet.
    Held { lock: LockObject, is_known: bool },
}

impl Judge {
    pub(super) fn new(store: &Access) -> Self {
        Self { limits: store.limits, has_own_clock: store.objects.has_own_clock(), seen: HashMap::new() }
    }

    /// Judges an object of a list; `now` is the time that the store gave to an object that was just written.
    pub(super) fn look(&mut self, object: &ListedObject, now: Option<Timestamp>) -> Judgement {
        let lease = lease_of(&object.name, self.limits);
        let new = || Seen {
            modified: object.modified,
            size: object.size,
            since: Instant::now(),
            was_renewed: false,
        };
        let seen = self.seen.entry(object.name.clone()).or_insert_with(new);
        if (seen.modified, seen.size) != (object.modified, object.size) {
            *seen = Seen { was_renewed: true, ..new() };
        }
        let age = now.zip(object.modified).map(|(now, since)| now.duration_since(since));
        let age = age.map(|age| Duration::try_from(age).unwrap_or_default());
        let unchanged = seen.since.elapsed();
        let lock = LockObject {
            name: format!("{FOLDER}/{}", object.name),
            since: object.modified,
            age: age.or((unchanged > Duration::from_secs(1)).then_some(unchanged)),
            lease,
        };
        // Stores round their times.
        let lapses = lease + lease / 10;
        let trusted = age.filter(|_| self.has_own_clock);
        if trusted.is_some_and(|age| age > lapses) || unchanged > lapses {
            return Judgement::Lapsed(lock);
        }
        Judgement::Held { lock, is_known: trusted.is_some() || seen.was_renewed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = new_name(&mut Random::seeded(1), StoreLimits::default());
        assert!(is_name(&name) && lease_of(&name, StoreLimits::default()) == Duration::from_secs(180));
        let id = "0123456789abcdef0123456789abcdef";
        for (name, expected) in [
            (format!("lock-{id}"), true),
            (format!("lock-{id}-250"), true),
            (format!("lock-{id}-"), false),
            (format!("lock-{id}-2x"), false),
            (format!("lock-{id}0-2"), false),
            (format!("{id}-250"), false),
            ("lock-".to_owned(), false),
        ] {
            assert_eq!(is_name(&name), expected, "{name}");
        }
        let limits = StoreLimits { lock_lease: Duration::from_secs(7), ..StoreLimits::default() };
        assert_eq!(lease_of(&format!("lock-{id}"), limits), Duration::from_secs(7));
        assert_eq!(lease_of(&format!("lock-{id}-250"), limits), Duration::from_millis(250));
    }
}
