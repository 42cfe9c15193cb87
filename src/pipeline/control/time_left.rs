//! The remaining time of a run. Facts that are known before the first reply (limits, the latency of earlier runs) give
//! the shape of the estimate, and recent answers correct it.

use super::progress::{Progress, WaitReason};
use super::run_pace::RunPace;
use super::trouble::Trouble;
use std::time::Duration;

/// Estimates how long a run still takes, from its counters as they change: give it a snapshot several times a second.
#[derive(Clone, Debug, Default)]
pub struct TimeLeft {
    /// The counters of the last update, and when it was.
    last: Option<(Duration, Counts)>,
    /// When the first request was sent.
    first_sent: Option<Duration>,
    /// When the last pages had been sent.
    all_sent: Option<Duration>,
    /// When requests began to wait for the end of a cooldown.
    cooling_since: Option<Duration>,
    /// The trouble of now, and when it was first seen.
    trouble_since: Option<(u64, Duration)>,
    /// Requests in flight, by seconds.
    in_flight: Recent,
    /// Pages that were answered, by pages that the pace had let expect.
    answered: Recent,
    /// Latencies in seconds, by answers.
    latency: Recent,
    /// Pages that had to be asked, by pages that were looked at.
    asked_share: Recent,
}

/// An estimate of the time that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEstimate {
    /// The time.
    pub left: Duration,
    /// Whether it rests on little.
    pub is_rough: bool,
}

/// Cooldowns up to this one are part of the pace.
const MAX_COOLDOWN: Duration = Duration::from_secs(2);
/// A trouble without any answer lasts longer than single errors do after this time, or after as many rounds of replies.
const MIN_LASTING_SECONDS: f64 = 5.0;
const LASTING_ROUNDS: f64 = 2.0;
/// Share of the slots that are taken when requests wait for one.
const FULL: f64 = 0.8;
/// Time after which observations lose most of their weight, at least some rounds of replies.
const MEMORY_SECONDS: f64 = 15.0;
const MEMORY_ROUNDS: f64 = 5.0;
/// The same for the number in flight.
const IN_FLIGHT_SECONDS: f64 = 2.0;
/// Replies after which older ones lose most of their weight.
const MEMORY_REPLIES: f64 = 64.0;
/// The same for pages that were looked at.
const MEMORY_PAGES: f64 = 16.0;
/// If fewer of the latest pages had to be asked, the number among the others is unknown.
const MIN_ASKED_SHARE: f64 = 0.5;
/// With a lower share an estimate is rough.
const SURE_ASKED_SHARE: f64 = 0.95;
/// Weight of the latency of earlier runs, in replies.
const EARLIER_REPLIES: f64 = 4.0;
/// Weight of the expected pace relative to the observed one: seconds, and the minimum in rounds of replies.
const EXPECTED_SECONDS: f64 = 3.0;
const EXPECTED_ROUNDS: f64 = 3.0;
/// Pages after which an estimate is based on answers.
const ENOUGH_ANSWERS: u64 = 8;
/// Shortest latency that counts: a reply of zero milliseconds makes no rate infinite.
const MIN_LATENCY_SECONDS: f64 = 0.001;
/// Longer estimates are meaningless.
const MAX_SECONDS: f64 = 1e7;

