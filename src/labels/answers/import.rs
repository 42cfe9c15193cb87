//! Human answers from a file.

use super::answer_line::AnswerLine;
use super::cell::read_stored;
use super::csv_form::from_csv;
use super::fault::LineFault;
use super::label_studio::from_label_studio;
use super::locator::Locator;
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::json_text::JsonText;
use crate::base::other_format::name_other_format;
use crate::base::sanitize::one_line;
use crate::labels::reviewer_name::checked_name;
use crate::manifest::Job;
use crate::store::{NewDecision, Reader, StoreError};
use crate::task::Question;
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// How far clocks of computers may differ, in milliseconds.
const MAX_CLOCK_DIFFERENCE_MS: i64 = 10 * 60 * 1000;

/// How human answers are imported.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Who decided, of lines that don't state it; `None`: unknown, so that each line has to.
    pub reviewer: Option<String>,
    /// Whether lines with a path, a task or a value that is unknown to the job are left out. Otherwise they are faults,
    /// and nothing is imported.
    pub skip_unknown: bool,
    /// Whether answers of lines that don't state it were given blind: before the model's answer was seen. Otherwise they
    /// count as given after it.
    pub is_blind: bool,
}

/// What was shown to the reviewer of an imported answer that is not blind: a file does not contain it.
pub(crate) const SHOWN_IN_FILE: Value = Value::Null;

/// What becomes of the lines of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct PreparedImport {
    /// The decisions that are new.
    pub(crate) new: Vec<NewDecision>,
    /// The number of lines whose decisions are stored already.
    pub(crate) known: u64,
    /// The lines that are left out.
    pub(crate) skipped: Vec<LineFault>,
}

