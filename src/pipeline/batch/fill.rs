//! Pages into the file of the batch that is filled.

use super::builder;
use super::builder::{Filling, queued_tokens};
use super::delivery::{Batcher, Delivered, Listener};
use crate::catalog::MIN_CALIBRATION_IMAGES;
use crate::pipeline::asking::attempt::{Attempt, first_fault};
use crate::pipeline::asking::page_loop::{PageEnd, Ready, names};
use crate::pipeline::asking::page_state::PageState;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::store::{Opened, StoreError};
use bytes::Bytes;

impl Batcher<'_> {
    /// Adds pages to the file that is filled; a file that is full is completed first.
    pub(crate) async fn add(
        &mut self,
        group: Vec<Ready>,
        delivered: &mut Delivered,
        listener: &mut Listener<'_>,
    ) -> Result<(), StoreError> {
        let mut part: Vec<(Attempt, Bytes, Ready)> = Vec::new();
        let (mut bytes, mut tokens) = self.filling.as_ref().map_or((0, 0), |filling| (filling.bytes, filling.tokens));
        let mut count = self.filling.as_ref().map_or(0, Filling::requests);
        for ready in group {
            let key = (ready.page, ready.asking.set);
            let known = self.unsettled.remove(&key).or_else(|| self.known.remove(&key));
            let known = known.filter(|state| state.asks(&ready.tasks));
            let state = known.unwrap_or_else(|| PageState::new(names(self.context.job, &ready.tasks)));
            let Some(item) = Attempt::next(self.context, &ready, state) else { continue };
            let body = self.context.asker.body(&item.wanted, &ready.prepared);
            let (size, needed) = (body.len() as u64 + builder::LINE_FRAME, queued_tokens(&item));
            if self.queue.is_some_and(|most| needed > most) {
                let message = format!("{needed} tokens in one request, and so many may not wait at once");
                let state = self.context.refuse(item, message).await?;
                (listener.on_end)(PageEnd::Settled(first_fault(&state, self.context.clock.wall_ms())));
                continue;
            }
            let is_full = count > 0
                && (bytes + size > self.bounds.bytes
                    || count >= if self.is_cautious() { MIN_CALIBRATION_IMAGES } else { self.bounds.requests }
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
    async fn open(&mut self, part: Vec<(Attempt, Bytes, Ready)>, delivered: &mut Delivered) -> Result<(), StoreError> {
        if part.is_empty() {
            return Ok(());
        }
        let context = self.context;
        let filling = self.file().await?;
        let opens = part.iter().map(|(item, ..)| item.open(context, Some(filling.batch))).collect();
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
                context.stop.request(RunOutcome::BudgetReached { spent, is_overbilled: false });
            }
            self.unsettled.insert((ready.page, ready.asking.set), item.state);
            self.held.push_back(ready);
        }
        Ok(())
    }

    /// Adds what waits for room in the budget, when own reservations have come back.
    pub(crate) async fn retry_held(
        &mut self,
        delivered: &mut Delivered,
        listener: &mut Listener<'_>,
    ) -> Result<(), StoreError> {
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
    pub(crate) async fn close_file(&mut self) -> Result<(), StoreError> {
        let Some(filling) = self.filling.take() else { return Ok(()) };
        if filling.is_empty() {
            return filling.withdraw(self.context).await;
        }
        self.flying.push(filling.complete(self.context).await?);
        self.next_look = self.context.clock.now();
        Ok(())
    }

    pub(crate) async fn give_up_filling(&mut self) -> Result<(), StoreError> {
        match self.filling.take() {
            Some(filling) => filling.withdraw(self.context).await,
            None => Ok(()),
        }
    }
}
