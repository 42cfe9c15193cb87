//! A worker's pages: what is to be asked of each, and what is sent instead of it.

use super::asking::{Asking, VERSIONS};
use super::counters::Counters;
use super::intake::Purpose;
use super::outcome::Outcome as Ending;
use super::page::Ready;
use super::queue::{Pages, Tasks};
use super::worker::{Broken, Worker};
use crate::digest::Digest;
use crate::manifest::{Image, Size};
use crate::media::{MediaFault, MediaFaultKind};
use crate::prepare::{Marks, Prepared, as_it_is};
use crate::store::{EntryChange, FaultRecord, MarksRecord, Outcome, OutcomeStatus, StoreError, StoredPage};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// Side of what is prepared only to be looked at, in pixels.
const LOOK_SIDE: u32 = 400;

impl Worker {
    /// The tasks to ask of a page; `None` when there is nothing to do for it.
    pub(super) fn tasks(&self, page: StoredPage, asking: &Asking) -> Result<Option<Tasks>, StoreError> {
        let intake = &self.intake;
        let standing = self.reader.standing(&page, &asking.recipes, VERSIONS)?;
        let done = || {
            Counters::add(&intake.counters.done);
            Ok(None)
        };
        if standing.fault.is_some() && !intake.wish.failed {
            Counters::add(&intake.counters.failed);
            return done();
        }
        if intake.purpose == Purpose::Look {
            return if standing.marks.is_some() { done() } else { Ok(Some(Tasks::new())) };
        }
        let asked = standing
            .outcomes
            .iter()
            .enumerate()
            .filter(|(at, outcome)| intake.wanted[*at] && intake.wish.asks(outcome.as_ref(), intake.started_ms));
        let tasks: Tasks = asked.map(|(at, outcome)| (at, outcome.as_ref().map(|outcome| outcome.at_ms))).collect();
        if tasks.is_empty() && page.page > 0 {
            return done();
        }
        let has_none = standing.outcomes.iter().all(Option::is_none);
        let is_blank = intake.job.input.skip_blank && standing.marks.is_some_and(|marks| marks.is_blank);
        if has_none && (is_blank || self.is_near(page)?) {
            return done();
        }
        let is_sampled = intake.sample.as_ref().is_none_or(|sample| sample.contains(&page.content));
        Ok(is_sampled.then_some(tasks))
    }

    fn is_near(&self, page: StoredPage) -> Result<bool, StoreError> {
        match self.intake.job.input.near_duplicates {
            Some(_) => self.reader.is_near(self.intake.keys.job, &page),
            None => Ok(false),
        }
    }

    /// Prepares pages, and sends them on to be asked.
    pub(super) fn pages(&mut self, pages: &Pages) -> Result<(), Broken> {
        for (page, tasks) in &pages.wanted {
            let is_over = !self.intake.is_asking.load(Ordering::Relaxed) || self.intake.stop.is_requested();
            if is_over {
                break;
            }
            self.page(pages, *page, tasks)?;
        }
        Ok(())
    }

    fn page(&mut self, pages: &Pages, page: u32, tasks: &Tasks) -> Result<(), Broken> {
        let stored = StoredPage { content: pages.content, page };
        match self.prepared(pages, page)? {
            Ok(prepared) => {
                if self.intake.wish.failed {
                    self.push(EntryChange::PageFault(stored, VERSIONS.decoder, None));
                }
                if let Some(marks) = prepared.marks {
                    self.push(EntryChange::Marks(stored, VERSIONS.marks, recorded(marks)));
                }
                let is_skipped = self.intake.job.input.skip_blank && prepared.marks.is_some_and(|marks| marks.is_blank);
                if is_skipped || self.intake.purpose == Purpose::Look {
                    Counters::add(&self.intake.counters.done);
                    return Ok(());
                }
                // Nobody receives when the run has ended.
                let questions = pages.asking.clone();
                let _ = self.ready.blocking_send(Ready { page: stored, tasks: tasks.clone(), prepared, asking: questions });
            }
            // It depends on what is asked for, not on the page.
            Err(fault) if fault.kind == MediaFaultKind::RequestTooLarge => {
                self.refuse(stored, tasks, &pages.asking, &fault)?;
            }
            Err(fault) => self.faulty(stored, &fault),
        }
        Ok(())
    }

    fn prepared(&mut self, pages: &Pages, page: u32) -> Result<Result<Prepared, MediaFault>, Broken> {
        let is_look = self.intake.purpose == Purpose::Look;
        let with_marks = is_look || self.intake.job.input.skip_blank;
        let mut image = self.intake.job.image;
        if is_look {
            image = Image { size: Size::Economy, min_side: Some(LOOK_SIDE), ..image };
        }
        if !with_marks {
            let passed = catch_unwind(AssertUnwindSafe(|| as_it_is(&pages.bytes, &image)));
            let gave_up = |_| Err(MediaFault { kind: MediaFaultKind::Damaged, message: "the header can't be read".into() });
            match passed.unwrap_or_else(gave_up) {
                Ok(Some(prepared)) => return Ok(Ok(prepared)),
                Ok(None) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if let Err(fault) = self.open(pages.content, &pages.bytes)? {
            return Ok(Err(fault));
        }
        self.decoder.prepare(page, &image, with_marks).map_err(|error| Ending::Internal(error.to_string()))
    }

    /// Opens a file in the decoder, unless it is; its pages.
    pub(super) fn open(&mut self, content: Digest, bytes: &Bytes) -> Result<Result<u32, MediaFault>, Broken> {
        if self.opened.is_some_and(|(opened, _)| opened == content) {
            return Ok(Ok(self.opened.map_or(0, |(_, pages)| pages)));
        }
        self.opened = None;
        let opened = self.decoder.open(bytes).map_err(|error| Ending::Internal(error.to_string()))?;
        if let Ok(pages) = &opened {
            self.opened = Some((content, *pages));
        }
        Ok(opened)
    }

    /// Records that a page can't be sent under this job's recipes.
    fn refuse(&mut self, page: StoredPage, tasks: &Tasks, asking: &Asking, fault: &MediaFault) -> Result<(), StoreError> {
        let fault = FaultRecord { kind: fault.kind.name().into(), message: fault.message.clone() };
        let outcome = Outcome {
            status: OutcomeStatus::Failed,
            value: None,
            fault: Some(fault),
            is_passing: false,
            runs: 1,
            at_ms: self.intake.clock.wall_ms(),
        };
        let outcomes = tasks.iter().map(|(at, _)| (asking.recipes[*at], outcome.clone())).collect();
        Counters::add(&self.intake.counters.done);
        Counters::add(&self.intake.counters.failed);
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.put_outcomes_now(page, outcomes)
    }
}

fn recorded(marks: Marks) -> MarksRecord {
    MarksRecord { is_blank: marks.is_blank, fingerprint: marks.fingerprint }
}
