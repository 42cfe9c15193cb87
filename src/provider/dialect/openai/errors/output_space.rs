//! Numbers in errors about the context window: the output limit that fits together with a prompt.

/// The output limit that fits into the context window together with a prompt, in tokens. `None`: the limit takes at
/// most half of the window, so the prompt is too long. `text` is in lower case, such as `maximum context length is 4096
/// tokens. however, you requested 9000 tokens (800 in the messages, 8200 in the completion)`.
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

/// With less room for the answer the prompt is too long.
const MIN_ANSWER_TOKENS: u32 = 64;

fn first_number(text: &str) -> Option<u32> {
    let digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',');
    digits.collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
