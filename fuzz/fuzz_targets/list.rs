#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

use std::sync::Once;

static QUIET: Once = Once::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // docmill catches panics of the Parquet library. Do not print them; only a panic that
    // escapes is a finding.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    targets::list(data);
});
