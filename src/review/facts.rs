//! What pages are filtered and ordered by: a few bytes for each page, read once in the background.

use crate::base::digest::{Digest, canonical};
use crate::base::vocabulary::{ErrorKind, RowStatus};
use crate::export::Row;
use serde_json::Value;
use std::collections::HashMap;

/// No value.
pub(crate) const NONE: u32 = u32::MAX;

/// Values of one kind, each stored once.
#[derive(Debug, Default)]
pub(crate) struct Interned {
    /// The values, as JSON text, in the order in which they were found.
    pub(crate) texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Interned {
    fn number(&mut self, text: String) -> u32 {
        if let Some(known) = self.numbers.get(&text) {
            return *known;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(NONE);
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The number of a value; [`NONE`]: no page has it.
    pub(crate) fn find(&self, text: &str) -> u32 {
        self.numbers.get(text).copied().unwrap_or(NONE)
    }
}

/// The beginning of a digest of an answer in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerDigest([u8; 7]);

impl AnswerDigest {
    /// That of an answer as canonical JSON.
    pub(crate) fn of_canonical(json: &str) -> Self {
        let digest = Digest::compute(json.as_bytes());
        Self(digest.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// The facts about one page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReviewedPage {
    /// The status of the model's answers.
    pub(crate) status: RowStatus,
    /// The kind of the worst error.
    pub(crate) error_kind: Option<ErrorKind>,
    /// What its answers cost, in pico-dollars; 0 if unknown.
    pub(crate) cost: i64,
    /// How likely an answer is wrong, judged without truth. Only its order has a meaning.
    pub(crate) suspicion: u32,
    /// By task: the number of the model's answer, for tasks with groups; [`NONE`] otherwise.
    pub(crate) answers: Box<[u32]>,
    /// By task: a digest of the model's answer, to compare it with decisions; `None`: there is no answer.
    pub(crate) digests: Box<[Option<AnswerDigest>]>,
    /// By carried column: the number of the value; [`NONE`]: empty.
    pub(crate) carried: Box<[u32]>,
}

/// The facts about all pages.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// By position in the index; `None`: the page is not in the selection.
    pub(crate) pages: Vec<Option<ReviewedPage>>,
    /// By task: the model's answers as JSON.
    pub(crate) answers: Vec<Interned>,
    /// By carried column: its values as JSON.
    pub(crate) carried: Vec<Interned>,
}

/// Signs that an answer may be wrong, with their weights: pages with more of them come first.
mod signs {
    /// A task has no answer: it failed, was refused or was invalid.
    pub(crate) const NO_ANSWER: u32 = 4000;
    /// It took more than one attempt.
    pub(crate) const ASKED_AGAIN: u32 = 1000;
    /// Another page of the same file has another answer. Most files are of one kind.
    pub(crate) const DIFFERS_IN_FILE: u32 = 500;
    /// The answer is null, or the label `other`.
    pub(crate) const NO_STATEMENT: u32 = 300;
    /// Added for each bit of -log2 of the share of pages with the same answer: rare answers come first.
    pub(crate) const RARE_PER_BIT: u32 = 50;
}

impl Facts {
    /// No page yet, of `pages` pages, `tasks` tasks and `columns` carried columns.
    pub(crate) fn new(pages: usize, tasks: usize, columns: usize) -> Self {
        let interned = |count| std::iter::repeat_with(Interned::default).take(count).collect();
        Self { pages: vec![None; pages], answers: interned(tasks), carried: interned(columns) }
    }

    /// Notes the row of a page, with the model's answers. `has_groups`: by task.
    pub(crate) fn set(&mut self, at: usize, row: &Row, has_groups: &[bool]) {
        let has_answer = row.status == RowStatus::Ok;
        let answers = row.answers.iter().enumerate().map(|(task, value)| {
            let is_grouped = has_groups.get(task).copied().unwrap_or(false);
            match self.answers.get_mut(task).filter(|_| is_grouped && (has_answer || !value.is_null())) {
                Some(known) => known.number(value.to_string()),
                None => NONE,
            }
        });
        let answers: Box<[u32]> = answers.collect();
        let digests = row
            .answers
            .iter()
            .map(|value| (has_answer || !value.is_null()).then(|| AnswerDigest::of_canonical(&canonical(value))));
        let carried = row.carried.iter().enumerate().map(|(column, value)| {
            match self.carried.get_mut(column).filter(|_| !value.is_null()) {
                Some(known) => known.number(value.to_string()),
                None => NONE,
            }
        });
        let facts = ReviewedPage {
            status: row.status,
            error_kind: row.error_kind,
            cost: row.cost.map_or(0, |cost| cost.0),
            suspicion: own_suspicion(row),
            answers,
            digests: digests.collect(),
            carried: carried.collect(),
        };
        if let Some(slot) = self.pages.get_mut(at) {
            *slot = Some(facts);
        }
    }

    /// Adds the signs that only all pages together show. `file_of`: by position, the file.
    pub(crate) fn finish(&mut self, file_of: impl Fn(usize) -> u32) {
        for task in 0..self.answers.len() {
            let mut counts = vec![0_u32; self.answers[task].texts.len()];
            let mut by_file: HashMap<u32, HashMap<u32, u32>> = HashMap::new();
            let answer = |page: &ReviewedPage| page.answers.get(task).copied().unwrap_or(NONE);
            for (at, page) in self.pages.iter().enumerate().filter_map(|(at, page)| Some((at, page.as_ref()?))) {
                if let Some(count) = counts.get_mut(answer(page) as usize) {
                    *count += 1;
                    *by_file.entry(file_of(at)).or_default().entry(answer(page)).or_default() += 1;
                }
            }
            let total: u32 = counts.iter().sum();
            for (at, page) in self.pages.iter_mut().enumerate().filter_map(|(at, page)| Some((at, page.as_mut()?))) {
                let own = answer(page);
                let Some(count) = counts.get(own as usize) else { continue };
                let bits = (f64::from(total) / f64::from((*count).max(1))).log2().max(0.0);
                page.suspicion += rarity(bits);
                let in_file = by_file.get(&file_of(at)).map_or(0, |counts| counts.values().copied().max().unwrap_or(0));
                let same = by_file.get(&file_of(at)).and_then(|counts| counts.get(&own)).copied().unwrap_or(0);
                if same < in_file {
                    page.suspicion += signs::DIFFERS_IN_FILE;
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few bits, never negative")]
fn rarity(bits: f64) -> u32 {
    (bits * f64::from(signs::RARE_PER_BIT)) as u32
}

/// The signs in a row alone.
fn own_suspicion(row: &Row) -> u32 {
    let mut suspicion = 0;
    if row.status != RowStatus::Ok {
        suspicion += signs::NO_ANSWER;
    }
    if row.attempts > 1 {
        suspicion += signs::ASKED_AGAIN;
    }
    let is_empty = |value: &&Value| value.is_null() || value.as_str() == Some("other");
    if row.answers.iter().any(|value| is_empty(&value)) {
        suspicion += signs::NO_STATEMENT;
    }
    suspicion
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Pico;
    use serde_json::json;

    fn row(kind: &Value, attempts: u64) -> Row {
        let status = if kind.is_null() { RowStatus::Failed } else { RowStatus::Ok };
        Row {
            path: String::new(),
            page: 1,
            status,
            carried: vec![json!("customer")],
            answers: vec![kind.clone(), json!("some text")],
            sources: Vec::new(),
            model: String::new(),
            input_tokens: 0,
            cached_input_tokens: 0,
            output_tokens: 0,
            cost: Some(Pico(7)),
            attempts,
            latency_ms: None,
            answered_at_ms: None,
            content_hash: None,
            duplicate_of: None,
            distance: None,
            error_kind: None,
            error: None,
        }
    }

    /// The suspicion of pages with these answers and attempts; two pages are one file.
    fn suspicions(pages: &[(Value, u64)]) -> Vec<u32> {
        let mut facts = Facts::new(pages.len(), 2, 1);
        for (at, (kind, attempts)) in pages.iter().enumerate() {
            facts.set(at, &row(kind, *attempts), &[true, false]);
        }
        facts.finish(|at| u32::try_from(at / 2).unwrap());
        facts.pages.iter().map(|page| page.as_ref().unwrap().suspicion).collect()
    }

    #[test]
    fn signs_of_a_wrong_answer_add_up() {
        let (a, b) = (json!("a"), json!("b"));
        let same = suspicions(&[(a.clone(), 1), (a.clone(), 1)]);
        assert_eq!(same, [0, 0], "nothing is unusual");
        let again = suspicions(&[(a.clone(), 3), (a.clone(), 1)]);
        assert_eq!(again, [signs::ASKED_AGAIN, 0]);
        let none = suspicions(&[(Value::Null, 1), (a.clone(), 1)]);
        assert_eq!(none, [signs::NO_ANSWER + signs::NO_STATEMENT, 0]);
        let other = suspicions(&[(json!("other"), 1), (json!("other"), 1)]);
        assert_eq!(other, [signs::NO_STATEMENT; 2]);
        // Of two pages with different answers in a file, none is in the minority.
        let pages: Vec<(Value, u64)> = [&a, &a, &a, &a, &a, &a, &a, &b].map(|kind| (kind.clone(), 1)).to_vec();
        let found = suspicions(&pages);
        assert_eq!(found[7], 3 * signs::RARE_PER_BIT, "one of eight: three bits");
        assert!(found[..7].iter().all(|suspicion| *suspicion < signs::RARE_PER_BIT), "{found:?}");
    }

    #[test]
    fn values_are_stored_once_and_text_not_at_all() {
        let mut facts = Facts::new(3, 2, 1);
        for at in 0..3 {
            facts.set(at, &row(&json!("a"), 1), &[true, false]);
        }
        assert_eq!(facts.answers[0].texts, ["\"a\""]);
        assert!(facts.answers[1].texts.is_empty(), "free text has no groups");
        let digests = &facts.pages[0].as_ref().unwrap().digests;
        assert_eq!(digests[1], Some(AnswerDigest::of_canonical("\"some text\"")), "and can be compared");
        facts.set(0, &row(&Value::Null, 1), &[true, false]);
        assert_eq!(facts.pages[0].as_ref().unwrap().digests[0], None);
        assert_eq!((facts.answers[0].find("\"a\""), facts.answers[0].find("\"b\"")), (0, NONE));
        assert_eq!(facts.carried[0].texts, ["\"customer\""]);
    }
}
