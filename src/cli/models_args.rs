//! The arguments of `docmill models`.

use super::arg_values::Format;
use super::help;
use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = help::MODELS)]
pub(crate) struct Models {
    /// Only models whose name or host contains this text, or the row that applies to a model of this name.
    pub(crate) name: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
