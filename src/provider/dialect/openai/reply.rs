//! A chat completion, whole or in chunks. It is read as tolerantly as servers differ:
//! unknown, missing and null members, content in parts, numbers as floats or strings.

use super::errors::error_body::ErrorBody;
use super::errors::late_error::{find_error, judge_late_error, member_error};
use super::finish::{Finish, find_finish};
use super::lenient_json::{self, find};
use super::message::Message;
use super::usage::{counts_output, read_cost, read_usage};
use crate::base::sanitize;
use crate::base::usage::Usage;
use crate::provider::dialect::interface::NotAReply;
use crate::provider::replies::repetition::repeats_itself;
use crate::provider::replies::reply::{Reply, ReplyEnd};
use crate::provider::replies::served::Served;
use crate::task::visible_text;
use serde_json::{Value, json};

/// A reply has at least one of these members.
const MEMBERS: &[&str] = &["choices", "error", "usage"];

/// Azure's filter for the text of published works (its guide to content filtering, 2026).
const PROTECTED_TEXT: &str = "protected_material_text";

/// Token counts that came with the end of a reply or after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FinalCounts {
    /// There were none.
    #[default]
    None,
    /// They came in a chunk with a choice: others may follow.
    WithChoice,
    /// They came in a chunk without choices, which is the last one (OpenAI's reference of `stream_options`, 2026-08).
    Alone,
}

/// A completion as far as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Completion {
    /// Text, reasoning, refusal and tool calls.
    message: Message,
    /// Why the model stopped; `None`: it has not.
    pub(crate) finish: Option<Finish>,
    /// Token counts, if the server reports them. Those of a stream add up from chunk to chunk: the
    /// last ones count, even where they are lower (Gemini corrects the prompt, recorded 2025-03).
    pub(crate) usage: Option<Usage>,
    /// The token counts that came with the end or after it.
    pub(crate) counts: FinalCounts,
    /// An error inside a reply of status 200.
    pub(crate) error: Option<Value>,
    /// The first error after the end of an answer, which does not discard it.
    late_error: Option<Value>,
    served: Served,
    /// The number of the choice that is read: the lowest so far.
    choice: Option<u64>,
    /// Whether the counts in `usage` include the reply.
    counts_output: bool,
    /// Whether a content filter's verdict on the prompt or the reply is that it is blocked.
    is_filtered: bool,
}

