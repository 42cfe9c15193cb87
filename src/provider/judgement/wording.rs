//! Names in the words of an error: where one stands for a member of the request, rather than for prose or for data that
//! the error quotes.

use std::ops::Range;

/// `text` without the data that it quotes in braces, except for an error inside of it.
pub(crate) fn without_quoted_data(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let group = &rest[at..at + group_length(&rest[at..])];
        let is_data = group.contains(':') || group.contains('=');
        let is_listed = out.trim_end().ends_with(LIST);
        let kept = if is_data && !is_listed && !is_error(group) { "{}" } else { "{" };
        out.push_str(kept);
        // The groups inside of one that is kept are looked at, too.
        rest = &rest[at + if kept == "{" { 1 } else { group.len() }..];
    }
    out.push_str(rest);
    out
}

/// Before a list of names: LiteLLM's `does not support parameters: {'name': 0.0}`.
const LIST: &str = "parameters:";

/// Bytes from an opening brace to the one that closes it, or to the end of a text that was cut.
fn group_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

fn is_error(group: &str) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| words(group, name).any(|at| is_key(&group[at + name.len()..])));
    has(&["error", "errors", "message", "msg", "detail", "reason"]) && !has(&["messages", "image_url", "role"])
}

/// Whether a colon follows, with or without a closing quote before it.
fn is_key(after: &str) -> bool {
    after.trim_start_matches(QUOTES).trim_start().starts_with(':')
}

const QUOTES: &[char] = &['\\', '"', '\''];
/// Quotes around names.
const MARKS: &[char] = &['"', '\'', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'];

/// The words of an error in lower case, without those that have digits, such as the id of a request: what two errors that
/// say the same have in common.
pub(crate) fn words_without_numbers(message: &str) -> Vec<String> {
    let words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
    let words = words.filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()));
    words.map(str::to_lowercase).collect()
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The position of `word` in `text`, not as a part of a longer name.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_whole = move |at: &usize| {
        let before = text[..*at].chars().next_back().is_some_and(is_part);
        let after = text[at + word.len()..].chars().next().is_some_and(is_part);
        !((before && word.starts_with(is_part)) || (after && word.ends_with(is_part)))
    };
    text.match_indices(word).map(|(at, _)| at).filter(move |at| !word.is_empty() && is_whole(at))
}

/// Where `text` first has `word`, not as a part of a longer name.
pub(crate) fn find_word(text: &str, word: &str) -> Option<usize> {
    words(text, word).next()
}

/// Where `text`, in lower case, names `name` in any spelling, other than as a member of quoted data: the words
/// that `name` joins by underscores may be joined by another sign, a blank or nothing, and the last one may be a
/// plural.
pub(crate) fn spellings<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let first = name.split('_').next().unwrap_or_default();
    text.match_indices(first).filter_map(move |(at, _)| {
        let is_inside = first.starts_with(is_part) && text[..at].chars().next_back().is_some_and(is_part);
        let end = at + spelled_length(&text[at..], name).filter(|_| !is_inside)?;
        (!is_data(&text[..at], &text[end..])).then_some(at..end)
    })
}

/// The length of `name` in any spelling at the start of `text`.
fn spelled_length(text: &str, name: &str) -> Option<usize> {
    let mut words = name.split('_');
    let mut rest = text.strip_prefix(words.next()?)?;
    for word in words {
        let joint = rest.trim_start_matches(MARKS);
        let joint = joint.strip_prefix(['_', '-', '.', ' ']).unwrap_or(joint);
        rest = joint.trim_start_matches(MARKS).strip_prefix(word)?;
    }
    let is_whole = |rest: &&str| !name.ends_with(is_part) || !rest.starts_with(is_part);
    let end = [Some(rest), rest.strip_prefix('s')].into_iter().flatten().find(is_whole)?;
    Some(text.len() - end.len())
}

/// Where `text` names `name`, other than as a member of quoted data such as `"name":0`.
pub(crate) fn names<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(text, name).filter(move |at| !is_data(&text[..*at], &text[at + name.len()..]))
}

