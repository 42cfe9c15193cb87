//! Numbers in errors about the output limit and the context window: the largest limit that a model
//! accepts, and the one that fits beside a prompt.

/// Names of the output limit.
const LIMITS: &[&str] = &["max_tokens", "max tokens", "max_completion_tokens", "max_output_tokens", "output tokens"];

/// The largest output limit that an error names, in tokens: `at most 16384 completion tokens`, `the
/// valid range is [1, 8192]`, `200000 > 128000, which is the maximum`. `text` is in lower case.
pub(crate) fn max_output(text: &str) -> Option<u32> {
    if !LIMITS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let number_after = |words: &str| {
        let rest = &text[text.find(words)? + words.len()..];
        let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != ',' && c != '.');
        first_number(rest)
    };
    let range = || {
        let rest = &text[text.find("[1,")? + 3..];
        first_number(rest.trim_start())
    };
    let maximum = || {
        let rest = &text[text.find(" > ")? + 3..];
        text.contains("maximum").then(|| first_number(rest)).flatten()
    };
    // `max_tokens (100) exceeds the maximum allowed for this model: 64`; not a window, nor a rate.
    let exceeded = || {
        let is_other = ["context", "per min", "rate", "window"].iter().any(|word| text.contains(word));
        let rest = &text[text.find("exceed").filter(|_| !is_other)?..];
        rest.split_whitespace().find_map(|word| {
            let word = word.trim_matches(|c: char| ":,.;()[]<>=".contains(c));
            word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.replace(',', "").parse().ok()).flatten()
        })
    };
    range()
        .or_else(maximum)
        .or_else(|| number_after("supports at most"))
        .or_else(|| number_after("less than or equal to"))
        .or_else(|| number_after("must be at most"))
        .or_else(|| number_after("cannot exceed"))
        .or_else(|| number_after("maximum is"))
        .or_else(|| number_after("larger than"))
        .or_else(exceeded)
        .filter(|tokens| *tokens > 0)
}

/// The least output limit that an error asks for, in tokens: `expected a value >= 256`, `must be greater than
/// thinking.budget_tokens`; 0: it names no number. `text` is in lower case.
pub(crate) fn min_output(text: &str) -> Option<u32> {
    const RULES: &[&str] = &[
        "below minimum",
        "below the minimum",
        "less than the minimum",
        "lower than the minimum",
        "smaller than the minimum",
        "minimum value is",
        "minimum is",
        "minimum of",
        "value >=",
        "must be >=",
        "should be >=",
        "greater than or equal to",
        "must be greater than",
        "must be larger than",
        "must be more than",
        "must exceed",
        "should be greater than",
        "must be at least",
        "should be at least",
        "is too small",
        "is too low",
    ];
    let text = text.replace(['`', '\'', '"'], "");
    let at = LIMITS.iter().filter_map(|name| text.find(name)).min()?;
    let rest = &text[at..];
    // The window leaves no room, or the prompt is what is too short.
    if ["context", "got -", "window", "per min"].iter().any(|word| text.contains(word)) {
        return None;
    }
    let numbers = RULES.iter().filter_map(|rule| {
        let after = &rest[rest.find(rule)? + rule.len()..];
        let number = after.trim_start_matches([' ', ':', '=', '(']);
        Some(first_number(number).unwrap_or(0))
    });
    numbers.max()
}

/// The output limit that fits beside a prompt into the context window, in tokens. `None`: the limit
/// takes at most half of the window, so that the prompt is what is too long. `text` is in lower case,
/// such as `maximum context length is 4096 tokens. however, you requested 9000 tokens (800 in the
/// messages, 8200 in the completion)`.
pub(crate) fn max_answer(text: &str) -> Option<u32> {
    let text = text.replace(['`', '\'', '"'], "");
    let after = |words: &str| first_number(&text[text.find(words)? + words.len()..]);
    let before = |words: &str| {
        let ends = |(at, _): (usize, &str)| {
            let text = text[..at].trim_end();
            let start = text.rfind(|c: char| !c.is_ascii_digit() && c != ',').map_or(0, |at| at + 1);
            first_number(&text[start..])
        };
        text.match_indices(words).find_map(ends)
    };
    let first_after = |all: &[&str]| all.iter().find_map(|words| after(words));
    let first_before = |all: &[&str]| all.iter().find_map(|words| before(words));
    let window = first_after(&["context length is only ", "context length is ", "context length of ", "must be <= "])
        .or_else(|| after(" > ").filter(|_| text.contains("context limit")))?;
    let prompt = first_before(&[" in the messages", " inputs tokens", " input tokens", " of text input"])
        .or_else(|| before(" + "));
    let answer = first_before(&[" in the completion", " in the output", " max_new_tokens"])
        .filter(|_| !text.contains("context limit"))
        .or_else(|| after("requested ").filter(|_| text.contains("output tokens")))
        .or_else(|| first_after(&["max_tokens is too large: ", "max_completion_tokens is too large: "]))
        .or_else(|| after(" + "))?;
    if answer <= window / 2 || prompt.is_some_and(|prompt| prompt >= window) {
        return None;
    }
    // Other pages have longer prompts, and this one may be the longest.
    let left = prompt.map_or(window / 2, |prompt| (window - prompt) / 10 * 9);
    Some(left.max(window / 4)).filter(|left| *left >= MIN_ANSWER_TOKENS)
}

