//! Which page a row of a truth file is about: by its path and page, as the rows of the job show them. A path
//! is also found in the other form of accents (NFC or NFD), and without the blanks around it if no page has these.

use super::fault::TruthFault;
use super::file::TruthRow;
use crate::base::unicode::nfc;
use std::collections::HashMap;

/// Finds the row of a page.
#[derive(Debug)]
pub(crate) struct TruthIndex {
    /// By path.
    exact: HashMap<String, PathRows>,
    /// The paths that have these characters in Normalization Form C, unless that is the path itself.
    composed: HashMap<String, Vec<String>>,
    /// The paths that begin or end with blanks, by the characters between these, in Normalization Form C.
    trimmed: HashMap<String, Vec<String>>,
    /// Per row: which pages it was found for.
    found: Vec<Found>,
}

#[derive(Debug, Default)]
struct PathRows {
    /// Page and row.
    pages: Vec<(u32, usize)>,
    /// Whether the job has the path, in this form or another.
    is_known: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Found {
    exact: u32,
    other_form: u32,
}

/// A row that is about a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowMatch {
    /// The position of the row.
    pub(crate) row: usize,
    /// Whether the path was found in the other form of accents or without its blanks: [`TruthIndex::stands`] decides at the end
    /// whether the row is about this page.
    pub(crate) is_other_form: bool,
}

impl TruthIndex {
    /// An index of these rows.
    pub(crate) fn new(rows: &[TruthRow]) -> Self {
        let mut index = Self {
            exact: HashMap::new(),
            composed: HashMap::new(),
            trimmed: HashMap::new(),
            found: vec![Found::default(); rows.len()],
        };
        for (at, row) in rows.iter().enumerate() {
            let known = index.exact.entry(row.path.clone()).or_default();
            if known.pages.is_empty() && !row.path.is_ascii() {
                index.composed.entry(nfc(&row.path).into_owned()).or_default().push(row.path.clone());
            }
            let trimmed = row.path.trim();
            if known.pages.is_empty() && trimmed != row.path {
                index.trimmed.entry(nfc(trimmed).into_owned()).or_default().push(row.path.clone());
            }
            known.pages.push((row.page, at));
        }
        index
    }

    /// The rows about a page of the job; page 0, a file that could not be opened, stands for all its pages. A row is
    /// about the first page that it is found for.
    pub(crate) fn find(&mut self, path: &str, page: u32) -> Vec<RowMatch> {
        let mut matching = Vec::new();
        if let Some(rows) = self.exact.get_mut(path) {
            rows.is_known = true;
            for (_, row) in rows.pages.iter().filter(|(known, _)| *known == page || page == 0) {
                let Some(found) = self.found.get_mut(*row) else { continue };
                found.exact += 1;
                if found.exact == 1 {
                    matching.push(RowMatch { row: *row, is_other_form: false });
                }
            }
        } else if !path.is_ascii() {
            let forms = self.composed.get(&*nfc(path)).into_iter().flatten();
            find_other_forms(forms, page, (&mut self.exact, &mut self.found), &mut matching);
        }
        if matching.is_empty() && !self.trimmed.is_empty() {
            // Of several spellings, one is about the page.
            let forms = self.trimmed.get(&*nfc(path)).into_iter().flatten().take(1);
            find_other_forms(forms, page, (&mut self.exact, &mut self.found), &mut matching);
        }
        matching
    }

    /// Whether a row is about the page that it was found for, now that all pages are known.
    pub(crate) fn stands(&self, matched: RowMatch) -> bool {
        let found = self.found.get(matched.row).copied().unwrap_or_default();
        !matched.is_other_form || (found.exact == 0 && found.other_form == 1)
    }

    /// The faults of rows that are about no page, or about several, in the order of their lines.
    pub(crate) fn faults(&self, rows: &[TruthRow]) -> Vec<TruthFault> {
        let mut faults = Vec::new();
        for (row, found) in rows.iter().zip(&self.found) {
            let path = crate::base::sanitize::path(row.path.as_bytes());
            let is_known = self.exact.get(&row.path).is_some_and(|known| known.is_known);
            let message = match found {
                Found { exact: 0, other_form: 0 } if is_known => format!("{path} has no page {}", row.page),
                Found { exact: 0, other_form: 0 } if !row.is_text => {
                    format!("no page of the job has the path {path}, which is not UTF-8: save the file as UTF-8")
                }
                Found { exact: 0, other_form: 0 } => format!("no page of the job has the path {path}"),
                Found { exact: 1, .. } | Found { exact: 0, other_form: 1 } => continue,
                Found { exact: 0, .. } => format!("several pages of the job have the path {path}: it is not compared"),
                Found { .. } => format!("several rows of the job have the path {path}: the first is compared"),
            };
            faults.push(TruthFault::at_line(row.line, message));
        }
        faults
    }
}

