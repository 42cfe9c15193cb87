//! An OpenAI-compatible provider on loopback: real HTTP, real image tokens, enforced
//! limits, seeded faults. It answers from the pixels that it receives.
//!
//! Written from the providers' documents alone and sharing no type with the client: a
//! misread document would otherwise pass on both sides.
//!
//! - [`options`]: what it is told
//! - [`server`]: connections and routes; [`chat`]: one request; [`request`]: what it asks
//!   for; [`state`]: what all connections share
//! - [`batches`]: files and batches
//! - [`limits`]: requests and tokens per minute; [`faults`]: what goes wrong, [`canned`]: errors as
//!   they were seen, [`forms`]: replies as compatible servers give them, or never end
//! - [`eye`]: what it sees; [`answer`]: what it says; [`bill`]: what it charges
//! - [`reply`]: JSON and streams; [`stats`]: what it saw
//!
//! What it can see: ink, long rules, boxes, colour, mid-tones, aspect, flat areas. What
//! it can't: letters. It never fetches URLs.

pub(crate) mod answer;
pub(crate) mod batches;
pub(crate) mod bill;
pub(crate) mod chat;
pub(crate) mod faults;
pub(crate) mod fixtures;
pub(crate) mod limits;
pub(crate) mod options;
pub(crate) mod reply;
pub(crate) mod reply_forms;
pub(crate) mod request;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod stats;
pub(crate) mod vision;

pub use faults::{BatchFault, Fault};
pub use options::Options;
pub use server::Server;
