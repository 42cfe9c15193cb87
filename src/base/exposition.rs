//! Numbers in the text form that Prometheus reads (OpenMetrics 1.0).

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// Labels of a number: names and values.
pub type Labels = Vec<(&'static str, String)>;

/// What a number is.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Only grows; `_total` is added to the name.
    Counter(Vec<(Labels, f64)>),
    /// Grows and shrinks.
    Gauge(Vec<(Labels, f64)>),
    /// How many were at most so large, not added up, the last without a bound; and their sum.
    Histogram {
        /// Upper bound and count.
        buckets: Vec<(f64, u64)>,
        /// The sum of all.
        sum: f64,
    },
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The name, with its unit last, without `docmill_`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its values.
    pub numbers: Numbers,
}

#[derive(Debug)]
struct All(Vec<Metric>);

impl Collector for All {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Metric { name, help, numbers } in &self.0 {
            match numbers {
                Numbers::Counter(values) => {
                    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
                    for (labels, value) in values {
                        ConstCounter::new(*value).encode(family.encode_family(labels)?)?;
                    }
                }
                Numbers::Gauge(values) => {
                    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                    for (labels, value) in values {
                        ConstGauge::new(*value).encode(family.encode_family(labels)?)?;
                    }
                }
                Numbers::Histogram { buckets, sum } => {
                    let count = buckets.iter().map(|(_, count)| count).sum();
                    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
                    family.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)?;
                }
            }
        }
        Ok(())
    }
}

/// The text of metrics.
#[must_use]
pub fn exposition(metrics: Vec<Metric>) -> String {
    let mut registry = Registry::with_prefix("docmill");
    registry.register_collector(Box::new(All(metrics)));
    let mut out = String::new();
    // Writing into a text can't fail.
    let _ = text::encode(&mut out, &registry);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_reads() {
        let label = |value: &str| vec![("verdict", value.to_owned())];
        let text = exposition(vec![
            Metric {
                name: "attempts",
                help: "Attempts",
                numbers: Numbers::Counter(vec![(label("done"), 3.0), (label("a\"b\n"), 0.0)]),
            },
            Metric { name: "in_flight", help: "Now", numbers: Numbers::Gauge(vec![(Vec::new(), 2.0)]) },
            Metric {
                name: "latency_seconds",
                help: "Latency",
                numbers: Numbers::Histogram { buckets: vec![(0.5, 2), (f64::INFINITY, 1)], sum: 3.25 },
            },
        ]);
        assert_eq!(
            text,
            "# HELP docmill_attempts Attempts\n# TYPE docmill_attempts counter\n\
             docmill_attempts_total{verdict=\"done\"} 3.0\ndocmill_attempts_total{verdict=\"a\\\"b\\n\"} 0.0\n\
             # HELP docmill_in_flight Now\n# TYPE docmill_in_flight gauge\ndocmill_in_flight 2.0\n\
             # HELP docmill_latency_seconds Latency\n# TYPE docmill_latency_seconds histogram\n\
             docmill_latency_seconds_sum 3.25\ndocmill_latency_seconds_count 3\n\
             docmill_latency_seconds_bucket{le=\"0.5\"} 2\ndocmill_latency_seconds_bucket{le=\"+Inf\"} 3\n# EOF\n"
        );
    }
}
