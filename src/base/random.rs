//! Seeded pseudo-random numbers for jitter: SplitMix64 (Steele, Lea, Flood 2014).
//! Not for secrets.

use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of numbers that its seed decides.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// A stream from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number.
    pub fn next_u64(&self) -> u64 {
        let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        mix(state.wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    /// The next number from 0 up to, not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// SplitMix64's finaliser: spreads every bit over all.
#[must_use]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
