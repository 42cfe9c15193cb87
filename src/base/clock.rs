//! Time as a parameter: a monotonic clock, a wall clock and a sleep.
//!
//! The program uses a [`SystemClock`]. Tests use a `ManualClock`, whose time passes only when
//! they advance it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The future of a sleep.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of time.
pub trait Clock: Send + Sync {
    /// Monotonic time since the clock was created.
    fn now(&self) -> Duration;

    /// Wall time, in milliseconds since 1970-01-01T00:00:00Z.
    fn wall_ms(&self) -> i64;

    /// Time since the machine was started, while it slept, too. On Linux all its processes read the same clock
    /// (`CLOCK_BOOTTIME`); elsewhere it is that of [`Clock::now`].
    fn since_boot(&self) -> Duration {
        self.now()
    }

    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep<'_>;
}

/// The clocks of the machine.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts at zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the clocks of the machine")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the only place that reads the clocks of the machine")]
    fn wall_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    #[cfg(target_os = "linux")]
    fn since_boot(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(time).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that moves only when it is advanced, or when a task sleeps on it.
#[cfg(any(test, feature = "internal"))]
#[derive(Debug, Default)]
pub struct ManualClock {
    elapsed_ms: AtomicU64,
    epoch_ms: i64,
}

#[cfg(any(test, feature = "internal"))]
impl ManualClock {
    /// A clock whose wall time starts at `epoch_ms`, in milliseconds since 1970.
    #[must_use]
    pub fn starting_at(epoch_ms: i64) -> Self {
        Self { elapsed_ms: AtomicU64::new(0), epoch_ms }
    }

    /// Moves the monotonic and the wall time forward, by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.elapsed_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "internal"))]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms.load(Ordering::SeqCst))
    }

    fn wall_ms(&self) -> i64 {
        self.epoch_ms + i64::try_from(self.elapsed_ms.load(Ordering::SeqCst)).unwrap_or(i64::MAX)
    }

    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        Box::pin(async move {
            // At least a millisecond, so that a loop of shorter sleeps makes progress.
            self.advance(duration.max(Duration::from_millis(1)));
            tokio::task::yield_now().await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_advanced_or_slept_on() {
        let clock = ManualClock::starting_at(1_000);
        assert_eq!((clock.now(), clock.wall_ms()), (Duration::ZERO, 1_000));
        clock.advance(Duration::from_millis(250));
        assert_eq!((clock.now(), clock.wall_ms()), (Duration::from_millis(250), 1_250));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(clock.sleep(Duration::from_secs(3600)));
        assert_eq!(clock.now(), Duration::from_millis(3_600_250));
        runtime.block_on(clock.sleep(Duration::from_micros(1)));
        assert_eq!((clock.now(), clock.wall_ms()), (Duration::from_millis(3_600_251), 3_601_251));
    }

    #[test]
    fn the_system_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let (first, second) = (clock.now(), clock.now());
        assert!(first <= second);
        // 2020-01-01 is long past on every machine.
        assert!(clock.wall_ms() > 1_577_836_800_000);
    }
}