/// Whether a name between `before` and `after` is a member of quoted data.
fn is_data(before: &str, after: &str) -> bool {
    let (opened, rest) = (before.trim_end_matches(QUOTES), after.trim_start_matches(QUOTES));
    let is_quoted = opened.len() < before.len() && rest.len() < after.len();
    let follows = opened.trim_end();
    // `Sampling(name=0)`, and not `without sampling (name=0)`.
    let is_called = follows.strip_suffix('(').is_some_and(|before| !before.ends_with(char::is_whitespace));
    let is_listed = follows.ends_with(['{', ',']) || is_called;
    if before.rfind('{').is_some_and(|at| before[..at].trim_end().ends_with(LIST)) {
        return false;
    }
    match rest.trim_start().split_at_checked(1) {
        Some((":", value)) if is_value(value.trim_start()) => {
            // `for 'name': 5` is prose, but `"name":5` is JSON.
            let is_prose = follows.len() < opened.len()
                && follows.ends_with(char::is_alphanumeric)
                && value.starts_with(char::is_whitespace);
            is_quoted && !is_prose || is_listed
        }
        Some(("=", _)) => !is_quoted && is_listed,
        _ => false,
    }
}

/// Whether `text` begins with a value of JSON.
fn is_value(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "-\"'{[\\".contains(c))
        || ["true", "false", "null", "none"].iter().any(|word| words(text, word).next() == Some(0))
}

/// What follows words and signs at the start of `text`, such as those between a label and its number.
pub(crate) fn skip_fillers<'a>(text: &'a str, fillers: &[&str], signs: &[char]) -> &'a str {
    let mut rest = text;
    loop {
        let next = rest.trim_start().trim_start_matches(signs);
        let word = next.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(next.len());
        let next = if fillers.contains(&&next[..word]) { &next[word..] } else { next };
        if next.len() == rest.len() {
            return next;
        }
        rest = next;
    }
}

/// Whether the name at `at` is marked as one: by quotes, or by a word such as `parameter`.
pub(crate) fn is_marked(text: &str, at: usize, name: &str) -> bool {
    const NOUNS: &[&str] =
        &["parameter", "parameters", "argument", "arguments", "field", "fields", "supplied", "property", "option"];
    let (before, after) = (&text[..at], &text[at + name.len()..]);
    let is_quoted = before.ends_with(MARKS) && after.starts_with(MARKS);
    let introduced = before.trim_end_matches(|c: char| c.is_whitespace() || c == ':' || MARKS.contains(&c));
    let noun = introduced.rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
    // A validator's `body.name: Extra inputs are not permitted`.
    let place = before.trim_end();
    let is_place = after.starts_with(": ") && (place.is_empty() || place.ends_with([';', ':', '.']));
    let is_noun = |word: &str| NOUNS.contains(&word.to_lowercase().as_str());
    // `Unknown fields: a, b and name`
    let is_listed = before.rsplit_once(':').is_some_and(|(head, items)| {
        let items = items.replace(" and ", ",").replace(" or ", ",");
        let is_one_word = |item: &str| !item.trim().contains(char::is_whitespace);
        head.rsplit(|c: char| !is_part(c)).next().is_some_and(is_noun) && items.split(',').all(is_one_word)
    });
    is_quoted || is_place || is_listed || introduced.len() < before.len() && is_noun(noun)
}

