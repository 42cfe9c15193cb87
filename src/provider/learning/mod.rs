//! What the exchanges with an endpoint show about it.
//!
//! - [`form_change`]: what an exchange means for the form of requests; [`form_learner`]: learns it; [`form_search`]: what
//!   the endpoint rejects without naming it; [`pending_changes`]: unconfirmed changes; [`page_guesses`]: those that only
//!   one page has until then
//! - [`statement`]: values of the manifest that are rejected
//! - [`unexplained_errors`]: errors that name nothing; [`vague_error`]: an error that does not name what it rejects
//! - [`wrong_path`]: errors that may be about the path of a URL
//! - [`endpoint_bills`]: what an endpoint bills; [`endpoint_learning`]: everything else together
//! - [`endpoint_proof`]: whether an endpoint is an API at all; [`unanswered_requests`]: whether it answers at the moment;
//!   [`stream_habits`]: how its streams end

pub(crate) mod endpoint_bills;
pub(crate) mod endpoint_learning;
pub(crate) mod endpoint_proof;
pub(crate) mod form_change;
pub(crate) mod form_learner;
pub(crate) mod form_search;
pub(crate) mod page_guesses;
pub(crate) mod pending_changes;
pub(crate) mod statement;
pub(crate) mod stream_habits;
pub(crate) mod unanswered_requests;
pub(crate) mod unexplained_errors;
pub(crate) mod vague_error;
pub(crate) mod wrong_path;
