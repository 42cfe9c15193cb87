//! Requests and tokens per minute: never more than the manifest states, and as close as
//! possible to the provider's limit.

use super::limit::Limit;
use crate::base::clock::Clock;
use crate::provider::judgement::rate_limits::{ExceededLimit, LimitKind, RateLimitHeaders};
use std::sync::Arc;
use std::time::Duration;

/// The limits on requests and on tokens per minute.
pub(crate) struct RateLimiter {
    clock: Arc<dyn Clock>,
    requests: Limit,
    tokens: Limit,
}

impl RateLimiter {
    /// A limiter with the manifest's limits. `None`: only what the provider enforces.
    #[must_use]
    pub(crate) fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u64>, clock: Arc<dyn Clock>) -> Self {
        Self {
            requests: Limit::for_requests(requests_per_minute, &clock),
            tokens: Limit::for_tokens(tokens_per_minute, &clock),
            clock,
        }
    }

    /// The same for one of `parallel` processes that share the provider's limit.
    pub(crate) fn shared_by(self, parallel: u32) -> Self {
        Self { requests: self.requests.shared_by(parallel), tokens: self.tokens.shared_by(parallel), ..self }
    }

    /// Whether a rate paces requests: one that the manifest states or one that was learned.
    pub(crate) fn is_pacing(&self) -> bool {
        self.requests.is_pacing() || self.tokens.is_pacing()
    }

    /// The rate per minute that was learned, of requests or of tokens; `None`: none was, or the
    /// manifest states one.
    pub(crate) fn learned_rate(&self, kind: LimitKind) -> Option<f64> {
        match kind {
            LimitKind::Requests => self.requests.learned_rate(),
            LimitKind::Tokens => self.tokens.learned_rate(),
        }
    }

    /// The rate per minute, stated or learned, of requests and of tokens.
    pub(crate) fn rates(&self) -> (Option<f64>, Option<f64>) {
        (self.requests.rate(), self.tokens.rate())
    }

    /// Takes one request.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub(crate) fn try_request(&mut self) -> Result<(), Duration> {
        self.requests.try_take(1, self.clock.now())
    }

    /// Takes `count` tokens. A count may exceed any burst: it waits until that many tokens
    /// have accumulated.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub(crate) fn try_tokens(&mut self, count: u64) -> Result<(), Duration> {
        self.tokens.try_take(count, self.clock.now())
    }

    /// Learns from the headers of the reply to a request that was sent at `sent`, as the
    /// clock measures it.
    pub(crate) fn on_headers(&mut self, headers: &RateLimitHeaders, sent: Duration) {
        let now = self.clock.now();
        for (limit, reported) in [(&mut self.requests, headers.requests), (&mut self.tokens, headers.tokens)] {
            if let Some(reported) = reported {
                limit.on_headers(&reported, sent, now);
            }
        }
    }

    /// The provider let a request through.
    pub(crate) fn on_processed(&mut self) {
        self.requests.on_processed();
        self.tokens.on_processed();
    }

    /// Learns that a request, sent at `sent`, exceeded a limit.
    pub(crate) fn on_throttled(&mut self, exceeded: &ExceededLimit, sent: Duration) {
        let limit = match exceeded.kind {
            LimitKind::Requests => &mut self.requests,
            LimitKind::Tokens => &mut self.tokens,
        };
        limit.on_throttled(exceeded.per_minute, sent, self.clock.now());
    }
}

#[cfg(test)]
mod tests;
