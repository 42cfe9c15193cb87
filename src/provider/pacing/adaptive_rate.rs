//! A rate that follows a limit that the manifest does not state: from the headers of replies, or else from throttled requests.
//!
//! Additive increase and multiplicative decrease, so that processes that share an account's
//! limit and adapt independently converge to equal shares. Time is a parameter.
//!
//! With headers, the controller steers the level of the provider's bucket, which refills
//! continuously: while the level stays constant, docmill sends exactly as fast as the
//! bucket refills. The rate reacts at once: it is lower while less than the headroom is
//! free, and higher while more is. This process's share of the limit, which other processes
//! may use too, follows slowly.
//!
//! Processes that are known to share the limit, such as shards of a job, start with equal parts
//! of it. How many of them use it at the moment is estimated from what they leave free.
//!
//! The constants were found with a model of buckets, processes and latencies, and verified
//! with processes against a server (docs/performance.md).

use crate::provider::judgement::rate_limits::ReportedLimit;
use std::time::Duration;

/// Headroom: the part of the provider's bucket that is kept free, as a fraction of it.
const HEADROOM: f64 = 0.4;
/// Largest headroom, in seconds of refill: large buckets need no larger one.
const MAX_HEADROOM_SECONDS: f64 = 5.0;
/// The reaction range, in multiples of the headroom. The rate changes by the fraction
/// (free level - headroom) / range.
const REACTION_RANGE: f64 = 1.25;
/// Largest fraction by which the rate falls below this process's share.
const MAX_DECREASE: f64 = 0.8;
/// Largest fraction by which the rate rises above this process's share. Only large buckets
/// allow all of it.
const MAX_INCREASE: f64 = 0.6;
/// How strongly the share reacts to the deviation: the exponent of its price.
const SHARE_PRICE: f64 = 3.5;

/// A bucket of at most this many seconds of refill is small. It overflows before a process
/// has seen a reply, the more so the more processes share it. For small buckets, keep more
/// headroom, let processes with a larger share back off more, and damp the reaction by the
/// age of the last observation.
const SMALL_BUCKET_SECONDS: f64 = 2.0;
/// From this size on a bucket is not small at all; in between, the small-bucket constants
/// count proportionally.
const NORMAL_BUCKET_SECONDS: f64 = 5.0;
/// Additional headroom of a small bucket, as a fraction of it, unless the other processes are
/// known: then all of them together start below the limit.
const SMALL_BUCKET_HEADROOM: f64 = 0.45;
/// Additional price of a small bucket.
const SMALL_BUCKET_PRICE: f64 = 4.5;
/// Smallest reaction range of a small bucket, in multiples of the age of the observation.
const SMALL_BUCKET_RANGE: f64 = 8.0;
/// From this size on, in seconds of refill, a bucket allows all of [`MAX_INCREASE`]. A small
/// bucket allows none; in between, the fraction grows proportionally.
const FULL_INCREASE_SECONDS: f64 = 22.0;
/// Bounds of a bucket's size, in seconds of refill. What headers report is rounded, so that
/// an almost full bucket may seem to have any size.
const MIN_BUCKET_SECONDS: f64 = 0.5;
const MAX_BUCKET_SECONDS: f64 = 60.0;
/// The longest reset time in whole seconds that does not show how large a bucket is: rounding is a large part of it.
const MAX_COARSE_RESET: Duration = Duration::from_secs(2);
/// By how much a reset time in whole seconds may be rounded up.
const COARSE_RESET_STEP: Duration = Duration::from_secs(1);
/// How long the smoothed level remembers: a quarter of the bucket's size, at most 1 second.
const LEVEL_MEMORY: f64 = 0.25;
const MAX_LEVEL_MEMORY_SECONDS: f64 = 1.0;
/// Observations closer than this count as this far apart, in seconds: each moves the level.
const MIN_OBSERVATION_GAP_SECONDS: f64 = 0.02;

