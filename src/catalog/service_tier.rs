//! Service tiers: how urgently a provider handles a request, and at which price.

use serde_json::{Map, Value};

/// A service tier for which some provider has its own price. Source: OpenAI's pricing page and guide to flex processing
/// (2026-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceTier {
    /// The usual price. Also every tier without a known price.
    #[default]
    Standard,
    /// Slower, at half the price where tiers have prices.
    Flex,
    /// Faster, at a higher price where tiers have prices.
    Priority,
}

impl ServiceTier {
    /// The tier that a reply or a request names. `default`, `standard`, `on_demand`, `auto`
    /// and unknown names are the standard tier.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "flex" => Self::Flex,
            "priority" | "fast" => Self::Priority,
            _ => Self::Standard,
        }
    }

    /// The tier that additional members of a request's body ask for. The reply names the tier
    /// that was used, which may be the standard tier instead.
    #[must_use]
    pub fn requested(extra: &Map<String, Value>) -> Self {
        extra.get("service_tier").and_then(Value::as_str).map_or(Self::Standard, Self::parse)
    }

    /// The tier of a reply that names `served`. A reply without a tier had the standard one.
    #[must_use]
    pub fn served(served: Option<&str>) -> Self {
        served.map_or(Self::Standard, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tiers_of_replies_and_requests() {
        for (name, tier) in [
            ("flex", ServiceTier::Flex),
            ("priority", ServiceTier::Priority),
            ("Fast", ServiceTier::Priority),
            ("default", ServiceTier::Standard),
            ("standard", ServiceTier::Standard),
            ("on_demand", ServiceTier::Standard),
            ("auto", ServiceTier::Standard),
            ("scale", ServiceTier::Standard),
            ("", ServiceTier::Standard),
        ] {
            assert_eq!(ServiceTier::parse(name), tier, "{name}");
            let extra = json!({"service_tier": name});
            assert_eq!(ServiceTier::requested(extra.as_object().unwrap()), tier, "{name}");
            assert_eq!(ServiceTier::served(Some(name)), tier, "{name}");
        }
        assert_eq!(ServiceTier::requested(&Map::new()), ServiceTier::Standard);
        assert_eq!(ServiceTier::requested(json!({"service_tier": 1}).as_object().unwrap()), ServiceTier::Standard);
        assert_eq!(ServiceTier::served(None), ServiceTier::Standard);
    }
}
