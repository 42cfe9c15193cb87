//! Durations, percentages and times as people write and read them.

use std::time::Duration;

/// Parses `250ms`, `60s`, `1m30s`, `10m`, `2h` or `1d`. A bare `0` is zero.
///
/// # Errors
/// A text of another form.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a valid duration; use a form such as 500ms, 60s, 10m, 2h or 7d");
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(bad()),
        };
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| bad())?;
        total = total.checked_add(part).ok_or_else(bad)?;
        rest = rest[letters..].trim_start();
    }
    Ok(total)
}

/// Parses `1%`, `0.5 %` or a share such as `0.01`, as a share from 0 to 1.
///
/// # Errors
/// A text of another form, or outside 0 to 100 %.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let bad = || format!("`{text}` is not a share from 0% to 100%");
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| bad())? / 100.0,
        None => text.trim().parse::<f64>().map_err(|_| bad())?,
    };
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(bad()) }
}

/// A wall time as RFC 3339 in UTC with milliseconds: `2026-11-23T13:18:05.250Z`.
#[must_use]
pub fn rfc3339(wall_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(wall_ms).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

/// The UTC day of a wall time: `2026-11-23`.
#[must_use]
pub fn utc_day(wall_ms: i64) -> String {
    rfc3339(wall_ms).chars().take(10).collect()
}

/// Parses `2026-11-23` (its first moment, UTC) or an RFC 3339 time, to wall milliseconds.
///
/// # Errors
/// A text of another form.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let bad = || format!("`{text}` is not a valid time; use a form such as 2026-11-23 or 2026-11-23T13:00:00Z");
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    full.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| bad())
}

/// Whether `text` is a calendar date such as `2026-02-28`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Days from 1970-01-01 to a calendar date, as Parquet's `date32` counts.
#[must_use]
pub fn days_since_epoch(date: &str) -> Option<i32> {
    let date = date.parse::<jiff::civil::Date>().ok()?;
    date.since(jiff::civil::date(1970, 1, 1)).ok().map(|span| span.get_days())
}

/// The calendar date of a count of days from 1970-01-01, as [`days_since_epoch`] counts.
#[must_use]
pub fn date_of_days(days: i32) -> Option<String> {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some(date.to_string())
}

/// A duration for people: `450 ms`, `12 s`, `3 m 20 s`, `2 h 5 m`.
#[must_use]
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A count with thousands apart: `1,234,567`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in [
            ("250ms", 250),
            ("60s", 60_000),
            ("1m30s", 90_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("0", 0),
            ("1.5s", 1500),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", "10", "ten", "5 minutes", "-1s", "1e9"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(parse_share("1%"), Ok(0.01));
        assert_eq!(parse_share("0.01"), Ok(0.01));
        assert!(parse_share("101%").is_err() && parse_share("-1%").is_err() && parse_share("x").is_err());
    }

    #[test]
    fn times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_time("1970-01-02"), Ok(86_400_000));
        assert_eq!(days_since_epoch("2026-11-23"), Some(20780));
        assert_eq!(date_of_days(20780).as_deref(), Some("2026-11-23"));
        assert!(is_date("2024-02-29") && !is_date("2023-02-29") && !is_date("20240229"));
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