/// Growth of the share at the start, per second, while the bucket is comfortably full.
const RAMP_SPEED: f64 = 0.4;
/// Longest start, from the first report on: requests that are sent later show no more of it.
const MAX_RAMP: Duration = Duration::from_secs(5);
/// How fast the share changes. With a faster one, four processes would oscillate.
const SHARE_SPEED: f64 = 0.15;
/// The share that a process starts with: other processes may already run.
const INITIAL_SHARE: f64 = 0.5;
/// How fast the number of active processes falls while the bucket is full: by this fraction per
/// second. With a faster one, sixteen processes would oscillate.
const PEERS_SPEED: f64 = 0.05;
/// How many times as fast it rises while the bucket is empty.
const PEERS_RISE: f64 = 3.0;
/// Smallest share, and smallest rate as a fraction of an equal part of the limit.
const MIN_SHARE: f64 = 0.02;
/// What a throttled request leaves of rate and share.
const DECREASE_FACTOR: f64 = 0.75;
/// Requests that are throttled within this time count as one.
const THROTTLING_WINDOW: Duration = Duration::from_secs(1);

/// Without headers: the fraction of a known limit that is used.
const BLIND_USE: f64 = 0.97;
/// Without headers: growth of the rate, as a fraction of the limit per second.
const BLIND_GROWTH: f64 = 0.01;
/// The same after a single throttled request, up to a fraction of the rate before it.
const BLIND_RECOVERY: f64 = 0.1;
const RECOVERED: f64 = 0.93;
/// The same after throttled requests that show what the limit lets through.
const SHARED: f64 = 0.9;
/// A request that is throttled this long after the last one is a single one. More frequent ones show that
/// others use the limit too: then the rate recovers slowly, so that all get equal shares.
const SINGLE_AFTER: Duration = Duration::from_secs(10);
/// A raised limit that was throttled at less than this multiple of the limit before it shows that the
/// limit is unchanged: a bucket lets a little more through for a while. A reported limit above it is another one.
const RAISED: f64 = 1.3;
/// Without headers: the assumed limit is raised after requests were delayed for this long and none was
/// throttled. The real limit may be higher now.
const RAISE_AFTER: Duration = Duration::from_secs(15);
/// The same as a number of requests: each raise ends with a throttled request, which is then less than one
/// in a hundred.
const RAISE_AFTER_REQUESTS: f64 = 120.0;
/// The same for a limit that is guessed from one throttled request.
const RAISE_GUESS_AFTER: Duration = Duration::from_secs(2);
/// How fast a guess grows, like [`RAISE_GROWTH`]: it may be many times too low.
const GUESS_GROWTH: f64 = 0.2;
/// How fast a raised limit grows: by this fraction per second, times the seconds for which
/// it has been raised.
const RAISE_GROWTH: f64 = 0.02;
/// Longest time between two delayed requests that counts as delayed. Requests that wait
/// look again at least this often, so that a longer gap is a pause.
const MAX_DELAY_GAP: Duration = Duration::from_secs(1);

/// Longest time between two observations that is taken into account, in seconds.
const MAX_OBSERVATION_GAP_SECONDS: f64 = 2.0;
/// Weight of the newest time between observations in its moving average.
const GAP_WEIGHT: f64 = 0.2;

/// A rate that follows a limit.
#[derive(Clone, Debug)]
pub(crate) struct AdaptiveRate {
    /// The known limit per minute.
    limit: Option<f64>,
    /// What to send per minute.
    rate: f64,
    /// What this process takes, as a multiple of an equal part of the limit.
    share: f64,
    /// The known number of processes that share the limit. At least 1.
    parallel: f64,
    /// How many of them are active, as far as the bucket shows it: from 1 to `parallel`.
    peers: f64,
    /// The free fraction of the provider's bucket, smoothed; `None`: no headers report it.
    free: Option<f64>,
    /// The most that the bucket was seen to hold, by reset times that are too coarse to show its capacity.
    max_coarse: f64,
    /// Time between two observations, smoothed, in seconds.
    observation_gap: Option<f64>,
    /// When the rate last changed.
    changed: Duration,
    /// When the newest request that was observed was sent. Replies to older ones are ignored.
    newest: Duration,
    /// When a request was last throttled.
    throttled: Option<Duration>,
    /// Whether the limit is what was sent before the first throttled request, of which a part came out
    /// of a full bucket.
    is_guess: bool,
    /// The rate up to which it grows fast after a throttled request.
    recover_to: f64,
    /// When a request was last delayed because of this rate.
    delayed: Duration,
    /// For how long requests were delayed since the last throttled one.
    delayed_total: Duration,
    /// The limit before it was raised.
    before_raise: Option<f64>,
    /// At the start and after a throttled request the share grows fast; `None`: this is over.
    ramp: Option<Ramp>,
}

