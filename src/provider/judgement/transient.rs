//! Whether an error is transient.

/// Whether an error is transient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transient {
    /// Nothing in it suggests so.
    No,
    /// Possibly: the server has failed, for any cause.
    Perhaps,
    /// It asks to try again later, in addition to any other content.
    Yes,
}
