//! Log lines on stderr.

use super::args::{Color, Global, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;

/// Starts logging as the arguments say.
pub(super) fn init(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let is_coloured = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && super::env::var("NO_COLOR").is_none(),
    };
    // Only our own words: libraries may log what they send.
    let filter = tracing_subscriber::EnvFilter::new(format!("docmill={level}"));
    let builder = fmt().with_writer(std::io::stderr).with_env_filter(filter).with_ansi(is_coloured).with_target(false);
    match global.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.without_time().init(),
    }
}
