//! Messages, logs, progress, metrics and traces.

mod callers;
mod help;
mod init;
mod messages;
mod mistakes;
mod observability;
mod progress;
mod schedulers;
#[cfg(feature = "otlp")]
mod traces;
