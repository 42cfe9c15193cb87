//! Requests and tokens per minute, enforced as OpenAI's were measured to be: a
//! continuously refilled bucket; what is refused costs nothing here.
//!
//! `reset = (limit - remaining) / refill`, wait of a 429 `= (used + requested - limit) / refill`.

use std::time::{Duration, Instant};

/// One allowance.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) limit: u64,
    seconds: f64,
    capacity: f64,
    level: f64,
    at: Instant,
}

/// A refusal: in use, and time until the request would fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Full {
    pub(crate) used: u64,
    pub(crate) wait: Duration,
}

impl Bucket {
    pub(crate) fn new(limit: u64, seconds: f64, now: Instant) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let capacity = (limit as f64 * seconds / 60.0).max(1.0);
        Self { limit, seconds, capacity, level: 0.0, at: now }
    }

    /// Another limit from now on; what is in use stays in use, in the same share.
    pub(crate) fn change(&mut self, limit: u64, now: Instant) {
        if limit != self.limit {
            let fresh = Self::new(limit, self.seconds, now);
            *self = Self { level: self.level * fresh.capacity / self.capacity, at: self.at, ..fresh };
        }
    }

    fn refill_per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let limit = self.limit as f64;
        limit / 60.0
    }

    /// Takes `amount`, or refuses.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(crate) fn take(&mut self, amount: u64, now: Instant) -> Result<(), Full> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level - passed * self.refill_per_second()).max(0.0);
        self.at = now;
        let over = self.level + amount as f64 - self.capacity;
        if over > 1e-9 {
            let used = (self.level + (self.limit as f64 - self.capacity).max(0.0)).round() as u64;
            return Err(Full { used, wait: Duration::from_secs_f64(over / self.refill_per_second()) });
        }
        self.level += amount as f64;
        Ok(())
    }

    /// Remaining, and time until full again, as the headers say them.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    pub(crate) fn state(&self) -> (u64, Duration) {
        let remaining = (self.capacity - self.level).max(0.0).floor() as u64;
        (remaining, Duration::from_secs_f64(self.level / self.refill_per_second()))
    }
}

/// A duration as Go prints it, to the millisecond: `0s`, `644ms`, `9.816s`, `7m12s`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    if ms == 0 {
        return "0s".into();
    }
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let (hours, minutes, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let mut out = String::new();
    if hours > 0 {
        out.push_str(&format!("{hours}h"));
    }
    if hours > 0 || minutes > 0 {
        out.push_str(&format!("{minutes}m"));
    }
    let decimals = format!("{:03}", rest % 1000);
    let decimals = decimals.trim_end_matches('0');
    let dot = if decimals.is_empty() { "" } else { "." };
    out.push_str(&format!("{}{dot}{decimals}s", rest / 1000));
    out
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the simulator has its own time")]
mod tests {
    use super::*;

    /// Waits recorded on the live API: limit, used, requested, milliseconds.
    #[test]
    fn waits_are_as_recorded() {
        for (limit, used, requested, text) in [
            (30_000, 29_937, 385, "644ms"),
            (10_000, 8554, 3082, "9.816s"),
            (30_000, 14_567, 24_754, "18.642s"),
            (200_000, 162_960, 42_288, "1.574s"),
            (30_000, 18_928, 11_159, "174ms"),
            (30_000, 28_039, 3906, "3.89s"),
        ] {
            let now = Instant::now();
            let mut bucket = Bucket::new(limit, 60.0, now);
            bucket.take(used, now).unwrap();
            let full = bucket.take(requested, now).unwrap_err();
            assert_eq!((full.used, go_duration(full.wait).as_str()), (used, text));
        }
    }

    #[test]
    fn resets_are_as_recorded() {
        for (limit, taken, text) in
            [(5000, 1, "12ms"), (3000, 1, "20ms"), (160_000, 24, "9ms"), (40_000, 120, "180ms"), (40_000_000, 21, "0s")]
        {
            let now = Instant::now();
            let mut bucket = Bucket::new(limit, 60.0, now);
            bucket.take(taken, now).unwrap();
            assert_eq!(go_duration(bucket.state().1), text);
        }
        assert_eq!(go_duration(Duration::from_millis(432_000)), "7m12s");
        assert_eq!(go_duration(Duration::from_millis(692_334)), "11m32.334s");
        assert_eq!(go_duration(Duration::from_secs(3600)), "1h0m0s");
    }
}
