//! What docmill knows about models and providers: how they count images, what they charge.
//!
//! - [`downscale`]: sizes of images under the rules of vendors; [`mod@image_rule`]: image tokens
//! - [`model_name`]: names without vendor and date; [`models`]: the table of models;
//!   [`effort`]: how much they reason; [`reasoning`]: the tokens that it takes; [`hosts`]: what the servers of a vendor do
//! - [`recipe_rules`]: the image rules in recipes, a table that never changes
//! - [`price`]: what tokens cost; [`service_tier`]: how urgently requests are handled; [`price_table`]: prices by length of the
//!   prompt, date and tier; [`price_list`]: the list of prices, by provider and model; [`request_price`]: the
//!   price of requests at one time; [`model_list`]: both tables, for display
//! - [`token_vocabulary`]: the tokens of OpenAI's tokenizer; [`mod@text_tokens`]: tokens of text
//! - [`calibration`]: image tokens that an endpoint billed; [`curve`]: formulas that explain
//!   them; [`fit`]: the rule of a model, corrected by them

pub(crate) mod calibration;
pub(crate) mod curve;
pub(crate) mod downscale;
pub(crate) mod effort;
pub(crate) mod fit;
pub(crate) mod hosts;
pub(crate) mod image_rule;
pub(crate) mod model_list;
pub(crate) mod model_name;
pub(crate) mod models;
pub(crate) mod price;
pub(crate) mod price_list;
pub(crate) mod price_table;
pub(crate) mod reasoning;
pub(crate) mod recipe_rules;
pub(crate) mod request_price;
pub(crate) mod service_tier;
pub(crate) mod text_tokens;
pub(crate) mod token_vocabulary;

pub use calibration::{Calibration, MIN_CALIBRATION_IMAGES};
pub use downscale::fit_longest_side;
pub use effort::Effort;
pub use fit::{Basis, Fit};
pub use hosts::thinks_by_default;
pub use image_rule::{Detail, ImageRule, PatchLimits, RuleFamily};
pub use model_list::{ListedModel, list_models};
pub use models::{
    ModelFacts, OutputLimit, Reasoning, Retirement, Sampling, image_rule, max_image_tokens, min_image_tokens,
    model_facts,
};
pub use price::Price;
pub(crate) use price_list::priced_models;
pub use price_list::{ListedPrice, find_price, find_price_anywhere};
pub use price_table::PriceTable;
pub use reasoning::ReasoningTokens;
pub use recipe_rules::recipe_family;
pub use request_price::RequestPrice;
pub use service_tier::ServiceTier;
pub use text_tokens::text_tokens;