/// Whether a sentence is about the name at `at`, which has no marks: it begins with it (`seed is not supported`),
/// or the name is the object of a verb (`you may not request seed from this model`). Not `the seed is`, nor
/// `request seed words`.
pub(crate) fn is_meant(text: &str, at: usize, name: &str) -> bool {
    const VERBS: &[&str] = &[
        " is ",
        " are ",
        " was ",
        " were ",
        " must ",
        " cannot ",
        " can ",
        " may ",
        " does ",
        " do ",
        " has ",
        " not supported",
        " unsupported",
        " only ",
        " requires ",
    ];
    const OBJECT_OF: &[&str] = &[
        "request",
        "requesting",
        "use",
        "using",
        "set",
        "setting",
        "specify",
        "specifying",
        "send",
        "sending",
        "pass",
        "passing",
        "provide",
        "providing",
        "include",
        "including",
        "support",
        "supports",
        "accept",
        "accepts",
        "allow",
        "allows",
        "remove",
        "omit",
    ];
    const BEHIND: &[&str] = &[
        "from this",
        "from the",
        "with this",
        "with the",
        "with reasoning",
        "for this",
        "for the",
        "on this",
        "on the",
        "in this request",
        "in the request",
        "when",
        "together",
        "yet",
        "at this time",
        "and",
        "or",
    ];
    let (before, after) = (text[..at].trim_end(), &text[at + name.len()..]);
    let begins = before.is_empty() || before.ends_with(['.', ':', ';', '(', '\n']);
    if begins && VERBS.iter().any(|verb| after.starts_with(verb)) {
        return true;
    }
    let verb = before.rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
    let rest = after.trim_start();
    let ends = rest.is_empty() || !after.starts_with(is_part) && rest.starts_with(['.', ',', ';', ')', '!']);
    before.len() < at && OBJECT_OF.contains(&verb) && (ends || BEHIND.iter().any(|words| rest.starts_with(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_data_is_left_out_and_errors_are_not() {
        for (text, expected) in [
            ("Invalid image. Request: {\"model\":\"m\",\"temperature\":0.7}.", "Invalid image. Request: {}."),
            ("Request: {model: m, temperature: 0.7", "Request: {}"),
            (
                "Upstream: {\"error\":{\"message\":\"no 'n'\",\"request\":{\"n\":1}}}",
                "Upstream: {\"error\":{\"message\":\"no 'n'\",\"request\":{}}}",
            ),
            ("400 - {'error': {'message': 'no'}}", "400 - {'error': {'message': 'no'}}"),
            ("{\"messages\":[{\"role\":\"user\",\"detail\":\"low\"}]} is wrong", "{} is wrong"),
            ("Unexpected: {'strict'}", "Unexpected: {'strict'}"),
            ("}{", "}{"),
            ("\u{4f60}{\u{597d}", "\u{4f60}{\u{597d}"),
            ("", ""),
        ] {
            assert_eq!(without_quoted_data(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_not_part_of_another_or_a_quoted_member() {
        for (text, at) in [
            ("my_top_p and top_p", Some(13)),
            ("top_ps", None),
            ("'top_p'", Some(1)),
            ("got \"top_p\":0", None),
            ("got \"model\": \"m\", \"top_p\": 0", None),
            ("got \\\"top_p\\\":0", None),
            ("Sampling(n=1, top_p=0.5)", None),
            ("does not support parameters: {'top_p': 0.5}", Some(31)),
            ("top_p=0.5 is not supported", Some(0)),
            ("nucleus sampling (top_p=0.5) is unsupported", Some(18)),
            ("Invalid 'top_p': decimal above maximum", Some(9)),
            ("Unsupported value for 'top_p': 0.7", Some(23)),
            ("top_p: 200 > 128", Some(0)),
            ("top_p\u{4e0d}\u{652f}\u{6301}", Some(0)),
            ("", None),
        ] {
            assert_eq!(names(text, "top_p").next(), at, "{text}");
        }
    }

    #[test]
    fn a_name_in_any_spelling() {
        for (text, name, expected) in [
            ("json_schema", "json_schema", Some("json_schema")),
            ("the json schemas are", "json_schema", Some("json schemas")),
            ("json-schema", "json_schema", Some("json-schema")),
            ("'jsonschema'", "json_schema", Some("jsonschema")),
            ("no role 'system' here", "role_system", Some("role 'system")),
            ("the 'system' role", "system_role", Some("system' role")),
            ("system roles!", "system_role", Some("system roles")),
            ("temperatures", "temperature", Some("temperatures")),
            ("ecosystem role", "system_role", None),
            ("the system. role", "system_role", None),
            ("systems role", "system_role", None),
            ("json schematic", "json_schema", None),
            ("my_json_schema", "json_schema", None),
            ("got \"temperature\":0", "temperature", None),
            ("", "temperature", None),
        ] {
            let found = spellings(text, name).next().map(|range| &text[range]);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_marked_name() {
        for (text, expected) in [
            ("'user' is not supported", true),
            ("Unrecognized request argument supplied: user", true),
            ("Unsupported parameter: user", true),
            ("the parameter user is unknown", true),
            ("Unknown parameters: ['user']", true),
            ("HTTP 422: user: Extra inputs are not permitted", true),
            ("HTTP 422: body.user: Extra inputs are not permitted", true),
            ("Unknown fields: seed, top_p and user", true),
            ("Unknown fields: a list, user", false),
            ("seed, user", false),
            ("the user must be verified", false),
            ("user content is not supported", false),
        ] {
            let at = find_word(text, "user").unwrap();
            assert_eq!(is_marked(text, at, "user"), expected, "{text}");
        }
    }
}