/// A share that grows fast.
#[derive(Clone, Copy, Debug)]
struct Ramp {
    /// When the first report arrived.
    since: Option<Duration>,
    /// Whether the share has grown.
    has_grown: bool,
    /// The share at which it ends.
    target: f64,
}

impl Ramp {
    fn to(target: f64) -> Option<Self> {
        Some(Self { since: None, has_grown: false, target })
    }
}

impl AdaptiveRate {
    /// A rate of one of `parallel` processes that share the limit. 1: no other process is known.
    pub(crate) fn new(parallel: u32) -> Self {
        let zero = Duration::ZERO;
        let parallel = f64::from(parallel.max(1));
        Self {
            limit: None,
            rate: 0.0,
            share: if parallel > 1.0 { 1.0 } else { INITIAL_SHARE },
            parallel,
            peers: parallel,
            free: None,
            max_coarse: 0.0,
            observation_gap: None,
            changed: zero,
            newest: zero,
            throttled: None,
            is_guess: false,
            recover_to: 0.0,
            delayed: zero,
            delayed_total: zero,
            before_raise: None,
            ramp: Ramp::to(1.0),
        }
    }

    /// Starts with less: throttling at the rate that the manifest states shows that others use the limit
    /// too, or that it is lower.
    pub(crate) fn yield_to_others(&mut self) {
        if let Some(limit) = self.limit {
            (self.recover_to, self.rate) = (limit * RECOVERED, self.rate * INITIAL_SHARE);
        }
    }

    /// Starts with all of its equal part of the limit: the manifest claims it.
    pub(crate) fn claim_equal_part(&mut self) {
        self.share = 1.0;
    }

    /// What to send per minute; `None`: no limit is known.
    pub(crate) fn per_minute(&self) -> Option<f64> {
        self.limit.map(|_| self.rate)
    }

    /// The headers of the reply to a request, sent at `sent`, report the bucket's level.
    #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
    pub(crate) fn on_headers(&mut self, reported: &ReportedLimit, sent: Duration, now: Duration) {
        if sent < self.newest {
            return;
        }
        self.newest = sent;
        let limit = reported.per_minute as f64;
        let refill = limit / 60.0;
        if self.limit.is_none_or(|known| (known - limit).abs() >= 1.0) {
            self.max_coarse = 0.0;
        }
        if self.limit.is_some_and(|known| limit > known * RAISED) {
            // What was seen of a lower limit shows nothing about this one.
            (self.free, self.ramp) = (None, Ramp::to(1.0));
        }
        let capacity = self.capacity(reported, refill);
        let free = (reported.remaining as f64 / capacity).clamp(0.0, 1.0);
        let seconds = (capacity / refill).clamp(MIN_BUCKET_SECONDS, MAX_BUCKET_SECONDS);
        let elapsed = now.saturating_sub(self.changed).as_secs_f64();
        let memory = (seconds * LEVEL_MEMORY).min(MAX_LEVEL_MEMORY_SECONDS);
        let weight = 1.0 - (-elapsed.max(MIN_OBSERVATION_GAP_SECONDS) / memory).exp();
        let free = self.free.map_or(free, |known| known + (free - known) * weight);
        // From 0 (normal) to 1 (small).
        let smallness =
            ((NORMAL_BUCKET_SECONDS - seconds) / (NORMAL_BUCKET_SECONDS - SMALL_BUCKET_SECONDS)).clamp(0.0, 1.0);
        let gap = elapsed.min(MAX_OBSERVATION_GAP_SECONDS);
        let gap = self.observation_gap.map_or(gap, |known| known + (gap - known) * GAP_WEIGHT);
        let latency = now.saturating_sub(sent).as_secs_f64().min(MAX_OBSERVATION_GAP_SECONDS);
        let age = gap + latency;
        // In seconds of refill: that is how fast a bucket responds.
        let more_headroom = if self.parallel > 1.0 { 0.0 } else { SMALL_BUCKET_HEADROOM * smallness };
        let headroom = ((HEADROOM + more_headroom) * seconds).min(MAX_HEADROOM_SECONDS);
        let range = (headroom * REACTION_RANGE).max(SMALL_BUCKET_RANGE * smallness * age);
        let price = SHARE_PRICE + SMALL_BUCKET_PRICE * smallness;
        let deviation = ((free * seconds - headroom) / range).clamp(-MAX_DECREASE, MAX_INCREASE);
        // Kelly's congestion control ("Rate control for communication networks", 1998): a
        // larger share pays a higher price, until all shares are equal.
        let speed = SHARE_SPEED / range * elapsed.min(1.0);
        if !self.grow_fast(deviation, elapsed.min(1.0), sent, now) {
            self.share += speed * (1.0 - self.share * (-price * deviation).exp());
        }
        self.estimate_peers(free, headroom / seconds, elapsed.min(MAX_OBSERVATION_GAP_SECONDS));
        self.share = self.share.clamp(MIN_SHARE, self.peers);
        let largeness = (seconds - SMALL_BUCKET_SECONDS) / (FULL_INCREASE_SECONDS - SMALL_BUCKET_SECONDS);
        let max_increase = MAX_INCREASE * largeness.clamp(0.0, 1.0);
        let part = limit / self.peers;
        let rate = part * self.share * (1.0 + deviation);
        self.rate = rate.clamp(part * MIN_SHARE, limit * (1.0 + max_increase));
        (self.limit, self.free, self.observation_gap, self.changed) = (Some(limit), Some(free), Some(gap), now);
    }

