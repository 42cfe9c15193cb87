//! What may be wrong with a price that the manifest states.

use crate::base::money::Pico;
use crate::catalog::{Price, find_price};
use crate::manifest::Job;
use crate::pipeline::stored_job;
use crate::store::{ReadStore, StoreError};

/// Tokens to which prices are quoted.
const QUOTED_TOKENS: u64 = 1_000_000;

/// Warnings about the price that the manifest states: it looks like one of an earlier version, or it is not the listed
/// price of the model at its host, as after another model was named. `now_ms`: wall time in milliseconds since 1970.
pub(crate) fn price_warnings(job: &Job, now_ms: i64) -> Vec<String> {
    cache_write_warning(job).into_iter().chain(other_price_warning(job, now_ms)).collect()
}

/// The same for a run: whether the listed price is another one is reported once for each model.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn run_warnings(job: &Job, now_ms: i64) -> Result<Vec<String>, StoreError> {
    let of_model = match other_price_warning(job, now_ms) {
        Some(_) if last_model(job)?.as_ref() == Some(&job.provider.model) => None,
        warning => warning,
    };
    Ok(cache_write_warning(job).into_iter().chain(of_model).collect())
}

/// The model of the job's latest run. `None`: there is none.
fn last_model(job: &Job) -> Result<Option<String>, StoreError> {
    let Some(store) = ReadStore::open_if_exists(&job.store)? else { return Ok(None) };
    let reader = store.reader()?;
    let Some(key) = stored_job(&reader, job)? else { return Ok(None) };
    let runs = reader.runs(Some(key))?;
    Ok(runs.into_iter().filter(|run| !run.is_try).max_by_key(|run| run.run).map(|run| run.model))
}

/// A warning if the price of cache writes looks like a surcharge, as earlier versions had it.
fn cache_write_warning(job: &Job) -> Option<String> {
    let price = job.provider.price?.base(0);
    (price.cache_write < price.input).then(|| {
        "provider.price.cache_write is lower than `input`: it is the whole price of a prompt token that is written to the cache, not a surcharge"
            .into()
    })
}

fn other_price_warning(job: &Job, now_ms: i64) -> Option<String> {
    if !job.provider.has_stated_price {
        return None;
    }
    let (host, model) = (job.provider.endpoint.host(), &job.provider.model);
    let listed = find_price(host, model)?;
    let (stated_table, listed_table) = match job.is_batch {
        true => (job.provider.batch_price?, listed.batch?),
        false => (job.provider.price?, listed.price),
    };
    // A stated price is that of the service tier that requests ask for.
    let (stated, known) =
        (stated_table.price(0, job.service_tier(), now_ms), listed_table.price(0, job.service_tier(), now_ms));
    if !differs(stated, known) {
        return None;
    }
    let mode = if job.is_batch { " in batches" } else { "" };
    Some(format!(
        "provider.price is {}{mode}, but {host} lists {} for `{model}` ({}, {}): if the model has changed, change or remove the price; costs and budgets use that of the manifest",
        quoted(stated),
        quoted(known),
        listed.source,
        listed.as_of
    ))
}

/// Whether a stated price differs from the listed price. Without a stated price a token costs as much as any other
/// prompt token, which is not a statement about it.
fn differs(stated: Price, known: Price) -> bool {
    let is_other = |of: fn(&Price) -> Pico| of(&stated) != of(&known) && of(&stated) != stated.input;
    stated.input != known.input
        || stated.output != known.output
        || is_other(|price| price.cached_input)
        || is_other(|price| price.cache_write)
}

/// A price as people quote it.
fn quoted(price: Price) -> String {
    let usd = |token: Pico| token.times(QUOTED_TOKENS).to_string();
    let mut parts = vec![format!("USD {} in", usd(price.input))];
    if price.cached_input != price.input {
        parts.push(format!("{} cached", usd(price.cached_input)));
    }
    if price.cache_write != price.input {
        parts.push(format!("{} written to the cache", usd(price.cache_write)));
    }
    format!("{} and {} out per million tokens", parts.join(", "), usd(price.output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// 2026-11-27T00:00:00Z.
    const NOW: i64 = 1_795_737_600_000;

    fn warnings(provider: &str, rest: &str) -> Vec<String> {
        let manifest = format!(
            "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {provider}\n{rest}tasks: {{k: {{classify: {{labels: [a, b]}}}}}}\n"
        );
        let job = crate::manifest::check(Path::new("job.yaml"), &manifest, &|_| None);
        price_warnings(&job.unwrap_or_else(|error| panic!("{error}")), NOW)
    }

    #[test]
    fn a_price_of_another_model_is_named() {
        const OPENAI: &str = "base_url: \"https://api.openai.com/v1\", model:";
        for (provider, rest, names) in [
            ("gpt-6-luna", "", None),
            ("gpt-6-luna, price: {input: 0.1, output: 0.5}", "", None),
            ("gpt-6-luna, price: {input: 0.1, cached_input: 0.01, cache_write: 0.125, output: 0.5}", "", None),
            (
                "gpt-6-luna, price: {input: 0.15, cached_input: 0.075, output: 0.6}",
                "",
                Some([
                    "USD 0.15 in, 0.075 cached and 0.6 out",
                    "api.openai.com lists USD 0.1 in, 0.01 cached, 0.125 written to the cache and 0.5 out per million tokens for `gpt-6-luna`",
                ]),
            ),
            (
                "gpt-6-luna, price: {input: 0.1, cached_input: 0.05, output: 0.5}",
                "",
                Some(["0.05 cached", "0.01 cached"]),
            ),
            // Prices that are not in the table are not compared.
            ("gpt-7, price: {input: 0.15, output: 0.6}", "", None),
            // Half the price in batches, unless another one is stated.
            ("gpt-6-luna, price: {input: 0.1, output: 0.5}", "delivery: batch\n", None),
            (
                "gpt-6-luna, price: {input: 0.1, output: 0.5, batch_input: 0.08}",
                "delivery: batch\n",
                Some(["USD 0.08 in and 0.25 out per million tokens in batches", "USD 0.05 in"]),
            ),
            ("gpt-6-luna, price: {input: 0.05, output: 0.25}", "request: {extra: {service_tier: flex}}\n", None),
            (
                "gpt-6-luna, price: {input: 0.1, output: 0.5}",
                "request: {extra: {service_tier: flex}}\n",
                Some(["USD 0.1 in", "USD 0.05 in"]),
            ),
        ] {
            let found = warnings(&format!("{{{OPENAI} {provider}}}"), rest);
            assert_eq!(found.len(), usize::from(names.is_some()), "{provider} {rest}: {found:?}");
            assert!(names.iter().flatten().all(|name| found[0].contains(name)), "{provider}: {found:?}");
        }
        for provider in [
            "{base_url: \"https://h.example/v1\", model: gpt-6-luna, price: {input: 7, output: 7}}",
            "{simulator: {}, model: gpt-6-luna, price: {input: 7, output: 7}}",
            "{simulator: {}, model: gpt-6-luna}",
        ] {
            assert_eq!(warnings(provider, ""), [""; 0], "{provider}: no price is listed for this host");
        }
    }

    #[test]
    fn a_cache_write_below_the_input_is_a_surcharge_of_an_earlier_version() {
        for (write, count) in [("0.025", 1), ("0.1", 0), ("0.125", 0)] {
            let provider = format!(
                "{{base_url: \"https://h.example/v1\", model: m, price: {{input: 0.1, cache_write: {write}, output: 0.5}}}}"
            );
            assert_eq!(warnings(&provider, "").len(), count, "{write}");
        }
    }
}
