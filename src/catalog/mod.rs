//! What is known of models: how they count an image, what they cost.
//!
//! - [`rule`]: image-token arithmetic, by family
//! - [`models`]: which model counts by which rule, and what else is known of it (data)
//! - [`calibration`]: what an endpoint was seen to bill; [`fit`]: a rule fitted to that
//! - [`price`]: what a token costs, by provider and model (data)
//! - [`text`]: tokens of texts

pub(crate) mod calibration;
pub(crate) mod fit;
pub(crate) mod image_rule;
pub(crate) mod models;
pub(crate) mod price;
pub(crate) mod text_tokens;

pub use calibration::{Calibration, ENOUGH_IMAGES};
pub use fit::{Basis, Fit};
pub use image_rule::{Detail, Family, ImageRule, longest_at_most};
pub use models::{ModelFacts, image_rule, least_image_tokens, model_facts, worst_image_tokens};
pub use price::{Listed, Price, listed};
pub use text_tokens::text_tokens;

/// A model's name without the vendor prefix and the date of its snapshot, in lower case:
/// `openai/gpt-4o-mini-2024-07-18` is `gpt-4o-mini`.
fn bare_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let is_date = |tail: &str| {
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        digits == 8 && tail.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    // `-2024-07-18`, or `-20251001`.
    for length in [11, 9] {
        if let Some((start, tail)) = name.len().checked_sub(length).and_then(|at| name.split_at_checked(at))
            && tail.starts_with('-')
            && !start.is_empty()
            && is_date(tail)
        {
            return start.to_owned();
        }
    }
    name
}
