//! The probable subject of an error, by single words of it. That is enough only for errors that every page gets
//! although everything optional was left out of the request.

use crate::provider::judgement::wording::find_word;

/// What an error is probably about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LikelyCause {
    /// The credit of the account.
    Credit,
    /// The API key and its permissions.
    Key,
    /// Whether the model takes images.
    Vision,
    /// The name of the model, or its server.
    Model,
}

/// Words of each cause, in lower case. The first cause that is found counts.
const WORDS: &[(LikelyCause, &[&str])] = &[
    (
        LikelyCause::Credit,
        &[
            "credit",
            "credits",
            "billing",
            "payment",
            "payments",
            "wallet",
            "recharge",
            "subscription",
            "prepaid",
            "top up",
        ],
    ),
    (
        LikelyCause::Key,
        &[
            "api key",
            "api-key",
            "api_key",
            "apikey",
            "access token",
            "unauthorized",
            "unauthenticated",
            "authorization",
            "authentication",
            "credential",
            "credentials",
            "permission",
            "permissions",
            "access denied",
        ],
    ),
    (
        LikelyCause::Vision,
        &["image_url", "images", "pictures", "vision", "multimodal", "multi-modal", "modality", "modalities"],
    ),
    (LikelyCause::Model, &["model", "models", "deployment", "engine", "checkpoint"]),
];

/// Words for a page and its picture.
const PAGE: &[&str] =
    &["image", "images", "picture", "pictures", "page", "pages", "document", "documents", "file", "files"];
/// Properties of one page that others may not have.
const MISFITS: &[&str] = &[
    "large",
    "larger",
    "small",
    "smaller",
    "size",
    "dimensions",
    "pixel",
    "pixels",
    "megabytes",
    "mb",
    "long",
    "length",
    "tokens",
    "context",
    "exceeds",
    "exceed",
    "exceeded",
    "invalid",
    "corrupt",
    "corrupted",
    "damaged",
    "decode",
];

/// What an error is probably about; `None`: its page, or nothing shows it. `model`: the name that was sent, if its mention
/// counts.
pub(crate) fn likely_cause(message: &str, model: Option<&str>) -> Option<LikelyCause> {
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| find_word(&text, word).is_some());
    let is_named = |cause| cause == LikelyCause::Model && model.is_some_and(|model| names_model(&text, model));
    let (cause, _) = WORDS.iter().find(|(cause, words)| has(words) || is_named(*cause))?;
    let may_be_page = match cause {
        LikelyCause::Key => false,
        LikelyCause::Vision => has(MISFITS) || has(&["format", "formats"]),
        LikelyCause::Credit | LikelyCause::Model => has(MISFITS) || has(PAGE),
    };
    (!may_be_page).then_some(*cause)
}

/// Whether `text`, in lower case, names the model. A name such as `chat` may be any word.
fn names_model(text: &str, model: &str) -> bool {
    let model = model.to_lowercase();
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
    let mut found = text.match_indices(&model).map(|(at, name)| (&text[..at], &text[at + name.len()..]));
    // A full stop after it may end the sentence.
    let follows = |after: &str| is_part(after.trim_start_matches('.').chars().next());
    model.contains(|c: char| c.is_ascii_digit() || c == '/')
        && found.any(|(before, after)| !is_part(before.chars().next_back()) && !follows(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_words_show_what_is_probably_wrong() {
        use LikelyCause::{Credit, Key, Model, Vision};
        for (message, expected) in [
            ("HTTP 400: Model m is not in the catalogue", Some(Model)),
            ("HTTP 400: m: retired model, please move to m2", Some(Model)),
            ("HTTP 400: /models/m: no such thing", Some(Model)),
            ("HTTP 400: Content type 'image_url' isn't handled by this checkpoint", Some(Vision)),
            ("HTTP 400: unsupported content part: image_url", Some(Vision)),
            ("HTTP 400: Pictures cannot be processed by m-1", Some(Vision)),
            ("HTTP 400: 'm-1' is not served here", Some(Model)),
            ("HTTP 400: m-1 is not valid here.", Some(Model)),
            ("HTTP 400: 'm-12' is not served here", None),
            ("HTTP 400: m-1-large is not served here", None),
            ("HTTP 400: image_url: Input should be a valid string", Some(Vision)),
            ("HTTP 400: no valid subscription", Some(Credit)),
            ("HTTP 500: No API key passed in", Some(Key)),
            ("HTTP 400: Please buy credits.", Some(Credit)),
            // What the next page may not have.
            ("HTTP 400: the model can't read this image", None),
            ("HTTP 400: the page of a credit note is not readable", None),
            ("HTTP 400: too many tokens for this model", None),
            ("HTTP 400: the file is not allowed", None),
            ("HTTP 400: image is too large (parameter messages[0].content[0].image_url.url)", None),
            ("HTTP 400: messages[1].content[0].image_url: invalid base64", None),
            ("HTTP 400: the images have no valid format", None),
            ("HTTP 400: remodelled", None),
            ("HTTP 500: internal error", None),
        ] {
            assert_eq!(likely_cause(message, Some("M-1")), expected, "{message}");
        }
        assert_eq!(likely_cause("HTTP 400: chat is not served here", Some("chat")), None);
        assert_eq!(likely_cause("HTTP 400: m-1 is not served here", None), None);
    }
}