impl Completion {
    /// Reads a whole reply.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn from_json(text: &str) -> Result<Self, NotAReply> {
        let text = text.trim();
        let value: Value = lenient_json::parse(text).map_err(|_| match may_be_damaged(text) {
            true => NotAReply::Damaged(ErrorBody::parse(text).message),
            false => NotAReply::Foreign,
        })?;
        let value = unwrapped(&value);
        if !is_of_api(value) {
            return Err(NotAReply::Foreign);
        }
        let mut completion = Self::default();
        completion.read(value, "message");
        Ok(completion)
    }

    /// Reads one chunk of a stream and returns the text that it adds.
    pub(crate) fn push_chunk(&mut self, chunk: &Value) -> String {
        let (choice, before) = (self.choice, self.message.content.len());
        self.read(chunk, "delta");
        let start = if self.choice == choice { before } else { 0 };
        self.message.content[start..].to_owned()
    }

    /// The text so far.
    pub(crate) fn into_content(self) -> String {
        self.message.content
    }

    /// The reply, independent of the dialect.
    pub(crate) fn into_reply(self) -> Reply {
        let end = self.end();
        let Message { mut content, reasoning, .. } = self.message.clone();
        // Groq puts the text of a reply that is not valid into the error.
        if let Some(text) = self.error.as_ref().and_then(|error| ErrorBody::from_value(error).failed_generation) {
            content = text;
        } else if let Some(text) = self.message.only_call().filter(|_| content.trim().is_empty()) {
            text.clone_into(&mut content);
        }
        let is_of_api = self.choice.is_some() || self.error.as_ref().is_some_and(Value::is_object);
        let has_stated_end = self.finish.is_some_and(|finish| finish != Finish::Other);
        let late_error = self.late_error.map(|error| ErrorBody::from_value(&error).message);
        Reply { content, reasoning, usage: self.usage, end, is_of_api, has_stated_end, served: self.served, late_error }
    }

    fn end(&self) -> ReplyEnd {
        let Message { content, reasoning, refusal, .. } = &self.message;
        let is_blank = content.trim().is_empty();
        match (&self.error, self.finish) {
            (Some(error), _) => ReplyEnd::Error(Box::new(judge_late_error(error))),
            (None, Some(Finish::Recitation)) => ReplyEnd::Recitation,
            (None, _) if is_blank && !refusal.is_empty() => ReplyEnd::Refusal(ErrorBody::parse(refusal).message),
            (None, Some(Finish::ContentFilter)) => ReplyEnd::ContentFilter,
            (None, _) if is_blank && self.is_filtered => ReplyEnd::ContentFilter,
            (None, Some(Finish::Error)) => ReplyEnd::Empty,
            (None, None) if self.choice.is_none() => ReplyEnd::Empty,
            (None, Some(Finish::Length)) => {
                let is_invisible = visible_text(content).trim().is_empty();
                if repeats_itself(content) || is_invisible && repeats_itself(reasoning) {
                    ReplyEnd::Repetition
                } else if is_invisible && self.message.only_call().is_none() {
                    ReplyEnd::ReasoningExhausted
                } else {
                    ReplyEnd::Length
                }
            }
            (None, _) => ReplyEnd::Finished,
        }
    }

    /// Reads a reply or a chunk, whose text is in the choice's member `member`.
    fn read(&mut self, value: &Value, member: &str) {
        if let Some(error) = find_error(value) {
            self.read_error(error);
        }
        self.read_served(value);
        self.is_filtered |= is_filtered(value.get("prompt_filter_results")) || is_blocked(value);
        let choice = self.next_choice(value);
        if let Some(choice) = choice {
            self.read_choice(choice, member);
        }
        // Groq and Moonshot have them elsewhere in streams, and gateways to Gemini where its own API has them.
        let places = [
            value.get("usage"),
            value.get("usageMetadata"),
            find(value, &["x_groq", "usage"]),
            choice.and_then(|choice| choice.get("usage")),
        ];
        let counts = if choice.is_some() { FinalCounts::WithChoice } else { FinalCounts::Alone };
        places.into_iter().flatten().for_each(|usage| self.read_usage(usage, counts));
    }

    /// An error ends a reply. Once an answer has its end, it is one of the connection or of the next reply.
    fn read_error(&mut self, error: &Value) {
        if self.has_ended_answer() {
            self.late_error.get_or_insert_with(|| error.clone());
        } else {
            self.error.get_or_insert_with(|| error.clone());
        }
    }

    /// Whether an answer is finished.
    fn has_ended_answer(&self) -> bool {
        let is_ended = self.finish.is_some_and(|finish| finish != Finish::Error);
        let Message { content, reasoning, .. } = &self.message;
        let has_text = [content, reasoning].iter().any(|text| !text.trim().is_empty());
        is_ended && (has_text || self.message.only_call().is_some()) && self.error.is_none()
    }

    /// The choice to read: the first one by its number, wherever the server sends it. Only one is asked for.
    fn next_choice<'a>(&mut self, value: &'a Value) -> Option<&'a Value> {
        let choices = value.get("choices")?.as_array()?;
        let index = |choice: &Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        let first = choices.iter().map(index).min()?;
        if self.choice.is_none_or(|known| first < known) {
            // Text of another choice is not the answer.
            (self.message, self.finish, self.choice) = (Message::default(), None, Some(first));
        }
        choices.iter().find(|choice| Some(index(choice)) == self.choice)
    }

    fn read_choice(&mut self, choice: &Value, member: &str) {
        let parts = [Some(choice), choice.get(member), choice.get("message"), choice.get("delta")];
        if let Some(error) = parts.into_iter().flatten().find_map(member_error).or_else(|| find_error(choice)) {
            self.read_error(error);
        }
        let results = choice.get("content_filter_results");
        self.is_filtered |= is_filtered(results);
        // Beside a known end, that of another member adds nothing.
        let is_new = choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) || self.finish.is_none();
        let stated = find_finish(choice).filter(|finish| is_new || !matches!(finish, Finish::Stop | Finish::Other));
        if stated == Some(Finish::Error) && self.has_ended_answer() {
            self.late_error.get_or_insert_with(|| json!({"message": "finish_reason: error"}));
        } else if let Some(stated) = stated {
            // What Azure calls by a wider name.
            let is_recitation =
                stated == Finish::ContentFilter && is_filtered(results.and_then(|found| found.get(PROTECTED_TEXT)));
            self.finish = Some(if is_recitation { Finish::Recitation } else { stated });
        }
        let message = [member, "message", "delta"].iter().find_map(|name| choice.get(*name).filter(|m| !m.is_null()));
        match (message, choice.get("text").and_then(Value::as_str)) {
            (Some(message), _) => self.message.push(message),
            (None, Some(text)) => self.message.push_text(text),
            // What a message has may be in the choice.
            (None, None) => self.message.push(choice),
        }
    }

    fn read_usage(&mut self, value: &Value, counts: FinalCounts) {
        if let Some(cost) = read_cost(value) {
            self.served.cost = Some(cost);
        }
        if let Some(tier) = text(value, "service_tier") {
            self.served.service_tier.get_or_insert(tier);
        }
        // Databricks counts the reply only in the last chunk.
        let counts_output = counts_output(value);
        if let Some(usage) = read_usage(value).filter(|_| counts_output || !self.counts_output) {
            self.usage = Some(usage);
            self.counts_output = counts_output;
            if self.finish.is_some() || self.error.is_some() {
                self.counts = self.counts.max(counts);
            }
        }
    }

    fn read_served(&mut self, value: &Value) {
        let Served { model, provider, service_tier, .. } = &mut self.served;
        for (place, name) in [(model, "model"), (provider, "provider"), (service_tier, "service_tier")] {
            if let Some(text) = text(value, name) {
                *place = Some(text);
            }
        }
    }
}