/// With less room for the answer the prompt is what is too long.
const MIN_ANSWER_TOKENS: u32 = 64;

fn first_number(text: &str) -> Option<u32> {
    let digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',');
    digits.collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_output_limit() {
        for (message, expected) in [
            ("max_tokens is too large: 33000. This model supports at most 16384 completion tokens", Some(16_384)),
            ("max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens", Some(128_000)),
            ("the valid range of max_tokens is [1, 8192]", Some(8192)),
            ("max_tokens (100) exceeds the maximum allowed for this model: 64", Some(64)),
            ("max_tokens exceeds the maximum for gpt-4 of 4,096 tokens.", Some(4096)),
            ("max_tokens exceeds the context window of 4096", None),
            ("max_tokens exceeds the rate limit of 4096", None),
            ("max_tokens is wrong", None),
            ("exceeds 64", None),
        ] {
            assert_eq!(max_output(&message.to_lowercase()), expected, "{message}");
        }
    }

    #[test]
    fn the_least_output_limit() {
        for (message, expected) in [
            (
                "Invalid 'max_tokens': integer below minimum value. Expected a value >= 256, but got 100 instead.",
                Some(256),
            ),
            ("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 10.", Some(16)),
            ("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation", Some(0)),
            ("The requested max_tokens 100 is below the minimum 256", Some(256)),
            ("max_completion_tokens must be at least 1,024", Some(1024)),
            ("max_tokens: 100 is too small for this model", Some(0)),
            ("max_tokens: minimum value is 64", Some(64)),
            ("max_tokens must be at least 1, got -512", None),
            ("max_tokens (33000) >= the model's limit (16384)", None),
            ("max_tokens is not supported", None),
            ("the image is too small", None),
            ("", None),
        ] {
            assert_eq!(min_output(&message.to_lowercase()), expected, "{message}");
        }
    }

    #[test]
    fn the_output_limit_that_fits_beside_the_prompt() {
        for (message, expected) in [
            (
                "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (800 in the messages, 8200 in the completion).",
                Some(2961),
            ),
            (
                "'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 5000 input tokens (8192 > 8192 - 5000).",
                Some(2871),
            ),
            (
                "'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 8000 input tokens (8192 > 8192 - 8000).",
                Some(2048),
            ),
            (
                "'max_tokens' is too large: 300. This model's maximum context length is 4096 tokens and your request has 3900 input tokens (300 > 4096 - 3900).",
                None,
            ),
            (
                "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens (3900 in the messages, 300 in the completion).",
                None,
            ),
            (
                "However, you requested 1250025 tokens (1250025 in the messages, 0 in the completion). This model's maximum context length is 1048565 tokens.",
                None,
            ),
            (
                "You passed 894 input characters and requested 4096 output tokens. However, the model's context length is only 4096 tokens",
                Some(2048),
            ),
            (
                "This model's maximum context length is 4096 tokens. However, you requested 300 output tokens and your prompt contains at least 3900 input tokens",
                None,
            ),
            (
                "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (7232 of text input, 32768 in the output).",
                Some(22_977),
            ),
            (
                "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3900 `inputs` tokens and 300 `max_new_tokens`",
                None,
            ),
            (
                "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 900 `inputs` tokens and 4000 `max_new_tokens`",
                Some(2871),
            ),
            ("input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease them", None),
            (
                "input length and `max_tokens` exceed context limit: 100000 + 128000 > 200000, decrease them",
                Some(90_000),
            ),
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 144641 tokens.",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(max_answer(&message.to_lowercase()), expected, "{message}");
        }
    }
}
