//! Which page a line is about, and which line a page has.

use super::answer_line::AnswerLine;
use super::fault::LineFault;
use crate::base::decoder_version::has_current_page_numbers;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId};
use crate::base::path_text::{display_path, path_of_text, percent_decoded};
use crate::base::sanitize;
use crate::manifest::Job;
use crate::pipeline::{rendered_questions, stored_job};
use crate::store::{EntryRecord, NewDecision, Reader, StoreError};
use crate::task::{Question, recipe_text_digest};
use serde_json::Value;

/// The beginning of the path of a file that the job does not have; the digest of its content follows.
const CONTENT: &str = "content:";
/// The beginning of a question that no line of the list asks; the digest of its text follows.
const DIGEST: &str = "blake3:";
/// Lines of a list with one path that are looked at.
const MAX_LINES: usize = 10_000;

/// Finds the pages of a job by their paths, and paths of pages.
pub(crate) struct Locator<'a> {
    reader: &'a Reader,
    /// `None`: no run of the job has looked at its input.
    job: Option<JobId>,
    questions: &'a [Question],
}

/// Where a decision is in the job.
pub(crate) struct FoundDecision {
    /// The path as rows show it; `content:` and a digest for a file that the job does not have.
    pub(crate) path: String,
    /// Whether the job has the file.
    pub(crate) is_in_job: bool,
    /// The text of a question that differs from line to line, or `blake3:` and its digest.
    pub(crate) question: Option<String>,
    /// Whether the job asks the question of the page.
    pub(crate) is_asked: bool,
}

impl<'a> Locator<'a> {
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(reader: &'a Reader, job: &Job, questions: &'a [Question]) -> Result<Self, StoreError> {
        Ok(Self { reader, job: stored_job(reader, job)?, questions })
    }

    /// Whether a run of the job has looked at its input.
    pub(crate) fn is_known(&self) -> bool {
        self.job.is_some()
    }

    /// The page that a line is about, and what its decision has as question.
    ///
    /// # Errors
    /// When the store can't be read. The inner error: the job does not have the page.
    pub(crate) fn find(
        &self,
        line: &AnswerLine,
        question: &Question,
    ) -> Result<Result<(PageId, Option<Digest>), LineFault>, StoreError> {
        let unknown = |message: String| Ok(Err(LineFault::unknown(&line.place, message)));
        let shown = sanitize::path(line.path.as_bytes());
        if let Some(content) = line.path.strip_prefix(CONTENT).and_then(Digest::parse) {
            let digest = line.question.as_deref().map(digest_of_question);
            return Ok(Ok((PageId { content, page: line.page }, digest)));
        }
        let Some(job) = self.job else { return unknown("no run of the job has looked at its input".into()) };
        let mut path = path_of_text(&line.path);
        let mut entries = self.reader.entries_with_path(job, &path, MAX_LINES)?;
        if entries.is_empty()
            && let Some(local) = local_file(&line.path)
        {
            path = path_of_text(&local);
            entries = self.reader.entries_with_path(job, &path, MAX_LINES)?;
        }
        let Some(first) = entries.first() else {
            return unknown(match self.reader.has_path(job, &path)? {
                true => format!("`{shown}` has not been read yet, or can't be read; run the job first"),
                false => format!("the job has no file `{shown}`"),
            });
        };
        if !has_current_page_numbers(first.decoder, &first.path) {
            return unknown(format!("the pages of `{shown}` may have other numbers now; run the job first"));
        }
        let (first_page, last_page) = (first.page_count.min(1), first.page_count);
        if line.page < first_page || line.page > last_page {
            return unknown(match last_page {
                0 => format!("`{shown}` could not be opened: human answers to it have page 0"),
                1 => format!("`{shown}` has no page {}: it has 1 page", line.page),
                last => format!("`{shown}` has no page {}: it has {last} pages", line.page),
            });
        }
        let Some(content) = first.content else { return unknown(format!("`{shown}` can't be read")) };
        let page = PageId { content, page: first.first_of(line.page) };
        match self.digest_for(&entries, question, line.question.as_deref())? {
            Ok(digest) => Ok(Ok((page, digest))),
            Err(message) => unknown(format!("`{shown}`: {message}")),
        }
    }

