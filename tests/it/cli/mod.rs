//! Messages, logs, metrics and traces.

mod messages;
mod observability;
mod schedulers;
#[cfg(feature = "otlp")]
mod traces;
