//! How long a discovery waits for others who write.

use std::sync::Mutex;
use std::time::Duration;

use super::lock;

/// How long it waits, all in all.
const WHOLE: Duration = Duration::from_secs(2);

/// How long it still waits.
#[derive(Debug)]
pub(super) struct Patience(Mutex<Duration>);

impl Patience {
    pub(super) fn none() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn left(&self) -> Duration {
        *lock(&self.0)
    }

    /// So long it took.
    pub(super) fn spend(&self, waited: Duration) {
        let mut left = lock(&self.0);
        *left = left.saturating_sub(waited);
    }

    /// Another discovery begins.
    pub(super) fn renew(&self) {
        *lock(&self.0) = WHOLE;
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(Mutex::new(WHOLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_used_up_and_begins_anew() {
        let patience = Patience::default();
        assert_eq!(patience.left(), WHOLE);
        patience.spend(WHOLE / 4);
        assert_eq!(patience.left(), WHOLE * 3 / 4);
        patience.spend(WHOLE);
        assert_eq!(patience.left(), Duration::ZERO);
        patience.renew();
        assert_eq!(patience.left(), WHOLE);
        assert_eq!(Patience::none().left(), Duration::ZERO);
    }
}
