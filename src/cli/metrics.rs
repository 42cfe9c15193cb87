//! `--metrics ADDRESS`: an HTTP endpoint with the run's counters, for Prometheus.

use crate::base::money::Pico;
use crate::base::vocabulary::VerdictName;
use crate::pipeline::{LATENCY_BOUNDS, Progress};
use crate::report::openmetrics::{self, NO_LABELS, encode_family, encode_metrics};
use crate::session::ProgressHandle;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Maximum time that a connection is open.
const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);

/// Maximum number of connections at the same time.
const MAX_CONNECTIONS: usize = 16;

/// Pause after a connection could not be accepted, for example for lack of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A metrics endpoint. It serves until it is dropped.
pub(crate) struct Metrics {
    /// The address on which it listens.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// Labels that do not change during a run.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) job: String,
    pub(crate) run_id: String,
    pub(crate) model: String,
}

impl Metrics {
    /// Starts serving `/metrics` on a thread of its own.
    ///
    /// # Errors
    /// If the address can't be bound, or the thread can't be started.
    pub(crate) fn start(address: SocketAddr, labels: Labels, counters: ProgressHandle) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve_until_stopped = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, Arc::new(labels), counters) => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name("metrics".into()).spawn(serve_until_stopped)?;
        Ok(Self { address, _stop: stop })
    }
}

async fn serve(listener: std::net::TcpListener, labels: Arc<Labels>, counters: ProgressHandle) {
    let connections = Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (labels, counters) = (labels.clone(), counters.clone());
        let service = service_fn(move |request| {
            let response = respond(&request, &labels, &counters.snapshot());
            async move { Ok::<_, Infallible>(response) }
        });
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), service);
        tokio::spawn(async move {
            // A client that is too slow is disconnected.
            let _ = tokio::time::timeout(MAX_CONNECTION_TIME, connection).await;
            drop(permit);
        });
    }
}

fn respond(request: &Request<Incoming>, labels: &Labels, snapshot: &Progress) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(String::new()));
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    *response.body_mut() = Full::from(encode_metrics(LiveRun { labels: labels.clone(), snapshot: *snapshot }));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(openmetrics::CONTENT_TYPE));
    response
}

/// The metrics of a run at one moment.
#[derive(Debug)]
struct LiveRun {
    labels: Labels,
    snapshot: Progress,
}

impl Collector for LiveRun {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (encoder, now) = (&mut encoder, &self.snapshot);
        self.encode_info(encoder)?;
        encode_gauge(encoder, "files_found", "Files that the walk has found so far", now.found)?;
        encode_gauge(encoder, "files_done", "Files that are settled", now.done)?;
        encode_counter(encoder, "pages_asked", "Pages that were asked and are settled", as_f64(now.asked))?;
        encode_counter(encoder, "pages_failed", "Pages and files that ended without an answer", as_f64(now.failed))?;
        let verdicts = VerdictName::ALL.iter().map(|verdict| verdict.name()).zip(now.verdicts);
        encode_counters(encoder, "attempts", "Attempts by what they meant", "verdict", verdicts)?;
        encode_counter(encoder, "retries", "Attempts beyond the first", as_f64(now.retries))?;
        let tokens = ["input", "cached_input", "output"].into_iter().zip(now.tokens);
        encode_counters(encoder, "tokens", "Tokens that were billed", "kind", tokens)?;
        encode_counter(encoder, "cost_usd", "What was spent", Pico(now.cost_pico).as_usd_f64())?;
        encode_gauge(encoder, "in_flight", "Requests under way", now.in_flight)?;
        let help = "Whether requests wait for a limit or an outage";
        encode_gauge(encoder, "waiting", help, now.is_waiting.into())?;
        self.encode_latencies(encoder)
    }
}

impl LiveRun {
    fn encode_info(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let labels = [
            ("job_name", self.labels.job.as_str()),
            ("run_id", &self.labels.run_id),
            ("model", &self.labels.model),
            ("version", env!("CARGO_PKG_VERSION")),
        ];
        encode_family(encoder, "info", "The run", [(labels, ConstGauge::new(1.0))])
    }

    fn encode_latencies(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let bounds = LATENCY_BOUNDS.iter().map(|ms| as_f64(*ms) / 1000.0).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.snapshot.latencies).collect();
        let count = self.snapshot.latencies.iter().sum();
        let sum = as_f64(self.snapshot.latency_ms) / 1000.0;
        let help = "Time from sending to the end of the reply";
        let mut metric = encoder.encode_descriptor("attempt_latency_seconds", help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

fn encode_gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encode_family(encoder, name, help, [(NO_LABELS, ConstGauge::new(as_f64(value)))])
}

fn encode_counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    encode_family(encoder, name, help, [(NO_LABELS, ConstCounter::new(value))])
}

/// One counter per value of `label`.
fn encode_counters<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: impl Iterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let counters = counts.map(|(value, count)| ([(label, value)], ConstCounter::new(as_f64(count))));
    encode_family(encoder, name, help, counters)
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus stores doubles")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_a_run() {
        let labels = Labels { job: "office \"mail\"".into(), run_id: "r".into(), model: "m".into() };
        let now = Progress {
            found: 12,
            done: 9,
            asked: 7,
            failed: 1,
            retries: 2,
            in_flight: 3,
            cost_pico: 1_234_500_000,
            is_waiting: true,
            is_walked: true,
            verdicts: [6, 1, 2, 0, 0],
            tokens: [1000, 128, 50],
            latencies: [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1],
            latency_ms: 131_234,
        };
        insta::assert_snapshot!(
            encode_metrics(LiveRun { labels, snapshot: now }).replace(env!("CARGO_PKG_VERSION"), "VERSION")
        );
    }
}
