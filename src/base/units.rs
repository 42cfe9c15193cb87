//! Durations, shares, times and counts as text.

use std::time::Duration;

/// Parses a duration, such as `250ms`, `60s`, `1m30s`, `1.5h` or `7d`. `0` needs no unit.
///
/// # Errors
/// If the text has another form, or the duration is too large.
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

/// Parses a share, such as `1%`, `0.5 %` or `0.01`, to a number from 0 to 1.
///
/// # Errors
/// If the text has another form, or is outside of 0 to 100 %.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let bad = || format!("`{text}` is not a share from 0% to 100%");
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| bad())? / 100.0,
        None => text.trim().parse::<f64>().map_err(|_| bad())?,
    };
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(bad()) }
}

/// A share as a percentage with at most two decimals, such as `1 %` or `0.25 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let digits = format!("{:.2}", share * 100.0);
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A part of a number as a percentage, such as `33.33 %`; of nothing it is `0 %`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub fn percent_of(part: u64, total: u64) -> String {
    percent(part as f64 / total.max(1) as f64)
}

/// A wall time in UTC with milliseconds (RFC 3339), such as `2026-11-23T13:18:05.250Z`. Empty if it
/// is outside of the years -9999 to 9999.
#[must_use]
pub fn rfc3339(wall_ms: i64) -> String {
    date_time(wall_ms).map_or_else(String::new, |at| format!("{at:.3}Z"))
}

/// Whether a wall time in milliseconds since 1970 is within the years -9999 to 9999, so that
/// [`rfc3339`] can print it.
#[must_use]
pub fn is_printable_time(wall_ms: i64) -> bool {
    date_time(wall_ms).is_some()
}

/// A wall time as date and time in UTC. Not a timestamp: the last of the library is a day before the
/// end of the year 9999, so that it has a date in every time zone.
fn date_time(wall_ms: i64) -> Option<jiff::civil::DateTime> {
    EPOCH.checked_add(jiff::SignedDuration::from_millis(wall_ms)).ok()
}

const EPOCH: jiff::civil::DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// The day of a wall time in UTC, such as `2026-11-23`.
#[must_use]
pub fn utc_day(wall_ms: i64) -> String {
    rfc3339(wall_ms).chars().take(10).collect()
}

/// Parses a date, such as `2026-11-23` (its start in UTC), or an RFC 3339 time, to milliseconds since
/// 1970.
///
/// # Errors
/// If the text has another form.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let bad = || format!("`{text}` is not a valid time; use a form such as 2026-11-23 or 2026-11-23T13:00:00Z");
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    if let Ok(time) = full.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    // The first and the last day of the calendar, in UTC.
    let in_utc = full.strip_suffix('Z').and_then(|text| text.parse::<jiff::civil::DateTime>().ok());
    let since = in_utc.map(|time| time.duration_since(EPOCH).as_millis());
    since.and_then(|ms| i64::try_from(ms).ok()).ok_or_else(bad)
}

/// Whether the text is a valid date of the form `2026-02-28`, in the years 1 to 9999: Python and SQL
/// have no year 0.
#[must_use]
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() > 0)
}

/// The number of days from 1970-01-01 to a date, as in Parquet's `date32`. `None`: not a valid date.
#[must_use]
pub fn days_since_epoch(date: &str) -> Option<i32> {
    let date = date.parse::<jiff::civil::Date>().ok()?;
    date.since(jiff::civil::date(1970, 1, 1)).ok().map(|span| span.get_days())
}

/// The date that is `days` after 1970-01-01: the inverse of [`days_since_epoch`]. `None`: outside of
/// the years -9999 to 9999.
#[must_use]
pub fn date_of_days(days: i32) -> Option<String> {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some(date.to_string())
}

/// A duration for display, such as `450 ms`, `12 s`, `3 m 20 s` or `2 h 5 m`.
#[must_use]
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} m {} s", seconds / 60, seconds % 60),
        172_800.. => format!("{}.{} days", seconds / 86_400, seconds % 86_400 / 8640),
        _ => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A boolean as people write it, in any case: true, yes, y, 1; false, no, n, 0. `None`: something else.
#[must_use]
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// A count with thousands separators, such as `1,234,567`.
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

