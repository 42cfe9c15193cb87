//! How many cases are tried of tests with random values.

/// The number in `PROPTEST_CASES`, or else `default`.
pub(crate) fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES").map_or(default, |cases| cases.parse().unwrap())
}
