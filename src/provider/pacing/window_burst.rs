//! Whether a limit is per second although reset times in whole seconds do not show it: a few requests are sent at once,
//! and others a second later and later show how much has come back.
//!
//! While little of a limit is used, reset times in whole seconds are the same for a second and for a minute; at the
//! rate of a minute, little is ever used. A constant reset time looks like both at any use.

use crate::provider::judgement::rate_limits::LimitHeaders;
use std::time::Duration;

/// Requests or tokens that are sent ahead of the learned rate, and what replies show of how fast they come back.
#[derive(Clone, Debug)]
pub(crate) struct WindowBurst {
    /// When it began.
    since: Duration,
    /// What may still be sent at once.
    left: u64,
    /// When something was last sent ahead of the rate; `None`: nothing was.
    sent: Option<Duration>,
    /// How many more requests may be sent to see what has come back.
    looks: u32,
    /// How many units each request surely takes: 1 request, or 0 of an unknown number of tokens.
    unit: u64,
    /// The reply that showed the lowest level, and those after it.
    lowest: Option<ObservedReply>,
    later: Vec<ObservedReply>,
}

/// A reply during the burst.
#[derive(Clone, Copy, Debug)]
struct ObservedReply {
    remaining: u64,
    sent: Duration,
    arrived: Duration,
}

/// Seconds of a minute.
const MINUTE: f64 = 60.0;
/// How much faster than in a limit per minute units have to come back.
const FASTER: f64 = 1.5;
/// How long after the last request that was sent ahead of the rate another one looks.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// How many look: replies may arrive in another order.
const LOOKS: u32 = 4;
/// By how much the times between two requests, and between their replies, may differ from that between two levels.
const TIME_ERROR: Duration = Duration::from_millis(300);
/// The longest time from the first to the last of these requests, as planned.
const SPREAD: Duration = Duration::from_millis(500);
/// How many times what would be sufficient is sent: a part comes back while the requests arrive.
const MARGIN: f64 = 2.0;
/// The most that is sent at once, as a part of the limit, and the number of requests that is always acceptable.
const MAX_PART: u64 = 4;
const MAX_SMALL: u64 = 10;
/// When it is over, whatever was seen.
const MAX_DURATION: Duration = Duration::from_secs(60);

impl WindowBurst {
    /// Begins at `now`, after a reply with `headers` to a request that was sent at `sent`. `unit`: how many units each
    /// request surely takes; `largest`: the largest count that was taken at once.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the limit")]
    pub(crate) fn begin(headers: &LimitHeaders, unit: u64, largest: u64, sent: Duration, now: Duration) -> Self {
        let duration = LOOK_AFTER + SPREAD + now.saturating_sub(sent);
        let sufficient = 1.0 + refilled_by_minute(headers.limit, duration) * FASTER;
        let max = (headers.limit / MAX_PART).max(MAX_SMALL * largest).min(headers.remaining / 2);
        let left = ((sufficient * MARGIN).ceil() as u64).max(largest).min(max).max(1);
        Self { since: now, left, sent: None, looks: LOOKS, unit, lowest: None, later: Vec::new() }
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) > MAX_DURATION
    }

    /// Nothing more is sent ahead of the rate.
    pub(crate) fn stop(&mut self) {
        (self.left, self.looks) = (0, 0);
    }

    /// Takes `count` ahead of the learned rate.
    ///
    /// # Errors
    /// How long to wait before the next try; `None`: nothing more may be sent.
    pub(crate) fn try_take(&mut self, count: u64, now: Duration) -> Result<(), Option<Duration>> {
        if let Some(left) = self.left.checked_sub(count) {
            (self.left, self.sent) = (left, Some(now));
            return Ok(());
        }
        let Some(at) = self.sent.filter(|_| self.looks > 0).map(|sent| sent + LOOK_AFTER) else { return Err(None) };
        if now < at {
            return Err(Some(at - now));
        }
        (self.looks, self.sent) = (self.looks - 1, Some(now));
        Ok(())
    }

    /// Learns from a reply. Returns whether more came back than in a limit per minute. Others that use the limit
    /// only make it less.
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
    pub(crate) fn on_headers(&mut self, headers: &LimitHeaders, sent: Duration, now: Duration) -> bool {
        let reply = ObservedReply { remaining: headers.remaining, sent, arrived: now };
        let Some(lowest) = self.lowest.filter(|lowest| lowest.remaining <= reply.remaining) else {
            (self.lowest, self.later) = (Some(reply), Vec::new());
            return false;
        };
        // Servers state the level at which they let a request through, or that at which they reply.
        if sent < lowest.sent + LOOK_AFTER / 2 || now < lowest.arrived {
            return false;
        }
        // The server has surely counted these between the two replies.
        let is_between = |later: &&ObservedReply| later.sent >= lowest.arrived && later.arrived <= sent;
        let between = self.later.iter().filter(is_between).count() as u64;
        self.later.push(reply);
        let taken = if sent >= lowest.arrived { (between + 1) * self.unit } else { 0 };
        let duration = (sent - lowest.sent).max(now - lowest.arrived) + TIME_ERROR;
        // What remains is rounded down: up to one unit less came back.
        let recovered = (reply.remaining - lowest.remaining + taken).saturating_sub(1);
        recovered as f64 >= FASTER * refilled_by_minute(headers.limit, duration) && recovered > 0
    }
}

