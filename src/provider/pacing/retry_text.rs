//! The delay that an error message asks for, in prose.
//!
//! Source: messages of OpenAI, Azure (`Please retry after 86400 seconds.`), Gemini (`Please retry in 59.1s.`), Groq,
//! Anthropic (`You will regain access on 2026-09-01 at 00:00 UTC.`) and LiteLLM (`Limit resets at: …`), 2026.

use super::retry_after::parse_go_duration;
use crate::base::units::parse_time;
use crate::provider::judgement::wording::skip_fillers;
use std::time::Duration;

/// Words before a delay.
const BEFORE_DELAY: &[&str] = &[
    "try again in",
    "try again after",
    "retry in",
    "retry after",
    "retry-after",
    "retry_after",
    "retryafter",
    "retrydelay",
    "retry_delay",
    "reset in",
    "resets in",
    "reset after",
    "resets after",
    "available in",
    "available again in",
    "wait",
];
/// Words before a point in time.
const BEFORE_TIME: &[&str] = &[
    "regain access on",
    "regain access at",
    "try again at",
    "try again on",
    "try again after",
    "retry at",
    "retry after",
    "reset at",
    "resets at",
    "reset on",
    "resets on",
    "available at",
    "available on",
];
/// Words and signs between these and the delay.
const FILLERS: &[&str] = &["for", "at", "least", "about", "another", "approximately", "around", "up", "to"];
const SIGNS: [char; 8] = [':', '=', '~', '"', '\'', '`', '(', '\u{2248}'];

/// Units, by the words for them, with their length in seconds.
const UNITS: &[(&[&str], f64)] = &[
    (&["ms", "msec", "msecs", "millis", "millisecond", "milliseconds"], 0.001),
    (&["s", "sec", "secs", "second", "seconds"], 1.0),
    (&["m", "min", "mins", "minute", "minutes"], 60.0),
    (&["h", "hr", "hrs", "hour", "hours"], 3600.0),
    (&["d", "day", "days"], 86_400.0),
    (&["w", "week", "weeks"], 604_800.0),
];

/// The delay that a message asks for. `wall_ms`: the time of the reply, in milliseconds since 1970. A delay of
/// nothing, and a time that is over, count as none.
pub(crate) fn delay_from_text(message: &str, wall_ms: i64) -> Option<Duration> {
    let text = message.to_lowercase();
    let delay = after_words(&text, BEFORE_DELAY).find_map(|(words, rest)| parse_delay(rest, words != "wait"));
    let delay = delay.or_else(|| {
        let at = after_words(&text, BEFORE_TIME).find_map(|(_, rest)| parse_point(rest))?;
        u64::try_from(at.saturating_sub(wall_ms)).ok().map(Duration::from_millis)
    });
    delay.filter(|delay| !delay.is_zero())
}

