//! Observed errors of servers, and their causes.

use super::*;

/// Observed errors of servers.
#[test]
fn causes_in_the_words_of_servers() {
    for (message, code, expected) in [
        (
            "litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - too big",
            "",
            Some(Cause::ContextTooLong),
        ),
        ("context_length_exceeded", "", Some(Cause::ContextTooLong)),
        ("The prompt is too large for the model's context", "", Some(Cause::ContextTooLong)),
        ("tokens in request more than max tokens allowed", "", Some(Cause::ContextTooLong)),
        ("total tokens of image and text exceed max message tokens", "", Some(Cause::ContextTooLong)),
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
        ("Insufficient credits. Add more using https://openrouter.ai/settings/credits", "402", Some(Cause::NoCredit)),
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
        ("The security token included in the request is expired", "", Some(Cause::BadKey)),
        ("Authentication failed: Please make sure your API Key is valid.", "", Some(Cause::BadKey)),
        ("model: claude-sonnet-5", "not_found_error", Some(Cause::UnknownModel)),
        ("model: the image is too small", "invalid_request_error", None),
        ("invalid x-api-key", "", Some(Cause::BadKey)),
        (
            "Invalid model name passed in model=gpt-x. Call `/v1/models` to view available models for your key.",
            "400",
            Some(Cause::UnknownModel),
        ),
        ("The model `x` does not exist or you do not have access to it.", "model_not_found", Some(Cause::UnknownModel)),
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
        (
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "",
            Some(Cause::ContextTooLong),
        ),
        ("Prompt exceeds max length", "1261", Some(Cause::ContextTooLong)),
        ("Your request exceeded model token limit: 8192", "", Some(Cause::ContextTooLong)),
        ("total message token length exceed model limit", "", Some(Cause::ContextTooLong)),
        ("The total number of tokens (prompt + max_tokens) must not exceed 4096", "", Some(Cause::ContextTooLong)),
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
        ("max_tokens must be at least 1, got -120.", "400", Some(Cause::ContextTooLong)),
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
            Some(Cause::ReasoningExhausted),
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
        assert_eq!(find_cause(400, &error, false), expected, "{message}");
    }
}