/// Why a file can't be imported.
#[derive(Debug)]
pub(crate) enum ImportError {
    /// The store can't be read.
    Store(StoreError),
    /// No run of the job has looked at its input, so its paths are unknown.
    NotScanned,
    /// Why no line can be read.
    File(String),
    /// The faults of the lines, and the number of lines.
    Lines(Vec<LineFault>, usize),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads human answers from a file, CSV or JSON of Label Studio, and compares them with those in the store.
/// `now_ms`: wall time in milliseconds, for lines that state no time.
///
/// # Errors
/// When the store can't be read, or a line can't be imported: then none is.
pub(crate) fn prepare_import(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    bytes: &[u8],
    options: &ImportOptions,
    now_ms: i64,
) -> Result<PreparedImport, ImportError> {
    if let Some(what) = name_other_format(bytes, bytes) {
        return Err(ImportError::File(what.to_owned()));
    }
    let lines = if is_json(bytes) { from_label_studio(bytes) } else { from_csv(bytes) };
    let lines = lines.map_err(|fault| ImportError::File(fault.to_string()))?;
    let locator = Locator::new(reader, job, questions)?;
    if !locator.is_known() && lines.iter().flatten().any(|line| !line.path.starts_with("content:")) {
        return Err(ImportError::NotScanned);
    }
    let (mut faults, mut prepared) = (Vec::new(), PreparedImport::default());
    let mut undated = Undated::default();
    let mut stored = Stored { reader, pages: HashMap::new() };
    let count = lines.len();
    for line in lines {
        let line = &match line {
            Ok(line) => line,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let decision = match decision_of(&locator, job, questions, line, options, now_ms)? {
            Ok(decision) => decision,
            Err(fault) if fault.is_unknown && options.skip_unknown => {
                prepared.skipped.push(fault);
                continue;
            }
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        if line.decided_at_ms.is_none()
            && let Err(fault) = undated.add(line, &decision)
        {
            faults.push(fault);
            continue;
        }
        if stored.has(&decision, line.decided_at_ms.is_some())? {
            prepared.known += 1;
        } else {
            prepared.new.push(decision);
        }
    }
    if faults.is_empty() { Ok(prepared) } else { Err(ImportError::Lines(faults, count)) }
}

/// Whether the file is JSON, and not CSV.
fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii_start().first().is_some_and(|first| matches!(first, b'[' | b'{'))
}

fn decision_of(
    locator: &Locator<'_>,
    job: &Job,
    questions: &[Question],
    line: &AnswerLine,
    options: &ImportOptions,
    now_ms: i64,
) -> Result<Result<NewDecision, LineFault>, StoreError> {
    let Some(question) = questions.iter().find(|question| question.name == line.task) else {
        let names: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
        let task = one_line(&line.task, 60);
        let message = format!("the job has no task `{task}`; its tasks are: {}", names.join(", "));
        return Ok(Err(LineFault::unknown(&line.place, message)));
    };
    let value = match read_stored(&question.shape, &line.value) {
        Ok(value) => value,
        Err(fault) => {
            return Ok(Err(LineFault::unknown(&line.place, format!("`{}`: {}", line.task, fault.message))));
        }
    };
    // The latest answer counts: one of the future could not be corrected.
    if line.decided_at_ms.is_some_and(|at| at > now_ms + MAX_CLOCK_DIFFERENCE_MS) {
        return Ok(Err(LineFault::malformed(&line.place, "decided_at: the time is in the future".to_owned())));
    }
    let Some(reviewer) = line.reviewer.as_ref().or(options.reviewer.as_ref()) else {
        let message = "no reviewer given, and your user name is unknown: give --reviewer NAME";
        return Ok(Err(LineFault::malformed(&line.place, message)));
    };
    let reviewer = match checked_name(reviewer) {
        Ok(reviewer) => reviewer,
        Err(reason) => return Ok(Err(LineFault::malformed(&line.place, format!("reviewer: the name {reason}")))),
    };
    let (page, question) = match locator.find(line, question)? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(Ok(NewDecision {
        page,
        job: job.name.clone(),
        task: line.task.clone(),
        question,
        value,
        reviewer,
        decided_at_ms: line.decided_at_ms.unwrap_or(now_ms),
        sampled_with: line.sampled_with,
        draw: None,
        // The file does not contain what was shown.
        shown: line.is_shown.unwrap_or(!options.is_blind).then(|| JsonText::from_value(&SHOWN_IN_FILE)),
    }))
}

/// What makes two decisions on a page the same one.
type Key = (String, Option<Digest>, JsonText, String, i64);

fn key(decision: &NewDecision) -> Key {
    let NewDecision { task, question, value, reviewer, decided_at_ms, .. } = decision.clone();
    (task, question, value, reviewer, decided_at_ms)
}

/// The decisions that are stored, read once for each page.
struct Stored<'a> {
    reader: &'a Reader,
    pages: HashMap<PageId, StoredDecisions>,
}

#[derive(Default)]
struct StoredDecisions {
    /// Whether they are blind.
    keys: HashMap<Key, bool>,
    /// The latest value by task, question and reviewer, and whether it is blind.
    latest: HashMap<(String, Option<Digest>, String), (JsonText, bool)>,
}

impl Stored<'_> {
    /// Whether the decision is stored, or was added before. A decision without a time counts as stored if the same
    /// reviewer's latest decision has its value. A decision that is not blind does not replace a blind one.
    fn has(&mut self, decision: &NewDecision, is_dated: bool) -> Result<bool, StoreError> {
        let known = match self.pages.entry(decision.page) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut known = StoredDecisions::default();
                for record in self.reader.decisions(&decision.job, &decision.page)? {
                    let NewDecision { task, question, reviewer, value, shown, .. } = record.decision.clone();
                    known.latest.insert((task, question, reviewer), (value, shown.is_none()));
                    *known.keys.entry(key(&record.decision)).or_default() |= shown.is_none();
                }
                unknown.insert(known)
            }
        };
        let NewDecision { task, question, reviewer, value, shown, .. } = decision;
        let stands_for = |is_blind: bool| is_blind || shown.is_some();
        let latest = known.latest.get(&(task.clone(), *question, reviewer.clone()));
        if !is_dated && latest.is_some_and(|(latest, is_blind)| latest == value && stands_for(*is_blind)) {
            return Ok(true);
        }
        match known.keys.entry(key(decision)) {
            Entry::Occupied(same) if stands_for(*same.get()) => Ok(true),
            same => {
                *same.or_default() |= shown.is_none();
                Ok(false)
            }
        }
    }
}

/// Lines without a time: two of them must not answer the same question of the same page differently.
#[derive(Default)]
struct Undated(HashMap<UndatedKey, FirstLine>);

/// A page, a task, a question and a reviewer.
type UndatedKey = (PageId, String, Option<Digest>, String);

/// The place of a line and its value.
type FirstLine = (String, JsonText);

impl Undated {
    fn add(&mut self, line: &AnswerLine, decision: &NewDecision) -> Result<(), LineFault> {
        let NewDecision { page, task, question, reviewer, value, .. } = decision;
        let key = (*page, task.clone(), *question, reviewer.clone());
        let (place, known) = self.0.entry(key).or_insert_with(|| (line.place.clone(), value.clone()));
        if known == value {
            return Ok(());
        }
        let message = format!("{place} has another answer to `{task}` for the same page, and neither has a time");
        Err(LineFault::malformed(&line.place, message))
    }
}
