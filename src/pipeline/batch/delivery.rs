//! Delivery by the provider's batches: pages are written to files, files become batches,
//! batches end some time, and what they brought is stored like any other answer.
//!
//! A batch goes through the states of [`BatchState`], each durable before the next step is
//! made, so that a run that dies leaves something that the next one can go on with, and
//! nothing is submitted twice.
//!
//! - [`adding`]: pages into the [`mod@file`] of a batch that is filled
//! - [`looking`]: every batch brought as far as it goes; [`flying`]: one that is complete:
//!   upload, creation, waiting; [`adopted`]: one that an earlier run made
//! - [`mod@collect`]: what it brought

use super::builder::{self, Filling};
use super::lifecycle::{self, Flying};
use crate::catalog::MIN_CALIBRATION_IMAGES;
use crate::manifest::BatchBounds;
use crate::pipeline::asking::page_loop::{Context, PageEnd, Ready};
use crate::pipeline::asking::page_state::PageState;
use crate::store::{BatchState, PageId, Reader, StoreError};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::sync::mpsc;

/// Pages that are opened in one commit.
const GROUP: usize = 64;
/// Complete files that may wait for the provider's queue: disk is not endless.
const WAITING_FILES: usize = 2;
/// Pages that may be under way: what is known of them is in memory.
const MOST_PAGES: usize = 100_000;
/// How long to wait for room in a budget that others hold.
const BUDGET_POLL: Duration = Duration::from_secs(1);

/// A page under these recipes.
pub(crate) type Key = (PageId, i64);

/// Delivers pages in batches.
pub(crate) struct Batcher<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) bounds: BatchBounds,
    /// The job's key.
    pub(crate) job: i64,
    /// Prompt tokens that the provider lets wait, as far as it is known.
    pub(crate) queue: Option<u64>,
    pub(crate) filling: Option<Filling>,
    pub(crate) flying: Vec<Flying>,
    /// How far pages have come that were not settled by the batch they were in.
    pub(crate) unsettled: HashMap<Key, PageState>,
    /// The same of the last pass, as far as this one has not met them.
    pub(crate) known: HashMap<Key, PageState>,
    /// Pages that wait for room in the budget.
    pub(crate) held: VecDeque<Ready>,
    /// Since when the provider does nothing that it is asked to.
    pub(crate) failing_since: Option<Duration>,
    /// Since when its queue has no room.
    pub(crate) full_since: Option<Duration>,
    /// When it is looked at again.
    pub(crate) next_look: Duration,
}

/// What a pass did.
#[derive(Default)]
pub(crate) struct Delivered {
    /// Pages that have to be looked at again.
    pub(crate) again: u64,
    /// Pages that were taken.
    pub(crate) taken: u64,
    /// Whether anything was written or collected.
    pub(crate) has_moved: bool,
}

/// Who listens to what becomes of pages.
pub(crate) struct Listener<'a> {
    /// Nothing more is taken.
    pub(crate) on_full: &'a dyn Fn(),
    /// A page is settled.
    pub(crate) on_end: &'a mut dyn FnMut(PageEnd),
}

