//! Faults of a manifest: each with its position and the allowed values.

use crate::base::mask::SecretText;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One fault of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte range of the faulty text in the source.
    pub span: Range<usize>,
    /// The fault: a lower-case fragment without a full stop.
    pub message: String,
    /// The allowed values, or how to fix the fault.
    pub allowed: Option<String>,
    /// Whether the source at `span` may contain a secret. If so, it is not shown.
    pub is_secret: bool,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, allowed: Option<String>) -> Self {
        Self { span, message: message.into(), allowed, is_secret: false }
    }
}

/// All faults of one manifest. `Display` shows them in the order of their positions, each
/// with its file, line and column and the source line. Secrets are masked.
#[derive(Clone, Debug)]
pub struct Faults {
    path: String,
    /// With `*` for every byte of a secret.
    source: String,
    faults: Vec<Fault>,
}

impl Faults {
    /// Sorts `faults` by position and removes duplicates. Those at one position keep their order: an unknown key
    /// comes before what its mapping lacks. `path` and `source` are the file
    /// name and text that the spans refer to. `secrets`: values that messages may repeat, beside those
    /// of the source.
    pub(crate) fn new(path: String, source: &str, mut faults: Vec<Fault>, secrets: Vec<String>) -> Self {
        let secrets = SecretText::new(source, secrets);
        for fault in &mut faults {
            fault.message = secrets.mask(&fault.message);
            fault.allowed = fault.allowed.as_deref().map(|allowed| secrets.mask(allowed));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let mut shown: Vec<Fault> = Vec::new();
        for fault in faults {
            let mut at_position = shown.iter().rev().take_while(|other| other.span.start == fault.span.start);
            if !at_position.any(|other| *other == fault) {
                shown.push(fault);
            }
        }
        Self { path, source: secrets.masked().to_owned(), faults: shown }
    }

    /// The headline of a fault: `job.yaml:3:24: message`. The column counts characters.
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
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f, "\n")?;
            }
            // Of a value that spans several lines, only the first is underlined.
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

/// The name in `known` with the smallest edit distance to `typed`. `None` if more than a
/// third of the characters differ.
pub(crate) fn nearest_name<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let longest = name.len().max(typed.len());
            *distance <= longest.div_ceil(3) && *distance < longest
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_unless_all_are_too_far() {
        let known = ["labels", "labels_file", "other", "question", "n"];
        for (typed, expected) in [
            ("lables", Some("labels")),
            ("label", Some("labels")),
            ("labels-file", Some("labels_file")),
            ("othre", Some("other")),
            ("OTHER", Some("other")),
            ("x", None),
            ("quesiton", Some("question")),
            ("pattern", None),
            ("", None),
        ] {
            assert_eq!(nearest_name(typed, known), expected, "{typed}");
        }
        assert_eq!(nearest_name("x", []), None);
    }

    #[test]
    fn faults_are_shown_in_the_order_of_their_positions_and_once() {
        let source = "a: 1\nbé: 2\n";
        let fault = |span, message: &str| Fault::new(span, message, None);
        let second = fault(6..8, "second");
        let faults = vec![second.clone(), fault(0..1, "first"), second];
        let shown = Faults::new("x.yaml".into(), source, faults, Vec::new()).to_string();
        let titles: Vec<&str> = shown.lines().filter(|line| line.starts_with("error")).collect();
        // The column counts characters: `é` is two bytes.
        assert_eq!(titles, ["error: x.yaml:1:1: first", "error: x.yaml:2:2: second"]);
    }

    #[test]
    fn only_the_first_line_of_a_long_value_is_underlined() {
        let source = "key: |\n  one\n  two\n";
        let fault = Fault::new(5..source.len(), "wrong", Some("a number".into()));
        let shown = Faults::new("x.yaml".into(), source, vec![fault], Vec::new()).to_string();
        assert!(shown.contains("1 | key: |"), "{shown}");
        assert!(shown.contains("^ a number"), "{shown}");
        assert!(!shown.contains("one"), "{shown}");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let mut fault = Fault::new(5..11, "not a valid name", Some("the NAME of a variable".into()));
        fault.is_secret = true;
        let shown = Faults::new("x.yaml".into(), "key: sk-123\n", vec![fault], Vec::new()).to_string();
        assert_eq!(shown, "error: x.yaml:1:6: not a valid name\n  = the NAME of a variable");
    }
}
