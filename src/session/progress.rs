//! What a session's run has done so far: counters, and their text for Prometheus.

use crate::base::money::Pico;
use crate::base::vocabulary::VerdictName;
use crate::pipeline::{Counters, LATENCY_BOUNDS, Progress};
use crate::report::openmetrics::{NO_LABELS, encode_family, encode_metrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::Arc;

/// Shows what a session has done so far. Clones show the same session; another thread may hold one.
#[derive(Clone, Debug)]
pub struct ProgressHandle {
    counters: Arc<Counters>,
    run: Arc<RunLabels>,
}

/// The labels of a run, which do not change.
#[derive(Debug)]
pub(crate) struct RunLabels {
    /// The job's name.
    pub(crate) job: String,
    /// The id of the run.
    pub(crate) run_id: String,
    /// The model's name.
    pub(crate) model: String,
}

impl ProgressHandle {
    pub(crate) fn new(counters: Arc<Counters>, run: RunLabels) -> Self {
        Self { counters, run: Arc::new(run) }
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Progress {
        self.counters.snapshot()
    }

    /// The counters now as OpenMetrics text (docs/observability.md).
    #[must_use]
    pub fn to_openmetrics(&self) -> String {
        encode_metrics(LiveRun { run: self.run.clone(), snapshot: self.snapshot() })
    }
}

/// The metrics of a run at one moment.
#[derive(Debug)]
struct LiveRun {
    run: Arc<RunLabels>,
    snapshot: Progress,
}

impl Collector for LiveRun {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (encoder, now) = (&mut encoder, &self.snapshot);
        self.encode_info(encoder)?;
        encode_gauge(encoder, "files_found", "Pages found so far; a file counts as one until it is opened", now.found)?;
        encode_gauge(encoder, "files_done", "Pages found so far that need nothing more", now.done)?;
        encode_counter(encoder, "pages_asked", "Pages that were asked and are settled", as_f64(now.asked))?;
        encode_counter(encoder, "pages_failed", "Pages and files that ended without an answer", as_f64(now.failed))?;
        let verdicts = VerdictName::ALL.iter().map(|verdict| verdict.name()).zip(now.verdicts);
        encode_counters(encoder, "attempts", "Attempts by verdict", "verdict", verdicts)?;
        encode_counter(encoder, "retries", "Repeat attempts", as_f64(now.retries))?;
        let tokens = ["input", "cached_input", "output"].into_iter().zip(now.tokens);
        encode_counters(encoder, "tokens", "Tokens that were billed", "kind", tokens)?;
        // Without a price it is not known what is spent.
        if let Some(cost) = now.cost_pico {
            encode_counter(encoder, "cost_usd", "What was spent", Pico(cost).as_usd_f64())?;
        }
        encode_gauge(encoder, "in_flight", "Requests in flight", now.in_flight)?;
        let help = "Whether requests wait for a limit or an outage";
        encode_gauge(encoder, "waiting", help, now.is_waiting.into())?;
        self.encode_latencies(encoder)
    }
}

impl LiveRun {
    fn encode_info(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let labels = [
            ("job_name", self.run.job.as_str()),
            ("run_id", &self.run.run_id),
            ("model", &self.run.model),
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
        let run = RunLabels { job: "office \"mail\"".into(), run_id: "r".into(), model: "m".into() };
        let now = Progress {
            found: 12,
            done: 9,
            asked: 7,
            failed: 1,
            retries: 2,
            in_flight: 3,
            cost_pico: Some(1_234_500_000),
            is_waiting: true,
            is_walked: true,
            verdicts: [6, 1, 2, 0, 0],
            tokens: [1000, 128, 50],
            latencies: [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1],
            latency_ms: 131_234,
            ..Progress::default()
        };
        insta::assert_snapshot!(
            encode_metrics(LiveRun { run: Arc::new(run), snapshot: now }).replace(env!("CARGO_PKG_VERSION"), "VERSION")
        );
    }
}
