//! The table of bounds, with observed errors of servers.

use super::*;

fn bounds(message: &str) -> OutputBounds {
    OutputBounds::read("", &message.to_lowercase())
}

#[test]
fn the_largest_output_limit() {
    for (message, expected) in [
        ("max_tokens is too large: 33000. This model supports at most 16384 completion tokens", 16_384),
        (
            "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.",
            4096,
        ),
        ("Invalid 'max_tokens': integer above maximum value. Expected a value <= 4096, but got 16384 instead.", 4096),
        (
            "Invalid 'max_completion_tokens': integer above maximum value. Expected a value <= 128,000, but got 200,000 instead.",
            128_000,
        ),
        ("max_tokens must be less than or equal to 8192", 8192),
        ("max_tokens: Input should be less than or equal to 8192", 8192),
        ("body.max_tokens: ensure this value is less than or equal to 4096", 4096),
        (
            "`max_completion_tokens` must be less than or equal to `8192`, the maximum value for `max_completion_tokens` is less than the `context_window` for this model",
            8192,
        ),
        ("max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for claude-3", 128_000),
        ("max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for Claude 3", 128_000),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("Range of max_tokens should be [1,8192]", 8192),
        ("max_tokens must be in (0, 8192]", 8192),
        ("max_tokens must be between 1 and 4,096", 4096),
        (
            "Unable to submit request because it has a maxOutputTokens value of 100000 but the supported range is from 1 (inclusive) to 65537 (exclusive). Update the value and try again.",
            65_536,
        ),
        ("max_tokens (100) exceeds the maximum allowed for this model: 64", 64),
        ("max_tokens exceeds the maximum for gpt-4 of 4,096 tokens.", 4096),
        (
            "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower than 8192.",
            8191,
        ),
        ("The maximum tokens you requested exceeds the model limit of 8192.", 8192),
        ("max_tokens (33000) >= the model's limit (16384)", 16_384),
        ("max_tokens: maximum is 80", 80),
        ("max_tokens cannot exceed 4096", 4096),
        ("max_tokens may not exceed 4 096", 4096),
        ("max_tokens may not exceed 4\u{a0}096", 4096),
        ("max_tokens can't be greater than 4.096", 4096),
        ("max_tokens must not be larger than 4_096.", 4096),
        ("max_tokens must be at most 8k", 8000),
        ("max_tokens must be < 4097", 4096),
        ("max_tokens must be less than 4097", 4096),
        ("max_tokens \u{2264} 4096", 4096),
        ("1 <= max_tokens <= 8192", 8192),
        ("max_tokens: no more than 2048 tokens are allowed", 2048),
        ("The output limit is 4096 tokens", 4096),
        ("max_tokens is larger than 4096", 4096),
        ("This model can emit no more than 4096 tokens per reply", 4096),
        ("max_tokens is capped at 4096 here", 4096),
        ("max_tokens: there is a ceiling of 4 096", 4096),
        ("maximum allowed value for max_tokens is 4096", 4096),
        ("`max_tokens` is too large. Maximum output tokens for this model is 4096.", 4096),
        ("max_tokens(9000) should be in the range of 1 to 4096", 4096),
        ("The max_tokens limit for this model is 4096", 4096),
        ("Error code: 400 - max_tokens must be at most 4096 (request id 9999)", 4096),
        ("max_tokens=9000 is greater than the maximum of 4096", 4096),
        ("Please reduce max_tokens. Limit: 4096", 4096),
        // Not an output limit.
        (
            "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 2345",
            0,
        ),
        ("too many images: at most 20 images are allowed with max_tokens", 0),
        ("The server accepts at most 300 requests per minute; max_tokens 100", 0),
        ("max_tokens exceeds the context window of 4096", 0),
        ("max_tokens exceeds the rate limit of 4096", 0),
        ("max_tokens exceeds the limit (error code 1210)", 0),
        ("max_tokens exceeds the limit (request id: 20251127)", 0),
        ("max_tokens exceeds the limit. HTTP status 400", 0),
        ("HTTP 400: max_tokens is too large", 0),
        ("max_tokens exceeds the limit, retry after 3000 ms", 0),
        ("max_tokens must be less than the context_window of 4096", 0),
        ("temperature must be less than or equal to 20; max_tokens is fine", 0),
        ("max_tokens and temperature: temperature must be <= 20", 0),
        ("max_tokens must be at most 50 requests", 0),
        ("max_tokens is wrong", 0),
        ("max_tokens must be greater than 0", 0),
        ("exceeds 64", 0),
        ("the prompt must be at most 4096 tokens, max_tokens is ignored", 0),
        ("", 0),
    ] {
        let expected = Some(expected).filter(|tokens| *tokens > 0);
        assert_eq!(bounds(message).most, expected, "{message}");
    }
    assert_eq!(OutputBounds::read("max_tokens", "expected a value <= 4096, but got 16384 instead.").most, Some(4096));
    assert_eq!(OutputBounds::read("temperature", "expected a value <= 4096, but got 16384 instead.").most, None);
}

#[test]
fn bounds_in_words_that_are_not_understood() {
    for (message, most, least) in [
        ("completion budget: 16.384 maximum", Some(16_384), None),
        ("max_tokens 16384: this deployment goes to 4096", Some(4096), None),
        ("with max_tokens 500 we are under the floor of 512", Some(512), Some(512)),
        ("max_tokens (9000) is beyond what 8192 allows", Some(8192), None),
        ("max_tokens may be 4096 at most", Some(4096), None),
        ("max_tokens over the limit, 4096 allowed", Some(4096), None),
        ("Invalid parameter: max_tokens. Trace 88123", Some(88_123), None),
        ("Invalid parameter: max_tokens. Trace 88123-a1", None, None),
        ("max_tokens: error 4096", None, None),
        ("the context window is 4096; max_tokens", None, None),
        ("a limit of 4096", None, None),
        ("", None, None),
    ] {
        assert_eq!(OutputBounds::guess("", &message.to_lowercase()), OutputBounds { most, least }, "{message}");
    }
}

#[test]
fn the_least_output_limit() {
    for (message, expected) in [
        ("Invalid 'max_tokens': integer below minimum value. Expected a value >= 256, but got 100 instead.", Some(256)),
        ("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 10.", Some(16)),
        ("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation", Some(0)),
        ("The requested max_tokens 100 is below the minimum 256", Some(256)),
        ("max_tokens is less than the minimum of 1,024", Some(1024)),
        ("max_completion_tokens must be at least 1,024", Some(1024)),
        ("max_tokens should be greater than or equal to 256", Some(256)),
        ("max_tokens must be greater than 255", Some(256)),
        ("max_tokens must exceed 255", Some(256)),
        ("max_tokens cannot be less than 256", Some(256)),
        ("max_tokens must not be lower than 2k", Some(2000)),
        ("max_tokens must be between 256 and 8192", Some(256)),
        ("max_tokens: 100 is too small for this model", Some(0)),
        ("max_tokens: minimum value is 64", Some(64)),
        ("max_tokens must be at least 1, got -512", None),
        ("max_tokens (33000) >= the model's limit (16384)", None),
        ("max_tokens must be at most 256", None),
        ("max_tokens must be in [1, 8192]", None),
        ("max_tokens is not supported", None),
        ("the image is too small", None),
        ("max_tokens is fine, but the image is too small", None),
        ("the context window is too small for max_tokens", None),
        ("", None),
    ] {
        assert_eq!(bounds(message).least, expected, "{message}");
    }
}
