//! The terms of a request: whether the profile accepts it, and its model, effort, limit and price.

use super::api_error::ApiError;
use super::image_bill::image_patches;
use super::options::Options;
use super::request::ChatRequest;
use super::rules::effort::Effort;
use super::rules::model::ModelRules;
use super::rules::profile::Profile;
use super::rules::schema::{FormatRule, FreeReply};
use super::strict_schema::{check_strict, find_keyword};
use super::vision::ImageMeasures;
use serde_json::Value;

/// Tokens of a reply when neither the request nor the model sets a maximum.
const DEFAULT_LIMIT: u64 = 4096;
/// Maximum patches of an image that is not scaled down.
const MAX_PATCHES: u64 = 30_000;

/// The terms of a request that is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) profile: &'static Profile,
    pub(crate) model: &'static ModelRules,
    /// How much the model reasons.
    pub(crate) effort: Effort,
    /// Maximum of reply tokens.
    pub(crate) limit: u64,
    /// `service_tier` of the reply.
    pub(crate) tier: Option<&'static str>,
    /// Price in percent of the standard price.
    pub(crate) percent: u64,
    /// How the model answers if its reply is not constrained.
    pub(crate) free_reply: Option<FreeReply>,
}

impl Terms {
    /// Checks a request.
    ///
    /// # Errors
    /// The error that the API sends.
    pub(crate) fn check(profile: &'static Profile, options: &Options, request: &ChatRequest) -> Result<Self, ApiError> {
        if request.format() == Some("json_schema") && !options.json_schema {
            let message = "response_format type json_schema is not supported by this model";
            return Err(ApiError::invalid_request(message).with_param("response_format"));
        }
        let is_listed = options.models.is_empty() || options.models.contains(&request.model);
        let model = match profile.find_model(&request.model) {
            Some(model) if is_listed => model,
            // A model that only the options name behaves as the first one.
            None if is_listed && !options.models.is_empty() => &profile.models[0],
            _ => return Err(unknown_model(profile, &request.model)),
        };
        if let Some(unknown) = &profile.unknown {
            unknown.check(&request.members)?;
        }
        let effort = profile.find_effort(model, &request.members)?;
        for rule in profile.parameters {
            rule.check(&request.members, effort != Effort::None)?;
        }
        let limit = request.limit(profile.limits);
        if let Some(limit) = limit.filter(|limit| *limit > model.max_output) {
            return Err(too_large(limit, model.max_output));
        }
        let free_reply = check_format(profile, request, effort)?;
        check_messages(profile, model, request)?;
        let (tier, percent) = profile.find_tier(&request.members);
        let default_limit = if model.max_output == u64::MAX { DEFAULT_LIMIT } else { model.max_output };
        Ok(Self { profile, model, effort, limit: limit.unwrap_or(default_limit), tier, percent, free_reply })
    }

    /// The schema that the reply follows.
    pub(crate) fn schema<'a>(&self, request: &'a ChatRequest) -> Option<&'a Value> {
        match self.free_reply {
            None => request.format_schema.as_ref().or(request.prompt_schema.as_ref()),
            // The prompt defines the answer; here the format is only used to read it.
            Some(FreeReply::Fenced) => request.prompt_schema.as_ref().or(request.format_schema.as_ref()),
            Some(FreeReply::Other) => request.prompt_schema.as_ref(),
        }
    }

    /// The name of the model in the reply.
    pub(crate) fn model_name(&self, request: &ChatRequest) -> String {
        let is_own = [self.model.name, self.model.snapshot].contains(&request.model.as_str());
        if is_own { self.model.snapshot.to_owned() } else { request.model.clone() }
    }
}

/// How the model answers if the format does not constrain it.
fn check_format(profile: &Profile, request: &ChatRequest, effort: Effort) -> Result<Option<FreeReply>, ApiError> {
    if let (Some(rejection), true, false) = (profile.whole_while_reasoning, effort != Effort::None, request.is_stream) {
        return Err(rejection.to_error("enable_thinking", "true", ""));
    }
    let rule = match request.format() {
        Some("json_schema") => profile.schema.json_schema,
        Some("json_object") => profile.schema.json_object,
        // A model that is not constrained by a format it ignores is not constrained without one.
        _ => match profile.schema.json_schema {
            FormatRule::Ignored(free) | FormatRule::OnDemand(free) => return Ok(Some(free)),
            _ => return Ok(None),
        },
    };
    if let (Some(rejection), true) = (profile.format_while_reasoning, effort != Effort::None) {
        return Err(rejection.to_error("enable_thinking", "true", ""));
    }
    match rule {
        FormatRule::Rejected(rejection) => return Err(rejection.to_error("response_format", "", "")),
        FormatRule::Ignored(free) => return Ok(Some(free)),
        FormatRule::OnDemand(free) if request.member("/provider/require_parameters") != Some(&Value::Bool(true)) => {
            return Ok(Some(free));
        }
        FormatRule::OnDemand(_) | FormatRule::Followed => {}
    }
    if let Some(schema) = &request.format_schema {
        let is_strict = request.member("/response_format/json_schema/strict") == Some(&Value::Bool(true));
        if profile.schema.is_strict && is_strict {
            check_strict(schema)?;
        }
        let (keywords, rejection) = profile.schema.keywords;
        if let Some((keyword, path)) = find_keyword(schema, keywords) {
            return Err(rejection.to_error(keyword, &path, "").with_param("response_format"));
        }
    }
    Ok(None)
}

fn check_messages(profile: &Profile, model: &ModelRules, request: &ChatRequest) -> Result<(), ApiError> {
    if let (Some(index), Some(rejection)) = (request.empty_turn, profile.empty_turn) {
        return Err(rejection.to_error(&format!("messages[{index}].content"), &index.to_string(), ""));
    }
    if !request.has_image {
        return Ok(());
    }
    if !model.sees {
        return Err(profile.blind.to_error("messages", "", ""));
    }
    if request.has_system && !model.takes_system {
        return Err(profile.system_beside_image.to_error("messages", "", ""));
    }
    let (details, rejection) = profile.details;
    if details.contains(&request.detail.as_str()) {
        return Err(rejection.to_error("detail", &request.detail, ""));
    }
    Ok(())
}

/// Checks the size of an image.
///
/// # Errors
/// If it has too many patches.
pub(crate) fn check_image(request: &ChatRequest, measures: &ImageMeasures) -> Result<(), ApiError> {
    let patches = image_patches(&request.model, measures.width, measures.height, &request.detail).unwrap_or(0);
    if patches > MAX_PATCHES {
        let message =
            format!("The image requires {patches} patches after processing, exceeding the limit of {MAX_PATCHES}.");
        return Err(ApiError::invalid_request(message));
    }
    Ok(())
}

/// The error about a model that does not exist.
pub(crate) fn unknown_model(profile: &Profile, model: &str) -> ApiError {
    if let Some((status, body)) = profile.unknown_model {
        let quoted = Value::from(model).to_string();
        return ApiError::recorded(status, body.replace("{model}", quoted.trim_matches('"')));
    }
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    ApiError::new(404, "invalid_request_error", message).with_code("model_not_found")
}

fn too_large(limit: u64, max_output: u64) -> ApiError {
    let message = format!(
        "max_tokens is too large: {limit}. This model supports at most {max_output} completion tokens, whereas you provided {limit}."
    );
    ApiError::invalid_request(message).with_code("invalid_value").with_param("max_tokens")
}
