//! What is known of models: how they count an image, what they cost.
//!
//! - [`rule`]: image-token arithmetic, by family
//! - [`models`]: which model counts by which rule (data)
//! - [`price`]: what a token costs, by provider and model (data)

mod models;
mod price;
mod rule;

pub use models::{image_rule, worst_image_tokens};
pub use price::{AS_OF, Price, listed};
pub use rule::{Detail, Family, ImageRule, longest_at_most};

/// A model's name without the vendor prefix and the date of its snapshot, in lower case:
/// `openai/gpt-4o-mini-2024-07-18` is `gpt-4o-mini`.
fn bare_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let dated = name.len() > 11
        && name.is_char_boundary(name.len() - 11)
        && name[name.len() - 11..].bytes().enumerate().all(|(at, byte)| match at {
            0 | 5 | 8 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if dated { name[..name.len() - 11].to_owned() } else { name }
}
