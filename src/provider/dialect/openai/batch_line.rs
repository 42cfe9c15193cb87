//! One line of a batch: a request, and what came of it.

use super::errors::ErrorBody;
use super::reply::Completion;
use crate::base::vocabulary::ErrorKind;
use crate::provider::client::{Asker, Exchange, Wanted};
use crate::provider::verdict;
use crate::provider::verdict::{Charge, Verdict};
use serde_json::Value;

/// What a line of a batch's files says.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What was given to tell the request by.
    pub custom_id: String,
    value: Value,
}

impl Line {
    /// Reads a line; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        Some(Self { custom_id: value.get("custom_id")?.as_str()?.to_owned(), value })
    }
}

/// What stands before and after a request's body in a line of a batch's file.
#[must_use]
pub fn line_frame(custom_id: &str) -> (String, &'static str) {
    (format!(r#"{{"custom_id":"{custom_id}","method":"POST","url":"/v1/chat/completions","body":"#), "}\n")
}

impl Asker {
    /// What a line that came back means.
    #[must_use]
    pub fn read_line(&self, line: &Line, wanted: &Wanted) -> Exchange {
        let response = line.value.get("response").filter(|response| !response.is_null());
        let Some(response) = response else {
            let error = ErrorBody::from_value(line.value.get("error").unwrap_or(&Value::Null));
            // What is said to have run out of time was not executed, and is not billed.
            let (kind, charge) = match () {
                () if error.is("batch_expired") => (ErrorKind::BatchExpired, Charge::Nothing),
                () if error.is("batch_cancelled") => (ErrorKind::BatchLine, Charge::Nothing),
                () => (ErrorKind::BatchLine, Charge::Unknown),
            };
            let mut exchange = Exchange::new(verdict::passing(kind, error.message), charge);
            self.redact(&mut exchange.verdict);
            return exchange;
        };
        let code = response.get("status_code");
        let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        let status = code.and_then(|code| u16::try_from(code).ok());
        let body = response.get("body").unwrap_or(&Value::Null).to_string();
        let mut exchange = match (status, Completion::from_json(&body)) {
            (Some(200..=299), Some(completion)) => self.completed(completion, wanted),
            (Some(200..=299), None) => {
                Exchange::new(verdict::passing(ErrorKind::BadReply, "the line holds no reply".into()), Charge::Unknown)
            }
            _ => {
                let (verdict, charge) = verdict::of_error(status.unwrap_or(500), &ErrorBody::parse(&body), None, None);
                Exchange::new(verdict, charge)
            }
        };
        // Waiting for a limit is the provider's business here: it counts.
        if let Verdict::Later { message, .. } = exchange.verdict {
            exchange.verdict = verdict::passing(ErrorKind::ServerError, message);
        }
        exchange.status = status;
        let id = response.get("request_id").and_then(Value::as_str);
        exchange.request_id = id.map(|id| self.redacted(&crate::base::sanitize::id(id)));
        self.redact(&mut exchange.verdict);
        exchange
    }

    /// A request that the provider found to be wrong before it did anything.
    #[must_use]
    pub fn bad_line(&self, message: String) -> Exchange {
        Exchange::new(verdict::page(ErrorKind::BadRequest, message), Charge::Nothing)
    }

    /// A request of a batch that the provider had no room for: it was not asked.
    #[must_use]
    pub fn no_room(&self, message: String) -> Exchange {
        Exchange::new(Verdict::Later { after: None, message }, Charge::Nothing)
    }

    /// A request of a batch that ended without a line for it. `was_done`: it may have been
    /// executed.
    #[must_use]
    pub fn no_line(&self, was_done: bool) -> Exchange {
        let charge = if was_done { Charge::Unknown } else { Charge::Nothing };
        Exchange::new(
            verdict::passing(ErrorKind::BatchLine, "the batch ended without a line for this page".into()),
            charge,
        )
    }
}
