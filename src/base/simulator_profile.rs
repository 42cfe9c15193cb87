//! Names of the simulator's profiles. Manifests and the command line check them without the
//! simulator.

/// The name of a profile: the family of models or the server that the simulator plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatorProfile(&'static str);

impl SimulatorProfile {
    /// All names. The first is the default.
    #[rustfmt::skip]
    pub const NAMES: &[&str] = &[
        "default",
        "gpt-4o-mini", "gpt-5-mini", "gpt-5.4-mini", "gpt-5.6-luna", "gpt-6-luna", "gpt-6-astra", "azure", "litellm",
        "claude-compat", "gemini", "gemini-3.8-flash",
        "openrouter", "mistral", "groq", "xai", "deepseek", "dashscope", "kimi",
        "vllm", "vllm-thinking", "vllm-no-parser", "sglang", "llama-cpp", "ollama", "lm-studio", "ignores-schema",
    ];

    /// The profile of this name. `None`: there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|known| **known == name).map(|known| Self(known))
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl Default for SimulatorProfile {
    fn default() -> Self {
        Self(Self::NAMES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_parsed_and_others_are_not() {
        for name in SimulatorProfile::NAMES {
            assert_eq!(SimulatorProfile::parse(name).map(SimulatorProfile::name), Some(*name));
        }
        assert_eq!(SimulatorProfile::parse("gpt-7"), None);
        assert_eq!(SimulatorProfile::default().name(), "default");
    }
}
