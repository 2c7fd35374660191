//! How warnings of the engine look to somebody at a terminal: a line in words, not a record for a log file.

use std::fmt::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// `cdx: warning: what happened (field: value)`.
pub(super) struct InWords;

impl<S, N> FormatEvent<S, N> for InWords
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        let mut words = Words::default();
        event.record(&mut words);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warning",
            tracing::Level::INFO => "note",
            _ => "debug",
        };
        writeln!(out, "cdx: {level}: {}", words.shown())
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<String>,
}

impl Words {
    fn shown(&self) -> String {
        let fields = if self.fields.is_empty() { String::new() } else { format!(" ({})", self.fields.join("; ")) };
        // A name of a file must not draw on the terminal.
        super::output::printable(&format!("{}{fields}", self.message))
    }

    fn take(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push(format!("{name}: {value}")),
        }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = write!(text, "{value:?}");
        self.take(field, text);
    }
}
