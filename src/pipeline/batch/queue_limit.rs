//! How many prompt tokens the provider lets wait in its queue of batches.

use std::cell::Cell;

/// The limit of the provider's queue, in prompt tokens.
#[derive(Debug)]
pub(crate) struct QueueLimit {
    /// What batches are kept below.
    tokens: Cell<Option<u64>>,
    /// The lowest limit that the manifest or a refusal states.
    stated: Cell<Option<u64>>,
}

impl QueueLimit {
    /// The limit of the manifest; `None`: it is learned from refusals.
    pub(crate) fn new(tokens: Option<u64>) -> Self {
        Self { tokens: Cell::new(tokens), stated: Cell::new(tokens) }
    }

    /// The known limit.
    pub(crate) fn tokens(&self) -> Option<u64> {
        self.tokens.get()
    }

    /// The stated limit if a request of `tokens` is larger: no batch can ever hold it. A limit that was only inferred
    /// from a refusal shows that of no request: others may have filled the queue.
    pub(crate) fn below(&self, tokens: u64) -> Option<u64> {
        self.stated.get().filter(|stated| tokens > *stated)
    }

    /// Whether a batch of `tokens` fits beside `queued` tokens. A batch that is alone always fits.
    pub(crate) fn fits(&self, queued: u64, tokens: u64) -> bool {
        self.tokens.get().is_none_or(|limit| queued == 0 || queued + tokens <= limit)
    }

    /// Learns from the refusal of a batch of `refused` tokens. `stated`: the limit that the refusal
    /// names. `is_alone`: no other batch of this run was queued.
    pub(crate) fn learn(&self, stated: Option<u64>, refused: u64, is_alone: bool) {
        let lower = |known: &Cell<Option<u64>>, limit: u64| {
            let lowest = known.get().map_or(limit, |known| known.min(limit)).max(1);
            known.replace(Some(lowest)) != Some(lowest)
        };
        if let Some(stated) = stated {
            lower(&self.stated, stated);
        }
        let limit = match stated {
            // A batch that fits by our count and is refused anyway: the provider counts more.
            Some(stated) if is_alone && refused <= stated => refused * 3 / 4,
            Some(stated) => stated,
            None => refused / 2,
        };
        if lower(&self.tokens, limit) {
            let known = limit.max(1);
            tracing::warn!("the provider queues at most {known} prompt tokens at once: batches are kept below that");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_only_falls() {
        for (start, stated, refused, is_alone, expected) in [
            (None, Some(1000), 1500, true, 1000),
            (None, Some(1000), 800, true, 600),
            (None, Some(1000), 800, false, 1000),
            (Some(500), Some(1000), 1500, true, 500),
            (Some(500), Some(400), 450, false, 400),
            (None, None, 800, true, 400),
            (Some(500), None, 1200, false, 500),
            (None, Some(0), 1, false, 1),
        ] {
            let limit = QueueLimit::new(start);
            limit.learn(stated, refused, is_alone);
            assert_eq!(limit.tokens(), Some(expected), "{start:?} {stated:?} {refused} {is_alone}");
        }
    }

    #[test]
    fn only_a_stated_limit_excludes_a_request() {
        for (start, stated, refused, is_alone, request, expected) in [
            (None, Some(1000), 800, true, 800, None),
            (None, None, 800, true, 800, None),
            (None, Some(1000), 1500, true, 1500, Some(1000)),
            (Some(700), Some(1000), 650, true, 650, None),
            (Some(700), Some(1000), 650, true, 701, Some(700)),
            (None, Some(400), 450, false, 450, Some(400)),
        ] {
            let limit = QueueLimit::new(start);
            limit.learn(stated, refused, is_alone);
            assert_eq!(limit.below(request), expected, "{start:?} {stated:?} {refused} {is_alone}");
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
