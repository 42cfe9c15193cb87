//! Named points of a run where a test may look, crash or wait.

/// A point on the way of a page through a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The attempt's open row is durable.
    Reserved,
    /// The request is about to go out.
    Sent,
    /// The reply is in, nothing of it stored.
    Replied,
    /// The store's transaction is durable.
    Committed,
    /// The page has no more to ask.
    Settled,
    /// A batch's file is complete and durable.
    BatchFilled,
    /// The provider has a batch's file; nothing is recorded of it.
    BatchUploaded,
    /// The provider has the batch; nothing is recorded of it.
    BatchCreated,
    /// The batch is recorded as submitted.
    BatchSubmitted,
    /// Some answers of a batch are stored, not all.
    BatchCollecting,
    /// All of them are, and the batch is not recorded as ended.
    BatchCollected,
    /// An output's temporary file is complete and synced.
    TempWritten,
    /// The output has its name.
    Renamed,
}

/// What a test does at the points; does nothing by default.
pub trait Hooks: Send + Sync {
    /// Called at `point`, on the thread that is there.
    fn at(&self, point: Point) {
        let _ = point;
    }
}

/// Hooks that do nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