    /// The bucket's capacity: the free part, and the part that refills until it is full. A reset time that was rounded up would make
    /// a full bucket seem half used: then it is the most that was ever free. `refill`: per second.
    #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
    fn capacity(&mut self, reported: &ReportedLimit, refill: f64) -> f64 {
        let free_after = |reset: Duration| reported.remaining as f64 + refill * reset.as_secs_f64();
        let reset = reported.reset;
        if reset > MAX_COARSE_RESET || reset.subsec_nanos() > 0 {
            return free_after(reset).max(1.0);
        }
        self.max_coarse = self.max_coarse.max(free_after(reset.saturating_sub(COARSE_RESET_STEP)));
        self.max_coarse.max(1.0)
    }

    /// Processes that have ended leave their part free: then the others take it over. `free`, `headroom`: fractions
    /// of the bucket.
    fn estimate_peers(&mut self, free: f64, headroom: f64, elapsed: f64) {
        let scale = if free > headroom { 1.0 - headroom } else { headroom / PEERS_RISE };
        let peers = self.peers * (-PEERS_SPEED * elapsed * (free - headroom) / scale).exp();
        self.peers = peers.clamp(1.0, self.parallel);
    }

    /// Lets the share grow fast, until the bucket's level falls because of it. A low level
    /// before that is due to requests that were sent before anything was known. Returns
    /// whether this goes on.
    fn grow_fast(&mut self, deviation: f64, elapsed: f64, sent: Duration, now: Duration) -> bool {
        let Some(ramp) = &mut self.ramp else { return false };
        let since = *ramp.since.get_or_insert(now);
        if deviation >= 0.0 && sent >= since {
            ramp.has_grown = true;
            self.share += RAMP_SPEED * elapsed;
        }
        // What the first requests of it have changed is seen when they are answered.
        let is_late = sent.saturating_sub(since) > MAX_RAMP;
        let is_over = self.share >= ramp.target || (ramp.has_grown && deviation < 0.0) || is_late;
        if is_over {
            self.ramp = None;
        }
        !is_over
    }

    /// A request is about to be admitted: without headers the rate grows with time.
    pub(crate) fn on_admission(&mut self, now: Duration) {
        if let (Some(limit), None) = (self.limit, self.free) {
            let elapsed = now.saturating_sub(self.changed).as_secs_f64();
            let fast = (BLIND_RECOVERY * limit * elapsed).min((self.recover_to - self.rate).max(0.0));
            self.rate = (self.rate + fast.max(BLIND_GROWTH * limit * elapsed)).min(limit * BLIND_USE);
            self.changed = now;
        }
    }

