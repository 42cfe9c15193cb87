//! Messages, logs, progress, metrics and traces.

mod callers;
mod help;
mod init;
mod messages;
mod mistakes;
mod models;
mod observability;
mod progress;
mod schedulers;
mod settings;
#[cfg(feature = "otlp")]
mod traces;
