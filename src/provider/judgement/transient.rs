//! Whether an error is transient.

/// Whether an error is transient: it passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transient {
    /// Nothing in it suggests so.
    No,
    /// It may: the server has failed, for whatever cause.
    Perhaps,
    /// It asks to try again later, whatever else it contains.
    Yes,
}
