//! Dates as people write them.

use jiff::civil::Date;

/// English names of months, by their first three letters.
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The days that a text may stand for: `2026-11-23` with any separators, `23.11.2026`, `23 Nov 2026`,
/// `November 23rd, 2026`, and with the time of day after an ISO date. Two dates if day and month may be
/// either, as in `03/04/2026`; with points, the day comes first. Years of two digits are from 1969 to 2068,
/// as in POSIX. Empty if the text is not a date.
#[must_use]
pub fn dates_of_text(text: &str) -> Vec<Date> {
    let text = text.trim().to_lowercase();
    // The time of day does not matter.
    let text = match text.find(['t', ' ']) {
        Some(at) if is_iso(&text[..at]) && text[at + 1..].contains(':') => &text[..at],
        _ => &text,
    };
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = match parts.as_slice() {
        [digits] if digits.len() == 8 && is_number(digits) => vec![&digits[..4], &digits[4..6], &digits[6..]],
        [one, two, three] => vec![one, two, three],
        // A weekday before the date.
        [day, one, two, three] if is_weekday(day) => vec![one, two, three],
        _ => return Vec::new(),
    };
    let (one, two, three) = (parts[0], parts[1], parts[2]);
    if let Some(month) = month_of_name(two) {
        // 23 Nov 2026; 2026 Nov 23.
        return match one.len() {
            4 => date(year(one), Some(month), day(three)).into_iter().collect(),
            _ => date(year(three), Some(month), day(one)).into_iter().collect(),
        };
    }
    if let Some(month) = month_of_name(one) {
        return date(year(three), Some(month), day(two)).into_iter().collect();
    }
    if one.len() == 4 {
        return date(year(one), number(two), number(three)).into_iter().collect();
    }
    // A time of day.
    if text.contains(':') {
        return Vec::new();
    }
    let mut dates: Vec<Date> = date(year(three), number(two), number(one)).into_iter().collect();
    if !text.contains('.') {
        dates.extend(date(year(three), number(one), number(two)));
        dates.dedup();
    }
    dates
}

fn is_iso(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_weekday(text: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|name| text.starts_with(name))
}

fn month_of_name(text: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|name| text.starts_with(name))?;
    text.chars().all(char::is_alphabetic).then(|| i8::try_from(place + 1).ok())?
}

/// A day or month of one or two digits.
fn number(text: &str) -> Option<i8> {
    if is_number(text) && text.len() <= 2 { text.parse().ok() } else { None }
}

/// A day, also `1st`, `2nd`, `3rd`, `4th`.
fn day(text: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    number(digits)
}

fn year(text: &str) -> Option<i16> {
    match (is_number(text), text.len()) {
        (true, 4) => text.parse().ok(),
        (true, 2) => text.parse().ok().map(|year: i16| if year < 69 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

fn date(year: Option<i16>, month: Option<i8>, day: Option<i8>) -> Option<Date> {
    Date::new(year?, month?, day?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        dates_of_text(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn forms_of_one_day() {
        for text in [
            "2026-11-23",
            "2026/11/23",
            "2026.11.23",
            "20261123",
            "23.11.2026",
            "23.11.26",
            "23/11/2026",
            "11/23/2026",
            "23-11-2026",
            "23 Nov 2026",
            "23. November 2026",
            "Nov. 23, 2026",
            "november 23rd 2026",
            "23-Nov-26",
            "2026-Nov-23",
            "Mon, 23 Nov 2026",
            "2026-11-23T10:00:00Z",
            "2026-11-23 10:00",
            " 2026-11-23 ",
        ] {
            assert_eq!(read(text), ["2026-11-23"], "{text}");
        }
    }

    #[test]
    fn day_and_month_that_may_be_either() {
        assert_eq!(read("03/04/2026"), ["2026-04-03", "2026-03-04"]);
        assert_eq!(read("3-4-70"), ["1970-04-03", "1970-03-04"]);
        assert_eq!(read("04/04/2026"), ["2026-04-04"]);
        assert_eq!(read("03.04.2026"), ["2026-04-03"]);
        assert_eq!(read("2026-03-04"), ["2026-03-04"]);
    }

    #[test]
    fn what_is_not_a_date() {
        for text in [
            "",
            "today",
            "2026",
            "11/2026",
            "31.02.2026",
            "13/13/2026",
            "1.2.3",
            "1234567",
            "32 Nov 2026",
            "10:20:30",
            "5 Novx9 2026",
        ] {
            assert!(read(text).is_empty(), "{text}: {:?}", read(text));
        }
    }
}