/// Whether a reply, a chunk or an error may be one of this API.
pub(crate) fn is_of_api(value: &Value) -> bool {
    MEMBERS.iter().any(|name| value.get(name).is_some_and(|value| !value.is_null()))
        || find_error(value).is_some()
        || is_blocked(value)
}

/// Gemini wraps errors in an array.
fn unwrapped(value: &Value) -> &Value {
    value.as_array().and_then(|items| items.first()).unwrap_or(value)
}

/// Whether a text that is not JSON may be a damaged reply. Complete JSON that more text follows, such as several JSON
/// lines, shows what it is.
fn may_be_damaged(text: &str) -> bool {
    match serde_json::Deserializer::from_str(text).into_iter::<Value>().next() {
        Some(Ok(first)) => is_of_api(unwrapped(&first)),
        _ => text.starts_with(['{', '[']),
    }
}

/// A member that is a text, as an identifier; `None` if it is empty.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = sanitize::id(value.get(name)?.as_str()?.trim());
    Some(text).filter(|text| !text.is_empty())
}

/// Whether Gemini's verdict on a prompt, which it sends without choices, is that it is blocked.
fn is_blocked(value: &Value) -> bool {
    let reason = [["promptFeedback", "blockReason"], ["prompt_feedback", "block_reason"]]
        .iter()
        .find_map(|path| find(value, path));
    let reason = reason.and_then(Value::as_str).unwrap_or_default();
    !reason.trim().is_empty() && !reason.to_lowercase().ends_with("unspecified")
}

/// Whether Azure's content-filter results for a prompt or a reply report that it was blocked.
fn is_filtered(results: Option<&Value>) -> bool {
    match results {
        Some(Value::Array(items)) => items.iter().any(|item| is_filtered(Some(item))),
        Some(Value::Object(members)) => {
            members.get("filtered") == Some(&Value::Bool(true))
                || members.values().any(|value| value.is_object() && is_filtered(Some(value)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