impl TimeLeft {
    /// The estimate at `at`, a time on a monotonic clock, from the counters at that time. `None`: nothing is left, or it is
    /// unknown.
    pub fn update(&mut self, now: &Progress, at: Duration) -> Option<TimeEstimate> {
        self.observe(now, at);
        let is_cooling = self.cooling_since.is_some_and(|since| at.saturating_sub(since) > MAX_COOLDOWN);
        let is_unknown = now.is_only_listing || now.is_ending || now.is_counting && now.is_minimum;
        if is_unknown || is_cooling || is_stopped(now) || self.is_failing(now, at) {
            return None;
        }
        let share = self.asked_share.mean().filter(|share| *share >= MIN_ASKED_SHARE)?;
        let pages = as_f64(now.left) * share;
        let seconds = match (&now.pace, self.latency(now, at)) {
            (Some(pace), Some(latency)) => self.seconds(now, pace, pages, latency, at),
            // The latency is only known to be longer than the wait for the first reply so far. The limits hold in any
            // case.
            (Some(pace), None) => {
                let awaited = self.seconds_since_sent(at).map_or(0.0, |awaited| pace.seconds(pages, awaited));
                (pages / pace.max_rate()?).max(awaited)
            }
            (None, _) => pages * self.seconds_since_sent(at)? / as_f64(now.asked),
        };
        let is_known = pages >= 0.5 && seconds < MAX_SECONDS;
        let is_rough = now.asked < ENOUGH_ANSWERS || now.is_minimum || share < SURE_ASKED_SHARE || self.is_growing(now);
        is_known.then(|| TimeEstimate { left: Duration::from_secs_f64(seconds), is_rough })
    }

    /// The seconds that `pages` take, each `latency` seconds in flight.
    fn seconds(&self, now: &Progress, pace: &RunPace, pages: f64, latency: f64, at: Duration) -> f64 {
        // Where requests do not wait for slots, they wait for the rate or for pages to be prepared: as many are in flight as these
        // let through.
        let is_settled = self.seconds_since_sent(at).is_some_and(|since| since > EXPECTED_SECONDS.max(2.0 * latency));
        let seconds = match self.in_flight.mean().filter(|_| is_settled && !self.is_full(now)) {
            Some(in_flight) => pages / pace.rate(in_flight.max(0.1), latency),
            None => pace.seconds(pages, latency),
        };
        let expected = EXPECTED_SECONDS.max(EXPECTED_ROUNDS * latency) * self.rate_now(now, pace, latency);
        let seconds = seconds / self.answered.mean_from(1.0, expected.max(1.0)).max(1e-3);
        // The last page takes a whole latency.
        match self.all_sent {
            Some(sent) => (latency - at.saturating_sub(sent).as_secs_f64()).max(0.0),
            None => seconds.max(latency),
        }
    }

