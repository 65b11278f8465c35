//! Numbers that spread waits and names.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// A source of numbers: SplitMix64. It is not for secrets.
///
/// Two with one seed give the same numbers, so a test can be run again as it was.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Numbers that no other process has.
    pub fn from_system() -> Self {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.write_i128(jiff::Timestamp::now().as_nanosecond());
        Self(hasher.finish())
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The wait before a further try: between half of it and all of it, where it doubles from `first` up to `longest`.
    pub fn backoff(&mut self, tries: u32, first: Duration, longest: Duration) -> Duration {
        let fraction = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        artifact_http::backoff(tries.saturating_add(1), first, longest, fraction)
    }
}
