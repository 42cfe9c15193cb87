//! A rate that follows a limit which nobody stated: from what replies say of it, else from
//! refusals. Additive increase, multiplicative decrease: processes that share an account's
//! limit, each adapting alone, come to equal shares. Pure: time is handed in.
//!
//! A provider's limit is a bucket that refills all the time. While its level stays where it
//! is, exactly the refill is used. So the level is steered: at once by the rate (the further
//! the free part is from its aim, the slower or faster), and slowly by this process's share
//! of the limit, which others may use too.

use crate::provider::dialect::openai::rate_limit_headers::Allowance;
use std::time::Duration;

/// What of a bucket is kept free: a part of a small one, some seconds of a large one.
const AIM: (f64, f64) = (0.4, 5.0);
/// Of its aim, in seconds: how far off it may be before the rate gives way wholly.
const GIVE: f64 = 1.25;
/// Most that the rate gives way.
const MOST_BELOW: f64 = 0.8;
/// How dear the bucket is when it is fuller than its aim.
const PRICE: f64 = 3.5;
/// A bucket of a second or two overflows before a process hears of it, the more of them
/// share it. There more is kept free, who has more gives more, and each gives way the more
/// slowly the older what it hears is (found by a model of buckets, processes and latencies,
/// and tried with processes against a server: docs/performance.md).
const TIGHT_AIM: f64 = 0.45;
const TIGHT_PRICE: f64 = 4.5;
const TIGHT_GIVE: f64 = 8.0;
/// How fast the share grows and shrinks: faster, and four processes would swing.
const SHARE_SPEED: f64 = 0.15;
/// What a refusal leaves of the share.
const AFTER_REFUSAL: f64 = 0.75;
/// How fast the rate grows without any word of the bucket, in shares of the limit a second.
const BLIND_GROWTH: f64 = 0.01;
/// Without a word of the bucket: a limit that was not met for so long may have been raised,
const QUIET: Duration = Duration::from_secs(15);
/// and for so many requests, so that trying it costs less than one refusal in a hundred.
const QUIET_REQUESTS: f64 = 120.0;
/// Attempts that wait for the rate come at least so often while they do.
const MOST_BETWEEN: Duration = Duration::from_secs(1);
/// How fast it is tried then: the growth a second gains so much every second.
const PROBING: f64 = 0.02;
/// The share that a process begins with: others may be there.
const FIRST_SHARE: f64 = 0.5;
/// Least share of the limit.
const LEAST: f64 = 0.02;
/// How far above its refill a large bucket may be used, while it is well filled.
const MOST_ABOVE: f64 = 0.6;
/// The share of a limit that is used when only its size is known.
const BLIND_SHARE: f64 = 0.97;
/// Replies further apart than this, in seconds, count as so far apart.
const LONGEST_GAP: f64 = 2.0;
/// Refusals closer to one another are one.
const ONE_REFUSAL: Duration = Duration::from_secs(1);

/// A rate that follows a limit.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// The limit a minute, as far as it is known.
    limit: Option<f64>,
    /// What is sent a minute.
    rate: f64,
    /// The part of the limit that this process takes.
    share: f64,
    /// The free part of the bucket, smoothed; `None`: nobody says.
    free: Option<f64>,
    /// Time between two replies that tell, smoothed, in seconds.
    heard: Option<f64>,
    /// When the rate was last changed.
    changed: Duration,
    /// When the newest attempt that told something was sent: older ones tell nothing.
    newest: Duration,
    refused: Option<Duration>,
    /// When an attempt last waited because of this rate, and for how long attempts did
    /// since the last refusal.
    pressed: Duration,
    quiet: Duration,
    /// Whether the limit is one that is tried.
    is_trial: bool,
}

impl Default for Rate {
    fn default() -> Self {
        let zero = Duration::ZERO;
        Self {
            limit: None,
            rate: 0.0,
            share: FIRST_SHARE,
            free: None,
            heard: None,
            changed: zero,
            newest: zero,
            refused: None,
            pressed: zero,
            quiet: zero,
            is_trial: false,
        }
    }
}

