//! Who answered a request and what it cost, by the reply's own account.

use crate::base::money::Pico;

/// What a reply states about itself. Everything is optional: few servers state all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// The name of the model that answered, often with its date: `gpt-6-luna-2026-09-22`.
    pub model: Option<String>,
    /// The provider that a router chose: `provider` in replies of OpenRouter.
    pub provider: Option<String>,
    /// The service tier that was used: `service_tier`, such as `default` or `flex`.
    pub service_tier: Option<String>,
    /// The cost that the reply reports. Sources: `usage.cost` of OpenRouter, the header
    /// `x-litellm-response-cost` (2026-11).
    pub cost: Option<Pico>,
}
