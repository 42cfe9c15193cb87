//! The decoder process. A page that crashes it, hangs or uses up memory costs only itself.
//!
//! - [`frame`]: the messages between the two processes
//! - [`child`]: the decoder process itself; [`process`]: a started one, as its parent sees it
//! - [`memory`]: how much memory decoders may use together
//! - [`handle`]: a decoder that starts a process when it needs one

pub(crate) mod child;
pub(crate) mod frame;
pub(crate) mod handle;
pub(crate) mod memory;
pub(crate) mod process;
