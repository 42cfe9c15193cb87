//! The table of models: which rule a model counts images by, and other facts. The data is
//! `data/models.csv`; its sources are in [`mod@super::image_rule`].

use super::effort::Effort;
use super::image_rule::{Detail, ImageRule, PatchLimits, RuleFamily};
use super::model_name::{bare_name, snapshot_name};
use std::sync::OnceLock;

/// Whether and how much a model reasons when a request does not state an effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reasoning {
    /// It does not reason and has no effort to choose.
    Never,
    /// It reasons. The effort is unknown, or a request can't choose it.
    Always,
    /// It reasons with this effort; [`Effort::None`]: only when a request asks for more.
    Default(Effort),
    /// Unknown: servers run variants with and without reasoning under the same name.
    Unknown,
}

/// When a model accepts parameters of sampling such as `temperature` and `top_p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Always.
    Always,
    /// While the effort is `none`, stated or by default.
    OnlyWithoutReasoning,
    /// Only beside `reasoning_effort: none` in the same request.
    OnlyExplicitNone,
    /// Never.
    Never,
}

impl Sampling {
    /// Whether a request with this effort may have such parameters; `None`: the request states no effort.
    #[must_use]
    pub fn is_accepted(self, effort: Option<Effort>) -> bool {
        match self {
            Self::Always => true,
            Self::OnlyWithoutReasoning => effort.is_none_or(|effort| effort == Effort::None),
            Self::OnlyExplicitNone => effort == Some(Effort::None),
            Self::Never => false,
        }
    }
}

/// The parameter that limits the tokens of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLimit {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`. Models with this name reject `max_tokens`.
    MaxCompletionTokens,
}

/// When a model is retired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retirement {
    /// The first day without the model at its own vendor, such as `2027-01-14`.
    pub vendor: Option<String>,
    /// The first day without the model at Azure; `gone` if it is over and the day is not known.
    pub azure: Option<String>,
    /// The model that the vendor recommends instead.
    pub successor: Option<String>,
}

/// Facts about a model, wherever it runs: a row of the table of models. A server may still behave otherwise; its errors
/// show that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The bare name. A `*` stands for any text.
    name: String,
    /// How the model counts images.
    pub image_rule: ImageRule,
    /// Whether the model uses the tokenizer that docmill has (o200k).
    pub has_tokenizer: bool,
    /// Whether the model reasons when a request does not state an effort. Reasoning counts as
    /// tokens of the reply.
    pub reasoning: Reasoning,
    /// The values of `reasoning_effort` that the model accepts, from the least to the most.
    /// Empty: the parameter is unknown to the model, or nothing is known.
    pub efforts: Vec<Effort>,
    /// What to send for `reasoning_effort: auto`: the lowest effort that is safe to ask for.
    /// `None`: omit the parameter.
    pub auto_effort: Option<Effort>,
    /// When `temperature`, `top_p` and log probabilities are accepted.
    pub sampling: Sampling,
    /// The parameter that limits the reply.
    pub output_limit: OutputLimit,
    /// Maximum number of tokens of prompt and reply together. `None`: unknown.
    pub context: Option<u64>,
    /// Maximum number of tokens of a reply, reasoning included. `None`: unknown.
    pub max_output: Option<u64>,
    /// The factor of the price for the service tier `priority` in percent: 250 is 2.5. `None`:
    /// the model has no such tier.
    pub priority_percent: Option<u32>,
    /// When the model is retired.
    pub retirement: Retirement,
    /// Whether the vendor caches, and bills, each prompt unless a request sets other cache options.
    /// Source: OpenAI's prompt-caching guide (2026-10): gpt-5.6 and later.
    pub bills_cache_writes: bool,
    /// Whether the vendor's API makes replies follow schemas and ends them by itself, so that bounds in
    /// schemas are not needed; it rejects some of them. Source: OpenAI's guide to structured outputs (2026).
    pub has_strict_schemas: bool,
    /// Whether the vendor's API accepts `reasoning_effort` and ignores it, so that the model reasons as by default.
    /// Source: Anthropic's guide to its OpenAI-compatible API (2026-10). Gateways may pass it on in another form.
    pub ignores_effort: bool,
}

