//! Lines on stderr: log lines and messages. With JSON, each is one object.

use super::args::{Color, Global, LogFormat};
use super::status_line::write_above;
use super::text_lines::{TextLines, time_prefix};
use crate::base::clock::{Clock, SystemClock};
use crate::base::sanitize::for_terminal;
use crate::base::units::rfc3339;
use serde_json::{Map, Value};
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The log format, set once.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// What has to be kept until the program ends.
pub(crate) struct Guard {
    #[cfg(feature = "otlp")]
    _traces: Option<super::traces::Traces>,
}

/// Standard error, above the line of the progress display.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write_above(|| std::io::stderr().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Starts logging with the settings of the arguments.
pub(crate) fn init(global: &Global) -> Guard {
    let _ = FORMAT.set(global.log_format);
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let is_terminal = std::io::stderr().is_terminal();
    let is_coloured = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && crate::session::Environment::of_process().variable("NO_COLOR").is_none(),
    };
    // Only docmill's own events: libraries may log what they send.
    let filter = tracing_subscriber::EnvFilter::new(format!("docmill={level}"));
    let lines = fmt::layer().with_writer(|| Stderr).with_ansi(is_coloured);
    let lines = match global.log_format {
        LogFormat::Json => lines
            .with_target(false)
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => lines.event_format(TextLines { has_time: !is_terminal }).with_filter(filter).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(lines);
    #[cfg(feature = "otlp")]
    let (subscriber, _traces) = {
        let (spans, traces) = super::traces::layer().unzip();
        (subscriber.with(spans), traces)
    };
    subscriber.init();
    Guard {
        #[cfg(feature = "otlp")]
        _traces,
    }
}

/// Switches to JSON although the arguments are invalid.
pub(crate) fn say_as_json() {
    let _ = FORMAT.set(LogFormat::Json);
}

/// Prints a line about the run, with the time unless a person watches. `more`: further members of its
/// object.
pub(crate) fn status(level: &str, message: &str, more: Map<String, Value>) {
    if FORMAT.get() == Some(&LogFormat::Json) || std::io::stderr().is_terminal() {
        line(level, message, more);
    } else {
        line(level, &format!("{}{level:>5} {message}", time_prefix()), more);
    }
}

/// Prints a message; `more`: further members of its object. It may contain paths and text of
/// servers, so control characters are replaced.
pub(crate) fn line(level: &str, message: &str, more: Map<String, Value>) {
    if FORMAT.get() != Some(&LogFormat::Json) {
        write_whole(format!("{}\n", for_terminal(message)));
        return;
    }
    let mut object = Map::new();
    object.insert("timestamp".into(), rfc3339(SystemClock::new().wall_ms()).into());
    object.insert("level".into(), level.into());
    object.insert("message".into(), message.into());
    object.extend(more);
    write_whole(format!("{}\n", Value::Object(object)));
}

/// Writes lines in one piece, so that those of other processes do not come between. If stderr is
/// closed, they are lost.
fn write_whole(lines: String) {
    let _ = write_above(|| std::io::stderr().write_all(lines.as_bytes()));
}
