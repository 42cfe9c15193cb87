//! Log events as lines of text: the time unless a person watches, the level, the message, the fields.
//!
//! A line is about one run, so the run's id is printed only where the run begins. Of the spans around an
//! event only the page is printed.

use crate::base::clock::{Clock, SystemClock};
use crate::base::sanitize::one_line;
use crate::base::units::rfc3339;
use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Maximum length of a message or a value, in characters.
const MAX_CHARS: usize = 2000;

/// The time now, as lines begin with it.
pub(crate) fn time_prefix() -> String {
    format!("{} ", rfc3339(SystemClock::new().wall_ms()))
}

/// Formats events as lines of text.
pub(crate) struct TextLines {
    /// Whether lines begin with the time.
    pub(crate) has_time: bool,
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if self.has_time {
            out.write_str(&time_prefix())?;
        }
        write_level(&mut out, *event.metadata().level())?;
        if !fields.has_page {
            let spans = context.event_scope().into_iter().flatten();
            for span in spans.filter(|span| span.name() == "page") {
                if let Some(page) = span.extensions().get::<FormattedFields<N>>() {
                    write!(out, " page{{{}}}:", one_line(&page.fields, MAX_CHARS))?;
                }
            }
        }
        writeln!(out, " {}{}", fields.message, fields.others)
    }
}

fn write_level(out: &mut Writer<'_>, level: Level) -> fmt::Result {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 34,
    };
    if out.has_ansi_escapes() { write!(out, "\u{1b}[{colour}m{level:>5}\u{1b}[0m") } else { write!(out, "{level:>5}") }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
    /// Whether the event itself names a page.
    has_page: bool,
    begins_run: bool,
}

impl Fields {
    fn add(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = one_line(value, MAX_CHARS),
            // Fields come in the order in which the event names them, `event` first.
            "run_id" if !self.begins_run => {}
            name => {
                self.has_page |= name == "content";
                self.begins_run |= name == "event" && value == "run_started";
                let value = one_line(value, MAX_CHARS);
                let _ = match value.contains([' ', '"']) || value.is_empty() {
                    true => write!(self.others, " {name}={value:?}"),
                    false => write!(self.others, " {name}={value}"),
                };
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(has_time: bool, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(TextLines { has_time });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_has_the_page_and_the_id_of_the_run_only_where_it_begins() {
        let text = logged(false, || {
            let _run = tracing::info_span!("run", run_id = "r-1", job = "mail").entered();
            tracing::info!(event = "run_started", run_id = "r-1", job = "office mail", "run started");
            let _page = tracing::info_span!("page", path = "a/1.jpg", content = %"c0ffee", page = 2).entered();
            tracing::warn!("a capability\u{1b}[31m is\nmissing");
            tracing::info!(
                event = "attempt",
                run_id = "r-1",
                path = Some("a/1.jpg"),
                content = %"c0ffee",
                page = 2,
                error_kind = None::<&str>,
                request_id = "",
                "HTTP 503"
            );
        });
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_line_begins_with_the_time_without_a_terminal() {
        let text = logged(true, || tracing::warn!("stopping"));
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(crate::base::units::parse_time(time).is_ok(), "{text}");
        assert_eq!(rest, " WARN stopping\n");
    }
}