    /// The latency to expect, in seconds: that of recent replies, and of earlier runs as long as there are few.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    fn latency(&self, now: &Progress, at: Duration) -> Option<f64> {
        let earlier = now.earlier_latency_ms.map(|latency_ms| latency_ms as f64 / 1000.0);
        let known = match (earlier, self.latency.mean()) {
            (Some(earlier), Some(_)) => Some(self.latency.mean_from(earlier, EARLIER_REPLIES)),
            // The first reply takes at least as long as the wait so far.
            (Some(earlier), None) => Some(earlier.max(self.seconds_since_sent(at).unwrap_or_default())),
            (None, latency) => latency,
        };
        known.map(|latency| latency.max(MIN_LATENCY_SECONDS))
    }

    fn seconds_since_sent(&self, at: Duration) -> Option<f64> {
        self.first_sent.map(|sent| at.saturating_sub(sent).as_secs_f64().max(0.1))
    }

    /// Whether requests wait for a slot: as many are in flight as may be.
    fn is_full(&self, now: &Progress) -> bool {
        let concurrency =
            now.pace.map_or(1.0, |pace| f64::from(if pace.is_alone { 1 } else { pace.limits.concurrency }));
        self.in_flight.mean().is_some_and(|in_flight| in_flight >= FULL * concurrency)
    }

    /// Whether the estimate rests on a concurrency that is still growing: the server may not keep up.
    fn is_growing(&self, now: &Progress) -> bool {
        now.pace.is_some_and(|pace| pace.is_alone || pace.limits.concurrency < pace.limits.max_concurrency)
            && self.is_full(now)
    }

    /// Whether requests have failed for so long, and none was answered, that the pace shows nothing.
    fn is_failing(&self, now: &Progress, at: Duration) -> bool {
        let rounds = LASTING_ROUNDS * self.latency(now, at).unwrap_or_default();
        let lasting = MIN_LASTING_SECONDS.max(rounds);
        self.trouble_since.is_some_and(|(_, since)| at.saturating_sub(since).as_secs_f64() > lasting)
    }

    /// The expected pages per second from the requests in flight.
    fn rate_now(&self, now: &Progress, pace: &RunPace, latency: f64) -> f64 {
        pace.rate(self.in_flight.mean().unwrap_or(as_f64(now.in_flight)), latency)
    }

    fn observe(&mut self, now: &Progress, at: Duration) {
        let counts = Counts::from_progress(now);
        let (before, last) = self.last.replace((at, counts)).unwrap_or((at, Counts::default()));
        let seconds = at.saturating_sub(before).as_secs_f64();
        if now.in_flight > 0 || now.asked > 0 {
            self.first_sent.get_or_insert(at);
        }
        self.cooling_since = match now.wait_reason {
            Some(WaitReason::Cooldown) => self.cooling_since.or(Some(at)),
            _ => None,
        };
        let known =
            self.trouble_since.filter(|(number, _)| now.trouble.as_ref().is_some_and(|it| it.number == *number));
        self.trouble_since = known.or_else(|| now.trouble.as_ref().map(|trouble| (trouble.number, at)));
        // Fewer pages are left than slots: all of them are in flight.
        self.all_sent = match now.left <= now.in_flight {
            true => self.all_sent.or(Some(at)),
            false => None,
        };
        if now.in_flight > 0 {
            self.in_flight.add(as_f64(now.in_flight) * seconds, seconds, IN_FLIGHT_SECONDS);
        }
        let answers = counts.answers.saturating_sub(last.answers);
        let latency_ms = counts.answer_ms.saturating_sub(last.answer_ms);
        self.latency.add(as_f64(latency_ms) / 1000.0, as_f64(answers), MEMORY_REPLIES);
        let begun = as_f64(counts.begun.saturating_sub(last.begun));
        let unasked = as_f64(counts.unasked.saturating_sub(last.unasked));
        self.asked_share.add(begun, begun + unasked, MEMORY_PAGES);
        // Replies to the first requests can't be expected sooner; the others lack half a round on average.
        if let (Some(pace), Some(latency)) = (&now.pace, self.latency(now, at))
            && self.seconds_since_sent(at).is_some_and(|since| since > latency / 2.0)
            && self.cooling_since.is_none()
            && !is_stopped(now)
        {
            let expected = self.rate_now(now, pace, latency) * seconds;
            let answered = as_f64(counts.asked.saturating_sub(last.asked));
            let memory = MEMORY_SECONDS.max(MEMORY_ROUNDS * latency) * self.rate_now(now, pace, latency);
            self.answered.add(answered, expected, memory.max(1.0));
        }
    }
}

/// Whether nothing is answered: the duration of an outage or a wait for the provider's limit is unknown.
fn is_stopped(now: &Progress) -> bool {
    now.trouble.as_ref().is_some_and(Trouble::stops_all)
}

/// Counters whose differences count.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    asked: u64,
    begun: u64,
    unasked: u64,
    answers: u64,
    answer_ms: u64,
}

impl Counts {
    fn from_progress(now: &Progress) -> Self {
        Self {
            asked: now.asked,
            begun: now.begun,
            unasked: now.unasked,
            answers: now.answers,
            answer_ms: now.answer_ms,
        }
    }
}

/// A mean of recent observations: older ones lose their weight.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    sum: f64,
    weight: f64,
}

impl Recent {
    /// Adds a sum of values with this weight. All before it lose weight, with `memory` as the scale.
    fn add(&mut self, sum: f64, weight: f64, memory: f64) {
        let kept = (-weight / memory).exp();
        self.sum = self.sum * kept + sum;
        self.weight = self.weight * kept + weight;
    }

    /// The mean; `None`: nothing was added.
    fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The mean together with an earlier one of this weight.
    fn mean_from(&self, earlier: f64, weight: f64) -> f64 {
        (self.sum + earlier * weight) / (self.weight + weight)
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