impl Rate {
    /// What may be sent a minute; `None`: no limit is known.
    pub(crate) fn per_minute(&self) -> Option<f64> {
        self.limit.map(|_| self.rate)
    }

    /// A reply to an attempt, sent at `sent`, tells of the bucket.
    #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
    pub(crate) fn told(&mut self, allowance: &Allowance, sent: Duration, now: Duration) {
        if sent < self.newest {
            return;
        }
        self.newest = sent;
        let limit = allowance.per_minute as f64;
        let refill = limit / 60.0;
        // What a bucket holds: what is free, and what comes back until it is full.
        let holds = (allowance.remaining as f64 + refill * allowance.reset.as_secs_f64()).max(1.0);
        let free = (allowance.remaining as f64 / holds).clamp(0.0, 1.0);
        let seconds = (holds / refill).clamp(0.5, 60.0);
        let passed = now.saturating_sub(self.changed).as_secs_f64();
        let memory = (seconds / 4.0).min(1.0);
        let weight = 1.0 - (-passed.max(0.02) / memory).exp();
        let free = self.free.map_or(free, |known| known + (free - known) * weight);
        // How small the bucket is: 1 up to two seconds, 0 from five on.
        let tight = ((5.0 - seconds) / 3.0).clamp(0.0, 1.0);
        let gap = passed.min(LONGEST_GAP);
        let heard = self.heard.map_or(gap, |known| known + (gap - known) * 0.2);
        let age = heard + now.saturating_sub(sent).as_secs_f64().min(LONGEST_GAP);
        // All in seconds of refill, which is how fast a bucket answers.
        let aim = ((AIM.0 + TIGHT_AIM * tight) * seconds).min(AIM.1);
        let give = GIVE.max(TIGHT_GIVE * tight * age / aim);
        let price = PRICE + TIGHT_PRICE * tight;
        let most_above = MOST_ABOVE * ((seconds - 2.0) / 20.0).clamp(0.0, 1.0);
        let off = ((free * seconds - aim) / (aim * give)).clamp(-MOST_BELOW, MOST_ABOVE);
        let speed = SHARE_SPEED / (aim * give) * passed.min(1.0);
        // As in Kelly's congestion control: who has more gives more, until all have the same.
        self.share += speed * (1.0 - self.share * (-price * off).exp());
        self.share = self.share.clamp(LEAST, 1.0);
        self.rate = (limit * self.share * (1.0 + off)).clamp(limit * LEAST, limit * (1.0 + most_above));
        (self.limit, self.free, self.heard, self.changed) = (Some(limit), Some(free), Some(heard), now);
    }

    /// An attempt went out: without any word of the bucket the rate grows with time.
    pub(crate) fn passes(&mut self, now: Duration) {
        if let (Some(limit), None) = (self.limit, self.free) {
            let passed = now.saturating_sub(self.changed).as_secs_f64();
            self.rate = (self.rate + BLIND_GROWTH * limit * passed).min(limit * BLIND_SHARE);
            self.changed = now;
        }
    }

