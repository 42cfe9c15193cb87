//! What values of parameters look like.

/// Shortest value of a policy, and of a deadline `e`, that limits a signature, in characters: seconds since 1970 have 10.
/// A shorter one may distinguish files.
const MIN_LIMIT: usize = 9;
/// Longest number that is an id rather than a signature, in digits.
const MAX_ID_DIGITS: usize = 12;

/// Whether a value is long enough to limit a signature.
pub(crate) fn may_limit(value: &[u8]) -> bool {
    value.len() >= MIN_LIMIT
}

/// Whether a value may be a time: seconds since 1970, or a date with a time in digits.
pub(crate) fn is_time(value: &[u8]) -> bool {
    may_limit(value) && value.iter().all(u8::is_ascii_digit)
}

/// Whether a value is the time of a signature, in seconds: a decimal time since 2001, or a hexadecimal one since 2021.
/// Others are dates or words.
pub(crate) fn is_recent_time(value: &[u8]) -> bool {
    match value.first() {
        Some(b'1') => value.len() == 10 && is_time(value),
        Some(b'6' | b'7') => is_hex(value, 8),
        _ => false,
    }
}

/// Whether a value is a digest of at least this length and, behind a separator, a time.
pub(crate) fn is_timed_digest(value: &[u8], separator: char, digits: usize) -> bool {
    let value = String::from_utf8_lossy(value).replace("%2C", ",").replace("%2c", ",");
    value.rsplit_once(separator).is_some_and(|(digest, time)| digest.len() >= digits && is_time(time.as_bytes()))
}

/// Whether a value has this number of hexadecimal digits.
pub(crate) fn is_hex(value: &[u8], count: usize) -> bool {
    value.len() == count && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a value is a number that is an id rather than a signature.
pub(crate) fn is_id(value: &[u8]) -> bool {
    value.len() <= MAX_ID_DIGITS && value.iter().all(u8::is_ascii_digit)
}
