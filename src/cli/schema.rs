//! `docmill schema`: the JSON Schema of manifests, for editors.

use super::exit::Failure;
use crate::manifest::json_schema;

#[expect(clippy::print_stdout, reason = "the command line")]
#[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
pub(super) fn schema() -> Result<u8, Failure> {
    println!("{:#}", json_schema());
    Ok(0)
}
