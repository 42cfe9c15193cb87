//! Lines of a batch's files: a request, and its result.

use super::errors::error_body::ErrorBody;
use super::errors::meaning::{ReceivedError, judge};
use super::lenient_json;
use super::reply::Completion;
use crate::base::vocabulary::ErrorKind;
use crate::provider::dialect::interface::LineResult;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::verdict::{Charge, Verdict};
use crate::provider::replies::batch::BatchLine;
use serde_json::Value;

/// What precedes and follows a request's body in its line.
pub(crate) fn line_frame(custom_id: &str) -> (String, &'static str) {
    (format!(r#"{{"custom_id":"{custom_id}","method":"POST","url":"/v1/chat/completions","body":"#), "}\n")
}

/// Reads a line of a result file; `None` if it is not one.
pub(crate) fn parse_line(text: &str) -> Option<BatchLine> {
    let value: Value = lenient_json::parse(text.trim_start_matches('\u{feff}')).ok()?;
    Some(BatchLine { custom_id: value.get("custom_id")?.as_str()?.to_owned(), value })
}

/// Reads the result that a line carries.
pub(crate) fn read_result(line: &BatchLine) -> LineResult {
    let Some(response) = line.value.get("response").filter(|response| !response.is_null()) else {
        let error = ErrorBody::from_value(line.value.get("error").unwrap_or(&Value::Null));
        return LineResult { status: None, request_id: None, reply: Err(Box::new(judge_missing(error))) };
    };
    // Some servers write the status as a string.
    let code = response.get("status_code");
    let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let status = code.and_then(|code| u16::try_from(code).ok());
    let body = response.get("body").unwrap_or(&Value::Null).to_string();
    let reply = match (status, Completion::from_json(&body)) {
        (Some(200..=299), Ok(completion)) => Ok(completion.into_reply()),
        (Some(200..=299), Err(_)) => {
            let verdict = Verdict::transient(ErrorKind::BadReply, "the result line contains no reply");
            Err(Box::new(ErrorJudgement::naming_nothing(verdict, Charge::Unknown)))
        }
        _ => {
            let error = ErrorBody::parse(&body);
            let received = ReceivedError::of_status(status.unwrap_or(500), &error);
            let carrier = status.map_or("a result line without a status".to_owned(), |_| received.carrier.clone());
            Err(Box::new(judge(&ReceivedError { carrier, ..received })))
        }
    };
    let request_id = response.get("request_id").and_then(Value::as_str).map(str::to_owned);
    LineResult { status, request_id, reply }
}

/// Judges a request without a response. A request that expired or was cancelled was not
/// executed, and thus not billed.
fn judge_missing(error: ErrorBody) -> ErrorJudgement {
    let (kind, charge) = match () {
        () if error.is("batch_expired") => (ErrorKind::BatchExpired, Charge::Nothing),
        () if error.is("batch_cancelled") => (ErrorKind::BatchLine, Charge::Nothing),
        () => (ErrorKind::BatchLine, Charge::Unknown),
    };
    ErrorJudgement::naming_nothing(Verdict::transient(kind, error.message), charge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::replies::reply::ReplyEnd;
    use serde_json::json;

    #[test]
    fn a_request_line_is_valid_json() {
        let (head, tail) = line_frame("docmill-7");
        let line: Value = serde_json::from_str(&format!("{head}{{\"model\":\"m\"}}{tail}")).unwrap();
        assert_eq!(line["custom_id"], "docmill-7");
        assert_eq!(line["body"]["model"], "m");
        assert!(tail.ends_with('\n'));
    }

    #[test]
    fn what_is_not_a_result_line() {
        for text in ["", "{}", "<html>", "[]", r#"{"custom_id":7}"#, r#"{"custom_id":"#] {
            assert_eq!(parse_line(text), None, "{text}");
        }
        assert_eq!(parse_line("\u{feff}{\"custom_id\":\"a\"}").map(|line| line.custom_id).as_deref(), Some("a"));
    }

    #[test]
    fn results_of_every_kind() {
        let reply = json!({"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]});
        let error =
            json!({"error": {"message": "bad image", "type": "invalid_request_error", "param": "messages.image"}});
        for (response, error, status, expected, charge) in [
            (json!({"status_code": 200, "request_id": "req_1", "body": reply}), Value::Null, Some(200), "reply", None),
            (json!({"status_code": "200", "body": reply}), Value::Null, Some(200), "reply", None),
            (json!({"status_code": 200, "body": null}), Value::Null, Some(200), "bad_reply", Some(Charge::Unknown)),
            (
                json!({"status_code": 400, "body": error}),
                Value::Null,
                Some(400),
                "page image_refused",
                Some(Charge::Nothing),
            ),
            (
                json!({"status_code": 429, "body": {"error": {"message": "slow down"}}}),
                Value::Null,
                Some(429),
                "later",
                Some(Charge::Nothing),
            ),
            (json!({"body": {"error": {"message": "x"}}}), Value::Null, None, "server_error", Some(Charge::Nothing)),
            (
                Value::Null,
                json!({"code": "batch_expired", "message": "late"}),
                None,
                "batch_expired",
                Some(Charge::Nothing),
            ),
            (
                Value::Null,
                json!({"code": "batch_cancelled", "message": "x"}),
                None,
                "batch_line",
                Some(Charge::Nothing),
            ),
            (Value::Null, json!({"code": "other", "message": "x"}), None, "batch_line", Some(Charge::Unknown)),
            (Value::Null, Value::Null, None, "batch_line", Some(Charge::Unknown)),
        ] {
            let text = json!({"custom_id": "a", "response": response, "error": error}).to_string();
            let result = read_result(&parse_line(&text).unwrap());
            let (name, found) = match &result.reply {
                Ok(reply) => {
                    assert_eq!((reply.content.as_str(), &reply.end), ("{}", &ReplyEnd::Finished));
                    ("reply".to_owned(), None)
                }
                Err(judged) => {
                    let name = match &judged.verdict {
                        Verdict::Retry(fault) => fault.kind.to_string(),
                        Verdict::Page(fault) => format!("page {}", fault.kind),
                        Verdict::Later { .. } => "later".to_owned(),
                        verdict => panic!("{verdict:?}"),
                    };
                    (name, Some(judged.charge))
                }
            };
            assert_eq!((result.status, name.as_str(), found), (status, expected, charge), "{text}");
        }
    }
}
