//! Faults of an expression, and their positions.

use crate::base::sanitize::for_terminal;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// A fault of an expression. `Display` shows the expression with the faulty part underlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The expression.
    pub text: String,
    /// Byte range of the faulty part.
    pub span: Range<usize>,
    /// The fault: a lower-case fragment without a full stop.
    pub message: String,
    /// The allowed values, or how to fix it. May be empty.
    pub allowed: String,
}

impl FilterError {
    pub(crate) fn new(text: &str, span: Range<usize>, message: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { text: text.to_owned(), span, message: message.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = for_terminal(&format!("--where: {}", self.message));
        let label = (!self.allowed.is_empty()).then(|| for_terminal(&self.allowed));
        let source: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // The replacement has the same number of bytes.
        let source = for_terminal(&source);
        let start = shown_position(&self.text, self.span.start);
        let end = shown_position(&self.text, self.span.end);
        let annotation = AnnotationKind::Primary.span(start..end).label(label.as_deref());
        let group = Level::ERROR.primary_title(&title).element(Snippet::source(&source).annotation(annotation));
        write!(f, "{}", Renderer::plain().render(&[group]))
    }
}

/// The position of a byte of `text` in the text that is shown, where a control character is one space.
fn shown_position(text: &str, position: usize) -> usize {
    let before = text.get(..position).unwrap_or(text);
    before.chars().map(|c| if c.is_control() { 1 } else { c.len_utf8() }).sum()
}

impl std::error::Error for FilterError {}
