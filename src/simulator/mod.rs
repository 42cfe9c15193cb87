//! An OpenAI-compatible provider on 127.0.0.1: a real HTTP server with image tokens from real
//! pixels, enforced rate limits, batches, and faults that a seed decides. It answers from the
//! pixels that it receives.
//!
//! It is written from the providers' documents and shares no type with the client: otherwise a
//! misread document would pass on both sides. It never fetches a URL.
//!
//! What it sees: ink, long lines, boxes, colours, mid-tones, the aspect ratio, flat areas. It
//! can't read letters.
//!
//! A profile ([`profiles`]) describes how the API of a family of models or of a server differs; the rules are
//! data ([`rules`]).
//!
//! Lowest first; a file imports only files above it in this list:
//! - [`fixtures`]: recorded replies of providers; [`form`]: forms of replies; [`faults`]: faults of
//!   requests; [`batch_fault`]: faults of batches; [`options`]: the options
//! - [`api_error`]: the envelopes of errors; [`http`]: bodies of responses; [`multipart`]: file uploads
//! - [`bill`], [`image_bill`]: bills
//! - [`rules`]: what profiles are made of; [`profiles`]: the profiles
//! - [`completion`]: replies as JSON and as streams
//! - [`bucket`]: one limit; [`limits`]: requests and tokens per minute
//! - [`strict_schema`]: rules of schemas; [`member_rules`]: ranges of members; [`request`]: the validated request
//! - [`vision`]: measures of an image; [`answer`]: answers from measures; [`free_reply`]: replies without a format
//! - [`terms`]: the terms on which a request is accepted; [`model`]: completions and bills
//! - [`request_log`]: received requests; [`stats`]: counters
//! - [`batch`]: one batch and its states; [`batch_store`]: files and batches
//! - [`state`]: what connections share, and replies
//! - [`reply_forms`]: completions in other forms; [`delivery`]: how a completion is sent; [`chat`]: chat
//!   requests
//! - [`batch_run`]: execution of batches; [`batches`]: the routes of files and batches
//! - [`routes`]: all routes; [`server`]: connections

mod answer;
mod api_error;
mod batch;
mod batch_fault;
mod batch_run;
mod batch_store;
mod batches;
mod bill;
mod bucket;
mod chat;
mod completion;
mod delivery;
mod faults;
mod fixtures;
mod form;
mod free_reply;
mod http;
mod image_bill;
mod limits;
mod member_rules;
mod model;
mod multipart;
mod options;
mod profiles;
mod reply_forms;
mod request;
mod request_log;
mod routes;
mod rules;
mod server;
mod state;
mod stats;
mod strict_schema;
mod terms;
mod vision;

pub use batch_fault::BatchFault;
pub use faults::Fault;
pub use options::Options;
pub use server::Server;
