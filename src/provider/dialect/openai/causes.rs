//! Why a provider rejects a request, by the words of its error. One cause has many codes and wordings,
//! and comes with almost any status.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use super::error_body::ErrorBody;

/// Why a request was rejected, apart from its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The account has no credit, or its spend limit is reached.
    NoCredit,
    /// Requests in flight use up the credit for the moment.
    CreditInFlight,
    /// The key is missing or not valid.
    BadKey,
    /// The model does not exist.
    UnknownModel,
    /// The model does not take images.
    NoVision,
    /// The prompt is longer than the model's context window.
    ContextTooLong,
    /// The provider believes that the reply would repeat a protected text.
    Recitation,
    /// A content filter stopped the request.
    ContentFilter,
    /// The model used up the output limit for its reasoning.
    OutOfRoom,
    /// The server checks replies, and this one is not valid.
    InvalidReply,
    /// The provider failed to fetch an image.
    ImageDownload,
}

/// Codes and words of a cause, in lower case. In the order in which they are looked for.
const CAUSES: &[(Cause, &[&str], &[&str])] = &[
    (Cause::CreditInFlight, &["in_flight_budget_exhausted"], &["in-flight requests settle"]),
    (
        Cause::NoCredit,
        &[
            "insufficient_quota",
            "insufficient_user_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "insufficient_balance",
            "insufficientbalance",
            "insufficient_credits",
            "insufficient_funds",
            "enforced_spend_limit_reached",
            "exceeded_current_quota_error",
            "arrearage",
            "accountoverdueerror",
            "payment_required",
        ],
        &[
            "credit balance is too low",
            "insufficient balance",
            "insufficient account balance",
            "insufficient credit",
            "insufficient funds",
            "not enough credit",
            "not enough balance",
            "out of credit",
            "no credits",
            "requires more credits",
            "purchase credits",
            "account is in good standing",
            "in arrears",
            "arrearage",
            "overdue",
            "specified api usage limits",
            "reached your api usage limits",
            "billing hard limit",
            "check your billing",
            "spend limit",
            "spending limit",
            "balance is insufficient",
            "balance is too low",
            "recharge",
            "top up your",
            // Chinese: the balance is insufficient; the account is in arrears.
            "余额不足",
            "欠费",
        ],
    ),
    (Cause::OutOfRoom, &[], &["could not finish the message", "model output limit was reached"]),
    (
        Cause::InvalidReply,
        &["json_validate_failed", "tool_use_failed"],
        &["failed to generate json", "failed to validate json", "generated json does not match"],
    ),
    (
        Cause::BadKey,
        &["invalid_api_key", "authentication_error"],
        &[
            "api key",
            "api-key",
            "apikey",
            "no connected db",
            "invalid proxy server token",
            "authentication error",
            "authentication fails",
        ],
    ),
    (Cause::Recitation, &["recitation"], &["recitation"]),
    (
        Cause::ContentFilter,
        &[
            "content_filter",
            "content_policy_violation",
            "responsibleaipolicyviolation",
            "data_inspection_failed",
            "datainspectionfailed",
            "moderation_blocked",
            "content_blocked",
            "sensitive_content",
        ],
        &[
            "content management policy",
            "content policy",
            "content filter",
            "content_filter",
            "moderation",
            "flagged",
            "usage guidelines",
            "usage policies",
            "usage policy",
            "violates our",
            "safety system",
            "safety filter",
            "safety guidelines",
            "safety policy",
            "inappropriate content",
            "data inspection",
            "responsible ai",
            "prohibited content",
            "sensitive content",
            "sensitive words",
        ],
    ),
    (
        Cause::ContextTooLong,
        &["context_length_exceeded", "too_many_prompt_tokens", "exceed_context_size_error"],
        &[
            "context length",
            "context window",
            "context size",
            "max context",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "input too long",
            "messages is too long",
            "too many tokens",
            "too many input tokens",
            "maximum input length",
            "range of input length",
            "input length exceed",
            "maximum model length",
            "max_model_len",
            "maximum number of tokens allowed",
            "input token count",
            "reduce the length of the",
            "exceeds the token limit",
            "exceeds token limit",
        ],
    ),
    (Cause::ImageDownload, &["invalid_image_url"], &["while downloading"]),
];

/// What the error of a reply of `status` says about its cause; `None`: nothing that is known.
pub(crate) fn find_cause(error: &ErrorBody) -> Option<Cause> {
    let message = error.message.to_lowercase();
    let codes = [error.code.to_lowercase(), error.kind.to_lowercase(), error.reason.to_lowercase()];
    if lacks_vision(&message) {
        return Some(Cause::NoVision);
    }
    let by_words = || {
        CAUSES
            .iter()
            .find(|(_, names, words)| {
                names.iter().any(|name| codes.iter().any(|code| code == name))
                    || words.iter().any(|word| message.contains(word))
            })
            .map(|(cause, ..)| *cause)
    };
    if codes.iter().any(|code| code == "model_not_found" || code == "deploymentnotfound")
        || names_unknown_model(&message)
    {
        return Some(Cause::UnknownModel);
    }
    by_words()
}

