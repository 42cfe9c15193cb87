//! What a session's run has done so far: counters, and their text for Prometheus.

use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::base::vocabulary::VerdictName;
use crate::pipeline::{Counters, LATENCY_BOUNDS, Progress};
use crate::report::openmetrics::{encode_family, encode_metrics};
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
    /// The shard of the input, if it is one.
    pub(crate) shard: Option<Shard>,
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
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (mut out, now) = (LiveMetrics::new(encoder, &self.run), &self.snapshot);
        out.encode_info(&self.run)?;
        out.encode_gauge("files_found", "Pages found so far; a file counts as one until it is opened", now.found)?;
        out.encode_gauge("files_done", "Pages found so far that need nothing more", now.done)?;
        out.encode_counter("pages_asked", "Pages that were asked and are settled", as_f64(now.asked))?;
        out.encode_counter("pages_failed", "Pages and files that ended without an answer", as_f64(now.failed))?;
        let verdicts = VerdictName::ALL.iter().map(|verdict| verdict.name()).zip(now.verdicts);
        out.encode_counters("attempts", "Attempts by verdict", "verdict", verdicts)?;
        out.encode_counter("retries", "Repeat attempts", as_f64(now.retries))?;
        let tokens = ["input", "cached_input", "output"].into_iter().zip(now.tokens);
        out.encode_counters("tokens", "Tokens that were billed", "kind", tokens)?;
        // Without a price the spend is unknown.
        if let Some(cost) = now.cost_pico {
            out.encode_counter("cost_usd", "What was spent", Pico(cost).as_usd_f64())?;
        }
        out.encode_gauge("in_flight", "Requests in flight", now.in_flight)?;
        out.encode_gauge("waiting", "Whether requests wait for a limit or an outage", now.is_waiting.into())?;
        out.encode_latencies(now)
    }
}

/// Encodes metrics with the label `shard` for a shard, as those of the file at the end have it.
struct LiveMetrics<'e> {
    encoder: DescriptorEncoder<'e>,
    shard: Option<String>,
}

impl<'e> LiveMetrics<'e> {
    fn new(encoder: DescriptorEncoder<'e>, run: &RunLabels) -> Self {
        Self { encoder, shard: run.shard.map(|shard| shard.to_string()) }
    }

    fn encode_info(&mut self, run: &RunLabels) -> fmt::Result {
        let labels = [("job_name", run.job.as_str())].into_iter().chain(shard_label(self.shard.as_deref()));
        let labels: Vec<(&str, &str)> = labels
            .chain([("run_id", run.run_id.as_str()), ("model", &run.model), ("version", env!("CARGO_PKG_VERSION"))])
            .collect();
        encode_family(&mut self.encoder, "info", "The run", [(labels, ConstGauge::new(1.0))])
    }

    fn encode_latencies(&mut self, now: &Progress) -> fmt::Result {
        let bounds = LATENCY_BOUNDS.iter().map(|ms| as_f64(*ms) / 1000.0).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(now.latencies).collect();
        let count = now.latencies.iter().sum();
        let sum = as_f64(now.latency_ms) / 1000.0;
        let help = "Time from sending to the end of the reply";
        let labels: Vec<(&str, &str)> = shard_label(self.shard.as_deref()).collect();
        let mut metric =
            self.encoder.encode_descriptor("attempt_latency_seconds", help, None, MetricType::Histogram)?;
        metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn encode_gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let labels: Vec<(&str, &str)> = shard_label(self.shard.as_deref()).collect();
        encode_family(&mut self.encoder, name, help, [(labels, ConstGauge::new(as_f64(value)))])
    }

    fn encode_counter(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let labels: Vec<(&str, &str)> = shard_label(self.shard.as_deref()).collect();
        encode_family(&mut self.encoder, name, help, [(labels, ConstCounter::new(value))])
    }

    /// One counter per value of `label`.
    fn encode_counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &'a str,
        counts: impl Iterator<Item = (&'a str, u64)>,
    ) -> fmt::Result {
        let shard = self.shard.as_deref();
        let labels = |value| shard_label(shard).chain([(label, value)]).collect::<Vec<(&str, &str)>>();
        let counters = counts.map(|(value, count)| (labels(value), ConstCounter::new(as_f64(count))));
        encode_family(&mut self.encoder, name, help, counters)
    }
}

/// The label of a shard.
fn shard_label(shard: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    shard.into_iter().map(|shard| ("shard", shard))
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
        let text = |shard: Option<Shard>| {
            let run = RunLabels { job: "office \"mail\"".into(), run_id: "r".into(), model: "m".into(), shard };
            let text = encode_metrics(LiveRun { run: Arc::new(run), snapshot: now.clone() });
            text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
        };
        insta::assert_snapshot!(text(None));
        // Without its label, each line of a shard's is that of a run of the whole input.
        let of_shard = text(Shard::new(3, 16));
        let metrics: Vec<&str> = of_shard.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(metrics.iter().all(|line| line.matches("shard=\"3/16\"").count() == 1), "{of_shard}");
        let without = ["{shard=\"3/16\"}", "shard=\"3/16\",", ",shard=\"3/16\""];
        assert_eq!(without.iter().fold(of_shard, |text, label| text.replace(label, "")), text(None));
    }
}
