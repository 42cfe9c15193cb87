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
use crate::pipeline::model::page_status::{Stand, View};
use crate::pipeline::model::question_set::{Asking, VERSIONS};
use crate::prepare::{PageFeatures, Prepared, pass_through};
use crate::store::{EntryChange, FaultRecord, FeaturesRecord, OutcomeStatus, PageId, StoreError, TaskOutcome};
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
        let standing = self.reader.standing(&page, &asking.recipes, VERSIONS)?;
        let has_marks = standing.marks.is_some();
        if intake.purpose == Purpose::Look {
            let is_over = has_marks || standing.fault.is_some() && !intake.wish.failed;
            return Ok((!is_over).then(|| PageWish { page: page.page, tasks: Tasks::new(), has_marks, has_gap: true }));
        }
        let view = View {
            wish: intake.wish,
            wanted: &intake.wanted,
            started_ms: intake.started_ms,
            skips_blank: intake.job.input.skip_blank,
        };
        let has_gap = standing.outcomes.iter().any(Option::is_none);
        match view.of(&standing, self.is_near(page)?) {
            Stand::Ask(tasks) => {
                let is_sampled = intake.sample.as_ref().is_none_or(|sample| sample.contains(&page));
                Ok(is_sampled.then_some(PageWish { page: page.page, tasks, has_marks, has_gap }))
            }
            stand => {
                match stand {
                    Stand::Faulty => intake.counters.add_failed(),
                    _ => Counters::add(&intake.counters.done),
                }
                Ok(None)
            }
        }
    }

    fn is_near(&self, page: PageId) -> Result<bool, StoreError> {
        match self.intake.job.input.near_duplicates {
            Some(_) => self.reader.is_near(self.intake.keys.job, &page),
            None => Ok(false),
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
                if let Some(features) = prepared.features {
                    self.push(EntryChange::Features(stored, VERSIONS.marks, recorded(features)));
                }
                let is_blank =
                    self.intake.job.input.skip_blank && prepared.features.is_some_and(|features| features.is_blank);
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
                let fault = FaultRecord { kind: fault.kind.name().into(), message: fault.message };
                self.refuse(stored, wish, &pages.asking, fault, false)?;
            }
            Err(fault) => self.faulty(stored, &fault),
        }
        Ok(())
    }

    fn prepared(&mut self, pages: &Pages, wish: &PageWish) -> Result<Result<Prepared, MediaFault>, Broken> {
        let is_look = self.intake.purpose == Purpose::Look;
        let with_features = is_look || self.intake.job.input.skip_blank && !wish.has_marks;
        let mut image = self.intake.job.image;
        if is_look {
            image = Image { size: Size::Economy, min_side: Some(LOOK_SIDE), ..image };
        }
        if !with_features {
            match pass_through(&pages.bytes, &image) {
                Ok(Some(prepared)) => return Ok(Ok(prepared)),
                Ok(None) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if let Err(fault) = self.open(pages.content, &pages.bytes)? {
            return Ok(Err(fault));
        }
        self.decoder.prepare(wish.page, &image, with_features).map_err(|error| RunOutcome::Internal(error.to_string()))
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

    /// Records that a page can't be asked now, or (not `is_passing`) under this job's recipes.
    pub(crate) fn refuse(
        &self,
        page: PageId,
        wish: &PageWish,
        asking: &Asking,
        fault: FaultRecord,
        is_passing: bool,
    ) -> Result<(), StoreError> {
        let at_ms = self.intake.clock.wall_ms();
        let status = OutcomeStatus::Failed;
        let outcome = TaskOutcome { status, value: None, fault: Some(fault), is_passing, runs: 1, at_ms };
        let outcomes = wish.tasks.iter().map(|(at, _)| (asking.recipes[*at], outcome.clone())).collect();
        self.intake.counters.add_failed();
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.put_outcomes_now(page, outcomes)
    }
}

fn recorded(features: PageFeatures) -> FeaturesRecord {
    FeaturesRecord { is_blank: features.is_blank, fingerprint: features.fingerprint }
}
