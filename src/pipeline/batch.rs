//! Delivery by the provider's batches: pages are written to files, files become batches,
//! batches end some time, and what they brought is stored like any other answer.
//!
//! A batch goes through the states of [`BatchState`], each durable before the next step is
//! made, so that a run that dies leaves something that the next one can go on with, and
//! nothing is submitted twice.
//!
//! - [`item`]: a page that waits for its answer
//! - [`mod@file`]: a batch while it is filled
//! - [`flying`]: a batch that is complete: upload, creation, waiting
//! - [`mod@collect`]: what it brought

mod collect;
mod file;
mod flying;
mod item;

use super::next::{PageState, next};
use super::outcome::Outcome as Ending;
use super::page::{Context, PageEnd, Ready, first_fault, keyed, names};
use crate::ask::{BatchFault, PageFault};
use crate::catalog::ENOUGH_IMAGES;
use crate::manifest::Batches;
use crate::store::{BatchState, Opened, Reader, StoreError, StoredPage};
use bytes::Bytes;
use file::Filling;
use flying::Flying;
use item::Item;
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
type Key = (StoredPage, i64);

/// Delivers pages in batches.
pub(super) struct Batcher<'a> {
    context: &'a Context<'a>,
    bounds: Batches,
    /// The job's key.
    job: i64,
    /// Prompt tokens that the provider lets wait, as far as it is known.
    queue: Option<u64>,
    filling: Option<Filling>,
    flying: Vec<Flying>,
    /// How far pages have come that were not settled by the batch they were in.
    unsettled: HashMap<Key, PageState>,
    /// The same of the last pass, as far as this one has not met them.
    known: HashMap<Key, PageState>,
    /// Pages that wait for room in the budget.
    held: VecDeque<Ready>,
    /// Since when the provider does nothing that it is asked to.
    failing_since: Option<Duration>,
    /// Since when its queue has no room.
    full_since: Option<Duration>,
    /// When it is looked at again.
    next_look: Duration,
}

/// What a pass did.
#[derive(Default)]
pub(super) struct Delivered {
    /// Pages that have to be looked at again.
    pub(super) again: u64,
    /// Pages that were taken.
    pub(super) taken: u64,
    /// Whether anything was written or collected.
    pub(super) has_moved: bool,
}

/// Who listens to what becomes of pages.
pub(super) struct Listener<'a> {
    /// Nothing more is taken.
    pub(super) on_full: &'a dyn Fn(),
    /// A page is settled.
    pub(super) on_end: &'a mut dyn FnMut(PageEnd),
}

impl<'a> Batcher<'a> {
    /// A batcher for a run, with the batches that other runs of the job left behind.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(super) fn new(context: &'a Context<'a>, bounds: Batches, job: i64) -> Result<Self, StoreError> {
        let reader = Reader::open(context.store.path())?;
        file::remove_orphans(context.store.path(), || reader.batch_keys())?;
        let flying = flying::adopted(&reader, context, &[])?;
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
    pub(super) fn under_way(&self) -> HashSet<StoredPage> {
        self.flying.iter().flat_map(Flying::page_keys).collect()
    }

