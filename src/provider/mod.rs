//! Asks a model: one HTTP attempt for a page, its judgement and its cost. The loop over
//! attempts is in the pipeline.
//!
//! Lowest first; a folder or file imports only what is above it in this list:
//!
//! - [`request`]: the questions about a page
//! - [`form`]: what requests to an endpoint look like
//! - [`judgement`]: what an attempt means and costs
//! - [`client`]: HTTP, timeouts, redaction; independent of dialects
//! - `test_server`: a server that gives prepared replies, for tests
//! - [`replies`]: replies in any dialect
//! - [`pacing`]: when requests may be sent: rates, cooldown, concurrency
//! - [`dialect`]: how an API spells requests, replies, errors and limits; pure
//! - [`learning`]: what exchanges show about an endpoint; [`frames`]: the common part of requests for the same
//!   questions
//! - [`reply_reader`]: reads and judges a reply
//! - `offline_replies`: reads replies without a network, for tests and fuzz targets
//! - [`batch_client`]: the provider's Batch API
//! - [`endpoint`]: one model at one endpoint, which owns all of these

pub(crate) mod batch_client;
pub(crate) mod client;
pub(crate) mod dialect;
pub(crate) mod endpoint;
pub(crate) mod form;
pub(crate) mod frames;
pub(crate) mod judgement;
pub(crate) mod learning;
#[cfg(any(test, feature = "internal"))]
pub mod offline_replies;
pub(crate) mod pacing;
pub(crate) mod replies;
pub(crate) mod reply_reader;
pub(crate) mod request;
#[cfg(test)]
pub(crate) mod test_server;

pub use batch_client::{BatchClient, BatchLines};
pub use client::http_client::{HttpClient, HttpClientError, HttpClientOptions};
pub use client::secret::Secret;
pub use dialect::name::DialectName;
pub use endpoint::{EndpointSetup, ModelEndpoint};
pub use form::capability::{Capabilities, ReplyFormat};
pub use form::capability_change::CapabilityChange;
pub use form::efforts::Efforts;
pub use form::form_candidate::FormCandidate;
pub use form::form_size::FormSize;
pub use form::parameter::{Parameter, Parameters};
pub use form::sent_form::SentForm;
pub use frames::outgoing::Outgoing;
pub use judgement::rate_limits::{ExceededLimit, LimitHeaders, LimitKind, RateLimitHeaders, ReportedLimit};
pub use judgement::verdict::{
    Charge, Cut, Obstacle, Outage, PageFault, ProviderRefusal, RefusalScope, TransientFault, Verdict,
};
pub use learning::form_change::FormChange;
pub use pacing::cooldown::{Gate, GiveUpReason};
pub use pacing::endpoint_pacing::EndpointPacing;
pub use pacing::pace_limits::{ConcurrencyGrowth, PaceLimits};
pub use replies::batch::{BatchError, BatchFault, BatchLine, FullQueue, RemoteBatch, RemoteStatus};
pub use replies::exchange::Exchange;
pub use replies::served::Served;
pub use request::estimate::{Estimate, RequestSize, estimate};
pub use request::page_request::{PageRequest, Repair, Variation};
