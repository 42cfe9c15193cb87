//! A job as one shard of its input.

use super::error::{Error, WRONG_INPUT};
use crate::base::shard::Shard;
use crate::manifest::{Concurrency, Job};

/// Makes a job one shard of its input: its outputs become parts, and it gets its part of the limits. `parallel`:
/// how many shards run at the same time, by default all.
///
/// Rates and concurrency that the manifest states are divided by `parallel`, rounded down, so that all shards
/// together stay below. Each starts with its part of the learned limits, and takes more while others leave theirs free.
/// The budget is divided by the number of shards, because each counts in its own store.
///
/// # Errors
/// When there is less of a limit than shards.
pub(crate) fn divide(job: &mut Job, shard: Shard, parallel: Option<u32>) -> Result<(), Error> {
    let parallel = parallel.unwrap_or(shard.count()).min(shard.count()).max(1);
    let limits = &mut job.limits;
    let share = |limit: u64, key: &str| match limit / u64::from(parallel) {
        0 => Err(Error::new(
            WRONG_INPUT,
            format!("limits.{key} is {limit}, which can't be divided among {parallel} shards"),
        )
        .with_hint("raise it, or state with --parallel how many shards run at the same time")),
        share => Ok(share),
    };
    let narrow = |share: u64| u32::try_from(share).unwrap_or(u32::MAX);
    if let Some(rate) = &mut limits.requests_per_minute {
        *rate = narrow(share((*rate).into(), "requests_per_minute")?);
    }
    if let Some(rate) = &mut limits.tokens_per_minute {
        *rate = share(*rate, "tokens_per_minute")?;
    }
    limits.parallel = parallel;
    // Learned limits grow only as long as the server keeps up.
    if let Concurrency::Stated(stated) = &mut limits.concurrency {
        *stated = narrow(share((*stated).into(), "concurrency")?);
    }
    limits.budget = limits.budget.map(|budget| budget.divided_by(shard.count()));
    let output = &mut job.output;
    for path in [&mut output.csv, &mut output.parquet, &mut output.jsonl, &mut output.report].into_iter().flatten() {
        *path = shard.part_path(path);
    }
    job.input.shard = Some(shard);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Pico;
    use crate::manifest::check;
    use std::path::Path;

    fn job(limits: &str) -> Job {
        let text = format!(
            "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {{simulator: {{}}, model: m, price: {{input: 1, output: 1}}}}\n\
             tasks: {{k: {{classify: {{labels: [a, b]}}}}}}\nlimits: {{{limits}}}\noutput: {{csv: out/rows.csv, success_marker: true}}\n"
        );
        check(Path::new("job.yaml"), &text, &|_| None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn divided(limits: &str, count: u32, parallel: Option<u32>) -> Result<Job, String> {
        let mut job = job(limits);
        let shard = Shard::new(count - 1, count).unwrap();
        divide(&mut job, shard, parallel).map_err(|error| error.to_string())?;
        Ok(job)
    }

    #[test]
    fn all_shards_together_stay_below_what_the_manifest_states() {
        let stated = "requests_per_minute: 100, tokens_per_minute: 70000, concurrency: 9, budget_usd: 1";
        for (count, parallel, expected) in [
            (1, None, (100, 70_000, 9, 1_000_000_000_000)),
            (4, None, (25, 17_500, 2, 250_000_000_000)),
            (4, Some(2), (50, 35_000, 4, 250_000_000_000)),
            (4, Some(9), (25, 17_500, 2, 250_000_000_000)),
            (3, Some(1), (100, 70_000, 9, 333_333_333_333)),
        ] {
            let limits = divided(stated, count, parallel).unwrap().limits;
            let found = (limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency, limits.budget);
            assert_eq!(
                found,
                (Some(expected.0), Some(expected.1), Concurrency::Stated(expected.2), Some(Pico(expected.3))),
                "{count}"
            );
        }
        let fault = |limits: &str, parallel| divided(limits, 16, parallel).err();
        let expected = "limits.requests_per_minute is 10, which can't be divided among 16 shards";
        assert_eq!(fault("requests_per_minute: 10", None).as_deref(), Some(expected));
        assert_eq!(fault("requests_per_minute: 10", Some(10)), None);
        assert!(fault("concurrency: 8", None).is_some_and(|fault| fault.contains("limits.concurrency is 8")));
    }

    #[test]
    fn what_is_learned_has_no_fixed_share_and_outputs_are_parts() {
        let whole = job("").limits;
        let job = divided("", 16, None).unwrap();
        assert_eq!(job.limits.concurrency, whole.concurrency);
        assert_eq!((job.limits.requests_per_minute, job.limits.budget, job.limits.parallel), (None, None, 16));
        assert!(job.output.csv.is_some_and(|path| path.ends_with("out/rows-00015-of-00016.csv")));
    }
}
