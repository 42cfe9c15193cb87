//! A worker's pages: what is to be asked of each, and what is sent instead of it.

use super::queue::{PageWish, Pages, Tasks};
use super::reader::{Broken, Worker};
use super::threads::Purpose;
use crate::base::digest::Digest;
use crate::manifest::{Image, Size};
use crate::media::{MediaFault, MediaFaultKind};
use crate::pipeline::asking::page_loop::Ready;
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::{Asking, VERSIONS, skip_rule};
use crate::prepare::{PageFeatures, Prepared, as_it_is};
use crate::store::{
    EntryChange, FaultRecord, FeaturesRecord, OutcomeStatus, PageId, PageStatus, StoreError, TaskOutcome, TaskSelection,
};
use bytes::Bytes;
use std::sync::atomic::Ordering;

/// Side of what is prepared only to be looked at, in pixels.
const LOOK_SIDE: u32 = 400;

impl Worker {
    /// What is to be asked of a page; `None` when there is nothing to do for it.
    pub(crate) fn wish_for(&self, page: PageId, asking: &Asking) -> Result<Option<PageWish>, StoreError> {
        let intake = &self.intake;
        if intake.under_way.contains(&page) {
            return Ok(None);
        }
        let known = self.reader.stored_page(Some(intake.keys.job), &page, &asking.recipes, VERSIONS)?;
        let has_marks = known.features.is_some();
        if intake.purpose == Purpose::Look {
            let is_over = has_marks || known.fault.is_some() && !intake.wish.failed;
            return Ok((!is_over).then(|| PageWish { page: page.page, tasks: Tasks::new(), has_marks, has_gap: true }));
        }
        let selection = TaskSelection { retry: intake.wish, wanted: &intake.wanted, started_ms: intake.started_ms };
        let has_gap = known.outcomes.iter().any(Option::is_none);
        match known.status(skip_rule(&intake.job), &selection) {
            PageStatus::Ask(tasks) => {
                let is_sampled = intake.sample.as_ref().is_none_or(|sample| sample.contains(&page));
                Ok(is_sampled.then_some(PageWish { page: page.page, tasks, has_marks, has_gap }))
            }
            PageStatus::Faulty => {
                intake.counters.add_failed();
                Ok(None)
            }
            PageStatus::Done | PageStatus::Skipped => {
                Counters::add(&intake.counters.done);
                Ok(None)
            }
        }
    }

    /// Prepares pages, and sends them on to be asked.
    pub(crate) fn pages(&mut self, pages: &Pages) -> Result<(), Broken> {
        for wish in &pages.wanted {
            let is_over = !self.intake.is_asking.load(Ordering::Relaxed) || self.intake.stop.is_requested();
            if is_over {
                break;
            }
            self.page(pages, wish)?;
        }
        Ok(())
    }

    fn page(&mut self, pages: &Pages, wish: &PageWish) -> Result<(), Broken> {
        let stored = PageId { content: pages.content, page: wish.page };
        match self.prepared(pages, wish)? {
            Ok(prepared) => {
                if let Some(marks) = prepared.marks {
                    self.push(EntryChange::Features(stored, VERSIONS.features, recorded(marks)));
                }
                let is_blank = self.intake.job.input.skip_blank && prepared.marks.is_some_and(|marks| marks.is_blank);
                if is_blank && wish.has_gap || self.intake.purpose == Purpose::Look {
                    Counters::add(&self.intake.counters.done);
                    return Ok(());
                }
                let (tasks, asking) = (wish.tasks.clone(), pages.asking.clone());
                // Nobody receives when the run has ended.
                let _ = self.ready.blocking_send(Ready { page: stored, tasks, prepared, asking });
            }
            // It depends on what is asked for, not on the page.
            Err(fault) if fault.kind == MediaFaultKind::RequestTooLarge => {
                let fault = FaultRecord { kind: fault.kind.error_kind(), message: fault.message };
                self.refuse(stored, wish, &pages.asking, fault, false)?;
            }
            Err(fault) => self.faulty(stored, &fault),
        }
        Ok(())
    }

    fn prepared(&mut self, pages: &Pages, wish: &PageWish) -> Result<Result<Prepared, MediaFault>, Broken> {
        let is_look = self.intake.purpose == Purpose::Look;
        let with_marks = is_look || self.intake.job.input.skip_blank && !wish.has_marks;
        let mut image = self.intake.job.image;
        if is_look {
            image = Image { size: Size::Economy, min_side: Some(LOOK_SIDE), ..image };
        }
        if !with_marks {
            match as_it_is(&pages.bytes, &image) {
                Ok(Some(prepared)) => return Ok(Ok(prepared)),
                Ok(None) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if let Err(fault) = self.open(pages.content, &pages.bytes)? {
            return Ok(Err(fault));
        }
        self.decoder.prepare(wish.page, &image, with_marks).map_err(|error| RunOutcome::Internal(error.to_string()))
    }

    /// Opens a file in the decoder, unless it is; its pages.
    pub(crate) fn open(&mut self, content: Digest, bytes: &Bytes) -> Result<Result<u32, MediaFault>, Broken> {
        if self.opened.is_some_and(|(opened, _)| opened == content) {
            return Ok(Ok(self.opened.map_or(0, |(_, pages)| pages)));
        }
        self.opened = None;
        let opened = self.decoder.open(bytes).map_err(|error| RunOutcome::Internal(error.to_string()))?;
        if let Ok(pages) = &opened {
            self.opened = Some((content, *pages));
        }
        Ok(opened)
    }

    /// Records that a page can't be asked now, or (not `is_transient`) under this job's recipes.
    pub(crate) fn refuse(
        &self,
        page: PageId,
        wish: &PageWish,
        asking: &Asking,
        fault: FaultRecord,
        is_transient: bool,
    ) -> Result<(), StoreError> {
        let at_ms = self.intake.clock.wall_ms();
        let status = OutcomeStatus::Failed;
        let outcome = TaskOutcome { status, value: None, fault: Some(fault), is_transient, runs: 1, at_ms };
        let outcomes = wish.tasks.iter().map(|(at, _)| (asking.recipes[*at], outcome.clone())).collect();
        self.intake.counters.add_failed();
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.put_outcomes_blocking(page, outcomes)
    }
}

fn recorded(marks: PageFeatures) -> FeaturesRecord {
    FeaturesRecord { is_blank: marks.is_blank, fingerprint: marks.fingerprint }
}
