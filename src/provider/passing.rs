//! Whether an error passes by itself.

/// Whether an error passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// It says nothing like that.
    No,
    /// It may: the server has failed, for whatever cause.
    Perhaps,
    /// It asks for patience, whatever else it says.
    Yes,
}
