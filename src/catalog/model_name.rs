//! Names of models without the parts that differ between providers.

/// The name of a model in lower case, without the prefix of the vendor and the date of the
/// snapshot: `openai/GPT-4o-mini-2024-07-18` becomes `gpt-4o-mini`.
pub(crate) fn bare_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let is_date = |tail: &str| {
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        digits == 8 && tail.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    // `-2024-07-18`, or `-20251001`.
    for length in [11, 9] {
        if let Some((start, tail)) = name.len().checked_sub(length).and_then(|at| name.split_at_checked(at))
            && tail.starts_with('-')
            && !start.is_empty()
            && is_date(tail)
        {
            return start.to_owned();
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_and_dates_are_removed() {
        for (model, expected) in [
            ("gpt-4o-mini", "gpt-4o-mini"),
            ("openai/gpt-4o-mini", "gpt-4o-mini"),
            ("accounts/x/models/Qwen2.5-VL", "qwen2.5-vl"),
            ("OpenAI/GPT-4o-mini-2024-07-18", "gpt-4o-mini"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("model-1234567", "model-1234567"),
            ("model-123456789", "model-123456789"),
            ("-2024-07-18", "-2024-07-18"),
            ("modell-ä-20240718", "modell-ä"),
            ("ääääääääääää", "ääääääääääää"),
            ("", ""),
        ] {
            assert_eq!(bare_name(model), expected, "{model}");
        }
    }
}
