//! Errors inside of a reply of status 200: whether there is one, and what it means. It is judged
//! like the same error with the status that it should have had.

use super::causes::find_cause;
use super::error_body::ErrorBody;
use super::meaning::{ReceivedError, judge};
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::wording::find_word;
use crate::provider::pacing::retry_after::MAX_DELAY;
use serde_json::Value;

/// The status that an error would have had, by words of its code or type in lower case. The first
/// that fits counts.
const STATUSES: &[(u16, &[&str])] = &[
    (429, &["rate_limit", "ratelimit", "too_many_requests", "resource_exhausted", "throttl", "quota"]),
    (503, &["overloaded", "unavailable", "capacity", "busy"]),
    (401, &["api_key", "authentication", "unauthenticated", "unauthorized"]),
    (403, &["permission", "forbidden"]),
    (404, &["not_found"]),
    (408, &["timeout", "timed_out", "deadline"]),
    (413, &["too_large"]),
    (400, &["invalid", "bad_request", "badrequest", "unsupported", "validation"]),
];
/// Words of servers that do not execute a request for the moment, in lower case.
const BUSY: &[&str] = &["overloaded", "at capacity", "too busy", "is busy", "server busy"];
/// Messages that mean that there is no error, in lower case.
const NO_ERROR: &[&str] = &["", "ok", "success", "none", "null", "no error"];

/// The error that a reply or a chunk carries. An empty `error` is not an error: gateways send it with answers.
pub(crate) fn find_error(value: &Value) -> Option<&Value> {
    let error = value.get("error").filter(|error| !is_empty(error));
    // vLLM and Mistral have no wrapper.
    let is_called = |name: &str| value.get(name).and_then(Value::as_str) == Some("error");
    let is_bare = || is_called("object") || is_called("type") && has_message(value) || is_envelope(value);
    // MiniMax has the result of every request here.
    let base = value.get("base_resp").filter(|base| base.get("status_code").is_some_and(|code| !is_empty(code)));
    error.or_else(|| base.filter(|base| !is_empty(base))).or_else(|| Some(value).filter(|_| is_bare()))
}

/// The error that a choice or its message carries.
pub(crate) fn member_error(value: &Value) -> Option<&Value> {
    ["error", "errors"].iter().filter_map(|name| value.get(*name)).find(|error| !is_empty(error))
}

/// `{"code": 400, "msg": "…", "data": null}`: how Chinese gateways report errors.
fn is_envelope(value: &Value) -> bool {
    let code = value.get("code").filter(|code| !is_empty(code));
    code.is_some_and(is_code) && has_message(value) && !reports_success(value)
}

/// Whether it has a message, and no choices.
fn has_message(value: &Value) -> bool {
    let message = ["msg", "message"].iter().find_map(|name| value.get(*name).filter(|text| !is_empty(text)));
    message.is_some_and(Value::is_string) && value.get("choices").is_none_or(Value::is_null)
}

/// Whether a value is a number, or a name such as `Arrearage` and `InvalidParameter.Size`.
fn is_code(code: &Value) -> bool {
    /// A shorter one may be anything.
    const MIN_NAME: usize = 4;
    let is_name = |text: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        text.len() >= MIN_NAME && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
    };
    code.is_number() || code.as_str().is_some_and(|text| text.parse::<u32>().is_ok() || is_name(text))
}

/// Judges an error inside of a reply of status 200.
pub(crate) fn judge_late_error(error: &Value) -> ErrorJudgement {
    let body = ErrorBody::from_value(error);
    let names = body.codes().join(" ");
    let by_name = || {
        let is_named = |words: &&[&str]| words.iter().any(|word| names.contains(word));
        STATUSES.iter().find(|(_, words)| is_named(words)).map(|(status, _)| *status)
    };
    // Some servers report it in words only.
    let by_words = || BUSY.iter().any(|words| body.mentions(words)).then_some(503);
    // Any other error with a known cause is an error of the request.
    let by_cause = || find_cause(400, &body, false).map(|_| 400);
    let stated = body.values().find_map(status_of);
    let status = stated.or_else(by_name).or_else(by_words).or_else(by_cause).unwrap_or(500);
    // The time of the reply is not known here: only lengths of time count.
    let after = body.retry_delay(i64::MAX).map(|delay| delay.min(MAX_DELAY));
    // The status is that of the request, which was taken.
    let carrier = match stated {
        Some(status) => format!("HTTP 200 with the error {status}"),
        None => "HTTP 200 with an error".to_owned(),
    };
    judge(&ReceivedError { carrier, after, ..ReceivedError::of_status(status, &body) })
}

