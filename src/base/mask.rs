//! Secrets in text that is shown: keys that were pasted in the wrong place.
//!
//! [`mask_keys`] masks what certainly is a secret: keys with a known prefix, `Bearer …`, the user and
//! password of a URL. [`mask_secrets`] also masks long tokens that look random, for text that a user
//! has written. [`mask_word`] also masks shorter words that look like keys, where something else was expected.
//! [`SecretText`] also masks members with names such as `api_key`.

use std::borrow::Cow;
use std::ops::Range;

/// The replacement of a secret in a message.
const MASK: &str = "***";

/// Prefixes of keys and tokens, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 3),
    ("sk_", 3),
    ("pk-", 8),
    ("pk_", 8),
    ("rk_", 8),
    ("gsk_", 8),
    ("ghp_", 8),
    ("gho_", 8),
    ("ghs_", 8),
    ("github_pat_", 8),
    ("glpat-", 8),
    ("xoxb-", 8),
    ("xoxp-", 8),
    ("hf_", 8),
    ("r8_", 8),
    ("nvapi-", 8),
    ("AKIA", 12),
    ("ASIA", 12),
    ("AIza", 12),
    ("eyJ", 12),
];

/// Words before a key in a header.
const SCHEMES: &[&str] = &["bearer ", "basic "];

/// Names of members that hold a secret, in lower case and without `-` and `_`.
const NAMES: &[&str] = &[
    "key",
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "setcookie",
    "token",
];

/// Ends of such names. The first one is also recognized if it is misspelled by one letter.
const NAME_ENDS: &[&str] =
    &["apikey", "accesskey", "privatekey", "secretkey", "authorization", "password", "passwd", "secret", "token"];

/// What precedes the word `key` in such names, wherever that is.
const KEY_KINDS: &[&str] = &["api", "access", "private", "secret"];

/// Names like those of secrets that are not secrets.
const ORDINARY_NAMES: &[&str] = &["prompt_cache_key", "api_key_env", "api_key_file"];

/// Members that name where a secret is. Their values are shown, unless they have another form: then the secret may be there.
const PLACES: &[&str] = &["api_key_env", "api_key_file"];

/// Shortest value of a member that is also searched for in messages, in bytes: a shorter one may
/// be part of any word.
const MIN_VALUE: usize = 4;

/// Minimum length of a key of unknown form, in bytes.
const MIN_KEY: usize = 8;

/// Longest ending of a file's name, in bytes.
const MAX_ENDING: usize = 5;

/// Masks what certainly is a secret.
#[must_use]
pub fn mask_keys(text: &str) -> Cow<'_, str> {
    replace(text, &known_keys(text))
}

/// Masks what certainly or probably is a secret.
#[must_use]
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    replace(text, &probable_keys(text))
}

/// A command-line word, such as the name of a file that does not exist, for a message: all of it is masked if it may be
/// a key.
#[must_use]
pub fn mask_word(word: &str) -> Cow<'_, str> {
    if may_be_key(word) { MASK.into() } else { mask_secrets(word) }
}

/// A URL for a message: its path is masked where it certainly or probably is a secret.
#[must_use]
pub fn mask_url(url: &str) -> Cow<'_, str> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    let mut spans = known_keys(url);
    spans.extend(tokens(url).filter(|span| span.start >= path && looks_random(&url[span.clone()])));
    spans.sort_by_key(|span| (span.start, span.end));
    replace(url, &spans)
}

/// Whether a member or a variable with this name holds a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain: String = lower.chars().filter(|c| !matches!(c, '-' | '_')).collect();
    let is_key = lower.ends_with("_key") || lower.ends_with("-key");
    let is_misspelled = || strsim::osa_distance(&plain, NAME_ENDS[0]) == 1;
    let is_like_secret = is_key
        || NAMES.contains(&plain.as_str())
        || NAME_ENDS.iter().any(|end| plain.ends_with(end))
        || names_key(&lower);
    (is_like_secret || is_misspelled()) && !ORDINARY_NAMES.contains(&lower.as_str())
}

/// Whether the words of a name contain those of a key, such as `my_api_key_prod`.
fn names_key(name: &str) -> bool {
    let words: Vec<&str> = name.split(['-', '_']).collect();
    words.windows(2).any(|two| KEY_KINDS.contains(&two[0]) && two[1] == "key")
}

/// A text of members, such as a manifest, and the secrets in it.
pub struct SecretText {
    masked: String,
    values: Vec<String>,
}

