//! Replies of providers, recorded from their documents and from public issues. The texts are
//! the providers' own.

/// A fixed reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Fixture {
    /// The fault's name on the command line.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Headers in addition to those of every reply.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body: HTML if it begins with `<`, otherwise JSON.
    pub body: &'static str,
}

const NONE: &[(&str, &str)] = &[];
const HTML: &str = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><center><h1>Error</h1></center><hr><center>cloudflare</center></body></html>";

/// Transient failures: a retry may succeed.
#[rustfmt::skip]
pub(crate) const TRANSIENT: &[Fixture] = &[
    Fixture { name: "408", status: 408, headers: NONE, body: r#"{"error":{"message":"Request timed out.","type":"timeout","param":null,"code":null}}"# },
    Fixture { name: "409", status: 409, headers: NONE, body: r#"{"error":{"message":"The request conflicts with another.","type":"conflict","param":null,"code":null}}"# },
    Fixture { name: "502-html", status: 502, headers: NONE, body: HTML },
    Fixture { name: "504-html", status: 504, headers: NONE, body: HTML },
    Fixture { name: "524-html", status: 524, headers: NONE, body: HTML },
    Fixture { name: "500-text", status: 500, headers: NONE, body: r#"{"error":"out of memory"}"# },
    Fixture { name: "500-unwrapped", status: 500, headers: NONE, body: r#"{"object":"error","message":"engine died","type":"InternalServerError","param":null,"code":500}"# },
    Fixture { name: "500-nothing", status: 500, headers: NONE, body: "" },
    Fixture { name: "503-overloaded", status: 503, headers: &[("retry-after", "1")], body: r#"{"error":{"message":"The server is overloaded.","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}"# },
    Fixture { name: "529", status: 529, headers: NONE, body: r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"# },
    Fixture { name: "498", status: 498, headers: NONE, body: r#"{"error":{"message":"Flex tier capacity exceeded.","type":"invalid_request_error","code":"capacity_exceeded"}}"# },
    Fixture { name: "429-tokens", status: 429, headers: NONE, body: r#"{"error":{"message":"Rate limit reached for m in organization o on tokens per min (TPM): Limit 30000000, Used 29937000, Requested 385000. Please try again in 644ms. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"# },
    Fixture { name: "429-slow-down", status: 429, headers: NONE, body: r#"{"error":{"message":"Slow down.","type":"rate_limit_error","param":null,"code":"slow_down"}}"# },
    Fixture { name: "429-no-capacity", status: 429, headers: NONE, body: r#"{"error":{"message":"No resources for this tier.","type":"invalid_request_error","param":null,"code":"resource_unavailable"}}"# },
    Fixture { name: "429-nothing", status: 429, headers: NONE, body: "" },
    Fixture { name: "429-gemini", status: 429, headers: NONE, body: r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}}]"# },
    Fixture { name: "429-vertex", status: 429, headers: NONE, body: r#"[{"error":{"code":429,"message":"Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.","status":"RESOURCE_EXHAUSTED"}}]"# },
    Fixture { name: "402-in-flight", status: 402, headers: &[("retry-after", "1")], body: r#"{"error":{"message":"This request would exceed your available credits given your current in-flight requests. Retry after in-flight requests settle, or add credits.","code":402,"metadata":{"reason":"in_flight_budget_exhausted","limit_source":"openrouter_in_flight_budget"}}}"# },
    Fixture { name: "200-overloaded", status: 200, headers: NONE, body: r#"{"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later.","param":null}}"# },
    Fixture { name: "400-json-validate", status: 400, headers: NONE, body: r#"{"error":{"message":"Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":"{\"kind\": \"inv"}}"# },
    Fixture { name: "400-image-url", status: 400, headers: NONE, body: r#"{"error":{"message":"Timeout while downloading page.jpg.","type":"invalid_request_error","param":null,"code":"invalid_image_url"}}"# },
    Fixture { name: "200-html", status: 200, headers: NONE, body: HTML },
    Fixture { name: "200-nothing", status: 200, headers: NONE, body: "" },
    Fixture { name: "200-no-choices", status: 200, headers: NONE, body: r#"{"id":null,"object":"chat.completion","choices":null,"usage":null}"# },
    Fixture { name: "200-half", status: 200, headers: NONE, body: r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assis"# },
    Fixture { name: "200-error", status: 200, headers: NONE, body: r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"error\":{\"message\":\"upstream\"}}"}},"user_id":"u"}"# },
];

/// Failures of one page: a retry gets the same reply.
#[rustfmt::skip]
pub(crate) const PERMANENT: &[Fixture] = &[
    Fixture { name: "400-context", status: 400, headers: NONE, body: r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 145823 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"# },
    Fixture { name: "400-image", status: 400, headers: NONE, body: r#"{"error":{"message":"The image data you provided does not represent a valid image. Please check your input and try again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].","type":"invalid_request_error","param":"input","code":"invalid_value"}}"# },
    Fixture { name: "400-image-size", status: 400, headers: NONE, body: r#"{"error":{"message":"Failed to download image from IMG_9660.gif. Image size exceeds the limit.","type":"invalid_request_error","param":null,"code":"invalid_image"}}"# },
    Fixture { name: "400-schema", status: 400, headers: NONE, body: r#"{"error":{"message":"Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required to be supplied and to be false.","type":"invalid_request_error","param":"response_format","code":null}}"# },
    Fixture { name: "400-tier", status: 400, headers: NONE, body: r#"{"error":{"message":"Invalid service_tier argument: The requested service tier is not allowed for this project.","type":"invalid_request_error","param":"service_tier","code":null}}"# },
    Fixture { name: "400-filter", status: 400, headers: NONE, body: r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}}"# },
    Fixture { name: "422", status: 422, headers: NONE, body: r#"{"detail":[{"loc":["body","messages"],"msg":"field required","type":"value_error.missing"}]}"# },
    Fixture { name: "413-html", status: 413, headers: NONE, body: "<html><head><title>413 Request Entity Too Large</title></head><body><hr>nginx</body></html>" },
    Fixture { name: "429-too-large", status: 429, headers: NONE, body: r#"{"error":{"message":"Request too large for m in organization o on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"# },
];

/// Failures of the endpoint or the account: every request fails.
#[rustfmt::skip]
pub(crate) const FATAL: &[Fixture] = &[
    Fixture { name: "401-gateway", status: 401, headers: NONE, body: HTML },
    Fixture { name: "402", status: 402, headers: NONE, body: r#"{"error":{"message":"Insufficient credits","code":402}}"# },
    Fixture { name: "403-region", status: 403, headers: NONE, body: r#"{"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}}"# },
    Fixture { name: "429-credit", status: 429, headers: NONE, body: r#"{"error":{"message":"Your credit balance is exhausted.","type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"}}"# },
    Fixture { name: "429-spend-limit", status: 429, headers: NONE, body: r#"{"error":{"message":"The project's spend limit is exceeded.","type":"insufficient_quota","param":null,"code":"project_spend_limit_exceeded"}}"# },
    Fixture { name: "429-spend-cap", status: 429, headers: NONE, body: r#"{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your API usage limits: your organization's monthly spend. You will regain access on 2027-01-01 at 00:00 UTC.","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_1"}"# },
    Fixture { name: "429-per-day", status: 429, headers: NONE, body: r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"59s"}]}}]"# },
    Fixture { name: "400-credit", status: 400, headers: NONE, body: r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_1"}"# },
    Fixture { name: "402-credits", status: 402, headers: NONE, body: r#"{"error":{"message":"Insufficient credits. Add more using https://openrouter.ai/settings/credits","code":402,"metadata":{"limit_source":"openrouter_credits"}}}"# },
    Fixture { name: "401-entra", status: 401, headers: NONE, body: r#"{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}"# },
    Fixture { name: "301", status: 301, headers: &[("location", "http://127.0.0.1:9/v1/chat/completions")], body: "" },
    Fixture { name: "307", status: 307, headers: &[("location", "http://127.0.0.1:9/v1/chat/completions")], body: "" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_the_status_and_bodies_are_json_or_html() {
        for Fixture { name, status, headers, body } in [TRANSIENT, PERMANENT, FATAL].into_iter().flatten() {
            let has_status = name.split('-').next() == Some(&status.to_string());
            assert!(has_status, "{name}");
            let is_cut = *name == "200-half";
            let is_json = serde_json::from_str::<serde_json::Value>(body).is_ok();
            assert!(body.is_empty() || body.starts_with('<') || is_json != is_cut, "{name}");
            assert!(headers.iter().all(|(name, _)| *name == name.to_lowercase()), "{name}");
        }
    }
}
