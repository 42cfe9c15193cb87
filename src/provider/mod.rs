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

pub(crate) mod body_reader;
pub(crate) mod capability;
pub(crate) mod client;
pub(crate) mod dialect;
pub(crate) mod estimate;
pub(crate) mod http;
pub(crate) mod pacing;
#[cfg(any(test, feature = "internal"))]
pub mod request_parts;
pub(crate) mod sse;
pub(crate) mod verdict;

pub use capability::{Capabilities, Change, Format};
pub use client::{Asker, Exchange, Setup, Wanted};
pub use client::{Asker as ModelEndpoint, Wanted as PageRequest};
pub use dialect::openai::batch::{BatchFault, Lines, RemoteBatch, RemoteStatus};
pub use dialect::openai::batch_line::{Line, line_frame};
pub use dialect::openai::rate_limit_headers::{Allowance, Allowances, Over};
pub use dialect::openai::request::Repair;
pub use estimate::{Estimate, Footprint, RequestSize, estimate};
pub use http::{Secret, Transport, TransportError, TransportOptions};
pub use pacing::cooldown::{Cooldown, Gate};
pub use pacing::limiter::Pace;
pub use verdict::{Charge, PageFault, Passing, Refusal, Verdict};