/// Whether an error is empty: null, false, 0, an empty text, or only such members; or reports success.
fn is_empty(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => matches!(number.as_u64(), Some(0 | 200)),
        Value::String(text) => {
            matches!(text.trim(), "0" | "200") || NO_ERROR.contains(&text.trim().to_lowercase().as_str())
        }
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => {
            let says_failure = members.get("success") == Some(&Value::Bool(false));
            !says_failure && members.values().all(is_empty) || reports_success(error)
        }
    }
}

/// Whether an object reports success: `{"code": "Success", "message": "Request successful"}`, `{"success": true}`.
fn reports_success(error: &Value) -> bool {
    const MEMBERS: &[&str] = &["code", "message", "msg", "status", "status_code", "status_msg", "type", "error"];
    let is_number = |text: &str| text.trim().parse::<i64>().is_ok();
    let (mut is_said, mut is_failed) = (error.get("success") == Some(&Value::Bool(true)), status_of(error).is_some());
    is_failed |= error.get("success").is_some_and(|success| success != &Value::Bool(true));
    for value in MEMBERS.iter().filter_map(|name| error.get(*name)) {
        match value {
            Value::String(text) if is_success(text) => is_said = true,
            // Codes of success differ.
            Value::String(text) if is_number(text) => {}
            Value::Number(_) => {}
            value => is_failed |= !is_empty(value),
        }
    }
    is_said && !is_failed
}

/// Whether a text means success: `ok`, `Request successful`.
fn is_success(text: &str) -> bool {
    const WORDS: &[&str] = &["success", "successful", "successfully", "succeeded"];
    const DENIALS: &[&str] = &["not", "no", "without", "failed", "error", "never", "but", "until"];
    let text = text.trim().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| find_word(&text, word).is_some());
    matches!(text.as_str(), "ok" | "成功" | "请求成功") || has(WORDS) && !has(DENIALS) && !text.contains("n't")
}

