//! Messages, logs, metrics and traces.

mod messages;
mod observability;
#[cfg(feature = "otlp")]
mod traces;