    /// What the decision on a question has as [`NewDecision::question`], for a page of these entries.
    fn digest_for(
        &self,
        entries: &[EntryRecord],
        question: &Question,
        stated: Option<&str>,
    ) -> Result<Result<Option<Digest>, String>, StoreError> {
        if !question.is_template() {
            return Ok(Ok(None));
        }
        if let Some(stated) = stated {
            return Ok(Ok(Some(digest_of_question(stated))));
        }
        let mut digests: Vec<Option<Digest>> = Vec::new();
        for entry in entries {
            let rendered = rendered_questions(std::slice::from_ref(question), entry.carried.as_ref());
            digests.extend(rendered.iter().map(Question::rendered_digest));
        }
        digests.sort_unstable();
        digests.dedup();
        Ok(match digests.as_slice() {
            [one] => Ok(*one),
            several => Err(format!(
                "{} lines of the list with this path ask different questions for `{}`; name the question in a column `question`",
                several.len(),
                question.name
            )),
        })
    }

    /// Where a decision is in the job.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn describe(&self, decision: &NewDecision) -> Result<FoundDecision, StoreError> {
        let task = self.questions.iter().find(|question| question.name == decision.task);
        let is_template = task.is_some_and(Question::is_template);
        let mut found = FoundDecision {
            path: format!("{CONTENT}{}", decision.page.content),
            is_in_job: false,
            question: decision.question.map(|digest| format!("{DIGEST}{digest}")),
            is_asked: decision.question.is_none() && !is_template,
        };
        let Some(job) = self.job else { return Ok(found) };
        let limit = if decision.question.is_some() { MAX_LINES } else { 1 };
        let entries = self.reader.entries_with_content(job, &decision.page.content, limit)?;
        if let Some(first) = entries.first() {
            (found.path, found.is_in_job) = (display_path(&first.path), true);
        }
        let (Some(digest), Some(task)) = (decision.question, task.filter(|_| is_template)) else { return Ok(found) };
        for entry in &entries {
            let rendered = rendered_questions(std::slice::from_ref(task), entry.carried.as_ref());
            let is_same = |question: &&Question| question.rendered_digest() == Some(digest);
            if let Some(question) = rendered.iter().find(is_same) {
                found.path = display_path(&entry.path);
                found.question = question_text(question).or(found.question);
                found.is_asked = true;
                break;
            }
        }
        Ok(found)
    }
}

/// The digest of a question in a file.
fn digest_of_question(text: &str) -> Digest {
    let digest = text.strip_prefix(DIGEST).and_then(Digest::parse);
    digest.unwrap_or_else(|| Digest::compute(text.as_bytes()))
}

/// The text of a rendered question, unless it looks like a digest.
fn question_text(question: &Question) -> Option<String> {
    let members = question.recipe.as_object()?.values().filter_map(Value::as_str);
    let is_text = |text: &&str| Some(Digest::compute(text.as_bytes())) == recipe_text_digest(&question.recipe);
    members.filter(|text| !text.starts_with(DIGEST)).find(is_text).map(str::to_owned)
}

/// The path in an address under which Label Studio serves local files: `/data/local-files/?d=mail/a.jpg`.
fn local_file(address: &str) -> Option<String> {
    let (_, query) = address.split_once("/data/local-files/?")?;
    let path = query.split('&').find_map(|pair| pair.strip_prefix("d="))?;
    let bytes = percent_decoded(path);
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_label_studio() {
        for (address, expected) in [
            ("/data/local-files/?d=mail/a%20b.jpg", Some("mail/a b.jpg")),
            ("http://host:8080/data/local-files/?x=1&d=a%C3%A9.jpg", Some("aé.jpg")),
            ("/data/local-files/?d=a%FF", None),
            ("mail/a.jpg", None),
        ] {
            assert_eq!(local_file(address).as_deref(), expected, "{address}");
        }
    }
}
