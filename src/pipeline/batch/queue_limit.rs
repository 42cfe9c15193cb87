//! How many prompt tokens the provider lets wait in its queue of batches.

use std::cell::Cell;

/// The limit of the provider's queue, in prompt tokens.
#[derive(Debug)]
pub(crate) struct QueueLimit(Cell<Option<u64>>);

impl QueueLimit {
    /// The limit of the manifest; `None`: it is learned from refusals.
    pub(crate) fn new(tokens: Option<u64>) -> Self {
        Self(Cell::new(tokens))
    }

    /// The limit, as far as it is known.
    pub(crate) fn tokens(&self) -> Option<u64> {
        self.0.get()
    }

    /// Whether a batch of `tokens` fits beside `queued` tokens. A batch that is alone always fits.
    pub(crate) fn fits(&self, queued: u64, tokens: u64) -> bool {
        self.0.get().is_none_or(|limit| queued == 0 || queued + tokens <= limit)
    }

    /// Learns from the refusal of a batch of `refused` tokens. `stated`: the limit that the refusal
    /// names. `is_alone`: no other batch of this run was queued.
    pub(crate) fn learn(&self, stated: u64, refused: u64, is_alone: bool) {
        // A batch that fits by our count and is refused anyway: the provider counts more.
        let limit = if is_alone && refused <= stated { refused * 3 / 4 } else { stated };
        let known = self.0.get().map_or(limit, |known| known.min(limit)).max(1);
        if self.0.get() != Some(known) {
            tracing::warn!("the provider queues at most {known} prompt tokens at once: batches are kept below that");
        }
        self.0.set(Some(known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_only_falls() {
        for (start, stated, refused, is_alone, expected) in [
            (None, 1000, 1500, true, 1000),
            (None, 1000, 800, true, 600),
            (None, 1000, 800, false, 1000),
            (Some(500), 1000, 1500, true, 500),
            (Some(500), 400, 450, false, 400),
            (None, 0, 1, false, 1),
        ] {
            let limit = QueueLimit::new(start);
            limit.learn(stated, refused, is_alone);
            assert_eq!(limit.tokens(), Some(expected), "{start:?} {stated} {refused} {is_alone}");
        }
    }

    #[test]
    fn a_batch_that_is_alone_always_fits() {
        let limit = QueueLimit::new(Some(100));
        assert!(limit.fits(0, 500) && limit.fits(40, 60));
        assert!(!limit.fits(40, 61));
        assert!(QueueLimit::new(None).fits(1 << 40, 1 << 40));
    }
}