    /// Takes over what other runs have left behind meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn adopt(&mut self) -> Result<(), StoreError> {
        self.context.store.adopt_batches(self.context.run, self.context.job.provider.id.clone()).await?;
        let known: Vec<i64> = self.flying.iter().map(Flying::batch).collect();
        let reader = Reader::open(self.context.store.path())?;
        self.flying.extend(flying::adopted(&reader, self.context, &known)?);
        Ok(())
    }

    /// Takes pages until there are no more, and waits until every batch has ended. `most`:
    /// pages to take at most.
    ///
    /// # Errors
    /// When the store or a file fails.
    pub(super) async fn deliver(
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

    /// Adds pages to the file that is filled; a file that is full is completed first.
    async fn add(
        &mut self,
        group: Vec<Ready>,
        delivered: &mut Delivered,
        listener: &mut Listener<'_>,
    ) -> Result<(), StoreError> {
        let mut part: Vec<(Item, Bytes, Ready)> = Vec::new();
        let (mut bytes, mut tokens) = self.filling.as_ref().map_or((0, 0), |filling| (filling.bytes, filling.tokens));
        let mut count = self.filling.as_ref().map_or(0, Filling::requests);
        for ready in group {
            let key = (ready.page, ready.asking.set);
            let known = self.unsettled.remove(&key).or_else(|| self.known.remove(&key));
            let known = known.filter(|state| state.asks(&ready.tasks));
            let state = known.unwrap_or_else(|| PageState::new(names(self.context.job, &ready.tasks)));
            let step = next(&state, self.context.job.retry.attempts);
            let Some((item, body)) = Item::new(self.context, &ready, state, step) else { continue };
            let (size, needed) = (body.len() as u64 + file::LINE_FRAME, item.tokens());
            if self.queue.is_some_and(|most| needed > most) {
                self.too_large(item, listener).await?;
                continue;
            }
            let is_full = count > 0
                && (bytes + size > self.bounds.bytes
                    || count >= if self.is_cautious() { ENOUGH_IMAGES } else { self.bounds.requests }
                    || self.queue.is_some_and(|most| tokens + needed > most));
            if is_full {
                self.open(std::mem::take(&mut part), delivered).await?;
                self.close_file().await?;
                (bytes, tokens, count) = (0, 0, 0);
            }
            (bytes, tokens, count) = (bytes + size, tokens + needed, count + 1);
            part.push((item, body, ready));
        }
        self.open(part, delivered).await
    }

    /// Opens the attempts of pages, and writes those that are granted.
    async fn open(&mut self, part: Vec<(Item, Bytes, Ready)>, delivered: &mut Delivered) -> Result<(), StoreError> {
        if part.is_empty() {
            return Ok(());
        }
        let context = self.context;
        let filling = self.file().await?;
        let opens = part.iter().map(|(item, ..)| item.open(context, filling.batch)).collect();
        let opened = context.store.open_attempts(opens).await?;
        let mut over = Vec::new();
        for (opened, (item, body, ready)) in opened.into_iter().zip(part) {
            match opened {
                Opened::Granted { request, attempt } => {
                    delivered.has_moved = true;
                    filling.write((request, attempt), item, &body)?;
                }
                Opened::Changed | Opened::Elsewhere => delivered.again += 1,
                Opened::OverBudget { is_reserved, spent } => over.push((item, ready, is_reserved, spent)),
            }
        }
        for (item, ready, is_reserved, spent) in over {
            if !is_reserved {
                context.stop.request(Ending::BudgetReached { spent, is_overbilled: false });
            }
            self.unsettled.insert((ready.page, ready.asking.set), item.state);
            self.held.push_back(ready);
        }
        Ok(())
    }

    /// Adds what waits for room in the budget, when own reservations have come back.
    async fn retry_held(&mut self, delivered: &mut Delivered, listener: &mut Listener<'_>) -> Result<(), StoreError> {
        if self.filling.as_ref().is_some_and(|filling| !filling.is_empty()) || !self.flying.is_empty() {
            return Ok(());
        }
        let held = self.held.drain(..).collect();
        self.add(held, delivered, listener).await
    }

    /// The file that is filled.
    async fn file(&mut self) -> Result<&mut Filling, StoreError> {
        if self.filling.is_none() {
            self.filling = Some(Filling::begin(self.context, self.job).await?);
        }
        self.filling.as_mut().ok_or(StoreError::Closed)
    }

    /// Completes the file that is filled; its batch goes on from there.
    async fn close_file(&mut self) -> Result<(), StoreError> {
        let Some(filling) = self.filling.take() else { return Ok(()) };
        if filling.is_empty() {
            return filling.withdraw(self.context).await;
        }
        self.flying.push(filling.complete(self.context).await?);
        self.next_look = self.context.clock.now();
        Ok(())
    }

    async fn give_up_filling(&mut self) -> Result<(), StoreError> {
        match self.filling.take() {
            Some(filling) => filling.withdraw(self.context).await,
            None => Ok(()),
        }
    }

    /// Brings every batch as far as it goes now.
    async fn look(&mut self, delivered: &mut Delivered, listener: &mut Listener<'_>) -> Result<(), StoreError> {
        let mut wait = self.bounds.poll;
        let mut at = 0;
        while at < self.flying.len() {
            let queued: u64 = self.flying.iter().filter(|other| other.is_queued()).map(Flying::tokens).sum();
            let has_room = self.queue.is_none_or(|most| queued == 0 || queued + self.flying[at].tokens() <= most);
            let stop = self.context.stop.clone();
            let looked = tokio::select! {
                looked = self.flying[at].advance(self.context, has_room) => looked?,
                () = stop.requested() => return Ok(()),
            };
            match looked {
                flying::Look::Working => {
                    self.failing_since = None;
                    at += 1;
                }
                flying::Look::Waits => at += 1,
                // Its pages are asked anew: nothing of it was submitted.
                flying::Look::Gone => {
                    delivered.again += self.flying[at].pages() as u64;
                    let batch = self.flying.remove(at).batch();
                    self.context.store.withdraw_batch(batch).await?;
                }
                flying::Look::Again => self.failing_since = None,
                flying::Look::Ended(remote) => {
                    let (collected, fault) = collect::collect(self.context, &mut self.flying[at], &remote).await?;
                    delivered.has_moved = true;
                    collected.ended.into_iter().for_each(&mut *listener.on_end);
                    self.unsettled.extend(collected.unsettled);
                    if let Some(fault) = fault {
                        wait = wait.max(self.fault(&fault));
                        at += 1;
                        continue;
                    }
                    self.failing_since = None;
                    let ended = self.flying.remove(at);
                    match collected.queue {
                        Some(limit) => self.queue_is_full(limit, ended.tokens()).await,
                        None => self.full_since = None,
                    }
                }
                // Nothing of it was sent, and never will be: its pages are asked anew.
                flying::Look::Fault(fault @ BatchFault::Refused(_))
                    if self.flying[at].state() == BatchState::Filled =>
                {
                    self.fault(&fault);
                    let refused = self.flying.remove(at);
                    refused.remove_file();
                    self.context.store.withdraw_batch(refused.batch()).await?;
                }
                flying::Look::Fault(fault) => {
                    wait = wait.max(self.fault(&fault));
                    at += 1;
                }
            }
        }
        self.next_look = self.context.clock.now() + wait;
        Ok(())
    }

    /// A batch was refused because the provider's queue is full: batches become smaller,
    /// and go out when others have ended.
    async fn queue_is_full(&mut self, limit: u64, refused: u64) {
        let is_alone = !self.flying.iter().any(Flying::is_queued);
        // What fits by our count does not by theirs.
        let limit = if is_alone && refused <= limit { refused * 3 / 4 } else { limit };
        let known = self.queue.map_or(limit, |known| known.min(limit)).max(1);
        if self.queue != Some(known) {
            tracing::warn!("the provider lets {known} prompt tokens wait at once: batches are kept below that");
        }
        self.queue = Some(known);
        let now = self.context.clock.now();
        let since = *self.full_since.get_or_insert(now);
        if now.saturating_sub(since) > self.context.job.retry.max_wait {
            let message = "its queue of batches has no room".to_owned();
            self.context.stop.request(Ending::ProviderUnavailable(message));
        }
        if is_alone {
            // It may be others that fill it. A stop is seen by whoever looks next.
            let _ = self.context.admission.pause(self.bounds.poll).await;
        }
    }

    /// With a budget, what the endpoint bills has to be seen before much is sent.
    fn is_cautious(&self) -> bool {
        self.context.job.limits.budget.is_some() && self.context.asker.calibration().images() < ENOUGH_IMAGES
    }

    /// A page that no batch may hold.
    async fn too_large(&self, item: Item, listener: &mut Listener<'_>) -> Result<(), StoreError> {
        let message = format!("{} tokens in one request, and so many may not wait at once", item.tokens());
        let mut state = item.state;
        state.give_up(PageFault { kind: "request_too_large", message, is_refusal: false });
        let at_ms = self.context.clock.wall_ms();
        (listener.on_end)(PageEnd::Settled(first_fault(&state, at_ms)));
        self.context.store.put_outcomes(item.page, keyed(&item.asking, state.unanswered(at_ms))).await
    }

    /// A call that did not do its work: waits, or ends the run; how long to wait.
    fn fault(&mut self, fault: &BatchFault) -> Duration {
        let (message, after) = match fault {
            BatchFault::Refused(refusal) => {
                self.context.stop.request(Ending::ProviderRefused(refusal.clone()));
                return Duration::ZERO;
            }
            BatchFault::Passing { message, after } => (message, *after),
            BatchFault::Unknown(message) => (message, None),
        };
        if self.context.stop.is_requested() {
            return Duration::ZERO;
        }
        tracing::warn!("batches: {message}; going on later");
        let now = self.context.clock.now();
        let since = *self.failing_since.get_or_insert(now);
        if now.saturating_sub(since) > self.context.job.retry.max_wait {
            self.context.stop.request(Ending::ProviderUnavailable(message.clone()));
        }
        after.unwrap_or_default().min(self.context.job.retry.max_wait)
    }
}

/// What tells a page's line from others: its attempt in this store.
fn custom_id(attempt: i64) -> String {
    format!("docmill-{attempt}")
}

/// The attempt of a line; `None`: it is none of ours.
fn attempt_of(custom_id: &str) -> Option<i64> {
    custom_id.strip_prefix("docmill-")?.parse().ok()
}
