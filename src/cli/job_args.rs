//! The arguments of every command that takes a job.

use super::arg_values::parse_var;
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
