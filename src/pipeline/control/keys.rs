//! What a run and a trial begin with: what they say of themselves, and who asks.

use super::environment::Environment;
use crate::base::units::utc_day;
use crate::manifest::{BudgetScope, Job};
use crate::pipeline::asking::calibration;
use crate::pipeline::model::question_set::policy;
use crate::pipeline::model::recipe::recipes;
use crate::provider::{Capabilities, DialectName, EndpointSetup, ModelEndpoint};
use crate::store::{RunKeys, RunStart};
use crate::task::Question;

/// What a run says of itself at its start.
pub(crate) fn run_start(job: &Job, questions: &[Question], environment: &Environment, at_ms: i64) -> RunStart {
    RunStart {
        run_id: environment.run_id.clone(),
        job: job.identity(),
        job_name: job.name.clone(),
        manifest: job.source.clone(),
        model: job.provider.model.clone(),
        endpoint: endpoint_key(job),
        provider: job.provider.id.clone(),
        recipes: recipes(job, questions),
        policy: policy(job),
        at_ms,
    }
}

/// What capabilities are remembered for: a model at an endpoint.
pub(crate) fn endpoint_key(job: &Job) -> String {
    format!("{} {}", job.provider.id, job.provider.model)
}

/// What a budget is for: the job, at this endpoint. What a simulator bills is not money.
pub(crate) fn budget_key(job: &Job) -> String {
    format!("job:{}/endpoint:{}", job.identity(), job.provider.id)
}

/// The line of the budget that a run's attempts are charged to at `at_ms`.
pub(crate) fn budget_scope(job: &Job, key: &str, run_id: &str, at_ms: i64) -> String {
    match job.limits.budget_scope {
        BudgetScope::Run => format!("{key}/run:{run_id}"),
        BudgetScope::Day => format!("{key}/day:{}", utc_day(at_ms)),
        BudgetScope::Job => key.to_owned(),
    }
}

/// The job's endpoint, with what it was found to support and to bill.
pub(crate) fn endpoint(job: &Job, environment: &Environment, keys: &RunKeys) -> ModelEndpoint {
    ModelEndpoint::new(EndpointSetup {
        id: endpoint_key(job),
        client: environment.client.clone(),
        dialect: DialectName::OpenAi,
        clock: environment.clock.clone(),
        model: job.provider.model.clone(),
        request: job.request.clone(),
        image: job.image,
        limits: job.limits,
        retry: job.retry,
        price: job.price(),
        capabilities: keys.capabilities.as_deref().map(Capabilities::from_json).unwrap_or_default(),
        calibration: calibration::of(keys.calibration.as_deref(), job),
        cache_shards: cache_shards(job),
    })
}

/// Requests a minute that one part of a prefix cache takes (OpenAI's prompt-caching
/// guide, 2026).
const PER_SHARD: u32 = 15;

/// Parts of the prefix cache: by the rate, or, when that is not given, by the width.
fn cache_shards(job: &Job) -> u64 {
    let limits = &job.limits;
    limits.requests_per_minute.map_or(limits.concurrency, |rate| rate.div_ceil(PER_SHARD)).clamp(1, 256).into()
}
