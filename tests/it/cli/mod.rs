//! Messages, logs, progress, metrics and traces.

mod messages;
mod mistakes;
mod observability;
mod progress;
#[cfg(feature = "otlp")]
mod traces;
