#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

use std::sync::Once;

static QUIET: Once = Once::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A panic of the Parquet library is caught where it is used; only one that comes out
    // is a finding.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    targets::list(data);
});
