//! What all connections share, and the replies that they send.

use super::api_error::ApiError;
use super::batch_store::BatchStore;
use super::http::{HttpReply, JSON, full_body};
use super::limits::RateLimits;
use super::model::Model;
use super::options::Options;
use super::profiles::find::find_profile;
use super::rules::profile::Profile;
use super::stats::Stats;
use crate::base::random::mix;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What all connections share. They run on one thread.
pub(crate) struct SimulatorState {
    pub(crate) options: Options,
    pub(crate) profile: &'static Profile,
    start: Instant,
    pub(crate) shared: RefCell<Shared>,
}

/// The part of the state that requests change.
pub(crate) struct Shared {
    pub(crate) stats: Stats,
    pub(crate) limits: RateLimits,
    pub(crate) model: Model,
    pub(crate) batches: BatchStore,
}

impl SimulatorState {
    pub(crate) fn new(options: Options) -> Self {
        let start = now();
        let shared = Shared {
            stats: Stats::default(),
            limits: RateLimits::new(&options, start),
            model: Model::new(&options),
            batches: BatchStore::default(),
        };
        Self { profile: find_profile(options.profile), options, start, shared: shared.into() }
    }

    pub(crate) fn now(&self) -> Instant {
        now()
    }

    /// Time from the creation of a batch to its results.
    pub(crate) fn batch_time(&self) -> Duration {
        match self.options.ends_batches.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => self.options.batch_time,
        }
    }

    /// Counts a chat request, as in flight until the guard is dropped.
    pub(crate) fn begin_request(&self) -> InFlight<'_> {
        let elapsed_ms = u64::try_from(now().duration_since(self.start).as_millis()).unwrap_or(u64::MAX);
        self.shared.borrow_mut().stats.begin_request(elapsed_ms);
        InFlight(self)
    }

    /// A reply with this body.
    pub(crate) fn reply(&self, status: u16, content_type: &str, body: String) -> HttpReply {
        *self.shared.borrow_mut().stats.statuses.entry(status).or_default() += 1;
        let mut response = Response::new(full_body(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers();
        if let Ok(content_type) = HeaderValue::from_str(content_type) {
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        Ok(response)
    }

    /// An error reply.
    pub(crate) fn error(&self, error: &ApiError) -> HttpReply {
        self.reply(error.status, JSON, error.body(self.profile.errors))
    }

    /// The headers of every reply.
    fn headers(&self) -> HeaderMap {
        let shared = self.shared.borrow();
        let id = mix(self.options.seed ^ shared.stats.requests);
        let mut headers: Vec<(String, String)> = vec![
            ("x-request-id".into(), format!("req_{id:016x}{:016x}", mix(id))),
            ("openai-version".into(), "2020-10-01".into()),
            ("openai-processing-ms".into(), self.options.latency.as_millis().max(1).to_string()),
        ];
        if self.options.headers {
            headers.extend(shared.limits.headers());
        }
        let parse = |(name, value): (String, String)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?));
        headers.into_iter().filter_map(parse).collect()
    }
}

/// A chat request without a reply yet.
pub(crate) struct InFlight<'a>(&'a SimulatorState);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.shared.borrow_mut().stats.in_flight -= 1;
    }
}

#[expect(clippy::disallowed_methods, reason = "the simulator has its own time, like any server")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(options: Options) -> Vec<String> {
        let state = SimulatorState::new(options);
        let _in_flight = state.begin_request();
        let reply = state.reply(200, JSON, "{}".into()).unwrap();
        reply.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn every_reply_has_the_documented_headers() {
        let limited = Options { requests_per_minute: Some(5000), ..Options::default() };
        let found = headers(limited.clone());
        assert!(found[0].starts_with("x-request-id: req_") && found[0].len() == 18 + 32, "{}", found[0]);
        assert_eq!(
            found[1..],
            [
                "openai-version: 2020-10-01",
                "openai-processing-ms: 1",
                "x-ratelimit-limit-requests: 5000",
                "x-ratelimit-remaining-requests: 5000",
                "x-ratelimit-reset-requests: 0s",
                "content-type: application/json",
            ]
        );
        assert_eq!(headers(Options { headers: false, ..limited }).len(), 4);
    }

    #[test]
    fn requests_are_in_flight_until_their_end() {
        let state = SimulatorState::new(Options::default());
        let (one, other) = (state.begin_request(), state.begin_request());
        assert_eq!(state.shared.borrow().stats.in_flight, 2);
        drop((one, other));
        let error = state.error(&ApiError::server_error()).unwrap();
        assert_eq!(error.status(), 500);
        let shared = state.shared.borrow();
        assert_eq!((shared.stats.in_flight, shared.stats.max_in_flight, shared.stats.requests), (0, 2, 2));
        assert_eq!(shared.stats.statuses[&500], 1);
    }
}
