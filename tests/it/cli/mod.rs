//! Messages, logs, metrics and traces.

mod messages;
mod mistakes;
mod observability;
#[cfg(feature = "otlp")]
mod traces;
