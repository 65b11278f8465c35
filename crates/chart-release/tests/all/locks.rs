//! The lock of stores that cannot write on a condition.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use artifact_source::ErrorKind;
use chart_release::Overwrite;
use chart_release::store::{LockObject, LockObserver, LockWait, Random, Store};
use warehouse_testkit::{Conditions, Fault, When};

use crate::fixture::{self, Held, limits, package, run};

/// Each in turn, with counting that no two do at once.
#[test]
fn a_lock_is_held_by_one_writer_at_a_time() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    for held in [fixture::file_store(), fixture::s3_store(Conditions::Ignored)] {
        let (inside, done) = (AtomicU32::new(0), AtomicU32::new(0));
        run(futures::future::join_all((0..6).map(|writer| {
            let (store, inside, done) = (&held.store, &inside, &done);
            async move {
                let mut random = Random::seeded(writer);
                for _ in 0..3 {
                    let lock = store.lock(&mut random).await.unwrap();
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    lock.check().unwrap();
                    assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                    lock.release().await.unwrap();
                    done.fetch_add(1, SeqCst);
                }
            }
        })));
        assert_eq!(done.into_inner(), 18);
        assert_eq!(run(held.store.locks()).unwrap(), []);
    }
}

#[test]
fn a_lock_object_has_the_time_of_the_clock() {
    let held = fixture::file_store();
    run(async {
        let store = held.store.clone().with_clock(fixture::noon());
        let lock = store.lock(&mut Random::seeded(1)).await.unwrap();
        let name = store.locks().await.unwrap().remove(0).name;
        let content = store.get(&name).await.unwrap().unwrap().bytes;
        let text = String::from_utf8(content.to_vec()).unwrap();
        assert!(text.contains("since 2026-11-29T12:00:00Z."), "{text}");
        lock.release().await.unwrap();
    });
}

/// Notes the names of the locks that are waited for.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

impl LockObserver for Noted {
    fn waiting_for(&self, lock: &LockObject) {
        self.0.lock().unwrap().push(lock.name.clone());
    }
}

/// What a killed writer leaves: its task ends with its process.
fn left_behind(store: &Store) -> LockObject {
    run(async {
        std::mem::forget(store.lock(&mut Random::seeded(1)).await.unwrap());
    });
    let mut standing = run(store.locks()).unwrap();
    assert_eq!(standing.len(), 1);
    standing.remove(0)
}

/// As if it had been written this long ago.
fn age(held: &Held, lock: &LockObject, by: Duration) {
    let path = held.root().join(&lock.name);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - by).unwrap();
}

#[test]
fn a_dropped_lock_is_given_back() {
    for held in [fixture::file_store(), fixture::s3_store(Conditions::Ignored)] {
        run(async {
            drop(held.store.lock(&mut Random::seeded(1)).await.unwrap());
            held.store.unlocked().await;
            assert_eq!(held.store.locks().await.unwrap(), []);
        });
    }
}

/// A deadline drops the work wherever it is: nothing is in the way of the next run.
#[test]
fn work_that_is_dropped_under_the_lock_leaves_none() {
    let held = fixture::s3_store(Conditions::Ignored);
    let packages = [package("web", "1.0.0")];
    run(async {
        // The archive stalls, with the lock held.
        held.server().faults().add(When::path("/**/web-1.0.0.tgz").method("PUT"), Fault::Stall);
        let repository = held.repository();
        let work = repository.publish(&packages, &Overwrite::Never);
        assert!(tokio::time::timeout(Duration::from_secs(1), work).await.is_err());
        held.store.unlocked().await;
        assert_eq!(held.store.locks().await.unwrap(), []);
        held.server().faults().clear();
        repository.publish(&packages, &Overwrite::Never).await.unwrap();
    });
}

#[test]
fn a_wait_that_is_dropped_leaves_no_lock_either() {
    let held = fixture::file_store();
    run(async {
        let first = held.store.lock(&mut Random::seeded(1)).await.unwrap();
        let second = held.store.clone();
        let mut random = Random::seeded(2);
        let wait = tokio::time::timeout(Duration::from_millis(300), second.lock(&mut random));
        assert!(wait.await.is_err());
        first.release().await.unwrap();
        held.store.unlocked().await;
        assert_eq!(held.store.locks().await.unwrap(), []);
    });
}

/// At the deadline of the whole command, which is before the end of the wait, the error is the one about the lock.
#[test]
fn a_lock_in_the_way_is_told_at_the_deadline_with_its_age_and_the_remedy() {
    let held = fixture::file_store();
    let lock = left_behind(&held.store);
    age(&held, &lock, Duration::from_secs(100));
    run(async {
        let noted = Noted::default();
        let deadline = Instant::now() + Duration::from_secs(1);
        let wait = LockWait { deadline: Some(deadline), observer: &noted };
        let error = held.store.lock_within(&mut Random::seeded(2), wait).await.unwrap_err();
        assert!(Instant::now() < deadline, "{error}");
        assert_eq!(error.kind(), ErrorKind::Refused);
        let message = error.to_string();
        assert!(message.contains(&lock.name) && message.contains("renewed 10"), "{message}");
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("lapses 180 s after") && hint.contains("warehouse chart unlock --backup file://"),
            "{hint}"
        );
        assert_eq!(*noted.0.lock().unwrap(), [lock.name.as_str()], "it is said once");
        held.store.unlocked().await;
        assert_eq!(held.store.locks().await.unwrap().len(), 1, "ours is gone");
    });
}

