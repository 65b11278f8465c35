//! One way to lock what the threads of a server share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic of another holder: the state is a test's to look at, whatever happened to a request.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
