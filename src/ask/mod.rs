//! ONE attempt: body, transport, stream, verdict, usage -> [`Exchange`].
//!
//! - [`body`]: the request, the image spliced in
//! - [`capability`]: what the endpoint has been found to take
//! - [`transport`]: HTTP, and how it fails; [`incoming`]: a reply within bounds
//! - [`sse`], [`stream`], [`completion`]: a reply, streamed or not, as one [`completion::Completion`]
//! - [`batch`], [`batch_line`]: the provider's Batch API
//! - [`error_body`], [`wait`], [`verdict`]: what an error means
//! - [`exchange`]: all of these in their order; [`raw`]: the same of bytes that no server sent
//! - [`mod@estimate`]: tokens before they are known
//! - [`limiter`], [`cooldown`]: how fast, as pure decisions; [`allowance`], [`rate`]: limits that
//!   nobody stated, learned
//!
//! The loop over attempts is not here but in the pipeline.

mod allowance;
mod batch;
mod batch_line;
mod body;
mod capability;
mod completion;
mod cooldown;
mod error_body;
mod estimate;
mod exchange;
mod incoming;
mod limiter;
mod rate;
pub mod raw;
mod sse;
mod stream;
mod transport;
mod verdict;
mod wait;

pub use allowance::{Allowance, Allowances, Over};
pub use batch::{BatchFault, Lines, RemoteBatch, RemoteStatus};
pub use batch_line::{Line, line_frame};
pub use body::Repair;
pub use capability::{Capabilities, Change, Format};
pub use cooldown::{Cooldown, Gate};
pub use estimate::{Estimate, Footprint, RequestSize, estimate};
pub use exchange::{Asker, Exchange, Setup, Wanted};
pub use limiter::Pace;
pub use transport::{Secret, Transport, TransportError, TransportOptions};
pub use verdict::{Charge, PageFault, Passing, Refusal, Verdict};
