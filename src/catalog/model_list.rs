//! The models and prices that docmill knows, for display: the table of models and the list of prices together.

use super::model_name::bare_name;
use super::models::{ModelFacts, model_facts, models};
use super::price_list::{ListedPrice, find_price, priced_models};

/// A model at a provider, or a model without a listed price.
#[derive(Clone, Debug)]
pub struct ListedModel {
    /// The bare name. A `*` stands for any text.
    pub model: String,
    /// The host of the provider. `None`: no provider with a price is listed.
    pub host: Option<String>,
    /// The prices at this provider.
    pub price: Option<ListedPrice>,
    /// Facts about the model, wherever it runs. `None`: only its price is known.
    pub facts: Option<&'static ModelFacts>,
}

/// The models whose name or host contains `part`, in any case, or whose row of the table holds for a model of this name.
/// First those with prices, in the order of the list of prices, then the others.
#[must_use]
pub fn list_models(part: &str) -> Vec<ListedModel> {
    let priced: Vec<ListedModel> = priced_models()
        .into_iter()
        .map(|(host, model)| ListedModel {
            price: find_price(&host, &model),
            facts: model_facts(&model),
            host: Some(host),
            model,
        })
        .collect();
    let is_priced = |facts: &ModelFacts| priced.iter().any(|listed| listed.facts == Some(facts));
    let others = models().iter().filter(|facts| !is_priced(facts));
    let others: Vec<ListedModel> = others
        .map(|facts| ListedModel { model: facts.name().to_owned(), host: None, price: None, facts: Some(facts) })
        .collect();
    let (part, bare) = (part.to_lowercase(), bare_name(part));
    let is_asked = |listed: &ListedModel| {
        listed.model.contains(&part)
            || listed.model == bare
            || listed.host.as_ref().is_some_and(|host| host.contains(&part))
            || listed.host.is_none() && model_facts(&bare).is_some_and(|facts| facts.name() == listed.model)
    };
    priced.into_iter().chain(others).filter(is_asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(part: &str) -> Vec<(String, Option<String>)> {
        list_models(part).into_iter().map(|listed| (listed.model, listed.host)).collect()
    }

    fn served_by(model: &str, host: Option<&str>) -> (String, Option<String>) {
        (model.to_owned(), host.map(str::to_owned))
    }

    #[test]
    fn models_are_found_by_any_part_of_their_name_or_host() {
        let openai = Some("api.openai.com");
        assert_eq!(
            found("4o-mini"),
            [served_by("gpt-4o-mini", Some("platform.qubrid.com")), served_by("gpt-4o-mini", openai)]
        );
        assert_eq!(found("openai/GPT-6-luna-2026-09-22"), [served_by("gpt-6-luna", openai)]);
        assert_eq!(found("groq"), [served_by("qwen3.8-27b", Some("api.groq.com"))]);
        assert_eq!(found("Qwen/Qwen3-VL-8B-Thinking"), [served_by("qwen3-vl*thinking", None)], "of a family");
        assert_eq!(found("no-such-model"), []);
    }

    /// No row of either table is missing.
    #[test]
    fn everything_that_is_known_is_listed() {
        let all = list_models("");
        let prices = all.iter().filter_map(|listed| listed.price.as_ref()).map(|price| price.price.rows().count());
        assert_eq!(prices.sum::<usize>(), include_str!("data/prices.csv").trim().lines().count() - 1);
        for facts in models() {
            assert!(all.iter().any(|listed| listed.facts == Some(facts)), "{}", facts.name());
        }
        assert!(all.iter().all(|listed| listed.price.is_some() || listed.facts.is_some()));
    }
}