/// Whether words mean something depends on the status.
#[test]
fn causes_by_status() {
    const QUOTA: &str = "You exceeded your current quota, please check your plan and billing details.";
    let of = |limit: &str| format!(r#"{{"error":{{"message":"x","metadata":{{"limit_source":"{limit}"}}}}}}"#);
    let budget = r#"{"error":{"message":"x","type":"budget_exceeded"}}"#.to_owned();
    for (status, has_delay, body, expected) in [
        (400, false, budget.clone(), Some(Cause::NoCredit)),
        (429, true, budget, Some(Cause::NoCredit)),
        (429, true, message("Budget has been exceeded"), None),
        (429, false, message("Budget has been exceeded! Current cost: 10"), Some(Cause::NoCredit)),
        (400, false, message("Payment Required"), Some(Cause::NoCredit)),
        (403, false, message("Prepaid balance depleted"), Some(Cause::NoCredit)),
        (400, false, message("Error: billing_hard_limit_reached"), Some(Cause::NoCredit)),
        (500, false, message("Error: billing_hard_limit_reached"), Some(Cause::NoCredit)),
        (402, false, of("openrouter_credits"), Some(Cause::NoCredit)),
        (403, false, of("openrouter_key_limit"), Some(Cause::NoCredit)),
        (403, false, message("Key limit exceeded (total limit)."), Some(Cause::NoCredit)),
        (400, false, message(QUOTA), Some(Cause::NoCredit)),
        (429, true, message(QUOTA), None),
        (500, false, message(QUOTA), None),
        (429, true, message("Rate limit reached. Purchase credits or top up your account."), None),
        (429, false, message("Rate limit reached. Purchase credits or top up your account."), None),
        (403, false, message("Please recharge"), Some(Cause::NoCredit)),
        (500, false, message("the battery needs a recharge"), None),
        (400, false, message("The account is overdue"), Some(Cause::NoCredit)),
        (400, false, message("You have an overdue payment"), Some(Cause::NoCredit)),
        (400, false, message("Invalid image: overdue notice"), None),
        (400, false, message("Your wallet is empty"), Some(Cause::PerhapsNoCredit)),
        (400, false, message("Content policy: text \"insufficient balance\" found"), Some(Cause::PerhapsNoCredit)),
        (
            403,
            false,
            message("Moderation: the image contains the text \"Your credit balance is too low\", which is disallowed."),
            Some(Cause::PerhapsNoCredit),
        ),
        (400, false, message("Safety system: model not found in page"), Some(Cause::ContentFilter)),
        (404, false, message("The moderation model was not found"), Some(Cause::UnknownModel)),
        (402, false, message("The image was flagged: insufficient balance"), Some(Cause::NoCredit)),
        (400, false, message("insufficient_quota: the image was flagged"), Some(Cause::NoCredit)),
        (403, false, message("You are out of funds."), Some(Cause::PerhapsNoCredit)),
        (404, false, message("Payment overdue"), Some(Cause::PerhapsNoCredit)),
        (429, false, message("All free trial credits are used up"), Some(Cause::PerhapsNoCredit)),
        (429, true, message("All free trial credits are used up"), None),
        (500, false, message("The account has a negative balance"), Some(Cause::PerhapsNoCredit)),
        (503, false, message("The balance is exhausted on this node, try again later"), None),
        (429, false, message("Rate limit: out of free tier requests per minute"), None),
        (400, false, message("The token budget was exhausted by reasoning"), Some(Cause::ReasoningExhausted)),
        (422, false, message("No answer: thinking used the whole output limit"), Some(Cause::ReasoningExhausted)),
        (429, false, message("The token budget was exhausted by reasoning"), None),
        (400, false, message("reasoning tokens are not supported"), None),
        (400, false, message("'gpt-4o-mini' has been sunset"), Some(Cause::RetiredModel)),
        (400, false, message("claude-2.1 was retired on 2026-10-01"), Some(Cause::RetiredModel)),
        (400, false, message("max_tokens has been retired"), None),
        (400, false, message("Temperature was retired"), None),
        (500, false, message("context length exceeded"), Some(Cause::ContextTooLong)),
        (500, false, message("input length and max_tokens exceed context limit"), Some(Cause::ContextTooLong)),
        (422, false, message("`inputs` tokens + `max_new_tokens` must be <= 4096"), Some(Cause::ContextTooLong)),
        (500, false, message("failed to allocate the context window"), None),
        (500, false, message("too many tokens in flight"), None),
        (500, false, message("invalid api key"), None),
        (500, false, message("flagged"), None),
        (500, false, message("model not found"), Some(Cause::UnknownModel)),
        (400, false, message("The model `gpt-4.1` does not exist"), Some(Cause::UnknownModel)),
        (400, false, message("model \"llama3\" not found, try pulling it first"), Some(Cause::UnknownModel)),
        (400, false, message("Not found: the model x"), Some(Cause::UnknownModel)),
        (400, false, message("The model `gpt-image-1` does not exist"), Some(Cause::UnknownModel)),
        (400, false, message("File file-123 not found"), None),
        (400, false, message("The image for the model was not found"), None),
        (
            400,
            false,
            message("File X not found. Received Model Group=gpt-4o\nAvailable Model Group Fallbacks=None"),
            None,
        ),
        (400, false, message("Image does not exist. The model was not called."), None),
        (400, false, message("Unsupported model parameter: temperature"), None),
        (400, false, message("Unsupported model"), Some(Cause::UnknownModel)),
    ] {
        assert_eq!(find_cause(status, &ErrorBody::parse(&body), has_delay), expected, "{status} {has_delay} {body}");
    }
}

fn message(text: &str) -> String {
    serde_json::json!({"error": {"message": text}}).to_string()
}

/// Errors about the model itself, with statuses of the server's faults: they stay, unless it is what runs the model
/// that they are about, or they ask for patience.
#[test]
fn the_model_in_faults_of_the_server() {
    let (unknown, retired) = (Some(Cause::UnknownModel), Some(Cause::RetiredModel));
    for (text, expected) in [
        ("The model `gpt-x` does not exist", unknown),
        ("model 'llama3' not found", unknown),
        ("Model gpt-x could not be found", unknown),
        ("Unknown model: gpt-x", unknown),
        ("The model gpt-x has been sunset", retired),
        ("The model gpt-x has been retired.", retired),
        ("Model gpt-x was decommissioned on 2026-10-01", retired),
        ("This model has been discontinued", retired),
        ("This model is no longer available", retired),
        ("The model has reached its end of life", retired),
        ("The deployment has been removed", retired),
        ("the model is overloaded", None),
        ("Model is loading", None),
        ("The model is currently loading, estimated time 20 s", None),
        ("the model is not ready", None),
        ("The model is not available right now", None),
        ("The model server was shut down", None),
        ("the model replica m has been shut down", None),
        ("Model replica not found", None),
        ("a worker for this model was not found", None),
        ("model weights not found in the cache", None),
        ("The model was not found, please try again later", None),
        ("Model m not found on this worker yet, loading", None),
        ("Model m is not found yet", None),
        ("Model temporarily removed for maintenance: it has been removed", None),
        ("the model is deprecated; internal error", None),
        ("the tokenizer was not found", None),
    ] {
        for status in [500, 502, 503, 504] {
            assert_eq!(find_cause(status, &ErrorBody::parse(&message(text)), false), expected, "{status} {text}");
        }
    }
    let coded = r#"{"error":{"message":"No available channel for model x","code":"model_not_found"}}"#;
    assert_eq!(find_cause(404, &ErrorBody::parse(coded), false), unknown);
    for (text, expected) in [
        ("model m not found yet, loading", None),
        ("model m not found", unknown),
        ("model m not found. Please try again.", unknown),
    ] {
        assert_eq!(find_cause(404, &ErrorBody::parse(&message(text)), false), expected, "{text}");
    }
    // Relays report it for a model whose servers are all down, too.
    assert_eq!(find_cause(503, &ErrorBody::parse(coded), false), None);
}

/// Accounts without credit, in codes, reasons and languages.
#[test]
fn credit_in_other_words_and_places() {
    let of = |code: &str| format!(r#"{{"error":{{"message":"x","code":"{code}"}}}}"#);
    let google = r#"[{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BILLING_DISABLED"}]}}]"#;
    for body in [
        google.to_owned(),
        message("This API method requires billing to be enabled. Please enable billing on project #1"),
        of("AllocationQuota.FreeTierOnly"),
        message("The free tier of the model has been exhausted."),
        of("AccessDenied.Unpurchased"),
        of("CommodityNotPurchased"),
        r#"{"code":403,"reason":"NOT_ENOUGH_BALANCE","message":"x"}"#.to_owned(),
        of("INVALID_PAYMENT_INSTRUMENT"),
        of("SubscriptionDisabled"),
        of("FailedOperation.ResourcePackExhausted"),
        of("blocked_api_access"),
        message("该令牌额度已用尽"),
        message("预扣费额度失败, 用户剩余额度: 0"),
        message("资源包余量已用尽，请购买资源包或开通后付费"),
        message("餘額不足"),
        message("Your billing account is not active."),
        message("Crédit insuffisant"),
        message("Guthaben aufgebraucht"),
        message("Saldo insuficiente. Recargue su cuenta."),
        message("残高が不足しています"),
        message("잔액이 부족합니다"),
        message("Недостаточно средств на счёте"),
        r#"{"code":"Arrearage","message":"Access denied."}"#.to_owned(),
    ] {
        for status in [400, 403, 429] {
            assert_eq!(find_cause(status, &ErrorBody::parse(&body), false), Some(Cause::NoCredit), "{status} {body}");
        }
    }
    for (body, expected) in [(message("the subscription of this page is not valid"), None), (of("x"), None)] {
        assert_eq!(find_cause(400, &ErrorBody::parse(&body), false), expected, "{body}");
    }
}

/// Words about credit together with a filter: what it stopped, or its cost.
#[test]
fn filters_that_mention_credit() {
    const OPENROUTER: &str =
        "Your chosen model requires moderation and your input was flagged for \"violence\". No credits were charged.";
    let coded = |code: &str, text: &str| serde_json::json!({"error": {"message": text, "code": code}}).to_string();
    for (status, body, expected) in [
        (403, message(OPENROUTER), Cause::ContentFilter),
        (400, message("Blocked by guardrail, no credits have been deducted"), Cause::ContentFilter),
        (400, message("Your prompt was flagged. You were charged 0 credits."), Cause::ContentFilter),
        (400, coded("content_filter", "The page offers insufficient credit"), Cause::ContentFilter),
        (400, coded("insufficient_quota", "Your account was flagged"), Cause::NoCredit),
        (402, message("Insufficient credits. You have no credits, so nothing was charged."), Cause::NoCredit),
        (403, message("You have no credits left"), Cause::NoCredit),
        (403, message("Your account was flagged: insufficient balance"), Cause::NoCredit),
    ] {
        assert_eq!(find_cause(status, &ErrorBody::parse(&body), false), Some(expected), "{status} {body}");
    }
    let unclear = message("The request failed. No credits were charged.");
    assert_eq!(find_cause(403, &ErrorBody::parse(&unclear), false), None);
}

/// Servers that check replies themselves.
#[test]
fn replies_that_are_not_valid() {
    let invalid = Some(Cause::InvalidReply);
    for (status, text, expected) in [
        (400, "Model did not output valid JSON", invalid),
        (422, "Model output is not valid JSON", invalid),
        (400, "Response does not match the JSON schema", invalid),
        (403, "Model output is not valid JSON", None),
        (502, "Response is not valid JSON", None),
        (400, "Invalid schema for response_format 'page'", None),
    ] {
        assert_eq!(find_cause(status, &ErrorBody::parse(&message(text)), false), expected, "{status} {text}");
    }
}
