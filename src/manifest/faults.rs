//! What is wrong with a manifest: every fault with its place and what is allowed.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the source that are meant.
    pub span: Range<usize>,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What is allowed there, or what to do.
    pub allowed: Option<String>,
    /// Whether what stands there may be a secret: then the line is not shown.
    pub is_secret: bool,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, allowed: Option<String>) -> Self {
        Self { span, message: message.into(), allowed, is_secret: false }
    }
}

/// All faults of one file; displays them in the order of their places.
#[derive(Clone, Debug)]
pub struct Faults {
    path: String,
    source: String,
    faults: Vec<Fault>,
}

impl Faults {
    pub(crate) fn new(path: String, source: String, mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        faults.dedup();
        Self { path, source, faults }
    }

    #[cfg(any(test, feature = "internal"))]
    /// The faults, in the order of their places.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    fn title(&self, fault: &Fault) -> String {
        let before = &self.source[..fault.span.start.min(self.source.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("{}:{line}:{column}: {}", self.path, fault.message)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renderer = Renderer::plain();
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                writeln!(f, "\n")?;
            }
            // The first line of a long value is enough to find it.
            let start = fault.span.start.min(self.source.len());
            let line_end = self.source[start..].find('\n').map_or(self.source.len(), |n| start + n);
            let span = start..fault.span.end.clamp(start, line_end);
            let title = self.title(fault);
            if fault.is_secret {
                write!(f, "error: {title}\n  = {}", fault.allowed.as_deref().unwrap_or_default())?;
                continue;
            }
            let annotation = AnnotationKind::Primary.span(span).label(fault.allowed.as_deref());
            let snippet = Snippet::source(&self.source).path(&self.path).annotation(annotation);
            let group = Level::ERROR.primary_title(&title).element(snippet);
            write!(f, "{}", renderer.render(&[group]))?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The name in `known` that `typed` most likely meant.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(typed.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