/// The store's own times tell it at once.
#[test]
fn a_lock_whose_lease_has_ended_is_in_nobodys_way() {
    for aged in [Duration::from_secs(199), Duration::from_secs(86_400)] {
        let held = fixture::file_store();
        let lock = left_behind(&held.store);
        age(&held, &lock, aged);
        run(async {
            let own = held.store.lock(&mut Random::seeded(2)).await.unwrap();
            let standing = held.store.locks().await.unwrap();
            assert!(standing.len() == 1 && standing[0].name != lock.name, "{standing:?}");
            own.release().await.unwrap();
            assert_eq!(held.store.locks().await.unwrap(), []);
        });
    }
}

/// Short times: a lease of 1.5 s that is renewed each 250 ms.
fn short() -> chart_release::store::StoreLimits {
    let mut short = limits();
    short.operation = Duration::from_millis(500);
    short.lock_lease = Duration::from_millis(1500);
    short
}

/// Where the machines that write set the times of a list (here: rclone), only looking tells; their clocks count for nothing.
#[test]
fn without_a_clock_of_the_store_a_lock_is_looked_at_for_a_lease() {
    let Some(held) = fixture::rclone_store() else { return };
    let mut limits = limits();
    limits.operation = Duration::from_secs(8);
    limits.lock_lease = Duration::from_secs(10);
    let store = held.store.clone().with_limits(limits);
    let lock = left_behind(&store);
    let path = held.root().join("charts").join(&lock.name);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    // A clock that is a day late.
    file.set_modified(SystemTime::now() - Duration::from_secs(86_400)).unwrap();
    run(async {
        let wait = LockWait { deadline: Some(Instant::now() + Duration::from_secs(5)), observer: &() };
        let error = store.lock_within(&mut Random::seeded(2), wait).await.unwrap_err();
        assert!(error.to_string().contains(&lock.name), "{error}");
        store.unlocked().await;
        store.lock(&mut Random::seeded(3)).await.unwrap().release().await.unwrap();
        assert_eq!(store.locks().await.unwrap(), []);
    });
}

/// A lock that is held for longer than its lease stays, since it is renewed, and the holder may go on writing.
#[test]
fn a_lock_that_is_held_is_renewed() {
    let held = fixture::file_store();
    let store = held.store.clone().with_limits(short());
    run(async {
        let lock = store.lock(&mut Random::seeded(1)).await.unwrap();
        let name = store.locks().await.unwrap().remove(0).name;
        let wait = LockWait { deadline: Some(Instant::now() + Duration::from_secs(4)), observer: &() };
        let error = store.lock_within(&mut Random::seeded(2), wait).await.unwrap_err();
        assert!(error.to_string().contains(&name), "{error}");
        lock.check().unwrap();
        let content = store.get(&name).await.unwrap().unwrap().bytes;
        assert!(String::from_utf8_lossy(&content).matches("Renewed at ").count() >= 3);
        lock.release().await.unwrap();
        assert_eq!(store.locks().await.unwrap(), []);
    });
}

/// A holder that cannot renew its lock stops before others may find that the lease has ended.
#[test]
fn a_lock_that_cannot_be_renewed_is_used_no_more() {
    let held = fixture::s3_store(Conditions::Ignored);
    let mut short = short();
    short.attempts = 1;
    let store = fixture::open_s3(&held.server().url(), short);
    run(async {
        let lock = store.lock(&mut Random::seeded(1)).await.unwrap();
        held.server().faults().add(When::any().method("PUT"), Fault::status(500));
        lock.check().unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let error = lock.check().unwrap_err();
        assert!(error.to_string().contains("could not be renewed"), "{error}");
        held.server().faults().clear();
        lock.release().await.unwrap();
    });
}

#[test]
fn only_locks_whose_lease_has_ended_are_removed() {
    let held = fixture::file_store();
    run(async {
        assert_eq!(held.store.remove_stale_locks(LockWait::default()).await.unwrap().removed, []);
    });
    let lock = left_behind(&held.store);
    run(async {
        let removal = held.store.remove_stale_locks(LockWait::default()).await.unwrap();
        assert!(removal.removed.is_empty() && removal.held[0].name == lock.name, "{removal:?}");
        age(&held, &lock, Duration::from_secs(300));
        let removal = held.store.remove_stale_locks(LockWait::default()).await.unwrap();
        assert!(removal.held.is_empty() && removal.removed[0].name == lock.name, "{removal:?}");
        assert_eq!(held.store.locks().await.unwrap(), []);
        assert_eq!(held.store.list(".chart-release").await.unwrap(), []);
    });
    let lock = left_behind(&held.store);
    run(async {
        assert!(held.store.remove_lock("index.yaml").await.is_err());
        held.store.remove_lock(&lock.name).await.unwrap();
        assert_eq!(held.store.locks().await.unwrap(), []);
    });
}

/// Many find one dead lock at once: each may delete it, and one at a time goes on.
#[test]
fn rivals_that_find_a_dead_lock_do_not_both_go_on() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    for seed in 0..10 {
        let held = fixture::file_store();
        let dead = left_behind(&held.store);
        age(&held, &dead, Duration::from_secs(3600));
        let (inside, done) = (AtomicU32::new(0), AtomicU32::new(0));
        run(futures::future::join_all((0..6).map(|writer| {
            let (store, inside, done) = (&held.store, &inside, &done);
            async move {
                let lock = store.lock(&mut Random::seeded(seed * 10 + writer)).await.unwrap();
                assert_eq!(inside.fetch_add(1, SeqCst), 0);
                tokio::time::sleep(Duration::from_millis(2)).await;
                assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                lock.release().await.unwrap();
                done.fetch_add(1, SeqCst);
            }
        })));
        assert_eq!(done.into_inner(), 6);
    }
}
