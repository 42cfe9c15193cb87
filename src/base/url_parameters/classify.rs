//! What each parameter of a query is.

use super::companions::Companions;
use super::names::kind_by_name;
use super::parameter::{Parameter, UrlParameter};
use super::values::{is_hex, is_timed_digest};

/// Hexadecimal digits of the parameter `s` of imgix (imgix, "Securing Images").
const IMGIX_DIGITS: usize = 32;
/// The same of Vimeo, before a time.
const VIMEO_DIGITS: usize = 40;
/// How tokens of Slack begin ("Token types", api.slack.com, 2026).
const SLACK_TOKEN: &[u8] = b"xox";

/// What each parameter of a query is.
pub(crate) fn classify(parts: &[&[u8]]) -> Vec<UrlParameter> {
    let query: Vec<Parameter<'_>> = parts.iter().map(|part| Parameter::read(part)).collect();
    let companions = Companions::find(&query);
    let kind = |parameter: &Parameter<'_>| match parameter.value {
        // A flag.
        [] => UrlParameter::Identifying,
        _ => kind_by_value(parameter).or_else(|| companions.kind(parameter)).unwrap_or_else(|| kind_by_name(parameter)),
    };
    let mut kinds: Vec<UrlParameter> = query.iter().map(kind).collect();
    if kinds.iter().any(|kind| matches!(kind, UrlParameter::Signature | UrlParameter::Token)) {
        let limits = query.iter().zip(&mut kinds).filter(|(parameter, _)| companions.limits_secret(parameter));
        limits.for_each(|(_, kind)| *kind = UrlParameter::Signature);
    }
    kinds
}

/// What a parameter is if its value shows it; `None`: it does not.
fn kind_by_value(Parameter { name, value, .. }: &Parameter<'_>) -> Option<UrlParameter> {
    match name.as_str() {
        // The digest that signs a picture at imgix.
        "s" if is_hex(value, IMGIX_DIGITS) => Some(UrlParameter::Ambiguous),
        // Vimeo and CDN77: the digest and the deadline in one value.
        "s" if is_timed_digest(value, '_', VIMEO_DIGITS) => Some(UrlParameter::Signature),
        "secure" if is_timed_digest(value, ',', 0) => Some(UrlParameter::Signature),
        "t" if value.starts_with(SLACK_TOKEN) => Some(UrlParameter::Token),
        _ => None,
    }
}
