//! The raw form of a whole manifest, and its JSON Schema. Doc comments of raw forms are the
//! descriptions that editors show.

use super::check::Check;
use super::job::Job;
use super::protected_files::ProtectedFiles;
use super::sections::delivery::{RawBatch, RawDelivery};
use super::sections::header::header_values;
use super::sections::image::RawImage;
use super::sections::input::RawInput;
use super::sections::limits::RawLimits;
use super::sections::on_error::RawOnError;
use super::sections::output::RawOutput;
use super::sections::price::missing_price_hint;
use super::sections::provider::RawProvider;
use super::sections::request::{DERIVED_MAX_TOKENS, RawRequest};
use super::sections::retry::RawRetry;
use super::sections::tasks::{RawTask, check_tasks};
use super::settings::Settings;
use super::yaml::ordered::Ordered;
use crate::base::mask::mask_members;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// A docmill job: which pages to process, which model to ask, what to ask, and where to write the rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawJob {
    /// Version of the manifest format. Must be 1.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "its range is checked with the types")]
    version: u32,
    /// Name of the job. The name, the input and `input.pages` identify the job in the store.
    name: String,
    /// Files and pages to process.
    input: RawInput,
    /// Endpoint, API key, model and price.
    provider: RawProvider,
    /// Sampling, reply size and timeouts of a request.
    #[serde(default)]
    request: RawRequest,
    /// How a page is sent.
    #[serde(default)]
    image: RawImage,
    /// Questions about every page, by name. Each task is a column of the rows.
    tasks: Ordered<RawTask>,
    /// Rate limits, concurrency, budget and run time.
    #[serde(default)]
    limits: RawLimits,
    /// How requests are sent: `now` (default), or `batch` for the provider's Batch API: results within a day, for half the price.
    #[serde(default)]
    delivery: RawDelivery,
    /// Bounds of batches.
    #[serde(default)]
    batch: RawBatch,
    /// What happens after a failed attempt.
    #[serde(default)]
    retry: RawRetry,
    /// How many failed pages a run accepts.
    #[serde(default)]
    on_error: RawOnError,
    /// File of the store, relative to the manifest (default `.docmill/store.db`). `--store` and `DOCMILL_STORE` override it.
    store: Option<String>,
    /// Files for the rows and the report.
    #[serde(default)]
    output: RawOutput,
}

/// The JSON Schema of manifests, for editors: `schemas/job.schema.json`.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(RawJob).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".into(), "docmill job".into());
    }
    schema
}

impl RawJob {
    /// The same job with another model than its author has named, whose price may be unknown.
    pub(crate) fn for_another_model(self) -> Self {
        Self { provider: self.provider.for_another_model(), ..self }
    }

    /// Checks every section and what sections have to do with each other. The job is
    /// complete only if no fault was reported. `path` and `source` are the manifest's file
    /// and its text.
    pub(crate) fn check(self, path: &Path, source: &str, check: &mut Check) -> Job {
        if self.name.trim().is_empty() {
            check.report("/name", "`name` is empty", "a short name such as `office-mail`");
        }
        let store = self.store.unwrap_or_else(|| ".docmill/store.db".into());
        let limits = self.limits.check(check);
        let needs_price = !self.provider.is_other_model();
        let provider = self.provider.check(check);
        let request = self.request.check(provider.endpoint.host(), check);
        let retry = self.retry.check(request.timeouts.attempt, check);
        let is_batch = self.delivery == RawDelivery::Batch;
        let batch = self.batch.check(check);
        if is_batch && request.stream {
            check.report("/request/stream", "replies of a batch can't be streamed", "false, or delivery: now");
        }
        let reply_tokens = request.max_tokens.unwrap_or(*DERIVED_MAX_TOKENS.start());
        if limits.tokens_per_minute.is_some_and(|limit| limit < u64::from(reply_tokens)) {
            check.report(
                "/limits/tokens_per_minute",
                "the limit is lower than the maximum size of one reply",
                &match request.max_tokens {
                    Some(tokens) => format!("at least request.max_tokens ({tokens})"),
                    None => format!("at least {reply_tokens}, the lowest output limit"),
                },
            );
        }
        if limits.budget.is_some() && provider.price.is_none() && needs_price && !provider.model.is_empty() {
            let (model, host) = (&provider.model, provider.endpoint.host());
            let place = if host.is_empty() { String::new() } else { format!(" at {host}") };
            check.report(
                "/limits/budget_usd",
                &format!("a budget needs a price, but that of `{model}`{place} is unknown"),
                &missing_price_hint(host, model),
            );
        }
        let (image, image_intent) = self.image.check(&provider.model, check);
        let job = Job {
            name: self.name,
            path: path.to_owned(),
            source: source.to_owned(),
            positions: check.positions().clone(),
            stored_source: mask_members(source, header_values(check.positions())),
            settings: Settings::default(),
            input: self.input.check(check),
            image,
            image_intent,
            tasks: check_tasks(self.tasks, check),
            label_files: check.take_label_files(),
            warnings: check.take_warnings(),
            provider,
            request,
            limits,
            is_batch,
            batch,
            retry,
            on_error: self.on_error.check(check),
            store: check.resolve(&store),
            output: self.output.check(check),
        };
        ProtectedFiles::check_manifest(&job, check);
        job
    }
}
