//! Names of models without the parts that differ between providers.

/// Vendors that Bedrock puts before a name, followed by a dot.
const VENDORS: [&str; 8] = ["amazon", "anthropic", "google", "meta", "mistral", "moonshotai", "openai", "qwen"];
/// Regions that Bedrock puts before the vendor, followed by a dot.
const REGIONS: [&str; 7] = ["apac", "au", "eu", "global", "jp", "us", "us-gov"];

/// What names of Claude models begin with.
const CLAUDE: &str = "claude-";

/// The name of a model in lower case, without what providers add to it: the vendor or other
/// words before a slash, Bedrock's region and vendor, the date of the snapshot, a version of
/// Bedrock or Vertex, and a variant after a colon. `openai/GPT-4o-mini-2024-07-18` becomes
/// `gpt-4o-mini`, `us.anthropic.claude-haiku-4-5-20251001-v1:0` becomes `claude-haiku-4-5`.
pub(crate) fn bare_name(model: &str) -> String {
    let name = snapshot_name(model);
    let name = without_date(without_version(without_vendor(&name)));
    if name.starts_with(CLAUDE) { claude_name(name) } else { name.to_owned() }
}

/// The name of a model in lower case with the date of its snapshot: without words before a slash and a variant after a colon.
pub(crate) fn snapshot_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    name.split([':', '@']).next().unwrap_or(&name).to_owned()
}

/// The name of a Claude model as Anthropic writes it: routers write `claude-haiku-4.5` and `claude-4.5-haiku`, and some
/// names end with `-latest`. Those of Claude 3 have the version before the family.
fn claude_name(name: &str) -> String {
    let name = name.strip_suffix("-latest").unwrap_or(name).replace('.', "-");
    let parts: Vec<&str> = name.split('-').collect();
    let is_number = |part: &&&str| part.chars().all(|digit| digit.is_ascii_digit());
    let version = parts.iter().skip(1).take_while(is_number).count();
    if version == 0 || parts.len() == version + 1 || parts[1] == "3" {
        return name;
    }
    let (version, family) = parts[1..].split_at(version);
    [&parts[..1], family, version].concat().join("-")
}

fn without_vendor(name: &str) -> &str {
    let strip = |name, words: &[&str]| {
        let (word, rest): (&str, &str) = str::split_once(name, '.')?;
        (words.contains(&word) && !rest.is_empty()).then_some(rest)
    };
    let regional = strip(name, &REGIONS).unwrap_or(name);
    strip(regional, &VENDORS).unwrap_or(name)
}

/// Without `-v1` at the end, if a date precedes it.
fn without_version(name: &str) -> &str {
    let Some((start, version)) = name.rsplit_once("-v") else { return name };
    let is_number = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit());
    if is_number && without_date(start) != start { start } else { name }
}

/// Without `-2024-07-18` or `-20251001` at the end.
fn without_date(name: &str) -> &str {
    let is_date = |tail: &str| {
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        digits == 8 && tail.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    for length in [11, 9] {
        if let Some((start, tail)) = name.len().checked_sub(length).and_then(|at| name.split_at_checked(at))
            && tail.starts_with('-')
            && !start.is_empty()
            && is_date(tail)
        {
            return start;
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
            ("models/gemini-3.8-flash", "gemini-3.8-flash"),
            ("google/gemini-3.8-flash:batch", "gemini-3.8-flash"),
            ("qwen/qwen3-vl-30b-a3b-instruct:free", "qwen3-vl-30b-a3b-instruct"),
            ("openai.gpt-5.6-luna", "gpt-5.6-luna"),
            ("anthropic.claude-haiku-5-5", "claude-haiku-5-5"),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("gpt-6-sol-2026-09-22", "gpt-6-sol"),
            ("gpt-5.6", "gpt-5.6"),
            ("us.model", "us.model"),
            ("openai.", "openai."),
            ("moondream-v2", "moondream-v2"),
            ("anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
            ("anthropic/claude-4.5-haiku-20251001", "claude-haiku-4-5"),
            ("anthropic/claude-opus-4.8", "claude-opus-4-8"),
            ("claude-4-sonnet", "claude-sonnet-4"),
            ("claude-4.6-sonnet-20260217", "claude-sonnet-4-6"),
            ("claude-haiku-4-5-latest", "claude-haiku-4-5"),
            ("claude-3.5-sonnet", "claude-3-5-sonnet"),
            ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
            ("claude-2", "claude-2"),
        ] {
            assert_eq!(bare_name(model), expected, "{model}");
        }
    }
}
