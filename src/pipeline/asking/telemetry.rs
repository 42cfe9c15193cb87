//! Telemetry of an attempt: a line in the log, its span, counters. The names are stable
//! (docs/observability.md). Nothing of the image, of the prompt or of a key is in it; the message of a fault may quote a few
//! words of the reply.

use super::attempt::Attempt;
use crate::base::ids::AttemptId;
use crate::base::vocabulary::{ErrorKind, VerdictName};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::trouble::TroubleKind;
use crate::provider::Obstacle;
use crate::store::Settlement;
use tracing::Span;
use tracing::field::Empty;

/// The span of an attempt. [`record_attempt`] adds the result.
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

/// Records a settled attempt. `obstacle`: what all requests wait for, if the attempt encountered it. Attempts of a
/// batch have no span and no obstacle.
pub(crate) fn record_attempt(
    run: &RunContext,
    attempt: &Attempt,
    end: &Settlement,
    obstacle: Option<Obstacle>,
    span: &Span,
) {
    let tokens = [end.charge.tokens.input, end.charge.tokens.cached_input, end.charge.tokens.output];
    run.counters.add_attempt(end.verdict, end.latency_ms, tokens, end.charge.cost);
    record_trouble(run, end, obstacle);
    if !span.is_disabled() {
        record_in_span(span, end);
    }
    macro_rules! line {
        ($level:ident, $kind:expr, $message:expr) => {
            tracing::$level!(
                event = "attempt",
                run_id = run.identity.run_id.as_str(),
                path = attempt.path.as_deref(),
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
                reasoning_tokens = end.charge.tokens.reasoning,
                is_estimated = end.charge.is_estimated,
                cost_usd = end.charge.cost.map(|cost| cost.to_string()),
                reported_cost_usd = end.charge.reported_cost.map(|cost| cost.to_string()),
                served_model = end.served.model,
                request_id = end.server_request_id,
                "{}",
                $message
            )
        };
    }
    match &end.fault {
        Some(fault) => line!(info, Some(fault.kind.name()), fault.message),
        None => line!(debug, None::<&str>, "answered"),
    }
}

/// Whether requests are answered at the moment, and why not.
fn record_trouble(run: &RunContext, end: &Settlement, obstacle: Option<Obstacle>) {
    match (end.verdict, &end.fault) {
        // It is not decided yet whether the API refuses everything, or replies at all: the run goes on or ends within
        // seconds, and then names the cause.
        (VerdictName::Later, _) if obstacle == Some(Obstacle::ScopeUnknown) => {}
        (VerdictName::Later, Some(fault)) => {
            let known = obstacle.and_then(TroubleKind::of_obstacle);
            let kind = known.unwrap_or(TroubleKind::Error(fault.kind.name()));
            run.counters.set_trouble(kind, &fault.message, Some(run.job.retry.max_wait));
        }
        // The server did answer, and the next request asks for less.
        (VerdictName::Retry, Some(fault)) if fault.kind == ErrorKind::Capability => run.counters.end_trouble(),
        (VerdictName::Retry, Some(fault)) if obstacle == Some(Obstacle::Unavailable) => {
            let max_wait = Some(run.job.retry.max_wait);
            run.counters.set_trouble(TroubleKind::Unavailable, &fault.message, max_wait);
        }
        (VerdictName::Retry, Some(fault)) => {
            run.counters.set_trouble(TroubleKind::Error(fault.kind.name()), &fault.message, None);
        }
        (VerdictName::Done | VerdictName::Page, _) => run.counters.end_trouble(),
        (VerdictName::Later | VerdictName::Retry | VerdictName::Stop, _) => {}
    }
}

fn record_in_span(span: &Span, end: &Settlement) {
    span.record("verdict", end.verdict.name());
    span.record("error_kind", end.fault.as_ref().map(|fault| fault.kind.name()));
    span.record("status", end.http_status);
    span.record("request_id", end.server_request_id.as_deref());
    span.record("input_tokens", end.charge.tokens.input);
    span.record("output_tokens", end.charge.tokens.output);
    span.record("cost_usd", end.charge.cost.map(|cost| cost.to_string()));
}
