//! Pages whose answers are of an earlier picture that was incomplete, or that is drawn in another way now.

use crate::base::path_text::display_path;
use crate::base::sanitize::one_line;
use serde::{Deserialize, Serialize};

/// Maximum number of pages that are listed.
const MAX_FIRST: usize = 10;
/// Maximum length of a reason, in characters.
const MAX_REASON_CHARS: usize = 300;

/// Pages whose answers are of an earlier picture. A run stores them for later runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RedrawnPages {
    /// Number of pages.
    pub pages: u64,
    /// The first of them, in the order of the rows.
    pub first: Vec<RedrawnPage>,
}

/// A page whose answers are of an earlier picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedrawnPage {
    /// Path relative to the input folder, or as the list has it. Bytes that are not UTF-8 are escaped.
    pub path: String,
    /// Page number.
    pub page: u32,
    /// The fault of the earlier picture, on one line.
    pub reason: String,
}

impl RedrawnPages {
    /// Adds a page.
    pub(crate) fn add(&mut self, path: &[u8], page: u32, reason: &str) {
        self.pages += 1;
        if self.first.len() < MAX_FIRST {
            let path = display_path(path);
            self.first.push(RedrawnPage { path, page, reason: one_line(reason, MAX_REASON_CHARS) });
        }
    }

    /// Whether it is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pages_are_counted_and_the_first_are_kept() {
        let mut redrawn = RedrawnPages::default();
        (1..=12).for_each(|page| redrawn.add(b"\xff.pdf", page, "no\nfields"));
        assert_eq!((redrawn.pages, redrawn.first.len(), redrawn.is_empty()), (12, MAX_FIRST, false));
        let first = RedrawnPage { path: "%FF.pdf".into(), page: 1, reason: "no fields".into() };
        assert_eq!(redrawn.first[0], first);
        let stored = serde_json::to_string(&redrawn).unwrap();
        assert_eq!(serde_json::from_str::<RedrawnPages>(&stored).unwrap(), redrawn);
    }
}
