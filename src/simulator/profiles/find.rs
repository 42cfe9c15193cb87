//! Profiles by name.

use super::anthropic::CLAUDE_COMPAT;
use super::default::DEFAULT;
use super::gemini::{GEMINI, GEMINI_3_8_FLASH};
use super::hosts::{DASHSCOPE, DEEPSEEK, GROQ, KIMI, MISTRAL, OPENROUTER, XAI};
use super::open_models::{IGNORES_SCHEMA, LLAMA_CPP, LM_STUDIO, OLLAMA, SGLANG, VLLM, VLLM_NO_PARSER, VLLM_THINKING};
use super::openai::{AZURE, GPT_4O_MINI, GPT_5_4_MINI, GPT_5_6_LUNA, GPT_5_MINI, GPT_6_ASTRA, GPT_6_LUNA, LITELLM};
use crate::base::simulator_profile::SimulatorProfile;
use crate::simulator::rules::profile::Profile;

/// All profiles, in the order of [`SimulatorProfile::NAMES`].
#[rustfmt::skip]
static PROFILES: &[Profile] = &[
    DEFAULT,
    GPT_4O_MINI, GPT_5_MINI, GPT_5_4_MINI, GPT_5_6_LUNA, GPT_6_LUNA, GPT_6_ASTRA, AZURE, LITELLM,
    CLAUDE_COMPAT, GEMINI, GEMINI_3_8_FLASH,
    OPENROUTER, MISTRAL, GROQ, XAI, DEEPSEEK, DASHSCOPE, KIMI,
    VLLM, VLLM_THINKING, VLLM_NO_PARSER, SGLANG, LLAMA_CPP, OLLAMA, LM_STUDIO, IGNORES_SCHEMA,
];

/// The profile of this name.
pub(crate) fn find_profile(name: SimulatorProfile) -> &'static Profile {
    PROFILES.iter().find(|profile| profile.name == name.name()).unwrap_or(&PROFILES[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_has_a_profile_and_every_profile_a_model_that_takes_images() {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        assert_eq!(names, SimulatorProfile::NAMES);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for profile in PROFILES {
            assert!(profile.models[0].sees, "{}", profile.name);
            for members in [profile.reply.members, profile.reply.choice_members] {
                assert!(serde_json::from_str::<serde_json::Map<_, _>>(members).is_ok(), "{members}");
            }
            let models: BTreeSet<&str> = profile.models.iter().map(|model| model.name).collect();
            assert_eq!(models.len(), profile.models.len(), "{}", profile.name);
            for body in [profile.wrong_key, profile.unknown_model].into_iter().flatten() {
                assert!(serde_json::from_str::<serde_json::Value>(body.1).is_ok(), "{}", body.1);
            }
        }
    }
}
