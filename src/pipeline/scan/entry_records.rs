//! What the store keeps of an entry of the input.

use crate::base::digest::Digest;
use crate::media::DECODER_VERSION;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::model::question_set::QuestionSet;
use crate::source::Entry;
use crate::store::EntryRecord;

/// File times younger than this are not trusted, in nanoseconds: the next change may fall into
/// the same tick of the file system's clock.
const UNTRUSTED_NS: i64 = 2_000_000_000;

/// The record of an entry that was just scanned. `content`: its digest; `None` if it was not read.
pub(crate) fn new_record(
    run: &RunContext,
    entry: &Entry,
    questions: &QuestionSet,
    content: Option<Digest>,
    page_count: u32,
) -> EntryRecord {
    let now_ns = run.clock.wall_ms().saturating_mul(1_000_000);
    let is_untrusted = now_ns - entry.modified_ns.max(entry.changed_ns) < UNTRUSTED_NS;
    EntryRecord {
        line: entry.line,
        path: entry.path.clone(),
        size: entry.size,
        modified_ns: if is_untrusted || content.is_none() { 0 } else { entry.modified_ns },
        changed_ns: entry.changed_ns,
        inode: entry.inode,
        content,
        page_count,
        repeats: Vec::new(),
        decoder: DECODER_VERSION,
        selected: run.job.input.pages.select_pages(page_count),
        fault: None,
        carried: entry.carried.clone(),
        set: questions.is_rendered.then_some(questions.id),
        settled_set: None,
    }
}

/// The record of an unchanged file at the position where the walk found it, with its known data.
pub(crate) fn known_record(
    run: &RunContext,
    entry: &Entry,
    questions: &QuestionSet,
    known: &EntryRecord,
) -> EntryRecord {
    EntryRecord {
        modified_ns: known.modified_ns,
        fault: known.fault.clone(),
        settled_set: known.settled_set,
        decoder: known.decoder,
        repeats: known.repeats.clone(),
        ..new_record(run, entry, questions, known.content, known.page_count)
    }
}