/// `The model x does not exist`, in the words of several servers.
fn names_unknown_model(message: &str) -> bool {
    const WORDS: &[&str] = &[
        "invalid model name",
        "not a valid model",
        "unknown model",
        "no such model",
        "model not exist",
        "unsupported model",
        "not a chat model",
        "no endpoints found for",
    ];
    let is_missing = ["does not exist", "not found", "doesn't exist"].iter().any(|words| message.contains(words));
    is_missing && (message.contains("model") || message.contains("deployment"))
        || WORDS.iter().any(|words| message.contains(words))
}

/// `The model does not take images`, in the words of several servers; not that it does not take
/// images of this format or size.
fn lacks_vision(message: &str) -> bool {
    const SUBJECTS: &[&str] = &["image", "vision", "multimodal", "multi-modal"];
    const DENIALS: &[&str] = &[
        "not support",
        "n't support",
        "only supported by",
        "not a multimodal",
        "not a multi-modal",
        "not a vision",
        "endpoints found that support image",
        "at most 0 image",
        "not enabled for vision",
    ];
    const OTHERS: &[&str] = &[
        "format",
        "media type",
        "mime",
        "image/",
        "size",
        "dimension",
        "resolution",
        "animated",
        "detail",
        "url scheme",
        "response_format",
    ];
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    has(SUBJECTS) && has(DENIALS) && !has(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors that servers were seen to send.
    #[test]
    fn causes_in_the_words_of_servers() {
        for (message, code, expected) in [
            (
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
                "",
                Some(Cause::NoCredit),
            ),
            ("You have reached your specified API usage limits.", "", Some(Cause::NoCredit)),
            (
                "You have reached your API usage limits: x. You will regain access on 2026-09-01 at 00:00 UTC.",
                "",
                Some(Cause::NoCredit),
            ),
            ("Access denied, please make sure your account is in good standing.", "Arrearage", Some(Cause::NoCredit)),
            ("Insufficient Balance", "invalid_request_error", Some(Cause::NoCredit)),
            (
                "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
                "402",
                Some(Cause::NoCredit),
            ),
            (
                "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens",
                "402",
                Some(Cause::NoCredit),
            ),
            (
                "This request would exceed your available credits given your current in-flight requests. Retry after in-flight requests settle, or add credits.",
                "402",
                Some(Cause::CreditInFlight),
            ),
            ("账户余额不足", "1113", Some(Cause::NoCredit)),
            ("API key not valid. Please pass a valid API key.", "400", Some(Cause::BadKey)),
            ("No connected db.", "400", Some(Cause::BadKey)),
            ("invalid x-api-key", "", Some(Cause::BadKey)),
            (
                "Invalid model name passed in model=gpt-x. Call `/v1/models` to view available models for your key.",
                "400",
                Some(Cause::UnknownModel),
            ),
            (
                "The model `x` does not exist or you do not have access to it.",
                "model_not_found",
                Some(Cause::UnknownModel),
            ),
            ("model: claude-does-not-exist", "model_not_found", Some(Cause::UnknownModel)),
            ("The API deployment for this resource does not exist.", "DeploymentNotFound", Some(Cause::UnknownModel)),
            (
                "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
                "500",
                Some(Cause::NoVision),
            ),
            ("Model does not support image modality", "validation_error", Some(Cause::NoVision)),
            ("No endpoints found that support image input", "404", Some(Cause::NoVision)),
            ("Invalid content type. image_url is only supported by certain models.", "", Some(Cause::NoVision)),
            ("/models/x is not a multimodal model None", "400", Some(Cause::NoVision)),
            ("At most 0 image(s) may be provided in one request.", "400", Some(Cause::NoVision)),
            (
                "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png'].",
                "invalid_image_format",
                None,
            ),
            ("Image type is not supported: image/bmp", "", None),
            ("invalid image input", "", None),
            ("Image size is not supported", "", None),
            ("prompt too long; exceeded max context length by 1119046 tokens", "", Some(Cause::ContextTooLong)),
            ("The total length of all messages is too long.", "400", Some(Cause::ContextTooLong)),
            ("the request exceeds the available context size, try increasing it", "400", Some(Cause::ContextTooLong)),
            (
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                "400",
                Some(Cause::ContextTooLong),
            ),
            (
                "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
                "400",
                Some(Cause::ContextTooLong),
            ),
            ("prompt is too long: 210000 tokens > 200000 maximum", "", Some(Cause::ContextTooLong)),
            ("Range of input length should be [1, 30720]", "", Some(Cause::ContextTooLong)),
            ("Content violates usage guidelines. ", "permission-denied", Some(Cause::ContentFilter)),
            (
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
                "content_filter",
                Some(Cause::ContentFilter),
            ),
            ("Input data may contain inappropriate content.", "data_inspection_failed", Some(Cause::ContentFilter)),
            (
                "Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.",
                "",
                Some(Cause::OutOfRoom),
            ),
            (
                "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
                "json_validate_failed",
                Some(Cause::InvalidReply),
            ),
            ("Error while downloading https://example.com/test.jpg.", "invalid_image_url", Some(Cause::ImageDownload)),
            ("The server had an error while processing your request.", "", None),
            ("generic", "", None),
            ("", "", None),
        ] {
            let error = ErrorBody::from_value(&serde_json::json!({"error": {"message": message, "code": code}}));
            assert_eq!(find_cause(&error), expected, "{message}");
        }
    }
}
