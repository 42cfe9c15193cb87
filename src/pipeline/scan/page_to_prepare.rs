//! What a pass prepares of a page, decided from its stored data.

use super::pass::{ScanPass, ScanPurpose};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::model::question_set::{QuestionSet, VERSIONS, skip_rule};
use crate::pipeline::model::ready_page::PageToPrepare;
use crate::store::{EntryRecord, PageId, PageStatus, Reader, StoreError, TasksToAsk};

/// What to prepare of a page of an entry; `None`: nothing. Counts pages that are not prepared.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn page_to_prepare(
    run: &RunContext,
    pass: &ScanPass,
    reader: &Reader,
    (entry, page): (&EntryRecord, PageId),
    questions: &QuestionSet,
) -> Result<Option<PageToPrepare>, StoreError> {
    if pass.pages.in_batches.contains(&page) {
        return Ok(None);
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
        return Ok((!is_known).then_some(all));
    }
    let has_unasked = known.outcomes.iter().any(Option::is_none);
    match known.status(skip_rule(&run.job), &pass.task_selection(keys.begin)) {
        PageStatus::Ask(tasks) => {
            let is_selected = match (&pass.pages.sample, &pass.pages.filter) {
                (Some(sample), _) => sample.contains(&page),
                (None, Some(filter)) => {
                    filter.selects(reader, keys.job, entry, page, (&questions.recipes, &questions.questions))?
                }
                (None, None) => true,
            };
            if !is_selected && pass.pages.sample.is_none() {
                run.counters.add_done();
            }
            Ok(is_selected.then_some(PageToPrepare { page: page.page, tasks, has_features, has_unasked }))
        }
        PageStatus::Faulty => {
            run.counters.add_unreadable();
            Ok(None)
        }
        PageStatus::Done | PageStatus::Skipped => {
            run.counters.add_done();
            Ok(None)
        }
    }
}
