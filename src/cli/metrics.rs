//! `--metrics ADDRESS`: the run's counters for Prometheus, while it runs.

use crate::base::exposition::{Metric, Numbers, exposition};
use crate::base::money::Pico;
use crate::pipeline::{Counters, LATENCY_BOUNDS, Snapshot, VERDICTS};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest that a connection is kept.
const CONNECTION: Duration = Duration::from_secs(10);

/// Most connections at once.
const MOST_CONNECTIONS: usize = 16;

/// Serves until dropped.
pub(crate) struct Metrics {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// What does not change in a run.
pub(crate) struct Labels {
    pub(crate) job: String,
    pub(crate) run_id: String,
    pub(crate) model: String,
}

impl Metrics {
    /// Starts serving `/metrics`.
    pub(crate) fn start(address: SocketAddr, labels: Labels, counters: Arc<Counters>) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let labels = Arc::new(labels);
        let serve = async move {
            let places = Arc::new(tokio::sync::Semaphore::new(MOST_CONNECTIONS));
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            loop {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of handles, perhaps: not a reason to burn a core.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let (labels, counters) = (labels.clone(), counters.clone());
                let answer = service_fn(move |request| {
                    let reply = reply(&request, &labels, &counters.snapshot());
                    async move { Ok::<_, Infallible>(reply) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), answer);
                tokio::spawn(async move {
                    // Whoever is slow is let go.
                    let _ = tokio::time::timeout(CONNECTION, connection).await;
                    drop(place);
                });
            }
        };
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name("metrics".into()).spawn(work)?;
        Ok(Self { address, _stop: stop })
    }
}

fn reply(request: &Request<Incoming>, labels: &Labels, now: &Snapshot) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::from(String::new()));
    if request.uri().path() != "/metrics" {
        *reply.status_mut() = StatusCode::NOT_FOUND;
        return reply;
    }
    *reply.body_mut() = Full::from(live(labels, now));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if let Ok(kind) = kind.parse() {
        reply.headers_mut().insert(CONTENT_TYPE, kind);
    }
    reply
}

#[expect(clippy::cast_precision_loss, reason = "monitoring reads doubles")]
fn live(labels: &Labels, now: &Snapshot) -> String {
    let one = |name, help, value: u64| Metric { name, help, numbers: Numbers::Gauge(vec![(Vec::new(), value as f64)]) };
    let counter = |name, help, value: f64| Metric { name, help, numbers: Numbers::Counter(vec![(Vec::new(), value)]) };
    let by = |name, help, label: &'static str, values: &[(&str, u64)]| Metric {
        name,
        help,
        numbers: Numbers::Counter(
            values.iter().map(|(kind, count)| (vec![(label, (*kind).to_owned())], *count as f64)).collect(),
        ),
    };
    let verdicts: Vec<(&str, u64)> = VERDICTS.iter().copied().zip(now.verdicts).collect();
    let bounds = LATENCY_BOUNDS.iter().map(|ms| *ms as f64 / 1000.0).chain([f64::INFINITY]);
    let info = vec![
        ("job_name", labels.job.clone()),
        ("run_id", labels.run_id.clone()),
        ("model", labels.model.clone()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    exposition(vec![
        Metric { name: "info", help: "The run", numbers: Numbers::Gauge(vec![(info, 1.0)]) },
        one("files_found", "Files that the walk has found so far", now.found),
        one("files_done", "Files that are settled", now.done),
        counter("pages_asked", "Pages that were asked and are settled", now.asked as f64),
        counter("pages_failed", "Pages and files that ended without an answer", now.failed as f64),
        by("attempts", "Attempts by what they meant", "verdict", &verdicts),
        counter("retries", "Attempts beyond the first", now.retries as f64),
        by(
            "tokens",
            "Tokens that were billed",
            "kind",
            &[("input", now.tokens[0]), ("cached_input", now.tokens[1]), ("output", now.tokens[2])],
        ),
        counter("cost_usd", "What was spent", Pico(now.cost_pico).as_usd_f64()),
        one("in_flight", "Requests under way", now.in_flight),
        one("waiting", "Whether requests wait for a limit or an outage", now.is_waiting.into()),
        Metric {
            name: "attempt_latency_seconds",
            help: "Time from sending to the end of the reply",
            numbers: Numbers::Histogram {
                buckets: bounds.zip(now.latencies).collect(),
                sum: now.latency_ms as f64 / 1000.0,
            },
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_a_run() {
        let labels = Labels { job: "office \"mail\"".into(), run_id: "r".into(), model: "m".into() };
        let now = Snapshot {
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
        insta::assert_snapshot!(live(&labels, &now).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }
}
