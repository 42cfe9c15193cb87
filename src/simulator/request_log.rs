//! What the simulator received, request by request (`GET /stats/requests`). Tests use it as evidence.

use super::bill::TokenBill;
use super::request::ChatRequest;
use super::strict_schema::find_keyword;
use super::terms::Terms;
use serde_json::{Map, Value, json};

/// Maximum number of requests that are kept.
const MAX_REQUESTS: usize = 10_000;
/// Keywords that bound a value.
const BOUNDS: &[&str] = &["maxItems", "uniqueItems", "maxLength"];

/// The first requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: Vec<SeenRequest>,
}

impl RequestLog {
    /// Keeps a request, unless there are too many.
    pub(crate) fn add(&mut self, request: SeenRequest) {
        if self.requests.len() < MAX_REQUESTS {
            self.requests.push(request);
        }
    }

    /// The requests in the order of their replies.
    pub(crate) fn to_json(&self) -> Value {
        self.requests.iter().map(SeenRequest::to_json).collect()
    }
}

/// What a request asked for and what it got.
#[derive(Debug, Default)]
pub(crate) struct SeenRequest {
    /// HTTP status of the reply.
    pub(crate) status: u16,
    /// The digest of the image.
    pub(crate) page: String,
    /// All members but `messages` and `response_format`.
    parameters: Map<String, Value>,
    format: Option<String>,
    has_bounds: bool,
    has_schema_in_prompt: bool,
    assistant_turns: usize,
    detail: String,
    /// The reasoning effort of the model.
    effort: Option<&'static str>,
    /// The limit of reply tokens that holds.
    limit: Option<u64>,
    bill: Option<TokenBill>,
    cost: u64,
    finish_reason: Option<&'static str>,
}

impl SeenRequest {
    /// Notes what a request asks for.
    pub(crate) fn note_request(&mut self, request: &ChatRequest) {
        self.parameters.clone_from(&request.members);
        self.parameters.remove("response_format");
        self.format = request.format().map(str::to_owned);
        self.has_bounds = request.format_schema.as_ref().is_some_and(|schema| find_keyword(schema, BOUNDS).is_some());
        self.has_schema_in_prompt = request.prompt_schema.is_some();
        self.assistant_turns = request.assistant_turns;
        self.detail.clone_from(&request.detail);
    }

    /// Notes the terms on which it was accepted.
    pub(crate) fn note_terms(&mut self, terms: &Terms) {
        self.effort = Some(terms.effort.name());
        self.limit = Some(terms.limit);
    }

    /// Records the bill and its cost in pico-dollars.
    pub(crate) fn note_bill(&mut self, bill: TokenBill, cost: u64, finish_reason: &'static str) {
        (self.bill, self.cost, self.finish_reason) = (Some(bill), cost, Some(finish_reason));
    }

    fn to_json(&self) -> Value {
        json!({
            "status": self.status,
            "page": self.page,
            "parameters": self.parameters,
            "response_format": self.format,
            "has_bounds": self.has_bounds,
            "schema_in_prompt": self.has_schema_in_prompt,
            "assistant_turns": self.assistant_turns,
            "detail": self.detail,
            "effort": self.effort,
            "limit": self.limit,
            "tokens": self.bill.map(TokenBill::to_json),
            "cost_pico_usd": self.cost,
            "finish_reason": self.finish_reason,
        })
    }
}
