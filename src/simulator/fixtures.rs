//! Errors as providers were seen to send them: one row a reply. Texts are theirs.

/// A reply that is always the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Canned {
    /// The fault's name on the command line.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Further headers.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body: JSON, or HTML when it begins so.
    pub body: &'static str,
}

const NONE: &[(&str, &str)] = &[];
const HTML: &str = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><center><h1>Error</h1></center><hr><center>cloudflare</center></body></html>";

/// What passes, and what waiting helps.
#[rustfmt::skip]
pub(crate) const PASSING: &[Canned] = &[
    Canned { name: "408", status: 408, headers: NONE, body: r#"{"error":{"message":"Request timed out.","type":"timeout","param":null,"code":null}}"# },
    Canned { name: "409", status: 409, headers: NONE, body: r#"{"error":{"message":"The request conflicts with another.","type":"conflict","param":null,"code":null}}"# },
    Canned { name: "502-html", status: 502, headers: NONE, body: HTML },
    Canned { name: "504-html", status: 504, headers: NONE, body: HTML },
    Canned { name: "524-html", status: 524, headers: NONE, body: HTML },
    Canned { name: "500-text", status: 500, headers: NONE, body: r#"{"error":"out of memory"}"# },
    Canned { name: "500-unwrapped", status: 500, headers: NONE, body: r#"{"object":"error","message":"engine died","type":"InternalServerError","param":null,"code":500}"# },
    Canned { name: "500-nothing", status: 500, headers: NONE, body: "" },
    Canned { name: "503-overloaded", status: 503, headers: &[("retry-after", "1")], body: r#"{"error":{"message":"The server is overloaded.","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}"# },
    Canned { name: "529", status: 529, headers: NONE, body: r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"# },
    Canned { name: "498", status: 498, headers: NONE, body: r#"{"error":{"message":"Flex tier capacity exceeded.","type":"invalid_request_error","code":"capacity_exceeded"}}"# },
    Canned { name: "429-tokens", status: 429, headers: NONE, body: r#"{"error":{"message":"Rate limit reached for m in organization o on tokens per min (TPM): Limit 30000000, Used 29937000, Requested 385000. Please try again in 644ms. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"# },
    Canned { name: "429-slow-down", status: 429, headers: NONE, body: r#"{"error":{"message":"Slow down.","type":"rate_limit_error","param":null,"code":"slow_down"}}"# },
    Canned { name: "429-no-capacity", status: 429, headers: NONE, body: r#"{"error":{"message":"No resources for this tier.","type":"invalid_request_error","param":null,"code":"resource_unavailable"}}"# },
    Canned { name: "429-nothing", status: 429, headers: NONE, body: "" },
    Canned { name: "429-gemini", status: 429, headers: NONE, body: r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}}]"# },
    Canned { name: "400-image-url", status: 400, headers: NONE, body: r#"{"error":{"message":"Timeout while downloading page.jpg.","type":"invalid_request_error","param":null,"code":"invalid_image_url"}}"# },
    Canned { name: "200-html", status: 200, headers: NONE, body: HTML },
    Canned { name: "200-nothing", status: 200, headers: NONE, body: "" },
    Canned { name: "200-no-choices", status: 200, headers: NONE, body: r#"{"id":null,"object":"chat.completion","choices":null,"usage":null}"# },
    Canned { name: "200-half", status: 200, headers: NONE, body: r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assis"# },
    Canned { name: "200-error", status: 200, headers: NONE, body: r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"error\":{\"message\":\"upstream\"}}"}},"user_id":"u"}"# },
];

/// What no second asking helps: the page fails or is refused.
#[rustfmt::skip]
pub(crate) const FINAL: &[Canned] = &[
    Canned { name: "400-context", status: 400, headers: NONE, body: r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 145823 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"# },
    Canned { name: "400-image", status: 400, headers: NONE, body: r#"{"error":{"message":"The image data you provided does not represent a valid image. Please check your input and try again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].","type":"invalid_request_error","param":"input","code":"invalid_value"}}"# },
    Canned { name: "400-image-size", status: 400, headers: NONE, body: r#"{"error":{"message":"Failed to download image from IMG_9660.gif. Image size exceeds the limit.","type":"invalid_request_error","param":null,"code":"invalid_image"}}"# },
    Canned { name: "400-schema", status: 400, headers: NONE, body: r#"{"error":{"message":"Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required to be supplied and to be false.","type":"invalid_request_error","param":"response_format","code":null}}"# },
    Canned { name: "400-tier", status: 400, headers: NONE, body: r#"{"error":{"message":"Invalid service_tier argument: The requested service tier is not allowed for this project.","type":"invalid_request_error","param":"service_tier","code":null}}"# },
    Canned { name: "400-filter", status: 400, headers: NONE, body: r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}}"# },
    Canned { name: "422", status: 422, headers: NONE, body: r#"{"detail":[{"loc":["body","messages"],"msg":"field required","type":"value_error.missing"}]}"# },
    Canned { name: "413-html", status: 413, headers: NONE, body: "<html><head><title>413 Request Entity Too Large</title></head><body><hr>nginx</body></html>" },
    Canned { name: "429-too-large", status: 429, headers: NONE, body: r#"{"error":{"message":"Request too large for m in organization o on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"# },
];

/// What ends a run: nothing can be answered.
#[rustfmt::skip]
pub(crate) const ENDING: &[Canned] = &[
    Canned { name: "401-gateway", status: 401, headers: NONE, body: HTML },
    Canned { name: "402", status: 402, headers: NONE, body: r#"{"error":{"message":"Insufficient credits","code":402}}"# },
    Canned { name: "403-region", status: 403, headers: NONE, body: r#"{"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}}"# },
    Canned { name: "429-credit", status: 429, headers: NONE, body: r#"{"error":{"message":"Your credit balance is exhausted.","type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"}}"# },
    Canned { name: "429-spend-limit", status: 429, headers: NONE, body: r#"{"error":{"message":"The project's spend limit is exceeded.","type":"insufficient_quota","param":null,"code":"project_spend_limit_exceeded"}}"# },
    Canned { name: "301", status: 301, headers: &[("location", "http://127.0.0.1:9/v1/chat/completions")], body: "" },
    Canned { name: "307", status: 307, headers: &[("location", "http://127.0.0.1:9/v1/chat/completions")], body: "" },
];