impl<'a> Batcher<'a> {
    /// A batcher for a run, with the batches that other runs of the job left behind.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(context: &'a Context<'a>, bounds: BatchBounds, job: i64) -> Result<Self, StoreError> {
        let reader = Reader::open(context.store.path())?;
        builder::remove_orphans(context.store.path(), || reader.batch_keys())?;
        let flying = lifecycle::adopted(&reader, context, &[])?;
        let now = context.clock.now();
        if !flying.is_empty() {
            let pages: usize = flying.iter().map(Flying::pages).sum();
            tracing::info!("{} batches of earlier runs, with {pages} pages, are under way", flying.len());
        }
        Ok(Self {
            context,
            bounds,
            job,
            queue: bounds.queued_tokens,
            filling: None,
            flying,
            unsettled: HashMap::new(),
            known: HashMap::new(),
            held: VecDeque::new(),
            failing_since: None,
            full_since: None,
            next_look: now,
        })
    }

    /// Pages that are under way and need no look.
    pub(crate) fn under_way(&self) -> HashSet<PageId> {
        self.flying.iter().flat_map(Flying::page_keys).collect()
    }

    /// Takes over what other runs have left behind meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn adopt(&mut self) -> Result<(), StoreError> {
        self.context.store.adopt_batches(self.context.run, self.context.job.provider.id.clone()).await?;
        let known: Vec<i64> = self.flying.iter().map(Flying::batch).collect();
        let reader = Reader::open(self.context.store.path())?;
        self.flying.extend(lifecycle::adopted(&reader, self.context, &known)?);
        Ok(())
    }

    /// Takes pages until there are no more, and waits until every batch has ended. `most`:
    /// pages to take at most.
    ///
    /// # Errors
    /// When the store or a file fails.
    pub(crate) async fn deliver(
        &mut self,
        ready: &mut mpsc::Receiver<Ready>,
        mut most: u64,
        listener: &mut Listener<'_>,
    ) -> Result<Delivered, StoreError> {
        let mut delivered = Delivered { again: self.under_way().len() as u64, ..Delivered::default() };
        let mut seen = HashSet::new();
        let mut is_open = true;
        // A page that is gone by now is forgotten.
        self.known = std::mem::take(&mut self.unsettled);
        loop {
            if most == 0 && self.known.is_empty() && is_open {
                is_open = false;
                (listener.on_full)();
                ready.close();
            }
            if self.context.stop.is_requested() {
                (listener.on_full)();
                ready.close();
                self.give_up_filling().await?;
                return Ok(delivered);
            }
            if !self.held.is_empty() {
                self.retry_held(&mut delivered, listener).await?;
            }
            // Nothing more is coming, or nothing more fits: what there is goes out.
            if !is_open || !self.held.is_empty() {
                self.close_file().await?;
            }
            if !is_open && self.held.is_empty() && self.flying.is_empty() {
                delivered.again += self.unsettled.len() as u64;
                return Ok(delivered);
            }
            let waiting = self.flying.iter().filter(|flying| flying.state() == BatchState::Filled).count();
            let pages: usize = self.flying.iter().map(Flying::pages).sum();
            // Before the endpoint's first bills a budget lets out a few pages only.
            let is_unsure = self.is_cautious() && !self.flying.is_empty();
            let has_room = waiting < WAITING_FILES && pages < MOST_PAGES && !is_unsure;
            let takes = is_open && self.held.is_empty() && has_room;
            let mut group = Vec::new();
            let wait = self.next_look.saturating_sub(self.context.clock.now());
            tokio::select! {
                biased;
                () = self.context.stop.requested() => {}
                () = self.context.clock.sleep(wait), if !self.flying.is_empty() => self.look(&mut delivered, listener).await?,
                count = ready.recv_many(&mut group, GROUP), if takes => {
                    is_open = count > 0;
                    group.retain(|ready| {
                        let key = (ready.page, ready.asking.set);
                        let is_new = !self.known.contains_key(&key);
                        let is_taken = seen.insert(key) && (most > 0 || !is_new);
                        let counts = u64::from(is_taken && is_new);
                        (most, delivered.taken) = (most - counts, delivered.taken + counts);
                        is_taken
                    });
                    self.add(group, &mut delivered, listener).await?;
                    if seen.len() > MOST_PAGES {
                        seen.clear();
                    }
                }
                () = self.context.clock.sleep(BUDGET_POLL), if !takes && self.flying.is_empty() => {}
            }
        }
    }

    /// With a budget, what the endpoint bills has to be seen before much is sent.
    pub(crate) fn is_cautious(&self) -> bool {
        self.context.job.limits.budget.is_some() && self.context.asker.calibration().images() < MIN_CALIBRATION_IMAGES
    }
}

/// What tells a page's line from others: its attempt in this store.
pub(crate) fn custom_id(attempt: i64) -> String {
    format!("docmill-{attempt}")
}

/// The attempt of a line; `None`: it is none of ours.
pub(crate) fn attempt_of(custom_id: &str) -> Option<i64> {
    custom_id.strip_prefix("docmill-")?.parse().ok()
}