    /// An attempt of `count` waits because of this rate. When nobody tells what is allowed,
    /// only trying more shows that the limit was raised.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn pressed(&mut self, count: u64, now: Duration) {
        let (Some(limit), None) = (self.limit, self.free) else { return };
        // Only time in which more would have been sent counts: a pause shows nothing.
        let passed = now.saturating_sub(self.pressed).min(MOST_BETWEEN);
        self.pressed = now;
        self.quiet += passed;
        let few = Duration::try_from_secs_f64(QUIET_REQUESTS * count as f64 * 60.0 / self.rate.max(1.0));
        let since = self.quiet.saturating_sub(QUIET.max(few.unwrap_or(Duration::MAX))).as_secs_f64();
        if since > 0.0 {
            self.limit = Some(limit * (1.0 + PROBING * since * passed.as_secs_f64()));
            self.rate = self.rate.max(limit * BLIND_SHARE);
            self.is_trial = true;
        }
    }

    /// An attempt, sent at `sent`, was refused. `named`: the limit that the refusal names;
    /// `seen`: what went through a minute before it.
    pub(crate) fn refused(&mut self, named: Option<u64>, seen: f64, sent: Duration, now: Duration) {
        let is_new = self.refused.is_none_or(|before| sent >= before && now.saturating_sub(before) >= ONE_REFUSAL);
        #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
        let named = named.map(|limit| limit as f64);
        match (self.limit, named) {
            (None, Some(limit)) => (self.limit, self.rate) = (Some(limit), limit * BLIND_SHARE),
            (None, None) if seen > 0.0 => (self.limit, self.rate) = (Some(seen), seen * AFTER_REFUSAL),
            (Some(_), Some(limit)) if self.free.is_none() && self.limit != Some(limit) => {
                (self.limit, self.rate) = (Some(limit), self.rate.min(limit * BLIND_SHARE));
            }
            (Some(_), None) if self.is_trial => {
                (self.limit, self.rate) = (Some(self.rate), self.rate * AFTER_REFUSAL);
            }
            (Some(_), _) if is_new => (self.rate, self.share) = (self.rate * AFTER_REFUSAL, self.share * AFTER_REFUSAL),
            _ => {}
        }
        if is_new {
            self.refused = Some(now);
        }
        (self.quiet, self.is_trial) = (Duration::ZERO, false);
        // Only what was sent after it tells how it is now.
        self.newest = self.newest.max(now);
        if let Some(limit) = self.limit {
            self.rate = self.rate.max(limit * LEAST);
        }
        self.changed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket of a provider, in requests, and processes that share it.
    struct World {
        limit: f64,
        holds: f64,
        level: f64,
    }

    impl World {
        fn allowance(&self) -> Allowance {
            Allowance {
                per_minute: self.limit as u64,
                remaining: (self.holds - self.level).max(0.0) as u64,
                reset: Duration::from_secs_f64(self.level.max(0.0) / (self.limit / 60.0)),
            }
        }
    }

    /// Runs processes for some seconds; what each sent in the last `seconds / 2`, and how
    /// many of all were refused.
    fn run(rates: &mut [Rate], world: &mut World, seconds: u64, from: Duration, has_headers: bool) -> (Vec<f64>, f64) {
        let step = Duration::from_millis(10);
        let mut due = vec![0.0; rates.len()];
        let mut sent = vec![0.0; rates.len()];
        let (mut refused, mut all) = (0.0, 0.0);
        let steps = seconds * 100;
        for at in 0..steps {
            let now = from + step * u32::try_from(at).unwrap();
            world.level = (world.level - world.limit / 6000.0).max(0.0);
            for (index, rate) in rates.iter_mut().enumerate() {
                due[index] += rate.per_minute().unwrap_or(3000.0) / 6000.0;
                rate.passes(now);
                rate.pressed(1, now);
                while due[index] >= 1.0 {
                    due[index] -= 1.0;
                    all += 1.0;
                    if world.level + 1.0 > world.holds {
                        refused += 1.0;
                        rate.refused(has_headers.then_some(world.limit as u64), 600.0, now, now);
                        due[index] -= rate.per_minute().unwrap_or(0.0) / 60.0;
                        continue;
                    }
                    world.level += 1.0;
                    if has_headers {
                        rate.told(&world.allowance(), now, now);
                    }
                    sent[index] += if at >= steps / 2 { 1.0 } else { 0.0 };
                }
            }
        }
        (sent, refused / all)
    }

    #[test]
    fn the_allowance_is_used_and_refusals_are_rare() {
        for (limit, seconds) in [(600.0, 1.0), (600.0, 60.0), (6000.0, 1.0), (6000.0, 60.0), (120.0, 60.0)] {
            for processes in [1, 4] {
                let mut world = World { limit, holds: limit / 60.0 * seconds, level: 0.0 };
                let mut rates = vec![Rate::default(); processes];
                let (sent, refused) = run(&mut rates, &mut world, 120, Duration::from_secs(1), true);
                let used = sent.iter().sum::<f64>() / limit;
                let (least, most) =
                    (sent.iter().copied().fold(f64::MAX, f64::min), sent.iter().copied().fold(0.0, f64::max));
                let words = format!(
                    "{limit} a minute in {seconds} s, {processes}: {used:.3} used, {refused:.4} refused, {least} to {most}"
                );
                assert!(used > 0.9, "{words}");
                assert!(refused <= if processes == 1 { 0.01 } else { 0.02 }, "{words}");
                assert!(least * 2.0 >= most, "{words}");
            }
        }
    }

    #[test]
    fn a_limit_that_changes_is_followed() {
        let mut world = World { limit: 1200.0, holds: 1200.0, level: 0.0 };
        let mut rates = vec![Rate::default()];
        let mut from = Duration::from_secs(1);
        for limit in [1200.0, 600.0, 1200.0] {
            world.level *= limit / world.limit;
            (world.limit, world.holds) = (limit, limit);
            // What a full bucket holds beside the limit is used first.
            let settling = if from < Duration::from_secs(2) { 150 } else { 30 };
            run(&mut rates, &mut world, settling, from, true);
            from += Duration::from_secs(settling);
            let (sent, _) = run(&mut rates, &mut world, 60, from, true);
            from += Duration::from_secs(60);
            let used = sent[0] * 2.0 / limit;
            assert!((0.85..1.15).contains(&used), "{limit}: {used}");
        }
    }

    #[test]
    fn without_a_word_the_rate_is_found_by_refusals() {
        let mut world = World { limit: 600.0, holds: 10.0, level: 0.0 };
        let mut rates = vec![Rate::default()];
        let (sent, refused) = run(&mut rates, &mut world, 120, Duration::from_secs(1), false);
        assert!(sent[0] > 0.85 * 600.0, "{}", sent[0]);
        assert!(refused < 0.02, "{refused}");
    }

    #[test]
    fn without_a_word_a_limit_that_changes_is_followed() {
        let mut world = World { limit: 1200.0, holds: 20.0, level: 0.0 };
        let mut rates = vec![Rate::default()];
        let mut from = Duration::from_secs(1);
        let (mut refused, mut parts) = (0.0, 0.0);
        for limit in [1200.0, 600.0, 1200.0] {
            (world.limit, world.holds) = (limit, limit / 60.0);
            run(&mut rates, &mut world, 30, from, false);
            from += Duration::from_secs(30);
            let (sent, share) = run(&mut rates, &mut world, 120, from, false);
            from += Duration::from_secs(120);
            let used = sent[0] / limit;
            assert!((0.85..1.05).contains(&used), "{limit}: {used}");
            (refused, parts) = (refused + share, parts + 1.0);
        }
        assert!(refused / parts < 0.02, "{refused}");
    }

    #[test]
    fn a_pause_is_no_sign_that_more_is_allowed() {
        let s = Duration::from_secs;
        for pause in [20, 60, 300, 100_000] {
            let mut rate = Rate::default();
            rate.refused(Some(600), 600.0, s(10), s(10));
            rate.pressed(1, s(11));
            rate.pressed(1, s(11 + pause));
            rate.pressed(1, s(12 + pause));
            assert!(rate.per_minute().is_some_and(|rate| rate < 601.0), "{pause} s: {rate:?}");
        }
    }

    #[test]
    fn replies_that_come_late_tell_nothing() {
        let mut rate = Rate::default();
        let full = Allowance { per_minute: 600, remaining: 600, reset: Duration::ZERO };
        let empty = Allowance { per_minute: 600, remaining: 0, reset: Duration::from_secs(60) };
        let s = Duration::from_secs;
        rate.told(&full, s(10), s(11));
        let before = rate.per_minute();
        rate.told(&empty, s(9), s(12));
        assert_eq!(rate.per_minute(), before);
        rate.told(&empty, s(13), s(14));
        assert!(rate.per_minute() < before);
    }
}
