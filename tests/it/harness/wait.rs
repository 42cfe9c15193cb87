//! Waiting for what other processes do.

use std::process::{Child, Output};
use std::time::Duration;

const STEP: Duration = Duration::from_millis(20);
/// Five minutes: only a test that fails waits so long.
const MAX_STEPS: u32 = 15_000;

/// Waits until `is_done`. `what`: what never came if the test fails.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    for _ in 0..MAX_STEPS {
        if is_done() {
            return;
        }
        std::thread::sleep(STEP);
    }
    panic!("still not: {what}");
}

/// Kills a process before its end: after `delay`, or, if it has ended by then, another one after half of the delay.
/// `start` starts it from the same state each time.
pub(crate) fn killed(mut delay: Duration, mut start: impl FnMut() -> Child) -> Output {
    loop {
        let mut child = start();
        std::thread::sleep(delay);
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            return output;
        }
        delay /= 2;
    }
}