/// Adds the rows about a page under other forms of its path.
fn find_other_forms<'a>(
    forms: impl Iterator<Item = &'a String>,
    page: u32,
    (exact, found): (&mut HashMap<String, PathRows>, &mut [Found]),
    matching: &mut Vec<RowMatch>,
) {
    for form in forms {
        let Some(rows) = exact.get_mut(form) else { continue };
        rows.is_known = true;
        for (_, row) in rows.pages.iter().filter(|(known, _)| *known == page || page == 0) {
            if let Some(found) = found.get_mut(*row) {
                found.other_form += 1;
                matching.push(RowMatch { row: *row, is_other_form: true });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::truth::page_truth::PageTruth;

    fn rows(paths: &[(&str, u32)]) -> Vec<TruthRow> {
        let row = |(at, (path, page)): (usize, &(&str, u32))| TruthRow {
            line: at as u64 + 2,
            path: (*path).into(),
            page: *page,
            is_text: true,
            truth: PageTruth::default(),
        };
        paths.iter().enumerate().map(row).collect()
    }

    /// Which rows stand for which pages, and the faults.
    fn matches(truth: &[(&str, u32)], pages: &[(&str, u32)]) -> (Vec<Option<usize>>, Vec<String>) {
        let rows = rows(truth);
        let mut index = TruthIndex::new(&rows);
        let found: Vec<Vec<RowMatch>> = pages.iter().map(|(path, page)| index.find(path, *page)).collect();
        let stands =
            found.into_iter().map(|found| found.into_iter().find(|found| index.stands(*found)).map(|found| found.row));
        (stands.collect(), index.faults(&rows).iter().map(ToString::to_string).collect())
    }

    #[test]
    fn paths_match_in_both_forms_of_accents() {
        let (composed, decomposed) = ("caf\u{e9}.png", "cafe\u{301}.png");
        for (truth, pages, found, faults) in [
            (&[(composed, 1)][..], &[(decomposed, 1)][..], &[Some(0)][..], &[][..]),
            (&[(decomposed, 1)], &[(composed, 1)], &[Some(0)], &[]),
            // The job has both: each row is about its own.
            (&[(composed, 1)], &[(decomposed, 1), (composed, 1)], &[None, Some(0)], &[]),
            (&[(composed, 1), (decomposed, 1)], &[(decomposed, 1), (composed, 1)], &[Some(1), Some(0)], &[]),
            // Blanks are part of a path, unless only the path without them is one of the job.
            (&[(" a", 1)], &[(" a", 1)], &[Some(0)], &[]),
            (&[(" a ", 1)], &[("a", 1)], &[Some(0)], &[]),
            (&[(" a", 1)], &[("a", 1), (" a", 1)], &[None, Some(0)], &[]),
            (&[(" a", 1), ("a", 1)], &[("a", 1), (" a", 1)], &[Some(1), Some(0)], &[]),
            (&[("a", 1), ("a ", 2)], &[("a", 1), ("a", 2)], &[Some(0), Some(1)], &[]),
            (&[("a", 1)], &[(" a", 1)], &[None], &["line 2: no page of the job has the path a"]),
            (&[(" caf\u{e9}.png ", 1)], &[(decomposed, 1)], &[Some(0)], &[]),
            (&[("a", 1), ("a", 2)], &[("a", 1), ("a", 2), ("a", 3)], &[Some(0), Some(1), None], &[]),
            (&[("a", 1), ("a", 9)], &[("a", 1)], &[Some(0)], &["line 3: a has no page 9"]),
            (&[("b", 1)], &[("a", 1)], &[None], &["line 2: no page of the job has the path b"]),
            (
                &[("a", 1)],
                &[("a", 1), ("a", 1)],
                &[Some(0), None],
                &["line 2: several rows of the job have the path a: the first is compared"],
            ),
        ] {
            let (stands, messages) = matches(truth, pages);
            assert_eq!(
                (stands.as_slice(), messages.as_slice()),
                (found, &faults.iter().map(|text: &&str| (*text).to_owned()).collect::<Vec<_>>()[..])
            );
        }
    }

    #[test]
    fn a_file_that_could_not_be_opened_stands_for_its_pages() {
        let rows = rows(&[("a.pdf", 1), ("a.pdf", 2), ("b.pdf", 1)]);
        let mut index = TruthIndex::new(&rows);
        let found: Vec<usize> = index.find("a.pdf", 0).iter().map(|found| found.row).collect();
        assert_eq!(found, [0, 1]);
    }
}