impl SecretText {
    /// Finds the secrets of a text, whether it is valid YAML or not. `more`: secrets from elsewhere.
    #[must_use]
    pub fn new(text: &str, more: Vec<String>) -> Self {
        let spans = secret_spans(text);
        let masked = mask_spans(text, &spans);
        let mut values: Vec<String> = spans.into_iter().map(|span| text[span].to_owned()).chain(more).collect();
        values.retain(|value| value.len() >= MIN_VALUE);
        // A value that contains another one is replaced first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { masked, values }
    }

    /// The text with `*` for every byte of a secret, so that places stay the same.
    #[must_use]
    pub fn masked(&self) -> &str {
        &self.masked
    }

    /// Masks the secrets of the text in a message about it.
    #[must_use]
    pub fn mask(&self, message: &str) -> String {
        let known = self.values.iter().fold(message.to_owned(), |message, value| message.replace(value, MASK));
        mask_secrets(&known).into_owned()
    }
}

/// A text of members, such as a manifest, with `*` for every byte of a secret. `more`: spans that are secrets, too.
#[must_use]
pub fn mask_members(text: &str, more: Vec<Range<usize>>) -> String {
    let mut spans = secret_spans(text);
    spans.extend(more);
    mask_spans(text, &spans)
}

/// Spans of the secrets of a text of members.
fn secret_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = probable_keys(text);
    spans.extend(url_path_keys(text));
    spans.extend(secret_members(text));
    spans.extend(keys_in_braces(text));
    spans
}

/// Spans of parts of URLs' paths that look like keys.
fn url_path_keys(text: &str) -> Vec<Range<usize>> {
    const SCHEME_END: &str = "://";
    let of_url = |(at, _): (usize, &str)| {
        let start = at + SCHEME_END.len();
        let length =
            text[start..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '?' | '#' | ',' | '}' | ']'));
        let end = length.map_or(text.len(), |length| start + length);
        let path = text[start..end].find('/').map_or(end, |length| start + length);
        let is_key = |span: &Range<usize>| looks_random(&text[span.clone()]);
        tokens(&text[path..end]).map(move |span| path + span.start..path + span.end).filter(is_key).collect::<Vec<_>>()
    };
    text.match_indices(SCHEME_END).flat_map(of_url).collect()
}

fn mask_spans(text: &str, spans: &[Range<usize>]) -> String {
    let mut masked = text.as_bytes().to_vec();
    for byte in spans.iter().cloned().flat_map(|span| masked_bytes(text, span)) {
        masked[byte] = b'*';
    }
    String::from_utf8_lossy(&masked).into_owned()
}

/// The bytes of a span that are masked: all but line ends.
fn masked_bytes(text: &str, span: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    span.filter(|at| !matches!(text.as_bytes()[*at], b'\n' | b'\r'))
}

