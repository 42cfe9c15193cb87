//! The arguments of `docmill run` for callers that are programs.

use clap::Args as ClapArgs;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "For programs that start docmill")]
pub(crate) struct Caller {
    /// Read the provider's key from this file, such as /proc/self/fd/3; overrides the manifest.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Stop as after SIGTERM when process PID, which started docmill, ends (Linux).
    #[arg(long, value_name = "PID")]
    pub(crate) exit_with_parent: Option<u32>,
    /// Send requests only until the time in the last line of this pipe, such as /proc/self/fd/4 (seconds of CLOCK_BOOTTIME), then stop as after SIGTERM. Closing the pipe also stops (Linux).
    #[arg(long, value_name = "FILE")]
    pub(crate) lease: Option<PathBuf>,
    /// US dollars that were spent but are in no store, for example by a lost machine. Subtracted from the budget, or from the shard's part.
    #[arg(long, value_name = "USD")]
    pub(crate) lost_usd: Option<String>,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

/// Where OpenLineage events go.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "For programs that start docmill")]
pub(crate) struct LineageArgs {
    /// Send OpenLineage events when the run begins and ends: append them to a file, or POST them to an http(s) URL, with the key in OPENLINEAGE_API_KEY.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) lineage: Option<String>,
    /// Run that started this one, as in Airflow's `lineage_parent_id`; its id is a UUID.
    #[arg(long, value_name = "NAMESPACE/JOB/RUN_ID", requires = "lineage", value_parser = parse_parent)]
    pub(crate) lineage_parent: Option<LineageParent>,
}

/// The run that started this one, as OpenLineage names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineageParent {
    pub(crate) namespace: String,
    pub(crate) job: String,
    pub(crate) run_id: String,
}

/// Parses the name of a run. A namespace may have slashes in it, such as that of a URL.
fn parse_parent(text: &str) -> Result<LineageParent, String> {
    let mut parts = text.rsplitn(3, '/');
    let (Some(run_id), Some(job), Some(namespace)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("write it as NAMESPACE/JOB/RUN_ID".to_owned());
    };
    if namespace.is_empty() || job.is_empty() {
        return Err("the namespace and the job must not be empty".to_owned());
    }
    let groups: Vec<&str> = run_id.split('-').collect();
    let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_uuid {
        return Err(format!("the id of the run, `{run_id}`, is not a UUID"));
    }
    Ok(LineageParent { namespace: namespace.to_owned(), job: job.to_owned(), run_id: run_id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parent_runs() {
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        let parent = parse_parent(&format!("http://airflow/prod/dag.task/{uuid}")).unwrap();
        assert_eq!((parent.namespace.as_str(), parent.job.as_str()), ("http://airflow/prod", "dag.task"));
        assert_eq!(parent.run_id, uuid);
        for (text, error) in [
            ("job/01890a5d-ac96-774b-bcce-b302099a8057", "write it as"),
            ("/job/01890a5d-ac96-774b-bcce-b302099a8057", "must not be empty"),
            ("space//01890a5d-ac96-774b-bcce-b302099a8057", "must not be empty"),
            ("space/job/manual__2026-01-01", "not a UUID"),
            ("space/job/01890a5d-ac96-774b-bcce-b302099a80", "not a UUID"),
            ("space/job/", "not a UUID"),
        ] {
            assert!(parse_parent(text).unwrap_err().contains(error), "{text}");
        }
    }
}
