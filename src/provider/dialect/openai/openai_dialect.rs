//! The OpenAI-compatible dialect. Source: OpenAI's API reference, spec 2.3.0 (2026-08).

use super::batch::OpenAiBatches;
use super::errors::meaning::{judge_error, likely_hint};
use super::errors::rejections::{fault_of_page, is_rejection};
use super::errors::transient::transient_by_text;
use super::rate_limit_headers::read_rate_limits;
use super::reply::Completion;
use super::request::ChatFrame;
use super::stream::ChatStream;
use super::usage::parse_cost;
use crate::base::money::Pico;
use crate::base::vocabulary::ErrorKind;
use crate::provider::client::call::HttpCall;
use crate::provider::dialect::interface::{
    BatchDialect, Dialect, ErrorReply, FrameOptions, NotAReply, PageFrame, ReplyStream,
};
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::rate_limits::RateLimitHeaders;
use crate::provider::judgement::transient::Transient;
use crate::provider::replies::reply::Reply;
use crate::task::Question;
use bytes::Bytes;
use reqwest::header::HeaderMap;

/// The OpenAI-compatible dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAi;

impl Dialect for OpenAi {
    fn page_frame(&self, options: &FrameOptions<'_>, questions: &[&Question]) -> Box<dyn PageFrame> {
        Box::new(ChatFrame::new(options, questions))
    }

    fn page_call(&self, body: Bytes) -> HttpCall {
        HttpCall::post("chat/completions", body)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    /// Source: LiteLLM's proxy, recorded with version 1.63 (2025-03).
    fn read_cost(&self, headers: &HeaderMap) -> Option<Pico> {
        parse_cost(headers.get("x-litellm-response-cost")?.to_str().ok()?)
    }

    fn read_reply(&self, body: &str) -> Result<Reply, NotAReply> {
        Completion::from_json(body).map(Completion::into_reply)
    }

    fn reply_stream(&self) -> Box<dyn ReplyStream> {
        Box::new(ChatStream::default())
    }

    fn judge_error(&self, reply: &ErrorReply<'_>) -> ErrorJudgement {
        judge_error(reply)
    }

    fn is_rejection(&self, message: &str) -> bool {
        is_rejection(message)
    }

    fn is_transient(&self, message: &str) -> Transient {
        transient_by_text(&message.to_lowercase())
    }

    fn likely_hint(&self, message: &str, model: Option<&str>) -> Option<&'static str> {
        likely_hint(message, model)
    }

    fn fault_of_page(&self, change: CapabilityChange, message: &str) -> Option<ErrorKind> {
        fault_of_page(change, message)
    }

    fn read_rate_limits(&self, headers: &HeaderMap, wall_ms: i64) -> RateLimitHeaders {
        read_rate_limits(headers, wall_ms)
    }

    fn batches(&self) -> &dyn BatchDialect {
        &OpenAiBatches
    }
}