fn replace<'a>(text: &'a str, spans: &[Range<usize>]) -> Cow<'a, str> {
    // Masked text keeps its length.
    let is_masked = |span: &Range<usize>| text[span.clone()].bytes().all(|byte| byte == b'*');
    if spans.iter().all(is_masked) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for span in spans.iter().filter(|span| !is_masked(span)) {
        if span.start >= at {
            out.push_str(&text[at..span.start]);
            out.push_str(MASK);
        }
        at = at.max(span.end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// Spans of what certainly is a secret, in order.
fn known_keys(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> =
        tokens(text).filter(|span| has_known_prefix(&text[span.clone()])).map(|span| with_dots(text, span)).collect();
    spans.extend(scheme_values(text));
    spans.extend(header_values(text));
    spans.extend(url_users(text));
    spans.extend(assigned_values(text));
    spans.sort_by_key(|span| (span.start, span.end));
    spans
}

/// Spans of what certainly or probably is a secret, in order.
fn probable_keys(text: &str) -> Vec<Range<usize>> {
    let mut spans = known_keys(text);
    // A part of a path is a name, even if it looks random.
    let is_in_path = |span: &Range<usize>| text[..span.start].ends_with('/') || text[span.end..].starts_with('/');
    spans.extend(tokens(text).filter(|span| looks_random(&text[span.clone()]) && !is_in_path(span)));
    spans.sort_by_key(|span| (span.start, span.end));
    spans
}

/// Runs of characters that keys consist of.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

fn has_known_prefix(token: &str) -> bool {
    PREFIXES.iter().any(|(prefix, more)| token.strip_prefix(prefix).is_some_and(|rest| rest.len() >= *more))
}

/// A JSON web token has parts with dots between them.
fn with_dots(text: &str, span: Range<usize>) -> Range<usize> {
    if !text[span.clone()].starts_with("eyJ") {
        return span;
    }
    let rest = text[span.end..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    span.start..rest.map_or(text.len(), |length| span.end + length)
}

/// Whether a token looks like a random one: long, with digits and letters in no order. Names of
/// models and dates of releases don't.
fn looks_random(token: &str) -> bool {
    let kind = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        'A'..='Z' => 2,
        _ => 3,
    };
    let kinds: Vec<u8> = token.chars().map(kind).collect();
    let count = |wanted: u8| kinds.iter().filter(|kind| **kind == wanted).count();
    let changes = digit_changes(token);
    let longest_run = token.split(['-', '_']).map(str::len).max().unwrap_or(0);
    let (digits, letters) = (count(0), count(1) + count(2));
    let is_hex_like = longest_run >= 20 && digits >= 4 && letters >= 4 && changes >= 4;
    let is_base64_like = token.len() >= 24 && count(1) >= 2 && count(2) >= 2 && digits >= 3 && changes >= 4;
    let parts: Vec<usize> = token.split('-').map(str::len).collect();
    let is_uuid = parts == [8, 4, 4, 4, 12] && token.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex_like || is_base64_like || is_uuid
}

/// Whether a word looks like a key rather than a name: letters and digits that change more than once, without the
/// ending of a file's name or the separators of a path.
fn may_be_key(word: &str) -> bool {
    let is_of_key = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+=~:".contains(c));
    let has_ending = word.rsplit_once('.').is_some_and(|(_, ending)| ending.len() <= MAX_ENDING);
    let is_word = word.len() >= MIN_KEY && is_of_key && !has_ending && !word.starts_with(['-', '.']);
    is_word && digit_changes(word) > 1
}

/// How often a digit and a letter stand side by side.
fn digit_changes(token: &str) -> usize {
    let is_change =
        |two: &&[u8]| two.iter().all(u8::is_ascii_alphanumeric) && two[0].is_ascii_digit() != two[1].is_ascii_digit();
    token.as_bytes().windows(2).filter(is_change).count()
}

/// What follows the name of a header with credentials, and the scheme behind it.
fn header_values(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for name in tokens(text).filter(|span| text[span.clone()].to_ascii_lowercase().ends_with("authorization")) {
        if spans.last().is_some_and(|last| name.start < last.end) {
            continue;
        }
        let quotes = ['"', '\'', '\\', ' '];
        let Some(value) = text[name.end..].trim_start_matches(quotes).strip_prefix(':') else { continue };
        let mut value = value.trim_start_matches(quotes);
        // A scheme, such as `Digest`.
        let word = value.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(value.len());
        if value[word..].starts_with(' ') {
            value = value[word..].trim_start();
        }
        let start = text.len() - value.len();
        let value = &value[..value.find(is_end_of_value).unwrap_or(value.len())];
        if value.len() >= 16 || value.len() >= 6 && value.contains(|c: char| c.is_ascii_digit()) {
            spans.push(start..start + value.len());
        }
    }
    spans
}

/// What follows `Bearer` or `Basic`.
fn scheme_values(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    for scheme in SCHEMES {
        for (at, _) in lower.match_indices(scheme) {
            let start = at + scheme.len();
            let end = text[start..].find(is_end_of_value).map_or(text.len(), |length| start + length);
            let value = &text[start..end];
            // `Bearer token` is prose.
            if value.len() >= 16 || value.len() >= 6 && value.contains(|c: char| c.is_ascii_digit()) {
                spans.push(start..end);
            }
        }
    }
    spans
}

fn is_end_of_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '}' | ']' | '<' | '>' | ')')
}

/// User names and passwords of URLs.
fn url_users(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let end = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
            .map_or(text.len(), |length| start + length);
        let url = &text[start..end];
        let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
        let is_port = |text: &str| text.split('@').next().is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
        // A password may contain a slash, although it should not.
        let has_password = url[..authority].split_once(':').is_some_and(|(_, rest)| !is_port(rest));
        let user = url[..authority].rfind('@').or_else(|| has_password.then(|| url.rfind('@')).flatten());
        spans.extend(user.filter(|length| *length > 0).map(|length| start..start + length));
    }
    spans
}

