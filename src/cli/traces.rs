//! Traces by OTLP to the collector that the usual variables name: a run, its pages, their
//! attempts. Only with the feature `otlp`, and only when `OTEL_EXPORTER_OTLP_ENDPOINT` or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set (OpenTelemetry specification 1.50,
//! "OTLP exporter configuration").

use crate::session::Environment;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

/// Sends the remaining spans when dropped.
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        // A missing collector must not fail the run.
        let _ = self.0.shutdown();
    }
}

/// The layer that takes spans, and its guard; `None`: no collector is named.
pub(crate) fn layer<S>() -> Option<(impl Layer<S>, Traces)>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let environment = Environment::of_process();
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        .into_iter()
        .find_map(|name| environment.variable(name))?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder().with_http().build().ok()?;
    let resource = Resource::builder().with_service_name("docmill").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    // Spans of ours alone: libraries may put into theirs what they send.
    let ours = Targets::new().with_target("docmill", LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("docmill"))
        .with_location(false)
        .with_threads(false)
        .with_filter(ours);
    Some((layer, Traces(provider)))
}
