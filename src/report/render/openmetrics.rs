//! Metrics as OpenMetrics 1.0 text, for the run's live endpoint and for the file at its end.
//! All names get the prefix `docmill_`. The encoders are those of `prometheus-client`.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::registry::Registry;
use std::fmt;

/// Content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Encodes everything that `collector` describes.
#[must_use]
pub fn encode_metrics(collector: impl Collector) -> String {
    let mut registry = Registry::with_prefix("docmill");
    registry.register_collector(Box::new(collector));
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = text::encode(&mut out, &registry);
    out
}

/// Encodes the metrics of one name, in the order given; without any, only the description.
///
/// # Errors
/// If the encoder fails.
pub fn encode_family<L: EncodeLabelSet, M: EncodeMetric + TypedMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metrics: impl IntoIterator<Item = (L, M)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, M::TYPE)?;
    for (labels, metric) in metrics {
        metric.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;

    #[derive(Debug)]
    struct Sample;

    impl Collector for Sample {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let attempts = [("done", 3.0), ("a\"b\n\\", 0.0)]
                .map(|(verdict, count)| ([("verdict", verdict)], ConstCounter::new(count)));
            encode_family(&mut encoder, "attempts", "Attempts", attempts)?;
            encode_family(&mut encoder, "in_flight", "Now", [(Vec::<(&str, &str)>::new(), ConstGauge::new(2.0))])?;
            let none = std::iter::empty::<([(&str, &str); 1], ConstGauge<f64>)>();
            encode_family(&mut encoder, "faults", "None", none)?;
            encode_family(&mut encoder, "exit_code", "Unknown", [([("job", "x")], ConstGauge::new(f64::NAN))])
        }
    }

    #[test]
    fn prefix_types_labels_and_end() {
        assert_eq!(
            encode_metrics(Sample),
            "# HELP docmill_attempts Attempts\n# TYPE docmill_attempts counter\n\
             docmill_attempts_total{verdict=\"done\"} 3.0\ndocmill_attempts_total{verdict=\"a\\\"b\\n\\\\\"} 0.0\n\
             # HELP docmill_in_flight Now\n# TYPE docmill_in_flight gauge\ndocmill_in_flight 2.0\n\
             # HELP docmill_faults None\n# TYPE docmill_faults gauge\n\
             # HELP docmill_exit_code Unknown\n# TYPE docmill_exit_code gauge\n\
             docmill_exit_code{job=\"x\"} NaN\n# EOF\n"
        );
    }
}