/// Values after a secret name and `=`, as in the query of a URL or in `NAME=VALUE`.
fn assigned_values(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for name in tokens(text).filter(|span| is_secret_name(&text[span.clone()])) {
        let Some(value) = text[name.end..].strip_prefix('=') else { continue };
        let start = name.end + 1;
        let end = value.find(|c| is_end_of_value(c) || c == '&').map_or(text.len(), |length| start + length);
        if end > start {
            spans.push(start..end);
        }
    }
    spans
}

/// The values of members with secret names, line by line: the text need not be valid.
fn secret_members(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    // The indent of a secret member whose value is on the lines below, and whether all of them are.
    let mut below: Option<(usize, bool)> = None;
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if let Some((parent, is_block)) = below {
            if !content.is_empty() && indent <= parent {
                below = None;
            } else if is_block || !content.contains(':') {
                spans.push(line_start + indent.min(content.len())..line_start + content.len());
            } else {
                below = None;
            }
        }
        for name in tokens(content) {
            let is_place = PLACES.contains(&&content[name.clone()]);
            let is_secret = is_secret_name(&content[name.clone()]);
            if !is_place && !is_secret {
                continue;
            }
            let value = value_of(content, name.end).or_else(|| header_in_list(content, &name).filter(|_| is_secret));
            let Some(value) = value else { continue };
            let shown = &content[value.clone()];
            if is_place && !shown.trim_start_matches(['"', '\'']).starts_with(['{', '[', '$']) {
                continue;
            }
            match shown {
                "" | "|" | "|-" | "|+" | ">" | ">-" | ">+" => below = Some((indent, !shown.is_empty())),
                _ if is_variable(shown) => {}
                _ => spans.push(line_start + value.start..line_start + value.end),
            }
        }
        line_start += line.len();
    }
    spans
}

/// Where the value of a member is whose name ends at `end`; `None`: the name is not that of a member.
fn value_of(line: &str, end: usize) -> Option<Range<usize>> {
    let rest = &line[end..];
    let after_quote = rest.trim_start_matches(['"', '\'']).trim_start();
    let after = after_quote.strip_prefix([':', '='])?;
    let value = after.trim_start();
    let start = line.len() - value.len();
    let length = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].find(quote).map_or(value.len(), |at| at + 2),
        Some('{' | '[') => value.len(),
        _ => {
            let is_flow = line[..end].matches(['{', '[']).count() > line[..end].matches(['}', ']']).count();
            let ends = |(at, c): &(usize, char)| match c {
                // A variable has its own braces.
                '}' => is_flow && !value[..*at].contains("${"),
                ',' | ']' => is_flow,
                '#' => value[..*at].ends_with(' '),
                _ => false,
            };
            value.char_indices().find(ends).map_or(value.len(), |(at, _)| at)
        }
    };
    let length = value[..length].trim_end().len();
    Some(start..start + length)
}

/// Where the value is that follows the name of a header in a list, as in `[Authorization, KEY]`.
fn header_in_list(line: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let lower = line[name.clone()].to_ascii_lowercase().replace(['-', '_'], "");
    let is_header = lower.ends_with("authorization") || lower.ends_with("apikey");
    let is_first = line[..name.start].trim_end_matches(['"', '\'', ' ']).ends_with('[');
    let rest =
        line[name.end..].trim_start_matches(['"', '\'', ' ']).strip_prefix(',').filter(|_| is_header && is_first)?;
    let start = line.len() - rest.trim_start().len();
    let length = line[start..].find(']').unwrap_or(line.len() - start);
    Some(start..start + length).filter(|value| !value.is_empty())
}

/// Text in `${…}` that looks like a key instead of the name of a variable.
fn keys_in_braces(text: &str) -> Vec<Range<usize>> {
    let inner = |(at, braces): (usize, &str)| {
        let start = at + braces.len();
        let end = text[start..].find(['}', '\n']).map_or(text.len(), |length| start + length);
        start..text[start..end].find(":-").map_or(end, |length| start + length)
    };
    let is_key = |span: &Range<usize>| {
        let word = text[span.clone()].replace('/', "");
        word.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) && mask_word(&word) != word
    };
    text.match_indices("${").map(inner).filter(is_key).collect()
}

/// Whether a value is only the name of a variable.
fn is_variable(value: &str) -> bool {
    let inner = value.trim_matches(['"', '\'']).strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests;