impl ModelFacts {
    /// The bare name of the model. A `*` stands for any text.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the model reasons when a request does not state an effort.
    #[cfg(any(test, feature = "internal"))]
    #[must_use]
    pub fn reasons(&self) -> bool {
        !matches!(self.reasoning, Reasoning::Never | Reasoning::Default(Effort::None) | Reasoning::Unknown)
    }

    /// Whether this is the row of a model with this bare name, unless an earlier row is.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
            None => self.name == name,
        }
    }
}

const DATA: &str = include_str!("data/models.csv");

/// The table, read once.
pub(crate) fn models() -> &'static [ModelFacts] {
    static MODELS: OnceLock<Vec<ModelFacts>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        reader.records().filter_map(|row| parse_row(&row.ok()?)).collect()
    })
}

fn parse_row(row: &csv::StringRecord) -> Option<ModelFacts> {
    let text = |at: usize| row.get(at).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(ModelFacts {
        name: row.get(0)?.to_owned(),
        image_rule: parse_rule(row.get(1)?)?,
        has_tokenizer: row.get(2)? == "o200k",
        reasoning: match row.get(3)? {
            "no" => Reasoning::Never,
            "yes" => Reasoning::Always,
            "unknown" => Reasoning::Unknown,
            effort => Reasoning::Default(Effort::parse(effort)?),
        },
        efforts: row.get(4)?.split_whitespace().map(Effort::parse).collect::<Option<_>>()?,
        auto_effort: match row.get(5)? {
            "" => None,
            effort => Some(Effort::parse(effort)?),
        },
        sampling: match row.get(6)? {
            "always" => Sampling::Always,
            "only_without_reasoning" => Sampling::OnlyWithoutReasoning,
            "only_explicit_none" => Sampling::OnlyExplicitNone,
            "never" => Sampling::Never,
            _ => return None,
        },
        output_limit: match row.get(7)? {
            "max_tokens" => OutputLimit::MaxTokens,
            "max_completion_tokens" => OutputLimit::MaxCompletionTokens,
            _ => return None,
        },
        context: row.get(8)?.parse().ok(),
        max_output: row.get(9)?.parse().ok(),
        priority_percent: match row.get(10)? {
            "no" => None,
            factor => Some(u32::try_from(parse_hundredths(factor)?).ok()?),
        },
        retirement: Retirement { vendor: text(11), azure: text(12), successor: text(13) },
        bills_cache_writes: row.get(14)? == "yes",
        has_strict_schemas: row.get(15)? == "yes",
        ignores_effort: row.get(16)? == "yes",
    })
}

/// Parses a rule of the table: the name of a kind of rule and its numbers.
fn parse_rule(text: &str) -> Option<ImageRule> {
    let mut words = text.split(' ');
    let family = words.next()?;
    let numbers: Vec<&str> = words.collect();
    let number = |at: usize| numbers.get(at)?.parse::<u64>().ok();
    let side = |at: usize| u32::try_from(number(at)?).ok();
    Some(match family {
        "tile" => ImageRule::Tile { base: number(0)?, per_tile: number(1)? },
        "patch" => {
            let high = PatchLimits { budget: side(0)?, max_side: side(1)? };
            parse_patch_rule(high, parse_hundredths(numbers.get(2)?)?, numbers.get(3..)?)?
        }
        "qwen" => ImageRule::Qwen { factor: side(0)?, min_pixels: number(1)?, max_pixels: number(2)? },
        "gemini" => ImageRule::Crops { per_crop: number(0)? },
        "fixed" => ImageRule::Fixed { tokens: number(0)? },
        "area" => ImageRule::Area { factor: side(0)?, max_side: side(1)?, max_tokens: number(2)? },
        "tiles" => ImageRule::Tiles { side: side(0)?, max_tiles: side(1)?, per_tile: number(2)? },
        "none" => ImageRule::Unknown,
        _ => return None,
    })
}

