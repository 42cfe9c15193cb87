//! What all connections share: options, counters, limits, and how replies are made.

use super::batches::Shelf;
use super::limits::{Bucket, go_duration};
use super::options::Options;
use super::reply::error;
use super::stats::Stats;
use super::vision::Sight;
use crate::base::random::mix;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Instant;

pub(crate) type Body = BoxBody<Bytes, io::Error>;
/// An error drops the connection.
pub(crate) type Reply = Result<Response<Body>, io::Error>;

/// What all connections share.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) start: Instant,
    pub(crate) inner: RefCell<Inner>,
}

pub(crate) struct Inner {
    pub(crate) stats: Stats,
    pub(crate) requests: Option<Bucket>,
    pub(crate) tokens: Option<Bucket>,
    pub(crate) sights: HashMap<u64, Option<Sight>>,
    pub(crate) shelf: Shelf,
    /// Prompts seen, for prefix caching.
    pub(crate) prompts: HashSet<u64>,
}

/// Sights that are remembered: the same page is often asked again soon.
pub(crate) const SIGHTS: usize = 512;

impl State {
    pub(crate) fn new(options: Options) -> Self {
        let now = now();
        let bucket = |limit: Option<u64>| limit.map(|limit| Bucket::new(limit, options.bucket_seconds, now));
        let inner = Inner {
            stats: Stats::default(),
            requests: bucket(options.requests_per_minute),
            tokens: bucket(options.tokens_per_minute),
            sights: HashMap::new(),
            shelf: Shelf::default(),
            prompts: HashSet::new(),
        };
        Self { start: now, inner: inner.into(), options }
    }

    /// Sets the limits as they are at this time.
    pub(crate) fn step_limits(&self) {
        let now = now();
        let passed = now.duration_since(self.start);
        let Some((_, share)) = self.options.limit_steps.iter().rev().find(|(from, _)| *from <= passed) else { return };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "limits are small"
        )]
        let stepped = |limit: u64| ((limit as f64 * share) as u64).max(1);
        let Inner { requests, tokens, .. } = &mut *self.inner.borrow_mut();
        let limits = [(requests, self.options.requests_per_minute), (tokens, self.options.tokens_per_minute)];
        for (bucket, limit) in limits {
            if let (Some(bucket), Some(limit)) = (bucket, limit) {
                bucket.change(stepped(limit), now);
            }
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let inner = self.inner.borrow();
        let mut put = |name: String, value: String| {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        };
        let id = mix(self.options.seed ^ inner.stats.requests);
        put("x-request-id".into(), format!("req_{id:016x}{:016x}", mix(id)));
        put("openai-version".into(), "2020-10-01".into());
        put("openai-processing-ms".into(), self.options.latency.as_millis().max(1).to_string());
        let buckets = [("requests", &inner.requests), ("tokens", &inner.tokens)];
        for (kind, bucket) in buckets.iter().filter(|_| self.options.headers) {
            let Some(bucket) = bucket else { continue };
            let (remaining, reset) = bucket.state();
            put(format!("x-ratelimit-limit-{kind}"), bucket.limit.to_string());
            put(format!("x-ratelimit-remaining-{kind}"), remaining.to_string());
            put(format!("x-ratelimit-reset-{kind}"), go_duration(reset));
        }
        headers
    }

    /// A reply of JSON or text.
    pub(crate) fn plain(&self, status: u16, kind: &str, body: String) -> Reply {
        *self.inner.borrow_mut().stats.statuses.entry(status).or_default() += 1;
        let mut response = Response::new(full(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers();
        if let Ok(kind) = HeaderValue::from_str(kind) {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        Ok(response)
    }

    pub(crate) fn error(
        &self,
        status: u16,
        kind: &str,
        code: Option<&str>,
        param: Option<&str>,
        message: &str,
    ) -> Reply {
        self.plain(status, "application/json", error(kind, code, param, message))
    }
}

#[expect(clippy::disallowed_methods, reason = "the simulator has its own time, like any server")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

/// Counts a request as in flight while it lives.
pub(crate) struct InFlight<'a>(&'a State);

impl<'a> InFlight<'a> {
    pub(crate) fn new(state: &'a State) -> Self {
        let mut inner = state.inner.borrow_mut();
        let stats = &mut inner.stats;
        stats.requests += 1;
        stats.in_flight += 1;
        stats.most_in_flight = stats.most_in_flight.max(stats.in_flight);
        let at = u64::try_from(now().duration_since(state.start).as_millis()).unwrap_or(u64::MAX);
        stats.first_ms.get_or_insert(at);
        stats.last_ms = at;
        drop(inner);
        Self(state)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.inner.borrow_mut().stats.in_flight -= 1;
    }
}
