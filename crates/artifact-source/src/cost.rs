//! The cost of a discovery, so that every claim about cost can be tested.

use std::fmt;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one discovery cost.
///
/// Requests and bytes are exact, and the same for the same remote and the same caches; time is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Requests sent, every retry, redirect and token request included.
    pub requests: u64,
    /// Bytes of response bodies received, as they travelled: before any decompression.
    pub bytes_received: u64,
    /// Wall time, in whole milliseconds where it is serialised.
    #[serde(rename = "milliseconds", with = "milliseconds")]
    pub elapsed: Duration,
}

impl Cost {
    /// No request, no byte, no time.
    pub const ZERO: Self = Self { requests: 0, bytes_received: 0, elapsed: Duration::ZERO };
}

impl Add for Cost {
    type Output = Self;

    /// Both together; the times are added up, which is work and not wall time where the two ran
    /// at once.
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bytes_received: self.bytes_received.saturating_add(other.bytes_received),
            elapsed: self.elapsed.saturating_add(other.elapsed),
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.requests == 1 { "" } else { "s" };
        write!(
            f,
            "{} request{plural}, {} bytes, {} ms",
            self.requests,
            self.bytes_received,
            self.elapsed.as_millis()
        )
    }
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// The counter behind a [`Cost`]: clones share it, so one discovery hands clones of its meter to
/// everything that sends on its behalf.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    bytes_received: AtomicU64,
}

impl Meter {
    /// Creates a meter with zero counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one request. Call it when the request is sent, whether it succeeds or fails.
    pub fn count_request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of a response body, as they arrive.
    pub fn count_bytes(&self, bytes: usize) {
        self.0.bytes_received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Bytes so far.
    pub fn bytes_received(&self) -> u64 {
        self.0.bytes_received.load(Ordering::Relaxed)
    }

    /// The cost so far, with the time that the caller measured.
    pub fn cost(&self, elapsed: Duration) -> Cost {
        Cost { requests: self.requests(), bytes_received: self.bytes_received(), elapsed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_meter_share_their_count() {
        let meter = Meter::new();
        meter.clone().count_request();
        meter.clone().count_bytes(1500);
        assert_eq!(meter.cost(Duration::from_millis(7)).to_string(), "1 request, 1500 bytes, 7 ms");
    }

    #[test]
    fn a_cost_survives_json_to_the_millisecond() {
        let cost = Cost { requests: 2, bytes_received: 818, elapsed: Duration::from_millis(12) };
        let json = serde_json::to_string(&cost).unwrap();
        assert_eq!(json, r#"{"requests":2,"bytesReceived":818,"milliseconds":12}"#);
        assert_eq!(serde_json::from_str::<Cost>(&json).unwrap(), cost);
    }

    #[test]
    fn sums_do_not_overflow() {
        let most = Cost { requests: u64::MAX, bytes_received: u64::MAX, elapsed: Duration::MAX };
        assert_eq!([most, most].into_iter().sum::<Cost>(), most);
    }
}
