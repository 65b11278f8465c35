//! Progress of a release.

use super::plan::{Action, StepKind};
use crate::store::LockObject;

/// Receives the events of a release while it runs. Methods do nothing by default.
///
/// ```
/// use chart_release::{ReleaseObserver, StepKind};
///
/// struct Lines;
///
/// impl ReleaseObserver for Lines {
///     fn started(&self, chart: &str, step: StepKind, target: &str) {
///         eprintln!("{chart}: {step} {target}");
///     }
/// }
/// ```
pub trait ReleaseObserver: Send + Sync {
    /// A chart is packaged, with its dependencies.
    fn packaging(&self, chart: &str) {
        let _ = chart;
    }

    /// A step of a chart begins.
    fn started(&self, chart: &str, step: StepKind, target: &str) {
        let _ = (chart, step, target);
    }

    /// A step of a chart is done. [`Action::Keep`] says that it was there when it was to be done, by another release's hand.
    fn finished(&self, chart: &str, step: StepKind, action: Action) {
        let _ = (chart, step, action);
    }

    /// A step waits for the lock of the store, which another writer holds. Called once for each lock.
    fn waiting_for_lock(&self, lock: &LockObject) {
        let _ = lock;
    }
}

/// Observes nothing.
impl ReleaseObserver for () {}
