//! How a model answers whose reply no format constrains.

use super::rules::schema::FreeReply;
use crate::base::random::mix;
use serde_json::Value;

/// The text of an answer. `follows`: the prompt describes the object.
pub(crate) fn free_text(free: FreeReply, answer: &Value, follows: bool, image_key: u64) -> String {
    let form = mix(image_key ^ 0xF0E1) % 3;
    match (free, form) {
        (FreeReply::Other, _) if follows => answer.to_string(),
        (FreeReply::Fenced, 0) => answer.to_string(),
        (FreeReply::Fenced, 1) => format!("```json\n{answer}\n```"),
        (FreeReply::Fenced, _) => format!("Here is the JSON for this page:\n\n```json\n{answer}\n```"),
        (FreeReply::Other, 0) => {
            "This looks like a scanned page of a document. There is some text on it, but no heading stands out.".into()
        }
        (FreeReply::Other, 1) => "## Page\n\n- **Type:** a document page\n- **Language:** unknown\n\n| Field | Value |\n|---|---|\n| date | not visible |\n".into(),
        (FreeReply::Other, _) => r#"{"document_type":"page","confidence":0.82}"#.into(),
    }
}

/// The text of a reasoning of about this many tokens. It has a draft, which is not the answer.
pub(crate) fn thoughts(draft: &Value, tokens: u64) -> String {
    let chars = usize::try_from(tokens * 4).unwrap_or(usize::MAX);
    let start = format!("Let me look at the page. A first draft: {draft}. That may be wrong, so I check it again. ");
    start.chars().chain("The lines and the margins say more than the ink. ".chars().cycle()).take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn a_model_that_follows_the_prompt_has_the_answer_in_its_text(image_key: u64) {
            let answer = json!({"kind": "letter"});
            let text = answer.to_string();
            prop_assert!(free_text(FreeReply::Fenced, &answer, true, image_key).contains(&text));
            prop_assert_eq!(free_text(FreeReply::Other, &answer, true, image_key), text);
            prop_assert!(!free_text(FreeReply::Other, &answer, false, image_key).contains("kind"));
        }

        #[test]
        fn thoughts_have_the_length_of_their_tokens(tokens in 0_u64..3000) {
            prop_assert_eq!(thoughts(&json!({}), tokens).chars().count() as u64, tokens * 4);
        }
    }
}
