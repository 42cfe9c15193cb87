//! What the errors of OpenAI-compatible servers mean.
//!
//! - [`error_body`]: reads error bodies of any shape; [`nested_error`]: errors whose cause is further inside;
//!   [`message_numbers`] and [`message_words`]: numbers and words in their messages
//! - [`meaning`]: what an error means; [`late_error`]: an error in a reply of status 200
//! - [`cause`]: why a server rejects a request, which [`causes`] finds by the codes and words of [`cause_words`];
//!   [`likely_cause`]: why, by single words; [`credit`]: that the account has no credit; [`model_errors`]: that the model
//!   is unknown or retired; [`vision`]: that it takes no images; [`invalid_reply`]: that the server rejects the reply
//!   itself; [`transient`]: whether an error is transient
//! - [`rejections`]: the parameter that an error rejects; [`parameter_names`]: how it names it; [`listed_efforts`]: efforts
//!   that the model supports; [`output_bounds`]: bounds of the output limit; [`output_space`]: what the context window
//!   leaves for it

pub(crate) mod cause;
mod cause_words;
pub(crate) mod causes;
pub(crate) mod credit;
pub(crate) mod error_body;
pub(crate) mod invalid_reply;
pub(crate) mod late_error;
pub(crate) mod likely_cause;
pub(crate) mod listed_efforts;
pub(crate) mod meaning;
pub(crate) mod message_numbers;
pub(crate) mod message_words;
pub(crate) mod model_errors;
pub(crate) mod nested_error;
pub(crate) mod output_bounds;
pub(crate) mod output_space;
pub(crate) mod parameter_names;
pub(crate) mod rejections;
pub(crate) mod transient;
pub(crate) mod vision;