    /// A request of `count` is delayed because of this rate. Without headers, only trying
    /// more shows that the limit was raised.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn on_delayed(&mut self, count: u64, now: Duration) {
        let (Some(limit), None) = (self.limit, self.free) else { return };
        // Only time with more waiting requests counts: a pause shows nothing.
        let elapsed = now.saturating_sub(self.delayed).min(MAX_DELAY_GAP);
        self.delayed = now;
        self.delayed_total += elapsed;
        let requests = Duration::try_from_secs_f64(RAISE_AFTER_REQUESTS * count as f64 * 60.0 / self.rate.max(1.0));
        let (raise_after, growth) = match self.is_guess {
            true => (RAISE_GUESS_AFTER, GUESS_GROWTH),
            false => (RAISE_AFTER.max(requests.unwrap_or(Duration::MAX)), RAISE_GROWTH),
        };
        let raising = self.delayed_total.saturating_sub(raise_after).as_secs_f64();
        if raising > 0.0 {
            self.limit = Some(limit * (1.0 + growth * raising * elapsed.as_secs_f64()));
            self.rate = self.rate.max(limit * BLIND_USE);
            self.before_raise.get_or_insert(limit);
        }
    }

    /// What this process may take of a limit per minute that all processes share.
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
    pub(crate) fn equal_part(&self, limit: u64) -> f64 {
        limit as f64 / self.parallel
    }

    /// A request, sent at `sent`, was throttled. `known`: this process's part of the limit per minute, as the error or the
    /// manifest names it; `admitted`: what was admitted per minute before it; `sustained`: the same since the last throttled one, when
    /// the bucket was as empty as now.
    pub(crate) fn on_throttled(
        &mut self,
        known: Option<f64>,
        admitted: f64,
        sustained: Option<f64>,
        sent: Duration,
        now: Duration,
    ) {
        let is_new =
            self.throttled.is_none_or(|before| sent >= before && now.saturating_sub(before) >= THROTTLING_WINDOW);
        let is_single = self.throttled.is_none_or(|before| now.saturating_sub(before) >= SINGLE_AFTER);
        if is_new {
            self.recover_to = if is_single { self.rate * RECOVERED } else { 0.0 };
        }
        let before_raise = self.before_raise.filter(|_| self.free.is_none());
        let sustained = sustained.filter(|_| is_new && self.is_guess);
        match (self.limit, known, before_raise, sustained) {
            (None, Some(limit), ..) => (self.limit, self.rate) = (Some(limit), limit * BLIND_USE),
            (None, None, ..) if admitted > 0.0 => {
                (self.limit, self.rate) = (Some(admitted), admitted * DECREASE_FACTOR);
                self.recover_to = admitted * RECOVERED;
                self.is_guess = true;
            }
            (Some(_), Some(limit), ..) if self.free.is_none() && self.limit != Some(limit) => {
                (self.limit, self.rate) = (Some(limit), self.rate.min(limit * BLIND_USE));
            }
            (Some(_), None, Some(before), _) => {
                let limit = if self.rate > before * RAISED { self.rate * DECREASE_FACTOR } else { before };
                self.is_guess = false;
                (self.limit, self.rate) = (Some(limit), limit * DECREASE_FACTOR);
                self.recover_to = limit * RECOVERED;
            }
            (Some(_), None, None, Some(limit)) => {
                self.is_guess = false;
                (self.limit, self.rate) = (Some(limit), limit * DECREASE_FACTOR);
                self.recover_to = limit * SHARED;
            }
            (Some(_), ..) if is_new => {
                self.ramp = if is_single { Ramp::to(self.share * RECOVERED) } else { None };
                (self.rate, self.share) = (self.rate * DECREASE_FACTOR, self.share * DECREASE_FACTOR);
            }
            _ => {}
        }
        if is_new {
            self.throttled = Some(now);
        }
        (self.delayed_total, self.before_raise) = (Duration::ZERO, None);
        // Requests that were sent before report an outdated level.
        self.newest = self.newest.max(now);
        if let Some(limit) = self.limit {
            self.rate = self.rate.max(limit / self.peers * MIN_SHARE);
        }
        self.changed = now;
    }
}

#[cfg(test)]
mod tests;
