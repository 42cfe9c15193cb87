//! One cooldown for the whole run: after a "not now" everybody waits, then one probe
//! goes out, then the width rises again. Pure: time and chance are handed in.

use std::time::Duration;

/// What admission may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Send, with at most this many in flight.
    Open(u32),
    /// Wait this long.
    Closed(Duration),
    /// Nothing has come through for longer than the run waits.
    GivenUp,
}

/// The state of the cooldown.
#[derive(Clone, Debug)]
pub struct Cooldown {
    /// Most requests in flight in good times.
    full_width: u32,
    /// What `full_width` may grow to.
    most_width: u32,
    /// Whether the width is not given.
    adapts: bool,
    /// Replies since the width grew.
    replies: u32,
    /// The fastest reply of late, and the usual one: a server that slows down has enough.
    fastest: Option<Duration>,
    usual: Duration,
    /// Most requests in flight now.
    width: u32,
    /// No sending before this time.
    until: Duration,
    /// Refused probes in a row.
    level: u32,
    /// When the trouble began: the first refusal since the last success.
    since: Option<Duration>,
    max_wait: Duration,
}

/// The first wait when the server names none.
const FIRST: Duration = Duration::from_millis(500);
/// Latencies below this are all the same.
const LEAST_LATENCY: Duration = Duration::from_millis(20);
/// The longest wait when the server names none: short enough to see an outage end.
const LONGEST: Duration = Duration::from_secs(15);

impl Cooldown {
    /// A cooldown that is open, with `width` in flight at most; it gives up after
    /// `max_wait` without a success.
    #[must_use]
    pub fn new(width: u32, max_wait: Duration) -> Self {
        let width = width.max(1);
        Self {
            full_width: width,
            most_width: width,
            adapts: false,
            replies: 0,
            fastest: None,
            usual: Duration::ZERO,
            width,
            until: Duration::ZERO,
            level: 0,
            since: None,
            max_wait,
        }
    }

    /// The same, whose width grows up to `most` while the server bears it.
    #[must_use]
    pub fn up_to(mut self, most: u32) -> Self {
        self.most_width = most.max(self.full_width);
        self.adapts = self.most_width > self.full_width;
        self
    }

    /// A reply came after `latency`, and others wait for a place: additive increase, one
    /// more for each round of replies, unless they take twice as long as the fastest.
    pub fn wanted(&mut self, latency: Duration) {
        self.usual = if self.fastest.is_none() { latency } else { (self.usual * 7 + latency) / 8 };
        let fastest = self.fastest.map_or(latency, |fastest| fastest.min(latency)).max(LEAST_LATENCY);
        self.fastest = Some(fastest);
        self.replies += 1;
        if self.replies >= self.full_width && self.full_width < self.most_width {
            self.replies = 0;
            if self.usual <= fastest * 2 && self.width == self.full_width {
                (self.full_width, self.width) = (self.full_width + 1, self.width + 1);
            }
        }
    }

    /// The server does not bear what it gets: multiplicative decrease, where the width is
    /// not given.
    pub fn strained(&mut self) {
        if self.adapts {
            self.replies = 0;
            self.full_width = (self.full_width * 3 / 4).max(1);
            self.width = self.width.min(self.full_width);
        }
    }

    /// What admission may do at `now`.
    #[must_use]
    pub fn gate(&self, now: Duration) -> Gate {
        match self.since {
            Some(since) if now.saturating_sub(since) > self.max_wait => Gate::GivenUp,
            // A wait that can't end in time is not begun.
            Some(since) if self.until.saturating_sub(since) > self.max_wait => Gate::GivenUp,
            _ if now < self.until => Gate::Closed(self.until - now),
            _ => Gate::Open(self.width),
        }
    }

    /// An attempt, sent at `sent`, was told "not now" at `now`, perhaps with a time to
    /// wait. `chance` from 0 to 1 spreads processes that share a limit.
    pub fn refused(&mut self, sent: Duration, now: Duration, after: Option<Duration>, chance: f64) {
        self.since.get_or_insert(now);
        // Those that were under way when the cooldown began all say the same thing once.
        let is_news = sent >= self.until || self.level == 0;
        self.level += u32::from(is_news);
        let own = FIRST.saturating_mul(1 << (self.level - 1).min(10)).min(LONGEST);
        // A server's wait is a floor: never shorter, a little longer.
        let wait = after.unwrap_or(own).mul_f64(1.0 + 0.25 * chance).max(Duration::from_millis(50));
        if is_news || after.is_some() {
            self.until = self.until.max(now + wait);
        }
        self.width = 1;
    }

