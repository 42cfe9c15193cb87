//! The arguments of every command that takes a job.

use super::arg_values::parse_var;
use crate::session::{Environment, Error, Shard};
use clap::Args as ClapArgs;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
pub(crate) struct JobArgs {
    /// Manifest of the job.
    pub(crate) job: PathBuf,
    /// Value for ${NAME} in the manifest; overrides the environment.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_var)]
    pub(crate) vars: Vec<(String, String)>,
    /// File of the store; overrides the manifest.
    #[arg(long, value_name = "FILE", env = "DOCMILL_STORE")]
    pub(crate) store: Option<PathBuf>,
}

/// Which part of the input is run.
#[derive(Debug, ClapArgs)]
pub(crate) struct ShardArgs {
    /// Run only shard I of N, such as 3/16 (from 0), with a store and part files of its own; `auto` reads JOB_COMPLETION_INDEX and DOCMILL_SHARDS (docs/shards.md).
    #[arg(long, value_name = "I/N", value_parser = ShardChoice::parse)]
    pub(crate) shard: Option<ShardChoice>,
    /// Number of shards that run at the same time, among which the manifest's rates and concurrency are divided (default: N).
    #[arg(long, value_name = "M", requires = "shard", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) parallel: Option<u32>,
}

/// The value of `--shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardChoice {
    /// What the environment contains.
    Auto,
    /// This one.
    Given(Shard),
}

impl ShardChoice {
    /// The choice that is written so.
    ///
    /// # Errors
    /// The fault of the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" { Ok(Self::Auto) } else { Shard::parse(text).map(Self::Given) }
    }

    /// The shard that it stands for.
    ///
    /// # Errors
    /// When the environment states none.
    pub(crate) fn shard(self) -> Result<Shard, Error> {
        match self {
            Self::Given(shard) => Ok(shard),
            Self::Auto => Environment::of_process().shard(),
        }
    }
}
