//! What a pass does with a page, decided from its stored data.

use super::pass::{ScanPass, ScanPurpose};
use crate::base::ids::PageId;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::model::question_set::{QuestionSet, VERSIONS, skip_rule};
use crate::pipeline::model::ready_page::PageToPrepare;
use crate::store::{EntryRecord, PageStatus, Reader, StoreError, TasksToAsk};

/// What a pass does with a page.
pub(crate) enum PageDecision {
    /// Prepares it.
    Prepare(PageToPrepare),
    /// Nothing: it needs nothing more.
    Done,
    /// Nothing: it has no picture.
    Unreadable,
    /// Nothing now: it is in a batch or not in the sample, or its features are known.
    Leave,
}

/// Decides what to do with a page of an entry.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn decide_page(
    run: &RunContext,
    pass: &ScanPass,
    reader: &Reader,
    (entry, page): (&EntryRecord, PageId),
    questions: &QuestionSet,
) -> Result<PageDecision, StoreError> {
    if pass.pages.in_batches.contains(&page) {
        return Ok(PageDecision::Leave);
    }
    let keys = &run.identity.keys;
    let mut known = reader.stored_page(Some(keys.job), &page, &questions.recipes, VERSIONS)?;
    if let Some(base) = pass.base.as_ref().filter(|_| known.outcomes.iter().any(Option::is_none))
        && base.take_over_page(&page)?
    {
        known = reader.stored_page(Some(keys.job), &page, &questions.recipes, VERSIONS)?;
    }
    let known = known.without_faults_of_other_renderers(&run.identity.renderers);
    let has_features = known.features.is_some();
    if pass.purpose == ScanPurpose::Inspect {
        let is_known = has_features || known.fault.is_some() && !pass.selection.failed;
        let all = PageToPrepare { page: page.page, tasks: TasksToAsk::new(), has_features, has_unasked: true };
        return Ok(if is_known { PageDecision::Leave } else { PageDecision::Prepare(all) });
    }
    let has_unasked = known.outcomes.iter().any(Option::is_none);
    let tasks = match known.status(skip_rule(&run.job), &pass.task_selection(keys.begin)) {
        PageStatus::Ask(tasks) => tasks,
        PageStatus::Faulty => return Ok(PageDecision::Unreadable),
        PageStatus::Done | PageStatus::Skipped => return Ok(PageDecision::Done),
    };
    if let Some(sample) = &pass.pages.sample
        && !sample.contains(&page)
    {
        return Ok(PageDecision::Leave);
    }
    if let (None, Some(filter)) = (&pass.pages.sample, &pass.pages.filter)
        && !filter.selects(reader, keys.job, entry, page, (&questions.recipes, &questions.questions))?
    {
        return Ok(PageDecision::Done);
    }
    Ok(PageDecision::Prepare(PageToPrepare { page: page.page, tasks, has_features, has_unasked }))
}