    /// An attempt, sent at `sent`, came through. One that was under way when the cooldown
    /// began says nothing of how it is now.
    pub fn succeeded(&mut self, sent: Duration) {
        if sent < self.until {
            return;
        }
        self.since = None;
        self.level = 0;
        self.width = self.width.saturating_mul(2).min(self.full_width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_storm_is_one_cooldown_then_one_probe_then_the_width_rises() {
        let mut cooldown = Cooldown::new(8, S(600));
        assert_eq!(cooldown.gate(S(0)), Gate::Open(8));
        for _ in 0..8 {
            cooldown.refused(S(9), S(10), Some(S(2)), 0.0);
        }
        assert_eq!(cooldown.gate(S(10)), Gate::Closed(S(2)));
        assert_eq!(cooldown.gate(S(12)), Gate::Open(1));
        for width in [2, 4, 8, 8] {
            cooldown.succeeded(S(12));
            assert_eq!(cooldown.gate(S(12)), Gate::Open(width));
        }
    }

    #[test]
    fn a_width_that_is_not_given_grows_while_the_server_bears_it() {
        let ms = Duration::from_millis;
        let rounds = |cooldown: &mut Cooldown, latency, rounds: u32| {
            for _ in 0..rounds * 64 {
                cooldown.wanted(latency);
            }
        };
        let mut cooldown = Cooldown::new(8, S(600)).up_to(64);
        rounds(&mut cooldown, ms(100), 8);
        let Gate::Open(grown) = cooldown.gate(S(1)) else { panic!("closed") };
        assert!(grown > 20, "{grown}");
        rounds(&mut cooldown, ms(300), 8);
        assert_eq!(cooldown.gate(S(1)), Gate::Open(grown), "slower replies: enough");
        cooldown.strained();
        assert_eq!(cooldown.gate(S(1)), Gate::Open(grown * 3 / 4));
        rounds(&mut cooldown, ms(100), 100);
        assert_eq!(cooldown.gate(S(1)), Gate::Open(64));
        let mut given = Cooldown::new(8, S(600));
        rounds(&mut given, ms(100), 8);
        given.strained();
        assert_eq!(given.gate(S(1)), Gate::Open(8), "what the manifest says stays");
    }

    #[test]
    fn without_a_named_wait_it_doubles_up_to_a_bound() {
        let mut cooldown = Cooldown::new(8, S(600));
        let mut now = S(1);
        let mut waits = Vec::new();
        for _ in 0..8 {
            cooldown.refused(now, now, None, 0.0);
            let Gate::Closed(wait) = cooldown.gate(now) else { panic!("closed") };
            waits.push(wait.as_millis());
            now += wait;
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn it_gives_up_after_max_wait_and_at_once_when_the_wait_is_longer() {
        let mut cooldown = Cooldown::new(8, S(60));
        cooldown.refused(S(100), S(100), None, 0.0);
        assert!(matches!(cooldown.gate(S(101)), Gate::Open(1)));
        assert_eq!(cooldown.gate(S(161)), Gate::GivenUp);
        cooldown.succeeded(S(160));
        assert_eq!(cooldown.gate(S(161)), Gate::Open(2));
        cooldown.refused(S(200), S(200), Some(S(3600)), 0.0);
        assert_eq!(cooldown.gate(S(201)), Gate::GivenUp);
    }

    #[test]
    fn a_late_refusal_after_a_success_is_a_new_cooldown() {
        let mut cooldown = Cooldown::new(8, S(600));
        cooldown.refused(S(10), S(10), Some(S(5)), 0.0);
        cooldown.succeeded(S(9));
        assert_eq!(cooldown.gate(S(15)), Gate::Open(1), "only the probe raises the width");
        cooldown.succeeded(S(15));
        cooldown.refused(S(9), S(16), None, 0.0);
        assert_eq!(cooldown.gate(S(16)), Gate::Closed(FIRST));
    }

    #[test]
    fn a_named_wait_is_a_floor() {
        let mut cooldown = Cooldown::new(8, S(60));
        cooldown.refused(S(1), S(1), Some(S(8)), 1.0);
        assert_eq!(cooldown.gate(S(1)), Gate::Closed(S(10)));
    }
}
