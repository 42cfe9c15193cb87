//! Pages without an answer: how many by the kind of their error, an example of each kind, and the first
//! ones.

use crate::base::path_text::display_path;
use crate::base::sanitize::one_line;
use crate::base::vocabulary::ErrorKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The hint for pages whose files can't be read as they are.
pub(crate) const REPLACE_FILES_HINT: &str = "see the `error` column for the causes; replace or repair these files: the next run reads changed files without --retry";
/// The hint for pages whose decoder had too little memory.
pub(crate) const MORE_MEMORY_HINT: &str = "the decoder had too little memory: give the machine or the container more, or run fewer processes on it; these pages are tried again without --retry";
/// Maximum number of pages that are listed.
const MAX_FIRST: usize = 10;
/// Maximum length of an error, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// Pages without an answer. A run stores them for later runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failures {
    /// By the name of the kind of their error.
    pub by_kind: BTreeMap<String, FailureCount>,
    /// The first of them, in the order of the rows.
    pub first: Vec<FailedPage>,
}

/// Pages with one kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// Number of pages.
    pub pages: u64,
    /// The first of them.
    pub example: FailedPage,
}

/// A page without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPage {
    /// Path relative to the input folder, or as the list has it. Bytes that are not UTF-8 are escaped.
    pub path: String,
    /// Page number; 0 if the file could not be opened as pages.
    pub page: u32,
    /// The name of the kind of its error.
    pub error_kind: String,
    /// The error, on one line.
    pub error: String,
}

impl Failures {
    /// Adds a page.
    pub(crate) fn add(&mut self, path: &[u8], page: u32, kind: ErrorKind, error: &str) {
        let known = self.by_kind.get_mut(kind.name());
        if let Some(known) = known.filter(|_| self.first.len() >= MAX_FIRST) {
            known.pages += 1;
            return;
        }
        let failed = FailedPage {
            path: display_path(path),
            page,
            error_kind: kind.name().to_owned(),
            error: one_line(error, MAX_ERROR_CHARS),
        };
        if self.first.len() < MAX_FIRST {
            self.first.push(failed.clone());
        }
        let new = || FailureCount { pages: 0, example: failed };
        self.by_kind.entry(kind.name().to_owned()).or_insert_with(new).pages += 1;
    }

    /// The name of the kind of error that all pages have; `None`: there are several, or none.
    fn only_kind(&self) -> Option<&str> {
        let mut kinds = self.by_kind.keys();
        kinds.next().filter(|_| kinds.next().is_none()).map(String::as_str)
    }

    /// Whether the decoder had too little memory for all of them.
    pub(crate) fn lack_memory(&self) -> bool {
        self.only_kind() == Some(ErrorKind::DecoderOutOfMemory.name())
    }

    /// Whether all of them have a file that can't be read as it is: sending them again gives the same error.
    pub(crate) fn are_of_files(&self) -> bool {
        let is_of_file = |kind: &String| ErrorKind::parse(kind).is_some_and(ErrorKind::gives_no_picture);
        !self.by_kind.is_empty() && self.by_kind.keys().all(is_of_file)
    }

    /// The error that all pages have; `None`: there are several, or none.
    pub(crate) fn only_cause(&self) -> Option<&str> {
        let (first, others) = self.first.split_first()?;
        let is_same = self.by_kind.len() == 1 && others.iter().all(|other| other.error == first.error);
        is_same.then_some(first.error.as_str())
    }

    /// The kinds, the most frequent first.
    pub(crate) fn most_frequent(&self) -> Vec<(&str, &FailureCount)> {
        let mut kinds: Vec<_> = self.by_kind.iter().map(|(kind, count)| (kind.as_str(), count)).collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(count.pages));
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_that_of_all_pages() {
        let cause = |errors: &[(ErrorKind, &str)]| {
            let mut failures = Failures::default();
            errors.iter().for_each(|(kind, error)| failures.add(b"a.jpg", 1, *kind, error));
            failures.only_cause().map(ToOwned::to_owned)
        };
        let (bad, late) = ((ErrorKind::BadRequest, "HTTP 400: no images"), (ErrorKind::Timeout, "no reply"));
        assert_eq!(cause(&[bad, bad, bad]).as_deref(), Some("HTTP 400: no images"));
        assert_eq!(cause(&[bad, (ErrorKind::BadRequest, "HTTP 400: too large")]), None);
        assert_eq!((cause(&[bad, late]), cause(&[])), (None, None));
    }

    #[test]
    fn kinds_are_counted_with_an_example_and_the_first_pages_are_kept() {
        let mut failures = Failures::default();
        failures.add(b"a.jpg", 1, ErrorKind::Timeout, "no\nreply");
        for at in 0..12 {
            failures.add(format!("b{at}\u{ff}.jpg").as_bytes(), 2, ErrorKind::Damaged, &"long ".repeat(200));
        }
        failures.add(b"\xff.jpg", 0, ErrorKind::NoPages, "empty");
        let kinds: Vec<_> = failures
            .most_frequent()
            .iter()
            .map(|(kind, count)| (*kind, count.pages, count.example.path.clone()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("damaged", 12, "b0\u{ff}.jpg".to_owned()),
                ("no_pages", 1, "%FF.jpg".into()),
                ("timeout", 1, "a.jpg".into())
            ]
        );
        assert_eq!((failures.first.len(), failures.first[0].error.as_str()), (10, "no reply"));
        assert!(failures.by_kind["damaged"].example.error.chars().count() <= MAX_ERROR_CHARS + 1);
        let stored = serde_json::to_string(&failures).unwrap();
        assert_eq!(serde_json::from_str::<Failures>(&stored).unwrap(), failures);
    }
}
