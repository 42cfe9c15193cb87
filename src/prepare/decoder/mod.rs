//! The decoder process: its handle, the process itself, the frames between them.

pub(crate) mod child;
pub(crate) mod frame;
pub(crate) mod handle;