/// A number of things: `1 page`, `2 pages`.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// A number of things whose plural does not only end in `s`: `1 reply`, `2 replies`.
#[must_use]
pub fn counted_as(count: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { singular } else { plural })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_parsed() {
        for (text, ms) in [
            ("250ms", 250),
            ("60s", 60_000),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            (" 10 m ", 600_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            ("0", 0),
            ("0s", 0),
            ("1.5s", 1500),
            (".5s", 500),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", " ", "10", "ten", "s", "5 minutes", "-1s", "1e9", "1.2.3s", "1S", "1s2", "9999999999999999d"] {
            let error = parse_duration(bad).unwrap_err();
            assert_eq!(error, format!("`{bad}` is not a valid duration; use a form such as 500ms, 60s, 10m, 2h or 7d"));
        }
    }

    #[test]
    fn shares_are_parsed() {
        for (text, share) in [("1%", 0.01), ("0.5 %", 0.005), ("0.01", 0.01), ("0", 0.0), ("1", 1.0), (" 100% ", 1.0)] {
            assert_eq!(parse_share(text), Ok(share), "{text}");
        }
        for bad in ["", "%", "101%", "1.5", "-1%", "x", "NaN", "inf", "5%%"] {
            assert!(parse_share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_displayed_as_percentages() {
        for (part, total, text) in [
            (0, 0, "0 %"),
            (0, 7, "0 %"),
            (1, 3, "33.33 %"),
            (1, 400, "0.25 %"),
            (10, 100, "10 %"),
            (100, 100, "100 %"),
        ] {
            assert_eq!(percent_of(part, total), text);
        }
        assert_eq!(percent(0.01), "1 %");
    }

    #[test]
    fn times_are_parsed_and_printed() {
        for (text, ms, printed) in [
            ("1970-01-01", 0, "1970-01-01T00:00:00.000Z"),
            ("1970-01-02", 86_400_000, "1970-01-02T00:00:00.000Z"),
            ("2026-11-23T13:18:05.250Z", 1_795_439_885_250, "2026-11-23T13:18:05.250Z"),
            ("2026-11-23T14:18:05+01:00", 1_795_439_885_000, "2026-11-23T13:18:05.000Z"),
            ("1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"),
            ("9999-12-31", 253_402_214_400_000, "9999-12-31T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!((parse_time(text), rfc3339(ms).as_str()), (Ok(ms), printed), "{text}");
            assert_eq!(utc_day(ms), printed[..10]);
        }
        for bad in ["", "2026", "2026-13-01", "2026-02-29", "2026-11-23T13:18:05", "23.11.2026", "yesterday"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
        assert_eq!((rfc3339(i64::MAX), utc_day(i64::MIN)), (String::new(), String::new()));
        assert!(is_printable_time(253_402_300_799_999) && !is_printable_time(253_402_300_800_000));
    }

    #[test]
    fn dates_are_validated_and_counted() {
        for (date, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2026-11-23", 20_780),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            assert!(is_date(date), "{date}");
            assert_eq!((days_since_epoch(date), date_of_days(days).as_deref()), (Some(days), Some(date)));
        }
        for bad in ["", "2023-02-29", "2026-00-10", "20240229", "2024-2-29", "2024-02-29T", "10000-01-01", "0000-01-01"]
        {
            assert!(!is_date(bad), "{bad}");
        }
        assert_eq!((days_since_epoch("2023-02-29"), date_of_days(i32::MAX)), (None, None));
    }

    #[test]
    fn durations_and_counts_are_displayed_shortly() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (119_999, "119 s"),
            (120_000, "2 m 0 s"),
            (200_000, "3 m 20 s"),
            (7_199_000, "119 m 59 s"),
            (7_500_000, "2 h 5 m"),
        ] {
            assert_eq!(human_duration(Duration::from_millis(ms)), text);
        }
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
        let pages = [0, 1, 2, 1000].map(|count| counted(count, "page"));
        assert_eq!(pages, ["0 pages", "1 page", "2 pages", "1,000 pages"]);
    }

    proptest! {
        #[test]
        fn durations_are_the_sum_of_their_parts(days in 0_u64..100, hours in 0_u64..100, minutes in 0_u64..100, seconds in 0_u64..100, ms in 0_u64..10_000) {
            let text = format!("{days}d{hours}h{minutes}m{seconds}s{ms}ms");
            let total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
            prop_assert_eq!(parse_duration(&text), Ok(Duration::from_secs(total) + Duration::from_millis(ms)));
        }

        #[test]
        fn printed_times_are_parsed_back(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            prop_assert_eq!(parse_time(&rfc3339(ms)), Ok(ms));
        }

        #[test]
        fn dates_are_counted_back_and_forth(days in -719_162_i32..2_932_897) {
            let date = date_of_days(days).unwrap();
            prop_assert!(is_date(&date), "{date}");
            prop_assert_eq!(days_since_epoch(&date), Some(days));
        }

        #[test]
        fn grouped_counts_are_the_same_digits(count: u64) {
            let text = grouped(count);
            prop_assert_eq!(text.replace(',', "").parse::<u64>(), Ok(count));
            let mut groups = text.split(',');
            prop_assert!((1..=3).contains(&groups.next().unwrap().len()));
            prop_assert!(groups.all(|group| group.len() == 3));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in any::<String>()) {
            let _ = (parse_duration(&text), parse_share(&text), parse_time(&text), is_date(&text), days_since_epoch(&text));
        }
    }
}