/// What comes back of a limit per minute in `duration`.
#[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
fn refilled_by_minute(limit: u64, duration: Duration) -> f64 {
    limit as f64 / MINUTE * duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn headers(limit: u64, remaining: u64) -> LimitHeaders {
        LimitHeaders { limit, remaining, reset: Some(Duration::from_secs(1)) }
    }

    #[test]
    fn how_much_is_sent_at_once() {
        // Limit, remaining, latency in milliseconds, largest count so far; the number of requests or tokens.
        for (limit, remaining, latency, largest, expected) in [
            (20, 19, 200, 1, 4),
            (100, 99, 200, 1, 11),
            (600, 599, 200, 1, 53),
            (20, 19, 10_000, 1, 9),
            (600, 599, 10_000, 1, 150),
            (5, 4, 200, 1, 2),
            (2, 1, 200, 1, 1),
            (5000, 4690, 200, 310, 427),
            (60_000, 59_690, 200, 310, 5102),
        ] {
            let burst = WindowBurst::begin(&headers(limit, remaining), 1, largest, MS(0), MS(latency));
            assert_eq!(burst.left, expected, "{limit}, {remaining}, {latency} ms, {largest}");
        }
    }

    #[test]
    fn others_are_sent_a_second_apart() {
        let mut burst = WindowBurst::begin(&headers(5, 4), 1, 1, MS(0), MS(200));
        assert_eq!([burst.try_take(1, MS(300)), burst.try_take(1, MS(400))], [Ok(()); 2]);
        assert_eq!(burst.try_take(1, MS(500)), Err(Some(MS(900))));
        assert_eq!(burst.try_take(1, MS(1400)), Ok(()));
        assert_eq!(burst.try_take(1, MS(1500)), Err(Some(MS(900))));
        assert_eq!([3000, 4000, 5000].map(|at| burst.try_take(1, MS(at)).is_ok()), [true; 3]);
        assert_eq!(burst.try_take(1, MS(9000)), Err(None));
    }

    #[test]
    fn what_came_back_shows_whether_the_limit_is_per_minute() {
        // The replies: remaining, when the request was sent and when its reply arrived, in milliseconds; the limit is 120.
        let at_once = [(119, 0, 200), (114, 200, 400), (110, 210, 410)];
        let one_by_one: Vec<(u64, u64, u64)> = (0..10).map(|at| (110, 710 + 200 * at, 900 + 200 * at)).collect();
        for (later, expected, what) in [
            (&[(119, 1210, 1410)][..], true, "all came back"),
            (&[(111, 1210, 1410)], false, "2 came back, and 1 was taken, as in a limit per minute"),
            (&[(112, 1210, 1410)], false, "the same, rounded up"),
            (&[(114, 1210, 1410)], true, "4 came back"),
            (&[(119, 500, 600)], false, "sent soon after the lowest level"),
            (&[(109, 1210, 1410), (119, 1300, 1500)], false, "sent soon after a lower level"),
            (&one_by_one, true, "taken one after another"),
            (
                &[(110, 710, 900), (110, 710, 901), (110, 710, 902), (110, 710, 903)],
                false,
                "at once, in an unknown order",
            ),
            (&[(119, 1210, 9000)], false, "the times are far apart"),
        ] {
            let mut burst = WindowBurst::begin(&headers(120, 119), 1, 1, MS(0), MS(200));
            let mut shown = false;
            for (remaining, sent, arrived) in at_once.iter().chain(later) {
                shown |= burst.on_headers(&headers(120, *remaining), MS(*sent), MS(*arrived));
            }
            assert_eq!(shown, expected, "{what}");
        }
    }
}
