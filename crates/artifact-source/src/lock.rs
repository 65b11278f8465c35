//! One way to lock a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic of another holder.
///
/// Use it for state that each holder leaves valid before it can panic, such as a cache or a counter.
///
/// ```
/// use std::sync::Mutex;
///
/// use artifact_source::lock;
///
/// let count = Mutex::new(1);
/// let _ = std::panic::catch_unwind(|| {
///     let _held = count.lock();
///     panic!("another holder");
/// });
/// assert!(count.is_poisoned());
/// assert_eq!(*lock(&count), 1);
/// ```
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
