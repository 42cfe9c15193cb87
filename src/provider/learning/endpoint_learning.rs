//! Everything that exchanges show about an endpoint, apart from its bills.

use super::endpoint_proof::EndpointProof;
use super::form_learner::FormLearner;
use super::statement::stated_values;
use super::stream_habits::StreamHabits;
use super::unanswered_requests::UnansweredRequests;
use super::unexplained_errors::UnexplainedErrors;
use crate::manifest::Request;
use crate::provider::form::capability::Capabilities;
use std::cell::Cell;

/// What the exchanges with an endpoint show about it.
pub(crate) struct EndpointLearning {
    /// Whether it is an API at all.
    pub(crate) proof: EndpointProof,
    /// Learns which form of requests it accepts.
    pub(crate) form: FormLearner,
    /// The capabilities known so far.
    pub(crate) capabilities: Cell<Capabilities>,
    /// How it streams.
    pub(crate) habits: StreamHabits,
    /// Errors that name nothing.
    pub(crate) unexplained: UnexplainedErrors,
    /// Whether it answers at the moment.
    pub(crate) unanswered: UnansweredRequests,
}

impl EndpointLearning {
    /// Of an endpoint with these known capabilities that has received nothing yet. `request`: what the manifest states about
    /// requests to `model`.
    pub(crate) fn new(capabilities: Capabilities, request: &Request, model: &str) -> Self {
        Self {
            proof: EndpointProof::new(capabilities.is_proven),
            form: FormLearner::default(),
            capabilities: Cell::new(capabilities),
            habits: StreamHabits::default(),
            unexplained: UnexplainedErrors::new(stated_values(request), model),
            unanswered: UnansweredRequests::new(capabilities.is_proven),
        }
    }
}
