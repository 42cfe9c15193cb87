//! Everything that exchanges show about an endpoint, apart from its bills.

use super::endpoint_proof::EndpointProof;
use super::form_learner::FormLearner;
use super::unanswered_requests::UnansweredRequests;
use super::unexplained_errors::UnexplainedErrors;

/// What the exchanges with an endpoint show about it.
pub(crate) struct EndpointLearning {
    /// Whether it is an API at all.
    pub(crate) proof: EndpointProof,
    /// What it accepts.
    pub(crate) form: FormLearner,
    /// Errors that name nothing.
    pub(crate) unexplained: UnexplainedErrors,
    /// Whether it answers at the moment.
    pub(crate) unanswered: UnansweredRequests,
}
