//! Models that are about to be retired.

use crate::base::units::{parse_time, utc_day};
use crate::catalog::model_facts;
use crate::manifest::Job;

/// How long before its retirement a model is reported, in milliseconds.
const NOTICE_MS: i64 = 60 * 24 * 60 * 60 * 1000;

/// Hosts of the vendors themselves. Other hosts than these and Azure's have their own dates, which
/// are not known.
const VENDORS: [&str; 3] = ["api.openai.com", "generativelanguage.googleapis.com", "api.anthropic.com"];

/// Ends of Azure's hosts.
const AZURE: [&str; 3] = [".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"];

/// Instead of a date: the model is retired, and the date is unknown.
const GONE: &str = "gone";

/// A warning if the model of the job is retired within 60 days of `now_ms`, or was before; `None` if
/// it is not, or if that is unknown.
pub(crate) fn retirement_warning(job: &Job, now_ms: i64) -> Option<String> {
    let (model, host) = (&job.provider.model, job.provider.endpoint.host());
    let retirement = &model_facts(model)?.retirement;
    let day = if AZURE.iter().any(|end| host.ends_with(end)) {
        retirement.azure.as_ref()?
    } else if VENDORS.contains(&host) {
        retirement.vendor.as_ref()?
    } else {
        return None;
    };
    let successor = retirement.successor.as_ref().map_or(String::new(), |name| format!("; its successor is `{name}`"));
    if day == GONE {
        return Some(format!("{host} has retired `{model}`{successor}"));
    }
    // Both are dates of the form 2027-01-14, whose order is that of time.
    if *day > utc_day(now_ms.saturating_add(NOTICE_MS)) {
        return None;
    }
    let is_over = parse_time(day).is_ok_and(|at_ms| at_ms <= now_ms);
    Some(format!("{host} {} `{model}` on {day}{successor}", if is_over { "retired" } else { "retires" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::check;
    use std::path::Path;

    /// 2026-11-26T13:00:00Z.
    const NOW: i64 = 1_795_698_000_000;

    #[test]
    fn models_that_end_within_60_days_are_reported() {
        let luna = "; its successor is `gpt-6-luna`";
        for (base_url, model, expected) in [
            (
                "https://api.openai.com/v1",
                "gpt-4o-mini",
                Some(format!("api.openai.com retires `gpt-4o-mini` on 2027-01-14{luna}")),
            ),
            (
                "https://api.openai.com/v1",
                "o4-mini-2025-04-16",
                Some(format!("api.openai.com retired `o4-mini-2025-04-16` on 2026-10-23{luna}")),
            ),
            (
                "https://api.openai.com/v1",
                "gpt-4o-2024-05-13",
                Some("api.openai.com retired `gpt-4o-2024-05-13` on 2026-10-23; its successor is `gpt-6-sol`".into()),
            ),
            ("https://api.openai.com/v1", "gpt-5.1", None),
            ("https://api.openai.com/v1", "gpt-6-luna", None),
            ("https://x.openai.azure.com/openai/v1", "gpt-4o-mini", None),
            (
                "https://x.openai.azure.com/openai/v1",
                "o3",
                Some("x.openai.azure.com has retired `o3`; its successor is `gpt-6-sol`".into()),
            ),
            ("https://platform.qubrid.com/v1", "openai/gpt-4o-mini", None),
            (
                "https://api.anthropic.com/v1",
                "claude-sonnet-4-5",
                Some(
                    "api.anthropic.com retires `claude-sonnet-4-5` on 2026-11-30; its successor is `claude-sonnet-5-5`"
                        .into(),
                ),
            ),
            ("https://api.openai.com/v1", "unknown", None),
        ] {
            let manifest = format!(
                "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {{base_url: \"{base_url}\", model: {model}, price: {{input: 1, output: 1}}}}\ntasks: {{k: {{classify: {{labels: [a, b]}}}}}}\n"
            );
            let job = check(Path::new("job.yaml"), &manifest, &|_| None).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(retirement_warning(&job, NOW), expected, "{base_url} {model}");
        }
    }
}