/// What follows each of `words` in a text, in the order of the text.
fn after_words<'a>(text: &'a str, words: &[&'static str]) -> impl Iterator<Item = (&'static str, &'a str)> {
    let mut found: Vec<(usize, &'static str)> =
        words.iter().flat_map(|words| text.match_indices(words).map(|(at, _)| (at, *words))).collect();
    found.sort_unstable();
    found.into_iter().filter_map(|(at, words)| {
        let is_word = |c: char| c.is_alphanumeric();
        let rest = &text[at + words.len()..];
        // `await 5 s` and `waited 5 s` ask for nothing.
        let is_whole = !text[..at].ends_with(is_word) && !rest.starts_with(is_word);
        is_whole.then_some((words, rest))
    })
}

/// Parses `1m2.5s`, `86400 seconds`, `1 minute and 30 seconds`, `a day`, and where the words before it allow only a
/// delay, a number of seconds.
fn parse_delay(text: &str, may_lack_unit: bool) -> Option<Duration> {
    let text = skip_fillers(text, FILLERS, &SIGNS);
    // Go's form first: it is exact.
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    if let Some(delay) = parse_go_duration(text[..end].trim_end_matches('.')) {
        // `1m 30s`, or `1s` alone: the rest may have more of it.
        return Some(delay + more_parts(&text[end..]));
    }
    let (number, rest) = parse_number(text)?;
    match parse_unit(rest) {
        Some((seconds, rest)) => Some(duration(number * seconds)? + more_parts(rest)),
        // `retry after 30.`, but neither `2026-09-01` nor `3 attempts`.
        None => {
            let ends = rest.trim_start().chars().next().is_none_or(|c| ".,;)!\"'`}".contains(c));
            (may_lack_unit && ends).then(|| duration(number))?
        }
    }
}

/// The further parts of a delay, such as ` and 30 seconds`.
fn more_parts(text: &str) -> Duration {
    let (mut total, mut rest) = (Duration::ZERO, text);
    loop {
        let next = rest.trim_start_matches([' ', ',']);
        let next = next.strip_prefix("and ").unwrap_or(next);
        let part = parse_number(next).and_then(|(number, after)| {
            let (seconds, after) = parse_unit(after)?;
            Some((duration(number * seconds)?, after))
        });
        let Some((part, after)) = part else { return total };
        total = total.saturating_add(part);
        rest = after;
    }
}

/// A number in digits, or `a`, `an` or `one`, and what follows it.
fn parse_number(text: &str) -> Option<(f64, &str)> {
    if let Some(rest) = ["a ", "an ", "one "].iter().find_map(|word| text.strip_prefix(word)) {
        return Some((1.0, rest));
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let digits = text[..end].trim_end_matches(['.', ',']);
    let number = digits.replace(',', "").parse().ok()?;
    Some((number, &text[digits.len()..]))
}

/// The length of a unit in seconds, and what follows it.
fn parse_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start_matches([' ', '-']);
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (_, seconds) = UNITS.iter().find(|(words, _)| words.contains(&&text[..end]))?;
    Some((*seconds, &text[end..]))
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// A point in time, such as `2026-09-01 at 00:00 utc`, in milliseconds since 1970. Without a zone it is in UTC.
fn parse_point(text: &str) -> Option<i64> {
    const DATE: usize = "2026-09-01".len();
    let text = skip_fillers(text, FILLERS, &SIGNS);
    let date = text.get(..DATE)?;
    let start = parse_time(date).ok()?;
    let rest = text[DATE..].trim_start_matches([' ', ',', 't']);
    let rest = rest.strip_prefix("at ").unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.".contains(c)).unwrap_or(rest.len());
    let (time, zone) = (rest[..end].trim_end_matches('.'), &rest[end..]);
    let time = match time.matches(':').count() {
        0 => return Some(start),
        1 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    let offset = zone.get(..6).filter(|zone| zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':').unwrap_or("z");
    parse_time(&format!("{date}t{time}{offset}").to_uppercase()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-23T13:00:00Z.
    const NOW: i64 = 1_795_438_800_000;

    #[test]
    fn delays_in_messages() {
        for (message, seconds) in [
            // OpenAI, Groq.
            ("Limit 30000, Used 29937, Requested 385. Please try again in 644ms. Visit https://x", Some(0.644)),
            ("Please try again in 1m2.5s.", Some(62.5)),
            ("Please try again in 7m12s. Visit https://", Some(432.0)),
            ("Please try again in 24h", Some(86_400.0)),
            ("Please try again in 24h0m0s. Visit", Some(86_400.0)),
            ("Please try again later", None),
            ("Please try again in a few minutes.", None),
            // Azure.
            ("Please retry after 86400 seconds.", Some(86_400.0)),
            ("Please retry after 86,400 seconds.", Some(86_400.0)),
            ("Please retry after 6 seconds. Please contact Azure support service if", Some(6.0)),
            ("Please retry after 1 second.", Some(1.0)),
            ("Try again in 86400 seconds.", Some(86_400.0)),
            ("try again in 1 day", Some(86_400.0)),
            ("try again in 2 days, 3 hours", Some(183_600.0)),
            ("TRY AGAIN IN 24 HOURS", Some(86_400.0)),
            // Gemini.
            ("limit: 20, model: gemini-2.5-flash Please retry in 59.103412s.", Some(59.103_412)),
            ("Please retry in 59.1s.", Some(59.1)),
            ("please retry in 12h31m2.5s.", Some(45_062.5)),
            // Others.
            ("Rate limit exceeded. Retry-After: 30", Some(30.0)),
            ("retry_after=2.5", Some(2.5)),
            ("{'retryAfter': 12}", Some(12.0)),
            ("retry after 30.", Some(30.0)),
            ("Retry after: 30s", Some(30.0)),
            ("Please try again in 1 minute and 30 seconds.", Some(90.0)),
            ("Please try again in 1m 30s.", Some(90.0)),
            ("Please try again in a minute.", Some(60.0)),
            ("Please try again in an hour.", Some(3600.0)),
            ("Try again in about 5 min", Some(300.0)),
            ("retry in ~5s", Some(5.0)),
            ("Please wait 20 seconds before retrying", Some(20.0)),
            ("Please wait for at least 1 minute", Some(60.0)),
            ("Rate limit resets in 42 seconds", Some(42.0)),
            ("try again after 10 seconds", Some(10.0)),
            ("retry in 1.5 hrs", Some(5400.0)),
            ("retry after a day; or retry in 5 s", Some(86_400.0)),
            // Points in time.
            ("You will regain access on 2026-12-01 at 00:00 UTC.", Some(644_400.0)),
            ("You will regain access on 2026-09-01 at 00:00 UTC.", None),
            ("Limit resets at: 2026-11-23 13:00:10 UTC", Some(10.0)),
            ("try again at 2026-11-23T13:00:10Z.", Some(10.0)),
            ("try again at 2026-11-23T14:00:10.5+01:00", Some(10.5)),
            ("try again after 2026-11-24", Some(39_600.0)),
            // Nothing of the kind.
            ("Retry after in-flight requests settle, or add credits.", None),
            ("retry after 3 attempts", None),
            ("I waited 5 seconds", None),
            ("wait 5", None),
            ("try again in 0s", None),
            ("retry after 0", None),
            ("retry after -5 seconds", None),
            ("retry after 1e9 seconds", None),
            ("retry after 99999999999999999999999999999999 days", None),
            ("retry after 2026-13-45", None),
            ("retry after", None),
            ("", None),
        ] {
            let delay = delay_from_text(message, NOW).map(|delay| delay.as_secs_f64());
            assert_eq!(delay, seconds, "{message}");
        }
    }

    proptest! {
        /// Any text of a server.
        #[test]
        fn any_text_is_read(text in "(try again in|retry after|resets at|wait)?[ :~]{0,3}[0-9a-zA-Zäß.,: +-]{0,40}", wall_ms in any::<i64>()) {
            let _ = delay_from_text(&text, wall_ms);
        }
    }
}