/// Parses what follows the budget, the longer side and the multiplier of a patch rule:
/// `low:512` (longer side) or `low:6144/2048` (budget and longer side), default as at high
/// detail; `original:10000/6000` or `original:keep` (65,535 pixels per side), default as at
/// high detail; `auto:original`, default `auto:high`.
fn parse_patch_rule(high: PatchLimits, multiplier_percent: u64, words: &[&str]) -> Option<ImageRule> {
    let limits = |text: &str| match text.split_once('/') {
        Some((budget, side)) => Some(PatchLimits { budget: budget.parse().ok()?, max_side: side.parse().ok()? }),
        None => Some(PatchLimits { max_side: text.parse().ok()?, ..high }),
    };
    let (mut low, mut original, mut auto_is_original) = (high, None, false);
    for word in words {
        match word.split_once(':')? {
            ("low", text) => low = limits(text)?,
            ("original", "keep") => original = Some(PatchLimits { budget: u32::MAX, max_side: 65_535 }),
            ("original", text) => original = Some(limits(text)?),
            ("auto", "original") => auto_is_original = true,
            ("auto", "high") => auto_is_original = false,
            _ => return None,
        }
    }
    Some(ImageRule::Patch { high, low, original, auto_is_original, multiplier_percent })
}

/// `1.62` as 162.
fn parse_hundredths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<2}").parse().ok()
}

/// The row of `model`: that of its snapshot, if it has its own, else that of its bare name. `None` if the model is unknown.
#[must_use]
pub fn model_facts(model: &str) -> Option<&'static ModelFacts> {
    let (snapshot, name) = (snapshot_name(model), bare_name(model));
    let of_snapshot = models().iter().find(|facts| facts.name == snapshot);
    of_snapshot.or_else(|| models().iter().find(|facts| facts.matches(&name)))
}

/// The rule of `model`. If `family` is given and the model has another or no known rule: the
/// most common rule of that family.
#[must_use]
pub fn image_rule(model: &str, family: Option<RuleFamily>) -> ImageRule {
    let listed = model_facts(model).map(|facts| facts.image_rule);
    let most_common = |name: &str| model_facts(name).map_or(ImageRule::Unknown, |facts| facts.image_rule);
    match (listed, family) {
        (Some(rule), Some(family)) if rule.family() == family => rule,
        (Some(rule), None) => rule,
        (_, Some(RuleFamily::OpenaiTile)) => most_common("gpt-4o"),
        (_, Some(RuleFamily::OpenaiPatch)) => most_common("gpt-5.6"),
        (_, Some(RuleFamily::Qwen28)) => most_common("qwen2.5-vl"),
        (_, Some(RuleFamily::Gemini)) => most_common("gemini-2.5-flash"),
        (_, Some(RuleFamily::Area)) => most_common("claude-haiku-4-5"),
        (_, Some(RuleFamily::Llama)) => most_common("llama-3.2-11b-vision"),
        (_, Some(RuleFamily::None)) | (None, None) => ImageRule::Unknown,
    }
}

/// A rule that explains published bills of 2025, before OpenAI's guide changed
/// (gpt-4.1-mini). Servers that copied it may still bill by it.
const FORMER_RULE: &str = "patch 1536 2048 1.62";

/// All rules of the table and one that was in it, without duplicates.
pub(crate) fn known_rules() -> &'static [ImageRule] {
    static RULES: OnceLock<Vec<ImageRule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<ImageRule> = Vec::new();
        for rule in models().iter().map(|facts| facts.image_rule).chain(parse_rule(FORMER_RULE)) {
            if rule != ImageRule::Unknown && !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    })
}

/// The maximum over all known rules of the tokens of an image. Reserved for a model whose
/// rule is unknown, or not yet confirmed by bills.
#[must_use]
pub fn max_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    known_rules().iter().filter_map(|rule| rule.tokens(width, height, detail)).max().unwrap_or(0)
}

/// The minimum over all known rules of the tokens of an image.
#[must_use]
pub fn min_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    known_rules().iter().filter_map(|rule| rule.tokens(width, height, detail)).min().unwrap_or(0)
}

#[cfg(test)]
mod tests;
