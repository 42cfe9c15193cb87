//! The OpenAI-compatible dialect: Chat Completions and the Batch API.
//!
//! - [`openai_dialect`]: the dialect itself, which only delegates
//! - [`request`]: the body of a request for a page
//! - [`reply`]: a reply, whole or in chunks; [`stream`]: a streamed reply
//! - [`message`]: the text of a message; [`finish`]: why it ended; [`usage`]: tokens and cost;
//!   [`late_error`]: an error in a reply of status 200;
//!   [`lenient_json`]: JSON with numbers that are too large
//! - [`error_body`]: reads error bodies of any shape; [`nested_error`]: errors whose cause is further inside;
//!   [`message_numbers`] and [`message_words`]: numbers and words in their messages; [`errors`]: what an error means; [`cause`]: why, which [`causes`] finds by the codes and words
//!   of [`cause_words`]; [`likely_cause`]: why,
//!   by single words; [`credit`]: that the account has no credit; [`model_errors`]: that the model is unknown or retired;
//!   [`invalid_reply`]: that the server rejects the reply itself;
//!   [`vision`]: whether it takes no images; [`rejections`]: the parameter that an error rejects; [`listed_efforts`]:
//!   efforts that it supports; [`parameter_names`]: how it names it; [`output_bounds`]: bounds of the output limit;
//!   [`output_room`]: what the context window leaves for it; [`transient`]: whether an error is transient
//! - [`rate_limit_headers`]: reads rate limits from headers
//! - [`batch`]: calls and replies of the Batch API; [`batch_line`]: lines of its files

pub(crate) mod batch;
pub(crate) mod batch_line;
pub(crate) mod cause;
mod cause_words;
pub(crate) mod causes;
pub(crate) mod credit;
pub(crate) mod error_body;
pub(crate) mod errors;
pub(crate) mod finish;
pub(crate) mod invalid_reply;
pub(crate) mod late_error;
pub(crate) mod lenient_json;
pub(crate) mod likely_cause;
pub(crate) mod listed_efforts;
pub(crate) mod message;
pub(crate) mod message_numbers;
pub(crate) mod message_words;
pub(crate) mod model_errors;
pub(crate) mod nested_error;
pub(crate) mod openai_dialect;
pub(crate) mod output_bounds;
pub(crate) mod output_room;
pub(crate) mod parameter_names;
pub(crate) mod rate_limit_headers;
pub(crate) mod rejections;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod transient;
pub(crate) mod usage;
pub(crate) mod vision;

pub(crate) use openai_dialect::OpenAi;
