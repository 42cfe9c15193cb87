//! Waiting for what other processes do, and for the next day.

use std::process::{Child, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// Waits until midnight UTC if it is near, so that no test runs on two days: a budget of a day begins again at midnight.
pub(crate) fn wait_for_midnight_if_near() {
    std::thread::sleep(time_to_wait(SystemTime::now().duration_since(UNIX_EPOCH).unwrap()));
}

/// How long a test that begins at `now` after 1970 waits.
fn time_to_wait(now: Duration) -> Duration {
    const DAY: u64 = 86_400;
    /// Longer than any test takes, also under load.
    const NEAR: Duration = Duration::from_secs(400);
    let left = Duration::from_secs(DAY * (now.as_secs() / DAY + 1)) - now;
    if left <= NEAR { left } else { Duration::ZERO }
}

#[test]
fn tests_do_not_begin_shortly_before_midnight() {
    let (s, ms) = (Duration::from_secs, Duration::from_millis);
    // 2026-12-01.
    let midnight = s(20_788 * 86_400);
    for (now, wait) in [
        (midnight, s(0)),
        (midnight - s(401), s(0)),
        (midnight - s(400), s(400)),
        (midnight - ms(1), ms(1)),
        (midnight + s(43_200), s(0)),
    ] {
        assert_eq!(time_to_wait(now), wait, "{now:?}");
    }
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
