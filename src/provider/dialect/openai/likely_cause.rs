//! What an error is probably about, by single words of it. That is enough only for errors that every page meets although
//! everything was left out of the request that can be.

use crate::provider::wording::find_word;

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
/// What one page is and others may not be.
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
    "valid",
    "format",
    "corrupt",
    "corrupted",
    "damaged",
    "decode",
];

/// What an error is probably about; `None`: its page, or nothing shows it. `model`: the name that was sent.
pub(crate) fn likely_cause(message: &str, model: &str) -> Option<LikelyCause> {
    let (text, model) = (message.to_lowercase(), model.to_lowercase());
    let has = |words: &[&str]| words.iter().any(|word| find_word(&text, word).is_some());
    let is_named = |cause| cause == LikelyCause::Model && has(&[&model]);
    let (cause, _) = WORDS.iter().find(|(cause, words)| has(words) || is_named(*cause))?;
    let may_be_page = match cause {
        LikelyCause::Key => false,
        LikelyCause::Vision => has(MISFITS),
        LikelyCause::Credit | LikelyCause::Model => has(MISFITS) || has(PAGE),
    };
    (!may_be_page).then_some(*cause)
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
            ("HTTP 400: 'm-12' is not served here", None),
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
            assert_eq!(likely_cause(message, "M-1"), expected, "{message}");
        }
    }
}
