//! What is told of an attempt whose end is known: a line in the log, its span, counters.
//! The names stay (docs/observability.md). Nothing of the image, of the reply or of a key
//! is in it.

use super::attempt::Attempt;
use super::page_loop::Context;
use crate::store::{AttemptId, Settlement};
use tracing::Span;
use tracing::field::Empty;

/// The span of an attempt; [`tell`] puts into it what came of it. `id`: the attempt's key.
pub(crate) fn span(attempt: &Attempt, id: AttemptId) -> Span {
    tracing::info_span!(
        "attempt",
        attempt = id.0,
        purpose = attempt.purpose.name(),
        verdict = Empty,
        error_kind = Empty,
        status = Empty,
        request_id = Empty,
        input_tokens = Empty,
        output_tokens = Empty,
        cost_usd = Empty
    )
}

/// Tells what came of an attempt. What a batch brings has no span of its own.
pub(crate) fn tell(context: &Context<'_>, attempt: &Attempt, end: &Settlement, span: &Span) {
    let tokens = [end.charge.tokens.input, end.charge.tokens.cached_input, end.charge.tokens.output];
    context.counters.add_attempt(end.verdict.name(), end.latency_ms, tokens, end.charge.cost.unwrap_or_default().0);
    if !span.is_disabled() {
        record(span, end);
    }
    macro_rules! line {
        ($level:ident, $kind:expr, $words:expr) => {
            tracing::$level!(
                event = "attempt",
                run_id = context.run_id.as_str(),
                content = %attempt.page.content,
                page = attempt.page.page,
                attempt = end.attempt.0,
                purpose = attempt.purpose.name(),
                verdict = end.verdict.name(),
                error_kind = $kind,
                status = end.http_status,
                latency_ms = end.latency_ms,
                input_tokens = end.charge.tokens.input,
                cached_input_tokens = end.charge.tokens.cached_input,
                output_tokens = end.charge.tokens.output,
                is_estimated = end.charge.is_estimated,
                cost_usd = end.charge.cost.map(|cost| cost.to_string()),
                request_id = end.server_request_id,
                "{}",
                $words
            )
        };
    }
    match &end.fault {
        Some(fault) => line!(info, Some(fault.kind.name()), fault.message),
        None => line!(debug, None::<&str>, "answered"),
    }
}

fn record(span: &Span, end: &Settlement) {
    span.record("verdict", end.verdict.name());
    span.record("error_kind", end.fault.as_ref().map(|fault| fault.kind.name()));
    span.record("status", end.http_status);
    span.record("request_id", end.server_request_id.as_deref());
    span.record("input_tokens", end.charge.tokens.input);
    span.record("output_tokens", end.charge.tokens.output);
    span.record("cost_usd", end.charge.cost.map(|cost| cost.to_string()));
}
