//! Seeded pseudo-random numbers for jitter and for the simulator: SplitMix64 (Steele, Lea and
//! Flood, "Fast splittable pseudorandom number generators", 2014). Not for secrets.
//! And the system's entropy, for names that must be unique.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// 64 bits of entropy from the system. Processes that begin at the same time and have the same process
/// id, as in containers, get different numbers.
#[must_use]
pub fn entropy() -> u64 {
    // Without the system call, the keys of the standard library's hash maps are all there is.
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}

/// 16 random hexadecimal digits, for names of files that no other process may choose.
#[must_use]
pub fn token() -> String {
    format!("{:016x}", entropy())
}

/// A sequence of numbers that depends on its seed alone. Threads that share it take turns.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number.
    pub fn next_u64(&self) -> u64 {
        let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        mix(state.wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    /// The next number from 0 (included) to 1 (excluded), in steps of 2^-53.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// SplitMix64's output function: a bijection in which each bit of `z` changes about half of the
/// result's bits.
#[must_use]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first numbers of the authors' implementation for the seed 1234567.
    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        let random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn entropy_and_tokens_differ() {
        let numbers: std::collections::HashSet<u64> = (0..1000).map(|_| entropy()).collect();
        assert_eq!(numbers.len(), 1000);
        assert_ne!(token(), token());
        assert_eq!(token().len(), 16);
    }

    #[test]
    fn units_are_evenly_spread() {
        let random = Random::new(1);
        let mut tenths = [0; 10];
        for _ in 0..100_000 {
            let unit = random.unit();
            assert!((0.0..1.0).contains(&unit), "{unit}");
            tenths[(unit * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (9_600..=10_400).contains(count)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn a_sequence_depends_on_its_seed_alone(seed: u64) {
            let (one, same, other) = (Random::new(seed), Random::new(seed), Random::new(seed ^ 1));
            let take = |random: &Random| (0..8).map(|_| random.next_u64()).collect::<Vec<_>>();
            let numbers = take(&one);
            prop_assert_eq!(&take(&same), &numbers);
            prop_assert_ne!(&take(&other), &numbers);
            prop_assert_ne!(&take(&one), &numbers);
        }

        #[test]
        fn a_changed_bit_changes_many(z: u64, bit in 0_u32..64) {
            let changed = (mix(z) ^ mix(z ^ (1 << bit))).count_ones();
            prop_assert!((10..=54).contains(&changed), "{changed}");
        }
    }
}
