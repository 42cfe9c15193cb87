//! Asks a model: one HTTP attempt for a page, its judgement and its cost. The loop over
//! attempts is in the pipeline.
//!
//! From top to bottom; a file imports only files below it:
//!
//! - [`endpoint`]: one model at one endpoint, which owns all of the following
//! - [`batch_client`]: the provider's Batch API; [`reply_reader`]: reads and judges a reply;
//!   [`stream_habits`]: how streams end; [`frame_builder`], [`frame_cache`]: what the requests for the same questions have in
//!   common; [`form_change`]: what an exchange shows about the form of requests; [`pending_changes`]: changes that have yet to
//!   prove themselves; [`form_search`]: what it rejects without naming it; [`statement`]: values of the manifest that are rejected
//! - [`dialect`]: how an API spells requests, replies, errors and limits; pure
//! - [`pacing`]: when requests may be sent, by rates and by a cooldown
//! - [`client`]: HTTP, timeouts, redaction; knows no dialect
//! - [`endpoint_proof`]: whether an endpoint is an API at all; [`foreign`]: what shows that it is not;
//!   [`unexplained_errors`]: errors that name nothing
//! - [`outgoing`]: a request in the form in which it is sent
//! - [`error_judgement`]: what an error means for a request of some form
//! - [`exchange`]: one attempt and its result; [`reply`]: a model's reply;
//!   [`repetition`]: one that repeats itself; [`served`]: who gave it; [`batch`]: a batch
//!   as the provider reports it
//! - [`verdict`]: what an attempt means and costs; [`rate_limits`]: what a provider reports
//!   about its limits; [`page_request`]: what to ask about a page
//! - [`sent_form`]: the form in which a request was sent; [`form_trial`]: one that is only tried; [`vague_error`]: an error
//!   that does not say what it rejects
//! - [`capability`]: what an endpoint accepts; [`capability_change`]: what it turns out not to accept; [`parameter`],
//!   [`efforts`]: what it may reject; [`passing`]: whether an error passes by itself; [`mod@estimate`]: tokens before they
//!   are known; [`form_size`]: text and output limit of a form; [`sse`]: server-sent events; [`wording`]: names in the
//!   words of an error
//! - `request_parts`: reads bytes that no server sent, for tests and fuzz targets

pub(crate) mod batch;
pub(crate) mod batch_client;
pub(crate) mod capability;
pub(crate) mod capability_change;
pub(crate) mod client;
pub(crate) mod dialect;
pub(crate) mod efforts;
pub(crate) mod endpoint;
pub(crate) mod endpoint_proof;
pub(crate) mod error_judgement;
pub(crate) mod estimate;
pub(crate) mod exchange;
pub(crate) mod foreign;
pub(crate) mod form_change;
pub(crate) mod form_search;
pub(crate) mod form_size;
pub(crate) mod form_trial;
pub(crate) mod frame_builder;
pub(crate) mod frame_cache;
pub(crate) mod outgoing;
pub(crate) mod pacing;
pub(crate) mod page_request;
pub(crate) mod parameter;
pub(crate) mod passing;
pub(crate) mod pending_changes;
pub(crate) mod rate_limits;
pub(crate) mod repetition;
pub(crate) mod reply;
pub(crate) mod reply_reader;
#[cfg(any(test, feature = "internal"))]
pub mod request_parts;
pub(crate) mod sent_form;
pub(crate) mod served;
pub(crate) mod sse;
pub(crate) mod statement;
pub(crate) mod stream_habits;
#[cfg(test)]
mod test_server;
pub(crate) mod unexplained_errors;
pub(crate) mod vague_error;
pub(crate) mod verdict;
pub(crate) mod wording;

pub use batch::{BatchError, BatchFault, BatchLine, FullQueue, RemoteBatch, RemoteStatus};
pub use batch_client::{BatchClient, BatchLines};
pub use capability::{Capabilities, ReplyFormat};
pub use capability_change::CapabilityChange;
pub use client::http_client::{HttpClient, HttpClientError, HttpClientOptions};
pub use client::secret::Secret;
pub use dialect::name::DialectName;
pub use efforts::Efforts;
pub use endpoint::{EndpointSetup, ModelEndpoint};
pub use estimate::{Estimate, RequestSize, estimate};
pub use exchange::Exchange;
pub use form_change::FormChange;
pub use form_size::FormSize;
pub use form_trial::FormTrial;
pub use outgoing::Outgoing;
pub use pacing::cooldown::Gate;
pub use pacing::endpoint_pacing::EndpointPacing;
pub use pacing::pace_limits::{PaceLimits, WidthGrowth};
pub use page_request::{PageRequest, Repair, Variation};
pub use parameter::{Parameter, Parameters};
pub use rate_limits::{ExceededLimit, LimitHeaders, RateLimitHeaders, ReportedLimit};
pub use sent_form::SentForm;
pub use served::Served;
pub use verdict::{Charge, Cut, Obstacle, PageFault, Refusal, TransientFault, Verdict};