/// The HTTP status that an error names in a number.
fn status_of(error: &Value) -> Option<u16> {
    let number = |name: &&str| {
        let value = error.get(*name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
    };
    ["code", "status_code", "status", "http_code"].iter().find_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::judgement::verdict::Verdict;
    use serde_json::json;

    #[test]
    fn empty_errors_are_none() {
        for error in [
            json!(null),
            json!({}),
            json!(""),
            json!(" "),
            json!(false),
            json!(0),
            json!([]),
            json!({"code": 0}),
            json!({"message": "", "type": "", "param": "", "code": null}),
            json!({"message": null, "code": "0"}),
            json!({"code": 200, "message": "success"}),
            json!({"metadata": {}}),
            json!("null"),
            json!({"code": "Success", "message": "Request successful"}),
            json!({"success": true}),
            json!({"success": true, "message": ""}),
            json!({"code": 1000, "message": "success"}),
            json!({"code": "0000", "message": "ok"}),
            json!({"code": 1000, "msg": "请求成功", "request_id": "x"}),
            json!({"status": "ok", "message": "Completed successfully"}),
        ] {
            assert_eq!(find_error(&json!({"choices": [], "error": error})), None, "{error}");
        }
        for error in [
            json!(true),
            json!("x"),
            json!({"code": 502}),
            json!({"message": "x"}),
            json!({"message": "", "code": 429}),
            json!({"type": "server_error"}),
            json!([{"code": 400}]),
            json!(500),
            json!({"success": false}),
            json!({"success": true, "message": "upstream pool is busy"}),
            json!({"success": true, "code": 429}),
            json!({"code": 429, "message": "success"}),
            json!({"code": "Success", "message": "The request was not successful"}),
            json!({"code": 1000, "message": "upstream pool is busy"}),
            json!({"message": "unsuccessful"}),
        ] {
            assert_eq!(find_error(&json!({ "error": error })), Some(&error), "{error}");
        }
        assert!(find_error(&json!({"object": "error", "message": "x", "code": 400})).is_some());
        for (value, expected) in [
            (json!({"code": 400, "msg": "temperature not supported", "data": null}), true),
            (json!({"code": "1113", "message": "no balance"}), true),
            (json!({"type": "error", "message": "busy"}), true),
            (json!({"type": "error", "message": ""}), false),
            (json!({"type": "note", "message": "busy"}), false),
            (json!({"code": 0, "msg": "ok", "data": {}}), false),
            (json!({"code": 200, "msg": "success"}), false),
            (json!({"code": "x", "msg": "a page"}), false),
            (json!({"code": 400, "msg": "odd", "choices": []}), false),
            (json!({"code": "Arrearage", "message": "Access denied", "request_id": "x"}), true),
            (json!({"code": "InvalidParameter.Size", "message": "x", "choices": null}), true),
            (json!({"code": "Arrearage", "message": ""}), false),
            (json!({"code": "Arrearage", "message": "x", "choices": []}), false),
            (json!({"code": "Success", "message": "Request successful"}), false),
            (json!({"code": 1000, "message": "success"}), false),
            (json!({"code": "a page", "message": "x"}), false),
            (json!({"choices": null, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}), true),
            (json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}}), false),
            (json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}}), false),
        ] {
            assert_eq!(find_error(&value).is_some(), expected, "{value}");
        }
        assert_eq!(find_error(&json!({"object": "chat.completion"})), None);
    }

    #[test]
    fn errors_mean_the_same_as_at_the_top() {
        for (error, expected) in [
            (json!({"code": 429, "message": "upstream pool is busy"}), "later"),
            (json!({"code": "429", "message": "slow down"}), "later"),
            (json!({"code": "rate_limit_exceeded", "message": "x"}), "later"),
            (json!({"status": "RESOURCE_EXHAUSTED", "message": "x"}), "later"),
            (json!({"code": "insufficient_quota", "message": "x"}), "stop"),
            (
                json!({"type": "service_unavailable_error", "code": "server_is_overloaded", "message": "x", "param": null}),
                "later",
            ),
            (json!({"type": "overloaded_error", "message": "Overloaded"}), "later"),
            (json!({"code": 503, "message": "x"}), "later"),
            (json!({"code": 502, "message": "upstream"}), "server_error"),
            (json!({"code": 500}), "server_error"),
            (json!({"type": "error", "message": "The model is overloaded. Please try again later."}), "later"),
            (json!({"code": 500, "message": "The model is overloaded."}), "server_error"),
            (json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), "later"),
            (json!({"error": {"code": 503, "message": "x"}}), "later"),
            (json!({"message": "x", "metadata": {"raw": "{\"error\":{\"code\":429,\"message\":\"y\"}}"}}), "later"),
            (json!({"message": "x", "type": "server_error"}), "server_error"),
            (json!("upstream broke"), "server_error"),
            (json!(true), "server_error"),
            (json!({"type": "timeout_error", "message": "x"}), "timeout"),
            (json!({"code": "invalid_api_key", "message": "x"}), "stop"),
            (json!({"code": 402, "message": "Insufficient credits"}), "stop"),
            (
                json!({"message": "x", "type": "invalid_request_error", "code": "tool_use_failed", "status_code": 400}),
                "not_json",
            ),
            (
                json!({"message": "This model's maximum context length is 9 tokens", "type": "invalid_request_error"}),
                "context_too_long",
            ),
            (json!({"code": "content_filter", "message": "x"}), "content_filter"),
            (json!({"code": "BadRequest", "innererror": {"code": "ResponsibleAIPolicyViolation"}}), "content_filter"),
            (json!({"type": "content_policy_violation", "message": "x", "code": 400}), "content_filter"),
            (json!({"code": 500, "type": "content_filter", "message": "x"}), "content_filter"),
            (json!({"type": "prompt_safety_error", "message": "x"}), "content_filter"),
            (json!({"type": "moderation_service_unavailable", "message": "x"}), "later"),
            (json!({"type": "billing_error", "message": "x"}), "stop"),
            (json!({"message": "Your credit balance is too low"}), "stop"),
            (json!({"code": "context_length_exceeded", "message": "x"}), "context_too_long"),
            (json!({"code": 500, "message": "please recharge the cache"}), "server_error"),
            (
                json!({"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."}),
                "stop",
            ),
            (json!({"status_code": 1008, "status_msg": "insufficient balance"}), "stop"),
            (json!({"code": 403, "reason": "NOT_ENOUGH_BALANCE", "message": "x"}), "stop"),
            (json!({"reason": "RATE_LIMIT_EXCEEDED", "message": "x"}), "later"),
            (json!({"code": "InternalError", "message": "x"}), "server_error"),
            (json!([{"code": 429, "message": "upstream pool is busy"}]), "later"),
            (json!({"message": "Model did not output valid JSON"}), "not_json"),
        ] {
            let found = match judge_late_error(&error).verdict {
                Verdict::Later { .. } => "later",
                Verdict::Stop(_) => "stop",
                Verdict::Retry(fault) => fault.kind.name(),
                Verdict::Page(fault) => fault.kind.name(),
                Verdict::Done { .. } => "done",
            };
            assert_eq!(found, expected, "{error}");
        }
    }

    #[test]
    fn a_delay_in_the_message_is_kept() {
        let error = json!({"code": 429, "message": "Please try again in 20s."});
        let Verdict::Later { after, .. } = judge_late_error(&error).verdict else { panic!("{error}") };
        assert_eq!(after.map(|after| after.as_secs()), Some(20));
    }
}
