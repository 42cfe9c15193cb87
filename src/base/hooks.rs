//! Named points of a run at which a test observes, delays or kills it.

/// A point of a run. The docs of each name the code that reaches it, and what is durable there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The loop over a page, before each attempt: the attempt's open row and its reservation are
    /// durable. Not reached for batches.
    Reserved,
    /// The loop over a page, right before the request of an attempt is sent. Nothing more is
    /// durable than at [`Point::Reserved`].
    Sent,
    /// The loop over a page, after an attempt ended with a reply, an error or a timeout. Nothing of
    /// it is stored: to the store the attempt is still open.
    Replied,
    /// The store's writer thread, after each committed group of commands and before their senders
    /// are answered: the group is durable. Not reached by heartbeats.
    Committed,
    /// The loop over a page, after each attempt: the settled attempt and the outcomes that it
    /// brought are durable. The page may need further attempts.
    Settled,
    /// The builder of a batch: the file of requests is complete and synced, and the batch is stored
    /// as filled. Nothing is sent.
    BatchFilled,
    /// The lifecycle of a batch: the provider has accepted the file. It is not stored yet.
    BatchUploaded,
    /// The lifecycle of a batch: the provider has created the batch. It is not stored yet.
    BatchCreated,
    /// The lifecycle of a batch: the id of the provider's batch is durable. The file of requests
    /// still exists.
    BatchSubmitted,
    /// The collection of results, after each group of settled attempts: the groups so far are
    /// durable, the batch has not ended.
    BatchCollecting,
    /// The collection of results: the attempts of all requests are settled and durable. The batch
    /// is not stored as ended.
    BatchCollected,
    /// An atomic file: the temporary file is complete and synced. The target is as it was.
    TempWritten,
    /// An atomic file: the target has the new content. The folder is not synced, so a power failure
    /// may still bring back the old content.
    Renamed,
}

/// Callbacks at the points of a run. By default they do nothing.
pub trait Hooks: Send + Sync {
    /// Called when a run reaches `point`, on the thread that reaches it.
    fn reached(&self, point: Point) {
        let _ = point;
    }
}

/// Hooks that do nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
