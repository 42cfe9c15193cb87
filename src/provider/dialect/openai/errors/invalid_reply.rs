//! Errors of servers that check replies themselves: that of the model is not valid JSON, or does not match the schema.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use crate::provider::judgement::wording::find_word;

/// Words for what a model returns.
const REPLY: &[&str] =
    &["model", "output", "outputs", "response", "responses", "reply", "completion", "generation", "generated"];
/// Words for what a request has, or for who else fails to read it.
const OTHERS: &[&str] = &[
    "response_format",
    "response format",
    "output format",
    "output_config",
    "json_schema",
    "json_object",
    "json mode",
    "support",
    "request",
    "payload",
    "parameter",
    "argument",
    "field",
    "messages",
    "prompt",
    "image",
    "invalid schema",
    "invalid json schema",
    "schema is",
    "schema for",
    "schema provided",
    "provided schema is",
    "model name",
    "upstream",
    "server",
    "gateway",
    "backend",
];
/// That a text is not JSON.
const NOT_JSON: &[&str] = &[
    "invalid",
    "not valid",
    "not a valid",
    "not json",
    "not parse",
    "not be parsed",
    "not be decoded",
    "not decode",
    "n't parse",
    "n't be parsed",
    "n't valid",
    "failed to parse",
    "failed parsing",
    "cannot parse",
    "unable to parse",
    "error parsing",
    "malformed",
    "did not",
    "didn't",
    "failed to produce",
    "failed to output",
    "failed to return",
    "failed to generate",
];
/// That a text has another form than the schema.
const NO_MATCH: &[&str] = &[
    "not match",
    "n't match",
    "not conform",
    "n't conform",
    "not follow",
    "n't follow",
    "not satisfy",
    "n't satisfy",
    "not comply",
    "not adhere",
    "not fit",
    "not validate",
    "n't validate",
    "not valid against",
    "invalid against",
    "invalid according",
    "not valid according",
    "fails to match",
    "failed to match",
    "failed validation",
    "fails validation",
    "failed schema validation",
    "failed json schema validation",
    "violates",
    "violated",
    "did not",
    "didn't",
    "mismatch",
];

/// Whether an error reports an invalid reply: a word for the reply, and in the same sentence a fault. `text` is in
/// lower case.
pub(crate) fn reports_invalid_reply(text: &str) -> bool {
    let mut sentences = text.split(['.', ';', '\n', '!']);
    sentences.any(|sentence| {
        let contains = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let has = |word: &str| find_word(sentence, word).is_some();
        let (is_json, is_schema) = (has("json"), has("schema"));
        let is_wrong = is_json && !is_schema && contains(NOT_JSON) || is_schema && contains(NO_MATCH);
        is_wrong && REPLY.iter().any(|word| has(word)) && !contains(OTHERS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_that_servers_reject() {
        for text in [
            "Model did not output valid JSON",
            "Model output is not valid JSON",
            "Response does not match the JSON schema",
            "The model's response is invalid JSON.",
            "Could not parse the model's reply as JSON",
            "Failed to parse model output as JSON: expected value at line 1",
            "The model produced malformed JSON",
            "The generated JSON is not valid",
            "Invalid JSON in model response",
            "Output doesn't conform to the schema",
            "The response failed JSON schema validation",
            "Model output violates the schema",
            "The completion did not match the supplied schema",
            "The model didn't return JSON",
        ] {
            assert!(reports_invalid_reply(&text.to_lowercase()), "{text}");
        }
        for text in [
            "Invalid schema for response_format 'page': schema must be an object",
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model",
            "This model does not support JSON output",
            "json_schema is not valid for this model",
            "Invalid JSON payload received. Unknown name \"seed\": Cannot find field.",
            "The JSON schema is not valid for this model",
            "The model cannot be used with a JSON schema",
            "this model cannot output JSON",
            "Invalid JSON in request body for model m",
            "response format json is invalid for this model",
            "Could not parse the JSON body of your request",
            "upstream response is not valid JSON",
            "The model m does not exist. The JSON was invalid.",
            "Invalid value for 'model'",
            "the image does not match",
            "",
        ] {
            assert!(!reports_invalid_reply(&text.to_lowercase()), "{text}");
        }
    }
}
